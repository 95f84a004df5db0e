"""Departures from the standard field map: rows that are off or go to another Salesforce field (LS-045 to LS-048)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from backend.domain.fieldmap import ROWS, FieldRow
from backend.domain.values import Kind

_API_NAME: Final = re.compile(r"(?:[a-z][a-z0-9_]*__)?[a-z](?:_?[a-z0-9])*(?:__p?c)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """One row (`FieldRow.key`) and its Salesforce field by API name; None: the row is not mapped."""

    row: str
    salesforce: str | None


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The rows that differ from the standard map, by row; without any it is the standard map."""

    choices: tuple[FieldChoice, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(sorted(self.choices, key=lambda choice: choice.row)))

    @property
    def by_row(self) -> dict[str, str | None]:
        """The choices by row."""
        return {choice.row: choice.salesforce for choice in self.choices}


STANDARD: Final = FieldMap()


@lru_cache(maxsize=256)
def rows_of(kind: Kind, field_map: FieldMap = STANDARD) -> tuple[FieldRow, ...]:
    """The mapped rows of a kind under these choices; rows that are off are left out."""
    chosen = field_map.by_row
    mapped = (row if row.key not in chosen else _pointed(row, chosen[row.key]) for row in ROWS[kind])
    return tuple(row for row in mapped if row is not None)


@lru_cache(maxsize=256)
def groups_of(kind: Kind, field_map: FieldMap = STANDARD) -> tuple[str, ...]:
    """Groups of which at least one row is mapped."""
    return tuple(dict.fromkeys(row.group for row in rows_of(kind, field_map)))


def _pointed(row: FieldRow, salesforce: str | None) -> FieldRow | None:
    """The row with another field. How much that one holds is Salesforce's to say, so there is no limit of ours."""
    if salesforce is None or salesforce == row.salesforce:
        return row if salesforce else None
    return replace(row, salesforce=salesforce, limit=None)


def customisable(kind: Kind) -> tuple[FieldRow, ...]:
    """Rows that may be switched off or pointed elsewhere; the others are needed for matching."""
    return tuple(row for row in ROWS[kind] if not row.locked)


def mistakes(kind: Kind, field_map: FieldMap) -> Iterator[tuple[str, str]]:
    """(row, sentence) for every choice that cannot stand, whatever the organisation's fields are."""
    known = {row.key: row for row in ROWS[kind]}
    taken: dict[str, str] = {}
    for row in rows_of(kind, field_map):
        first = taken.setdefault(row.salesforce.casefold(), row.key)
        if first != row.key:
            culprit, other = (row.key, first) if row.key in field_map.by_row else (first, row.key)
            yield (
                culprit,
                f"“{row.salesforce}” is mapped to {other} already; choose another field or switch that row off",
            )
    for choice in field_map.choices:
        if choice.row not in known:
            yield choice.row, f"there is no row “{choice.row}”; {_meant(kind, choice.row)}"
        elif known[choice.row].locked:
            yield choice.row, f"{known[choice.row].label} is needed for matching and stays as it is; remove this line"
        elif choice.salesforce is not None and not _API_NAME.fullmatch(choice.salesforce):
            yield (
                choice.row,
                (f"“{choice.salesforce}” is no API name of a Salesforce field; write one like Nickname__c, or off"),
            )


def _meant(kind: Kind, row: str) -> str:
    rows = [one.key for one in customisable(kind)]
    near = difflib.get_close_matches(row, rows, n=1)
    return f"perhaps “{near[0]}” was meant" if near else f"known are {', '.join(rows)}"
