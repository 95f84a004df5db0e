"""Series as JSON and back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from backend.domain.codec import decode_values, encode_values
from backend.domain.recurrence import Series


def encode_series(series: Series) -> dict[str, Any]:
    """A series as JSON; days and starts in the order of time, so that equal series have equal JSON."""
    return {
        "rule": series.rule,
        "start": series.start.isoformat(),
        "zone": series.zone,
        "seconds": series.seconds,
        "days": series.days,
        "cancelled": sorted(day.isoformat() for day in series.cancelled),
        "exceptions": {key: encode_values(series.exceptions[key]) for key in sorted(series.exceptions)},
    }


def decode_series(stored: dict[str, Any]) -> Series:
    """Inverse of `encode_series`."""
    return Series(
        rule=stored["rule"],
        start=datetime.fromisoformat(stored["start"]),
        zone=stored["zone"],
        seconds=stored["seconds"],
        days=stored["days"],
        cancelled=frozenset(date.fromisoformat(day) for day in stored["cancelled"]),
        exceptions={key: decode_values(values) for key, values in stored["exceptions"].items()},
    )
