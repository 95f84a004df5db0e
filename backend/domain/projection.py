"""What each side makes of a value (sync.md B.5): `a` and `b` agree if one side's rendering of the one is the other.

Law, tested per group: projecting twice is the same as projecting once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from backend.domain import text
from backend.domain.attendees import ATTENDEES
from backend.domain.fieldmap import ROWS, FieldRow, Shape, TooLong
from backend.domain.spelling import same
from backend.domain.values import Address, FieldValue, Kind, Name, ShowAs, Timed

_SALESFORCE_SHOW_AS: Final = (ShowAs.BUSY, ShowAs.FREE, ShowAs.OUT_OF_OFFICE)


def _rows_by_group(kind: Kind) -> dict[str, tuple[FieldRow, ...]]:
    groups: dict[str, tuple[FieldRow, ...]] = {}
    for row in ROWS[kind]:
        groups[row.group] = (*groups.get(row.group, ()), row)
    return groups


_BY_GROUP: Final = {kind: _rows_by_group(kind) for kind in Kind}


def _tidy(value: str | None, row: FieldRow) -> str | None:
    return text.block(value) if row.shape is Shape.BLOCK else text.line(value)


def _fit(value: str | None, row: FieldRow) -> str | None:
    tidy = _tidy(value, row)
    if tidy is not None and row.limit is not None and row.too_long is TooLong.SHORTEN:
        return text.shortened(tidy, row.limit)
    return tidy


def _tidy_parts(value: Name | Address, rows: tuple[FieldRow, ...]) -> dict[str, str | None]:
    return {row.part: _tidy(getattr(value, row.part), row) for row in rows if row.part}


def _kept(value: FieldValue, empty: FieldValue) -> FieldValue:
    return None if value == empty else value


def project_mailbox(kind: Kind, group: str, value: FieldValue) -> FieldValue:
    """The value as a mailbox keeps it: tidy text, times to the second, empty groups as None."""
    if group == ATTENDEES:
        return value
    rows = _BY_GROUP[kind][group]
    match value:
        case ShowAs():
            return value
        case str():
            return _tidy(value, rows[0])
        case Name():
            return _kept(replace(value, **_tidy_parts(value, rows)), Name())
        case Address():
            return _kept(replace(value, **_tidy_parts(value, rows)), Address())
        case Timed(start, end, zone):
            return Timed(start.replace(microsecond=0), end.replace(microsecond=0), zone)
    return value


def project_crm(kind: Kind, group: str, value: FieldValue) -> FieldValue:
    """The value as Salesforce keeps it: no zone on single events, three kinds of show-as, limits of length.

    Of attendees the event's own fields hold nothing: they are rows of their own.
    """
    if group == ATTENDEES:
        return None
    rows = _BY_GROUP[kind][group]
    match value:
        case ShowAs():
            return value if value in _SALESFORCE_SHOW_AS else ShowAs.BUSY
        case str():
            return _fit(value, rows[0])
        case Timed(start, end, _):
            return Timed(start.replace(microsecond=0), end.replace(microsecond=0), None)
    return project_mailbox(kind, group, value)


def equivalent(kind: Kind, group: str, mailbox: FieldValue, crm: FieldValue, region: str | None = None) -> bool:
    """Whether the two sides agree on a group, up to spelling and to what each can hold (≈ in sync.md B.12).

    region: country of telephone numbers that do not name theirs, as ISO 3166 code.
    """
    if project_crm(kind, group, mailbox) == crm or project_mailbox(kind, group, crm) == mailbox:
        return True
    return kind is Kind.CONTACT and same(group, mailbox, crm, region)
