"""Steps that wait for a person's answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.domain.values import Kind, Values
from backend.storage.configuration_codec import decode_settings
from backend.storage.tables import configuration, intent, link, mailbox_item, person, user_state
from backend.storage.views.passport import values_of
from backend.storage.views.runs import named_links
from backend.storage.views.titles import titles


@dataclass(frozen=True, slots=True)
class HeldStep:
    """One held write. `values`: what it would write; `mailbox` and `crm`: those groups on each side when planned.

    `hold`: 'would_mail', 'folder_lost', or the guard that held it; `guests`: how many people the provider would mail;
    `to_mailbox`: whether this person's configuration lets things of this kind go to the mailbox.
    """

    id: str
    link_id: str
    user_id: int
    person: str
    kind: Kind
    title: str
    side: str
    op: str
    hold: str
    guests: int
    rule: str
    at: datetime
    values: Values
    mailbox: Values
    crm: Values
    to_mailbox: bool = True


_COLUMNS = (
    intent.c.id, intent.c.link_id, intent.c.user_id, intent.c.kind, intent.c.side, intent.c.op, intent.c.hold,
    intent.c.rule, intent.c.created_at, intent.c["values"], intent.c.from_mailbox, intent.c.from_crm, person.c.name,
    mailbox_item.c.guests, configuration.c.settings,
)  # fmt: skip
_SOURCE = (
    intent.join(person, person.c.id == intent.c.user_id)
    .outerjoin(link, link.c.id == intent.c.link_id)
    .outerjoin(
        mailbox_item,
        sa.and_(
            mailbox_item.c.user_id == intent.c.user_id,
            mailbox_item.c.kind == intent.c.kind,
            mailbox_item.c.mailbox_id == link.c.mailbox_id,
        ),
    )
    .outerjoin(user_state, user_state.c.user_id == intent.c.user_id)
    .outerjoin(configuration, configuration.c.id == user_state.c.configuration_id)
)


def held_steps_page(connection: sa.Connection, page: int, size: int) -> tuple[tuple[HeldStep, ...], int]:
    """A page of held steps, oldest first, and how many there are."""
    number = connection.scalar(sa.select(sa.func.count()).select_from(intent).where(intent.c.state == "held")) or 0
    page = min(page, max(1, -(-number // size)))
    rows = connection.execute(
        sa.select(*_COLUMNS)
        .select_from(_SOURCE)
        .where(intent.c.state == "held")
        .order_by(intent.c.created_at, intent.c.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    return _steps(connection, rows), number


def held_step(connection: sa.Connection, intent_id: str) -> HeldStep | None:
    """One held step, None when it is not held any more."""
    rows = connection.execute(
        sa.select(*_COLUMNS).select_from(_SOURCE).where(intent.c.id == intent_id, intent.c.state == "held")
    ).all()
    return _steps(connection, rows)[0] if rows else None


def _steps(connection: sa.Connection, rows: Sequence[Any]) -> tuple[HeldStep, ...]:
    named = named_links(connection, [row.link_id for row in rows])
    names = titles(connection, list(named.values()))
    return tuple(
        HeldStep(
            id=row.id, link_id=row.link_id, user_id=row.user_id, person=row.name, kind=Kind(row.kind),
            title=names.get(row.link_id, ""), side=row.side, op=row.op, hold=row.hold, guests=row.guests or 0,
            rule=row.rule, at=row.created_at, values=values_of(row._mapping["values"]),
            mailbox=values_of(row.from_mailbox), crm=values_of(row.from_crm),
            to_mailbox=_to_mailbox(Kind(row.kind), row.settings),
        )
        for row in rows
    )  # fmt: skip


def _to_mailbox(kind: Kind, settings: Any) -> bool:
    return not settings or decode_settings(json.dumps(settings)).of(kind).direction.writes_mailbox
