"""One person's page: first sync, the four directions, what was left out and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage.tables import configuration, line, link, person, stream, user_state
from backend.storage.views.left_out import LeftOut, left_out
from backend.storage.views.refusals import Refusal, refusals
from backend.storage.views.titles import Named, titles
from backend.storage.views.unresolved import Company, companies


@dataclass(frozen=True, slots=True)
class Milestones:
    """How far the first sync came; None: not yet. `folder`: name or id of the contact folder."""

    mailbox: bool
    folder: str | None
    contacts_listed: datetime | None
    events_listed: datetime | None
    done_at: datetime | None
    assigned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that a side would not take, in that side's own words."""

    link_id: str
    kind: str
    title: str
    reason: str
    refusal: Refusal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Details:
    """What the person's page shows besides the row of the table. `settings`: the configuration as stored."""

    username: str
    profile: str
    zone: str
    mailbox_id: str | None
    settings: Mapping[str, Any]
    milestones: Milestones
    pairs: Mapping[tuple[Kind, str], int]
    left_out: tuple[LeftOut, ...]
    refused: tuple[Refused, ...]
    refused_total: int
    companies: tuple[Company, ...] = ()
    """Unresolved ones, newest first."""


def details(connection: sa.Connection, user_id: int, shown: int = 10) -> Details:
    """Details of a person who is assigned; at most `shown` refused items, newest first."""
    row = connection.execute(
        sa.select(
            person.c.username, person.c.profile, person.c.zone, user_state.c.mailbox_id, user_state.c.mailbox_zone,
            user_state.c.first_sync_done_at, user_state.c.assigned_at, user_state.c.applied, configuration.c.settings,
        )
        .select_from(
            person.join(user_state, user_state.c.user_id == person.c.id)
            .outerjoin(configuration, configuration.c.id == user_state.c.configuration_id)
        )
        .where(person.c.id == user_id)
    ).one()  # fmt: skip
    refused, number = _refused(connection, user_id, shown)
    return Details(
        username=row.username,
        profile=row.profile,
        zone=row.mailbox_zone or row.zone,
        mailbox_id=row.mailbox_id,
        settings=row.settings or {},
        milestones=_milestones(connection, user_id, row),
        pairs=_pairs(connection, user_id),
        left_out=left_out(connection, user_id),
        refused=refused,
        refused_total=number,
        companies=tuple(companies(connection, person.c.id == user_id)),
    )


def _milestones(connection: sa.Connection, user_id: int, row: Any) -> Milestones:
    streams = {
        found.kind: found
        for found in connection.execute(
            sa.select(stream.c.kind, stream.c.container, stream.c.listed_at).where(stream.c.user_id == user_id)
        )
    }
    contacts, events = streams.get(Kind.CONTACT), streams.get(Kind.EVENT)
    return Milestones(
        mailbox=row.mailbox_id is not None,
        folder=contacts.container if contacts else None,
        contacts_listed=contacts.listed_at if contacts else None,
        events_listed=events.listed_at if events else None,
        done_at=row.first_sync_done_at,
        assigned_at=row.assigned_at,
    )


def _pairs(connection: sa.Connection, user_id: int) -> dict[tuple[Kind, str], int]:
    rows = connection.execute(
        sa.select(link.c.kind, link.c.state, sa.func.count())
        .where(link.c.user_id == user_id)
        .group_by(link.c.kind, link.c.state)
    )
    return {(Kind(kind), state): number for kind, state, number in rows}


def _refused(connection: sa.Connection, user_id: int, shown: int) -> tuple[tuple[Refused, ...], int]:
    held = sa.and_(link.c.user_id == user_id, link.c.state == "held")
    number = connection.scalar(sa.select(sa.func.count()).select_from(link).where(held)) or 0
    rows = connection.execute(
        sa.select(
            link.c.id, link.c.user_id, link.c.kind, link.c.mailbox_id, line.c.crm_id, link.c.reason, link.c.updated_at
        )
        .select_from(link.join(line, line.c.id == link.c.line_id))
        .where(held)
        .order_by(link.c.updated_at.desc())
        .limit(shown)
    ).all()
    names = titles(connection, [Named(row.id, row.user_id, row.kind, row.mailbox_id, row.crm_id) for row in rows])
    said = refusals(connection, [row.id for row in rows])
    return tuple(
        Refused(row.id, row.kind, names.get(row.id, ""), row.reason, said.get(row.id), row.updated_at) for row in rows
    ), number
