"""Rows of Salesforce <-> values, along the field map (LS 3.9, LS 4.5).

What is read goes through the same normal forms as what is compared, so that no tidying looks like an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from backend.domain.field_choices import STANDARD, FieldMap, rows_of
from backend.domain.field_view import SHOWN_AS
from backend.domain.fieldmap import FieldRow
from backend.domain.projection import project_crm
from backend.domain.values import Address, AllDay, FieldValue, Name, ShowAs, Timed, Values
from backend.ports.crm import CrmUser, Record
from backend.salesforce.event_series import series_of
from backend.salesforce.fields import ACCOUNT_NAME, KEY_FIELD, Layout
from backend.salesforce.record_id import USER_PREFIX

Row = Mapping[str, Any]

_SHOW_AS: Final = {value: name for name, value in SHOWN_AS.items()}
_DAY: Final = timedelta(days=1)

USER_FIELDS: Final = ("Id", "Username", "Name", "Email", "Profile.Name", "IsActive", "TimeZoneSidKey", "SystemModstamp")


def record_of(row: Row, layout: Layout, filters: Mapping[str, str] | None = None) -> Record:
    """The record in a row. `filters`: what goes into `raw`, as asked for -> as Salesforce spells it; None for none."""
    return Record(
        id=row["Id"],
        version=moment(row["SystemModstamp"]),
        values=values_of(row, layout),
        key_tag=_key(row.get(KEY_FIELD)),
        owner_id=row.get("OwnerId"),
        modified_by=row.get("LastModifiedById"),
        last_modified=_optional_moment(row.get("LastModifiedDate")),
        created_at=_optional_moment(row.get("CreatedDate")),
        activity_at=_activity(row.get("LastActivityDate")),
        is_child=bool(row.get("IsChild")),
        in_bin=bool(row.get("IsDeleted")),
        related=bool(row.get("WhoId") or row.get("WhatId")),
        raw=None if filters is None else {asked: _plain(row.get(name)) for asked, name in filters.items()},
        problem=_problem(row),
        hidden=layout.hidden | layout.missing,
        further={key: _plain(row.get(name)) for key, name in layout.further.items()},
        series=series_of(row),
    )


def values_of(row: Row, layout: Layout) -> dict[str, FieldValue]:
    """The groups of a row that hold something, as Salesforce keeps them."""
    values: dict[str, FieldValue] = {}
    for group, rows in layout.groups.items():
        raw = _READERS.get(group, _read_text)(row, rows)
        value = project_crm(layout.kind, group, raw) if raw is not None else None
        if value is not None:
            values[group] = value
    return values


def user_of(row: Row) -> CrmUser:
    """The user in a row of `USER_FIELDS`."""
    profile = row.get("Profile") or {}
    return CrmUser(
        id=row["Id"],
        username=row["Username"],
        name=row.get("Name") or row["Username"],
        address=row.get("Email") or "",
        profile=profile.get("Name") or "",
        active=bool(row["IsActive"]),
        zone=row.get("TimeZoneSidKey") or "",
    )


def moment(text: str) -> datetime:
    """A datetime of an answer, such as 2026-11-22T13:00:00.000+0000, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _optional_moment(text: str | None) -> datetime | None:
    return moment(text) if text else None


def _activity(text: str | None) -> datetime | None:
    return datetime.combine(date.fromisoformat(text), time.min, UTC) if text else None


def _key(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _plain(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem(row: Row) -> str | None:
    if row.get("IsRecurrence"):
        return (
            "This is the head of a repeating event made in Salesforce Classic: its occurrences are synced one by one, "
            "the head itself is not."
        )
    owner = row.get("OwnerId") or USER_PREFIX
    if row.get("IsChild") is not None and not owner.startswith(USER_PREFIX):
        return "This event belongs to a public or resource calendar: give it to a user to have it synced."
    return None


def _read_text(row: Row, rows: tuple[FieldRow, ...]) -> FieldValue:
    value: FieldValue = row.get(rows[0].salesforce)
    return value


def _read_company(row: Row, _rows: tuple[FieldRow, ...]) -> FieldValue:
    """The account's name; the account of a person account is the person, not a company (LS-085)."""
    account = row.get("Account")
    if account is None or row.get("IsPersonAccount"):
        return None
    value: FieldValue = account.get("Name")
    return value


def _read_birthdate(row: Row, _rows: tuple[FieldRow, ...]) -> FieldValue:
    text = row.get("Birthdate")
    return date.fromisoformat(text) if text else None


def _read_parts(kind: type[Name] | type[Address]) -> Callable[[Row, tuple[FieldRow, ...]], FieldValue]:
    def read(row: Row, rows: tuple[FieldRow, ...]) -> FieldValue:
        parts = {field.part: row.get(field.salesforce) for field in rows if field.part}
        return kind(**parts) if any(parts.values()) else None

    return read


def _read_show_as(row: Row, _rows: tuple[FieldRow, ...]) -> FieldValue:
    return SHOWN_AS.get(row.get("ShowAs") or "", ShowAs.BUSY)


def _read_flag(row: Row, rows: tuple[FieldRow, ...]) -> FieldValue:
    return bool(row.get(rows[0].salesforce))


def _read_when(row: Row, _rows: tuple[FieldRow, ...]) -> FieldValue:
    """Whole days come as midnight UTC with the last day inclusive, and are never shifted to a zone (SF-094)."""
    start = row.get("StartDateTime")
    if not start:
        return None
    end = row.get("EndDateTime") or start
    if not row.get("IsAllDayEvent"):
        return Timed(moment(start), moment(end))
    first = date.fromisoformat(start[:10])
    return AllDay(first, max(first, date.fromisoformat(end[:10])) + _DAY)


_READERS: Final[Mapping[str, Callable[[Row, tuple[FieldRow, ...]], FieldValue]]] = {
    "name": _read_parts(Name),
    "mailing": _read_parts(Address),
    "other_address": _read_parts(Address),
    "company": _read_company,
    "birthdate": _read_birthdate,
    "show_as": _read_show_as,
    "private": _read_flag,
    "when": _read_when,
}


def fields_of(
    layout: Layout, values: Values, writable: frozenset[str], field_map: FieldMap = STANDARD
) -> dict[str, Any]:
    """The fields to send for the groups given, without those that may not be written (LS-088) and parts that are off.

    Text beyond a limit is cut where the field map says so, else sent as it is for Salesforce to refuse (SF-029).
    The company is no field: it is found among the accounts, see `accounts`.
    """
    projected = {group: project_crm(layout.kind, group, value) for group, value in values.items()}
    rows = [
        (layout.names.get(row.salesforce.casefold(), row.salesforce), row)
        for row in rows_of(layout.kind, field_map)
        if row.group in projected and row.salesforce != ACCOUNT_NAME
    ]
    found = {name: _sent(row, projected[row.group]) for name, row in rows if name in writable}
    return {name: value for name, value in found.items() if value is not _NOTHING}


_NOTHING: Final = object()
"""Stands for a field that cannot be blank: an event has a time and a show-as, whatever the other side lacks."""


def _sent(row: FieldRow, value: FieldValue) -> Any:
    if row.group == "when":
        return _sent_when(row, value)
    if row.group == "show_as":
        return _SHOW_AS[value] if isinstance(value, ShowAs) else _NOTHING
    if row.group == "private":
        return bool(value)
    if row.part is not None:
        return getattr(value, row.part, None)
    return value.isoformat() if isinstance(value, date) else value


def _sent_when(row: FieldRow, value: FieldValue) -> Any:
    if not isinstance(value, Timed | AllDay):
        return _NOTHING
    if row.part == "all_day":
        return isinstance(value, AllDay)
    if isinstance(value, Timed):
        return _instant(value.start if row.part == "start" else value.end)
    return _midnight(value.first if row.part == "start" else value.end - _DAY)


def _instant(value: datetime) -> str:
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"
