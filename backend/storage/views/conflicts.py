"""The journal of values that lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.domain.values import Kind, Values
from backend.storage.tables import conflict, link, person
from backend.storage.views.passport import values_of
from backend.storage.views.people import escaped
from backend.storage.views.runs import named_links
from backend.storage.views.titles import titles


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One field that changed on both sides. `chosen`: the side whose value stayed; `both_kept`: each kept its own.

    Ended pairs have no person.
    """

    link_id: str
    linked: bool
    user_id: int | None
    person: str
    kind: Kind | None
    title: str
    at: datetime
    group: str
    mailbox: Values
    crm: Values
    chosen: str
    reason: str
    both_kept: bool


@dataclass(frozen=True, slots=True)
class ConflictQuery:
    """What is to be shown. `text`: part of a person's name or address."""

    text: str = ""
    group: str = ""
    since: datetime | None = None
    page: int = 1
    size: int = 25


def conflict_rows(connection: sa.Connection, query: ConflictQuery) -> tuple[tuple[ConflictRow, ...], int]:
    """A page of conflicts, newest first, and how many there are."""
    source = conflict.outerjoin(link, link.c.id == conflict.c.link_id).outerjoin(person, person.c.id == link.c.user_id)
    conditions = []
    if query.text:
        pattern = sa.func.lower(f"%{escaped(query.text)}%")
        conditions.append(
            sa.or_(
                sa.func.lower(person.c.name).like(pattern, escape="\\"),
                sa.func.lower(person.c.address).like(pattern, escape="\\"),
            )
        )
    if query.group:
        conditions.append(conflict.c.group == query.group)
    if query.since is not None:
        conditions.append(conflict.c.at >= query.since)
    number = connection.scalar(sa.select(sa.func.count()).select_from(source).where(*conditions)) or 0
    page = min(query.page, max(1, -(-number // query.size)))
    rows = connection.execute(
        sa.select(conflict, link.c.user_id, link.c.kind, link.c.shadow_mailbox, link.c.shadow_crm, person.c.name)
        .select_from(source)
        .where(*conditions)
        .order_by(conflict.c.at.desc(), conflict.c.id.desc())
        .limit(query.size)
        .offset((page - 1) * query.size)
    ).all()
    named = named_links(connection, [row.link_id for row in rows])
    names = titles(connection, list(named.values()))
    return tuple(
        ConflictRow(
            row.link_id, row.link_id in named, row.user_id, row.name or "", Kind(row.kind) if row.kind else None,
            names.get(row.link_id, ""), row.at, row.group, values_of(row.mailbox_value), values_of(row.crm_value),
            row.chosen, row.reason, _both_kept(row),
        )
        for row in rows
    ), number  # fmt: skip


def _both_kept(row: Any) -> bool:
    """Whether both values are what the pair was last agreed on: neither was written over the other."""
    agreed = ((row.shadow_mailbox or {}).get(row.group), (row.shadow_crm or {}).get(row.group))
    values = ((row.mailbox_value or {}).get(row.group), (row.crm_value or {}).get(row.group))
    return agreed == values and values[0] != values[1]


def conflict_groups(connection: sa.Connection) -> tuple[str, ...]:
    """Fields that ever were in conflict, for the filter."""
    return tuple(connection.scalars(sa.select(conflict.c.group).distinct().order_by(conflict.c.group)))
