"""Everything known of one item: both sides, the pair, its history, its conflicts, what is open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.domain.codec import decode_values
from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.field_view import crm_view
from backend.domain.values import EMPTY, Kind, Values
from backend.ports.mailbox import Caps
from backend.storage.configuration_codec import decode_settings
from backend.storage.tables import (
    configuration,
    conflict,
    crm_record,
    history,
    intent,
    line,
    link,
    mailbox_item,
    note,
    person,
    user_state,
)
from backend.storage.views.left_out import why_waiting
from backend.storage.views.refusals import Refusal, refusals


@dataclass(frozen=True, slots=True)
class SideState:
    """One side of the pair. `values` are empty where content is not kept; `known`: the mirror has the thing at all."""

    known: bool
    presence: str = ""
    values: Values = field(default_factory=dict)
    changed_at: datetime | None = None
    problem: str = ""
    guests: int = 0
    repeats: bool = False
    organised: bool = True
    """Of an event in the mailbox: whether its owner organises it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the history. `op`: create, update, delete; before and after hold the groups that moved."""

    at: datetime
    side: str
    op: str
    groups: tuple[str, ...]
    before: Values
    after: Values
    rule: str
    run: int | None


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides had changed one group; `chosen` is the side whose value stayed."""

    at: datetime
    group: str
    mailbox: Values
    crm: Values
    chosen: str
    reason: str


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A decided write that is not done: planned, sent, held or failed."""

    id: str
    side: str
    op: str
    groups: tuple[str, ...]
    state: str
    hold: str
    message: str
    code: str
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class Passport:
    """The whole of it. `link_id` is None for an item that is in no pair."""

    link_id: str | None
    kind: Kind
    user_id: int
    person: str
    person_zone: str
    configuration: str
    settings: Mapping[str, Any]
    state: str
    reason: str
    origin: str
    key: str
    mailbox_id: str | None
    crm_id: str | None
    original_start: str
    created_at: datetime | None
    updated_at: datetime | None
    mailbox: SideState
    crm: SideState
    agreed_mailbox: Values
    agreed_crm: Values
    history: tuple[Happened, ...] = ()
    clashes: tuple[Clash, ...] = ()
    open: tuple[OpenStep, ...] = ()
    others: int = 0
    refusal: Refusal | None = None


def values_of(stored: Mapping[str, Any] | None) -> Values:
    """Stored values, none where there are none."""
    return decode_values(dict(stored)) if stored else EMPTY


def passport(connection: sa.Connection, link_id: str) -> Passport | None:
    """The passport of a pair, None when there is no such pair."""
    row = connection.execute(
        sa.select(
            link, line.c.crm_id, person.c.name, person.c.zone, user_state.c.mailbox_zone,
            configuration.c.name.label("configuration"), configuration.c.settings,
        )
        .select_from(
            link.join(line, line.c.id == link.c.line_id)
            .join(person, person.c.id == link.c.user_id)
            .outerjoin(user_state, user_state.c.user_id == person.c.id)
            .outerjoin(configuration, configuration.c.id == user_state.c.configuration_id)
        )
        .where(link.c.id == link_id)
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    others = sa.select(sa.func.count()).select_from(link).where(link.c.line_id == row.line_id, link.c.id != row.id)
    return Passport(
        link_id=row.id, kind=Kind(row.kind), user_id=row.user_id, person=row.name,
        person_zone=row.mailbox_zone or row.zone, configuration=row.configuration or "", settings=row.settings or {},
        state=row.state, reason=row.reason, origin=row.origin, key=row.key, mailbox_id=row.mailbox_id,
        crm_id=row.crm_id, original_start=row.original_start, created_at=row.created_at, updated_at=row.updated_at,
        mailbox=_mailbox(connection, row.user_id, row.kind, row.mailbox_id),
        crm=_crm(connection, Kind(row.kind), row.crm_id, _field_map(Kind(row.kind), row.settings)),
        agreed_mailbox=values_of(row.shadow_mailbox), agreed_crm=values_of(row.shadow_crm),
        history=_history(connection, row.id), clashes=clashes(connection, row.id), open=_open(connection, row.id),
        others=connection.scalar(others) or 0, refusal=refusals(connection, [row.id]).get(row.id),
    )  # fmt: skip


def unlinked(connection: sa.Connection, user_id: int, kind: Kind, side: str, ref: str) -> Passport | None:
    """What is known of an item that is in no pair; `ref`: its id on that side. None when nothing is."""
    row = connection.execute(
        sa.select(
            person.c.name, person.c.zone, user_state.c.mailbox_zone, configuration.c.name.label("configuration"),
            configuration.c.settings,
        )
        .select_from(
            person.outerjoin(user_state, user_state.c.user_id == person.c.id)
            .outerjoin(configuration, configuration.c.id == user_state.c.configuration_id)
        )
        .where(person.c.id == user_id)
    ).one_or_none()  # fmt: skip
    said = connection.execute(
        sa.select(note.c.reason).where(
            note.c.user_id == user_id, note.c.kind == kind.value, note.c.side == side, note.c.ref == ref
        )
    ).scalar()
    mailbox = _mailbox(connection, user_id, kind.value, ref if side == "mailbox" else None)
    settings = row.settings if row is not None else None
    crm = _crm(connection, kind, ref if side == "crm" else None, _field_map(kind, settings))
    if row is None or not (mailbox.known or crm.known or said):
        return None
    if not (said or mailbox.problem or crm.problem) and side == "crm" and kind is Kind.EVENT:
        said = why_waiting(connection, user_id, ref)
    return Passport(
        link_id=None, kind=kind, user_id=user_id, person=row.name, person_zone=row.mailbox_zone or row.zone,
        configuration=row.configuration or "", settings=row.settings or {}, state="unlinked", reason=said or "",
        origin="", key="", mailbox_id=ref if side == "mailbox" else None, crm_id=ref if side == "crm" else None,
        original_start="", created_at=None, updated_at=None, mailbox=mailbox, crm=crm,
        agreed_mailbox=EMPTY, agreed_crm=EMPTY,
    )  # fmt: skip


def _mailbox(connection: sa.Connection, user_id: int, kind: str, mailbox_id: str | None) -> SideState:
    row = connection.execute(
        sa.select(mailbox_item).where(
            mailbox_item.c.user_id == user_id, mailbox_item.c.kind == kind, mailbox_item.c.mailbox_id == mailbox_id
        )
    ).one_or_none()
    if row is None:
        return SideState(False)
    values = values_of(row._mapping["values"])
    return SideState(True, row.presence, values, row.modified_at, row.problem or "", row.guests, row.series is not None,
                     Caps.ORGANIZER in Caps(row.caps))  # fmt: skip


def _field_map(kind: Kind, settings: Any) -> FieldMap:
    return decode_settings(json.dumps(settings)).of(kind).field_map if settings else STANDARD


def _crm(connection: sa.Connection, kind: Kind, crm_id: str | None, field_map: FieldMap) -> SideState:
    """The record as the person's field map reads it."""
    row = connection.execute(
        sa.select(crm_record).where(crm_record.c.kind == kind.value, crm_record.c.crm_id == crm_id)
    ).one_or_none()
    if row is None:
        return SideState(False)
    values = crm_view(kind, field_map, values_of(row._mapping["values"]), row.further or {})
    return SideState(True, row.presence, values, row.last_modified, row.problem or "")


def _history(connection: sa.Connection, link_id: str) -> tuple[Happened, ...]:
    rows = connection.execute(
        sa.select(history).where(history.c.link_id == link_id).order_by(history.c.at.desc(), history.c.id.desc())
    )
    return tuple(
        Happened(
            row.at,
            row.side,
            row.op,
            tuple(row.groups),
            values_of(row.before),
            values_of(row.after),
            row.rule,
            row.run_id,
        )
        for row in rows
    )


def clashes(connection: sa.Connection, link_id: str) -> tuple[Clash, ...]:
    """Conflicts of one pair, newest first."""
    rows = connection.execute(
        sa.select(conflict).where(conflict.c.link_id == link_id).order_by(conflict.c.at.desc(), conflict.c.id.desc())
    )
    return tuple(
        Clash(row.at, row.group, values_of(row.mailbox_value), values_of(row.crm_value), row.chosen, row.reason)
        for row in rows
    )


def _open(connection: sa.Connection, link_id: str) -> tuple[OpenStep, ...]:
    rows = connection.execute(
        sa.select(intent)
        .where(intent.c.link_id == link_id, intent.c.state.in_(("planned", "sent", "held")))
        .order_by(intent.c.created_at)
    )
    return tuple(
        OpenStep(
            row.id, row.side, row.op, tuple(row._mapping["values"]), row.state, row.hold, row.message, row.code,
            row.not_before,
        )
        for row in rows
    )  # fmt: skip
