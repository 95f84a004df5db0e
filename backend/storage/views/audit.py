"""The audit, for reading: who did what, filtered, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.storage.tables import audit, person
from backend.storage.views.people import escaped


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What is to be shown. text: part of who, what or any value."""

    text: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of a person. people: names behind the numbers in its subject, where these are people."""

    at: datetime
    actor: str
    action: str
    subject: str
    people: tuple[str, ...]
    detail: Mapping[str, Any]


def audit_rows(connection: sa.Connection, query: AuditQuery) -> tuple[tuple[AuditRow, ...], int]:
    """A page of the audit and how many lines match. Three queries at most."""
    conditions = _conditions(query)
    number = connection.scalar(sa.select(sa.func.count()).select_from(audit).where(*conditions)) or 0
    page = min(query.page, max(1, -(-number // query.size)))
    rows = connection.execute(
        sa.select(audit)
        .where(*conditions)
        .order_by(audit.c.at.desc(), audit.c.id.desc())
        .limit(query.size)
        .offset((page - 1) * query.size)
    ).all()
    names = _names(connection, {one for row in rows for one in _numbers(row.subject)})
    return tuple(
        AuditRow(
            row.at, row.actor, row.action, row.subject,
            tuple(names[one] for one in _numbers(row.subject) if one in names), row.detail,
        )
        for row in rows
    ), number  # fmt: skip


def audit_choices(connection: sa.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Everybody who did something, and everything that was done, for the filters."""
    actors = connection.scalars(sa.select(audit.c.actor).where(audit.c.actor != "").distinct().order_by(audit.c.actor))
    actions = connection.scalars(sa.select(audit.c.action).distinct().order_by(audit.c.action))
    return tuple(actors), tuple(actions)


def _conditions(query: AuditQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.text:
        pattern = sa.func.lower(f"%{escaped(query.text)}%")
        columns = (audit.c.actor, audit.c.action, audit.c.subject, sa.cast(audit.c.detail, sa.Text))
        found.append(sa.or_(*(sa.func.lower(column).like(pattern, escape="\\") for column in columns)))
    if query.actor:
        found.append(audit.c.actor == query.actor)
    if query.action:
        found.append(audit.c.action == query.action)
    if query.since is not None:
        found.append(audit.c.at >= query.since)
    return found


def _numbers(subject: str) -> tuple[int, ...]:
    """The people that a subject like '4,17' names."""
    parts = subject.split(",")
    return tuple(int(part) for part in parts) if all(part.isdecimal() and len(part) < 10 for part in parts) else ()


def _names(connection: sa.Connection, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = connection.execute(sa.select(person.c.id, person.c.name).where(person.c.id.in_(ids)))
    return {row.id: row.name for row in rows}
