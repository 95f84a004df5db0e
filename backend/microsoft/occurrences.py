"""One occurrence of a series: its own id, found through the master and its original start (E-8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from backend.domain.values import AllDay, Timed
from backend.microsoft.batch import Inner, Outcome
from backend.microsoft.errors import as_error
from backend.microsoft.event_map import FIELDS
from backend.microsoft.moments import when
from backend.microsoft.places import Places
from backend.microsoft.recurrence import original_start, series_zone
from backend.microsoft.tags import query
from backend.ports.answers import Write

Row = Mapping[str, Any]
_MARGIN: Final = timedelta(days=1)


def instances_request(places: Places, write: Write) -> Inner:
    """Reads the occurrences around an original start; the window is narrow, and wide enough for any zone."""
    day = _moment(write.original_start)
    options = (
        ("startDateTime", f"{day - _MARGIN:%Y-%m-%dT%H:%M:%S}Z"),
        ("endDateTime", f"{day + 2 * _MARGIN:%Y-%m-%dT%H:%M:%S}Z"),
        ("$select", FIELDS),
        ("$top", "10"),
    )
    return Inner("GET", query(places.instances(write.target or ""), options))


def instance_of(master: Row, instances: Outcome | None, wanted: str) -> Row | None:
    """The occurrence with this original start: among the changed ones wherever they lie now, else around the start.

    None if it was cancelled or the rule no longer has it. Raises Transient if it could not be read.
    """
    if not master.get("recurrence"):
        return None
    place, all_day = series_zone(master), bool(master.get("isAllDay"))
    for changed in master.get("exceptionOccurrences") or ():
        if original_start(changed, place, all_day=all_day)[0] == wanted:
            return dict(changed)
    if instances is None or not instances.ok:
        if instances is None or instances.missing:
            return None
        raise as_error(instances.refusal)
    for row in instances.body["value"]:
        if str(row.get("type") or "").casefold() == "occurrence" and _starts_at(row, wanted):
            return dict(row)
    return None


def _moment(original: str) -> datetime:
    if "T" not in original:
        return datetime.combine(date.fromisoformat(original), datetime.min.time())
    return datetime.fromisoformat(original).astimezone(UTC).replace(tzinfo=None)


def _starts_at(row: Row, original: str) -> bool:
    match when(row):
        case AllDay(first, _):
            return first.isoformat() == original
        case Timed(start, _, _):
            return "T" in original and start == datetime.fromisoformat(original)
