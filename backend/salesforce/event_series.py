"""Event series of Salesforce: which series a row belongs to, and all rows of a series (SF 4).

Salesforce tells no id of a series. Owner, pattern, start and zone of the pattern are equal for its occurrences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from backend.salesforce import soql
from backend.salesforce.client import Row
from backend.salesforce.fields import Layout

PATTERN: Final = "Recurrence2PatternText"
START: Final = "Recurrence2PatternStartDate"
_NAMED_BY: Final = ("OwnerId", PATTERN, START, "Recurrence2PatternTimeZone")


def series_of(row: Mapping[str, Any]) -> str | None:
    """A name of the series that a row belongs to; None for any other event, and where a field of it does not show."""
    parts = [row.get(name) for name in _NAMED_BY]
    if not row.get("IsRecurrence2") or row.get("IsChild") or not all(parts):
        return None
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def may_make(layout: Layout) -> bool:
    """Whether the user can make series, and tell their occurrences afterwards."""
    return PATTERN in layout.creatable and all(name in layout.selected for name in _NAMED_BY)


def statements(layout: Layout, rows: Iterable[Row]) -> list[str]:
    """Statements that find all rows of the series that the given ones belong to, and perhaps some more."""
    wanted = {_of(layout, row): None for row in rows if series_of(row) is not None}
    return list(wanted)


def _of(layout: Layout, row: Row) -> str:
    owner, moment = soql.quoted(row["OwnerId"]), str(row[START]).replace("+0000", "Z")
    return soql.select(layout.selected, layout.sobject, f"OwnerId = {owner} AND {START} = {moment}")


def by_event(events: Sequence[str], heads: Iterable[Row], rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each event's series."""
    several: dict[str, list[Row]] = {}
    for row in rows:
        name = series_of(row)
        if name is not None:
            several.setdefault(name, []).append(row)
    named = {row["Id"]: series_of(row) for row in heads}
    return {event: several.get(named.get(event) or "", []) for event in events}
