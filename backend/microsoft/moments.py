"""Graph's dates and times: seven fraction digits, a zone beside them, and year 1 for *unset* (MS-054, MS-062)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from backend.domain.timezones import UTC_NAMES, UnknownZone, iana_name, microsoft_name, zone
from backend.domain.values import AllDay, Timed, When

_CUSTOM: Final = "tzone://"
_MICROSOFT_UTC: Final = "tzone://microsoft/utc"


def instant(text: str | None) -> datetime | None:
    """A time stamp in UTC to the second; None for unset."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def zone_name(name: str | None) -> str | None:
    """IANA name of a zone that Graph names; None for none, for a custom one (MS-055) and for an unknown one."""
    if not name:
        return None
    if name.casefold() == _MICROSOFT_UTC:
        return "UTC"
    if name.casefold().startswith(_CUSTOM):
        return None
    try:
        return iana_name(name)
    except UnknownZone:
        return None


def local(moment: Mapping[str, Any]) -> datetime:
    """The aware time of a dateTimeTimeZone, to the second. Raises UnknownZone."""
    naive = datetime.fromisoformat(moment["dateTime"][:19])
    name = moment.get("timeZone") or "UTC"
    return naive.replace(tzinfo=UTC if name in UTC_NAMES else zone(name))


def when(event: Mapping[str, Any]) -> When:
    """When an event takes place. Whole days are floating dates, whatever zone they come in (MS-057)."""
    if event.get("isAllDay"):
        first = date.fromisoformat(event["start"]["dateTime"][:10])
        end = date.fromisoformat(event["end"]["dateTime"][:10])
        return AllDay(first, max(end, first + timedelta(days=1)))
    return Timed(
        local(event["start"]).astimezone(UTC),
        local(event["end"]).astimezone(UTC),
        zone_name(event.get("originalStartTimeZone")),
    )


def when_body(value: When, own_zone: str) -> dict[str, Any]:
    """`start`, `end` and `isAllDay` for a write: in the event's zone, whole days as midnights of `own_zone`."""
    if isinstance(value, AllDay):
        name = microsoft_name(own_zone)
        return {
            "start": {"dateTime": f"{value.first.isoformat()}T00:00:00", "timeZone": name},
            "end": {"dateTime": f"{value.end.isoformat()}T00:00:00", "timeZone": name},
            "isAllDay": True,
        }
    name, region = _unambiguous(value, value.zone or own_zone)
    return {
        "start": {"dateTime": _wall_clock(value.start.astimezone(region)), "timeZone": name},
        "end": {"dateTime": _wall_clock(value.end.astimezone(region)), "timeZone": name},
        "isAllDay": False,
    }


def _unambiguous(value: Timed, place: str) -> tuple[str, tzinfo]:
    """The zone to write in: a wall clock cannot say the second half of autumn's repeated hour, so that goes as UTC."""
    region = zone(place)
    if value.start.astimezone(region).fold or value.end.astimezone(region).fold:
        return "UTC", UTC
    return microsoft_name(place), region


def _wall_clock(moment: datetime) -> str:
    return moment.replace(tzinfo=None, microsecond=0).isoformat()
