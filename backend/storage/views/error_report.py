"""Everything that does not sync, in one list: people, items that a side refused, items left aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from backend.domain.values import Kind, Side
from backend.storage.tables import line, link, note, person, sync_run, user_state
from backend.storage.views.refusals import Refusal, refusals
from backend.storage.views.standing import SYNCING, Standing, in_standing
from backend.storage.views.titles import Named, titles
from backend.storage.views.unresolved import companies


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One line of the report; `kind` and `side` are empty for a whole person."""

    person: str
    address: str
    kind: str
    title: str
    side: str
    reason: str
    remedy: str
    refusal: Refusal | None
    code: str
    since: datetime | None


def error_rows(connection: sa.Connection) -> list[ErrorRow]:
    """People first, then refused pairs, then items that were left aside, each in order of the person's name."""
    return [*_people(connection), *item_rows(connection)]


def item_rows(connection: sa.Connection, user_id: int | None = None) -> list[ErrorRow]:
    """Refused pairs, items that were left aside, companies without an account; of one person or of everybody."""
    only = sa.true() if user_id is None else person.c.id == user_id
    return [*_refused(connection, only), *_notes(connection, only), *_companies(connection, only)]


def _people(connection: sa.Connection) -> list[ErrorRow]:
    query = (
        sa.select(
            person.c.name, person.c.address, user_state.c.syncs, user_state.c.because, user_state.c.reason,
            user_state.c.remedy, sync_run.c.started_at,
        )
        .select_from(SYNCING.outerjoin(sync_run, sync_run.c.id == user_state.c.last_run_id))
        .where(in_standing(Standing.ERROR))
        .order_by(person.c.name)
    )  # fmt: skip
    return [
        ErrorRow(
            row.name, row.address, "", "", "", row.reason if row.syncs else row.because,
            row.remedy if row.syncs else "", None, "", row.started_at,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def _refused(connection: sa.Connection, only: sa.ColumnElement[bool]) -> list[ErrorRow]:
    query = (
        sa.select(
            person.c.name, person.c.address, link.c.id, link.c.user_id, link.c.kind, link.c.mailbox_id, line.c.crm_id,
            link.c.reason, link.c.updated_at,
        )
        .select_from(link.join(person, person.c.id == link.c.user_id).join(line, line.c.id == link.c.line_id))
        .where(link.c.state == "held", only)
        .order_by(person.c.name, link.c.updated_at.desc())
    )  # fmt: skip
    rows = connection.execute(query).all()
    names = titles(connection, [Named(row.id, row.user_id, row.kind, row.mailbox_id, row.crm_id) for row in rows])
    said = refusals(connection, [row.id for row in rows])
    return [
        ErrorRow(
            row.name, row.address, row.kind, names.get(row.id, ""), said[row.id].side if row.id in said else "",
            row.reason, "", said.get(row.id), said[row.id].code if row.id in said else "", row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def _notes(connection: sa.Connection, only: sa.ColumnElement[bool]) -> list[ErrorRow]:
    query = (
        sa.select(person.c.name, person.c.address, note)
        .select_from(note.join(person, person.c.id == note.c.user_id))
        .where(only)
        .order_by(person.c.name, note.c.at.desc())
    )
    return [
        ErrorRow(row.name, row.address, row.kind, row.title, row.side, row.reason, "", None, row.code, row.at)
        for row in connection.execute(query)
    ]


def _companies(connection: sa.Connection, only: sa.ColumnElement[bool]) -> list[ErrorRow]:
    return [
        ErrorRow(
            one.person, one.address, Kind.CONTACT.value, one.title, Side.MAILBOX.value, one.reason, one.remedy, None,
            one.why.value, one.opened_at,
        )
        for one in companies(connection, only)
    ]  # fmt: skip
