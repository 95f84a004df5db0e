"""Items that a side refused, of everybody, for the list behind the tile on Sync Status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from backend.storage.tables import line, link, person
from backend.storage.views.refusals import Refusal, refusals
from backend.storage.views.titles import Named, titles


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """One refused pair with its person."""

    link_id: str
    user_id: int
    person: str
    kind: str
    title: str
    reason: str
    refusal: Refusal | None
    at: datetime


def refused_items(connection: sa.Connection, page: int, size: int) -> tuple[tuple[RefusedItem, ...], int]:
    """A page of refused items, newest first, and how many there are."""
    number = connection.scalar(sa.select(sa.func.count()).select_from(link).where(link.c.state == "held")) or 0
    page = min(page, max(1, -(-number // size)))
    rows = connection.execute(
        sa.select(
            link.c.id, link.c.user_id, link.c.kind, link.c.mailbox_id, line.c.crm_id, link.c.reason, link.c.updated_at,
            person.c.name,
        )
        .select_from(link.join(line, line.c.id == link.c.line_id).join(person, person.c.id == link.c.user_id))
        .where(link.c.state == "held")
        .order_by(link.c.updated_at.desc(), link.c.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()  # fmt: skip
    names = titles(connection, [Named(row.id, row.user_id, row.kind, row.mailbox_id, row.crm_id) for row in rows])
    said = refusals(connection, [row.id for row in rows])
    return tuple(
        RefusedItem(
            row.id, row.user_id, row.name, row.kind, names.get(row.id, ""), row.reason, said.get(row.id), row.updated_at
        )
        for row in rows
    ), number
