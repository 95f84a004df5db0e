"""Time zones by their IANA and their Windows names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest

from backend.domain.timezones import UnknownZone, iana_name, microsoft_name, zone


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("Europe/London", "Europe/London"),
        ("GMT Standard Time", "Europe/London"),
        ("Eastern Standard Time", "America/New_York"),
        ("AUS Eastern Standard Time", "Australia/Sydney"),
        ("US Mountain Standard Time", "America/Phoenix"),
        ("aus eastern standard time", "Australia/Sydney"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Z", "UTC"),
    ],
)
def test_ms055_windows_and_iana_names_mean_the_same_zone(name: str, iana: str) -> None:
    assert iana_name(name) == iana


@pytest.mark.parametrize("name", ["Mars/Olympus", "tzone://Microsoft/Custom", "", "../etc/passwd", "/etc/localtime"])
def test_ls163_an_unknown_zone_is_said_by_name_with_its_remedy(name: str) -> None:
    with pytest.raises(UnknownZone) as caught:
        zone(name)
    assert caught.value.name == name
    assert f"“{name}”" in str(caught.value)
    assert "Choose a standard zone" in str(caught.value)


@pytest.mark.parametrize(
    ("iana", "microsoft"),
    [("Europe/London", "GMT Standard Time"), ("America/Phoenix", "US Mountain Standard Time"), ("UTC", "UTC")],
)
def test_ms056_microsoft_gets_its_own_name_where_there_is_one(iana: str, microsoft: str) -> None:
    assert microsoft_name(iana) == microsoft


def _offsets(name: str) -> list[timedelta | None]:
    """Offsets through the year: one instant every five days."""
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return [(first + timedelta(days=5 * step)).astimezone(zone(name)).utcoffset() for step in range(73)]


def test_every_zone_sent_to_microsoft_keeps_its_clock_through_the_year() -> None:
    names = sorted(available_timezones() - {"localtime"})
    assert [name for name in names if _offsets(name) != _offsets(microsoft_name(name))] == []
