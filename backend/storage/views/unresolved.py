"""Companies that no account stands for, as people see them (H-3, LS-077, LS-079)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.ports.answers import NoAccount
from backend.storage.tables import line, link, note, person, unresolved
from backend.storage.views.titles import Named, titles
from backend.sync.settle import UNRELATED
from backend.sync.unresolved import Standing

_REASONS: Final = {
    NoAccount.NONE: "No account that this person can see is called “{}”.",
    NoAccount.SEVERAL: "Several accounts are called “{}”.",
    NoAccount.OTHER: "The company was changed to “{}”, and the contact belongs to another account.",
}
_REMEDIES: Final = {
    NoAccount.NONE: "Create the account, share it with this person, or set the contact's account in Salesforce.",
    NoAccount.SEVERAL: "Set the contact's account in Salesforce.",
    NoAccount.OTHER: "Set the contact's account in Salesforce, or correct the company in the mailbox.",
}
_ANSWERED: Final = "It goes to the account that was chosen with the next pass."
_OPEN: Final = (Standing.NEW.value, Standing.OPEN.value, Standing.AGAIN.value)
_ASKING: Final = (*_OPEN, Standing.ANSWERED.value)


@dataclass(frozen=True, slots=True)
class Company:
    """An unresolved company of one contact."""

    link_id: str
    user_id: int
    person: str
    address: str
    title: str
    text: str
    why: NoAccount
    reason: str
    remedy: str
    opened_at: datetime


def asking(connection: sa.Connection, user_id: int | None = None) -> int:
    """How many companies wait for an answer: of everybody, or of one person."""
    mine = sa.true() if user_id is None else unresolved.c.user_id == user_id
    query = sa.select(sa.func.count()).select_from(unresolved).where(unresolved.c.standing.in_(_OPEN), mine)
    return connection.scalar(query) or 0


def company_page(
    connection: sa.Connection, user_id: int | None, page: int, size: int
) -> tuple[tuple[Company, ...], int]:
    """A page of companies that wait for an answer, by person, and how many there are; of everybody, or of one."""
    number = asking(connection, user_id)
    page = min(page, max(1, -(-number // size)))
    mine = sa.true() if user_id is None else unresolved.c.user_id == user_id
    query = _query(sa.and_(unresolved.c.standing.in_(_OPEN), mine)).limit(size).offset((page - 1) * size)
    return tuple(_companies(connection, query)), number


def company_of(connection: sa.Connection, link_id: str) -> Company | None:
    """The company of one contact that waits for an answer."""
    only = sa.and_(unresolved.c.standing.in_(_OPEN), unresolved.c.link_id == link_id)
    return next(iter(_companies(connection, _query(only))), None)


def companies(connection: sa.Connection, only: sa.ColumnElement[bool]) -> list[Company]:
    """Unresolved companies of the people who meet a condition on `person`; those that were left as they are not."""
    return _companies(connection, _query(sa.and_(unresolved.c.standing.in_(_ASKING), only)))


def _query(only: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(person.c.name, person.c.address, unresolved, link.c.mailbox_id, line.c.crm_id)
        .select_from(
            unresolved.join(person, person.c.id == unresolved.c.user_id)
            .join(link, link.c.id == unresolved.c.link_id)
            .join(line, line.c.id == link.c.line_id)
        )
        .where(only)
        .order_by(person.c.name, unresolved.c.opened_at.desc(), unresolved.c.link_id)
    )


def _companies(connection: sa.Connection, query: sa.Select[Any]) -> list[Company]:
    rows = connection.execute(query).all()
    named = [Named(row.link_id, row.user_id, Kind.CONTACT.value, row.mailbox_id, row.crm_id) for row in rows]
    names = titles(connection, named)
    return [_company(row, names.get(row.link_id, "")) for row in rows]


def _company(row: sa.Row[tuple[object, ...]], title: str) -> Company:
    why = NoAccount(row.why)
    remedy = _ANSWERED if row.standing == Standing.ANSWERED.value else _REMEDIES[why]
    return Company(
        row.link_id, row.user_id, row.name, row.address, title, row.text, why, _REASONS[why].format(row.text), remedy,
        row.opened_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LonelyEvent:
    """An event of a mailbox that relates to nobody in Salesforce (LS-144)."""

    user_id: int
    person: str
    mailbox_id: str
    link_id: str | None
    title: str
    reason: str
    at: datetime


def lonely(connection: sa.Connection, user_id: int | None = None) -> int:
    """How many events relate to nobody: of everybody, or of one person."""
    return connection.scalar(sa.select(sa.func.count()).select_from(note).where(*_lonely(user_id))) or 0


def lonely_page(
    connection: sa.Connection, user_id: int | None, page: int, size: int
) -> tuple[tuple[LonelyEvent, ...], int]:
    """A page of events that relate to nobody, newest first, and how many there are."""
    number = lonely(connection, user_id)
    page = min(page, max(1, -(-number // size)))
    # fmt: off
    rows = connection.execute(
        sa.select(note, person.c.name, link.c.id.label("link_id"))
        .join(person, person.c.id == note.c.user_id)
        .outerjoin(link, sa.and_(
            link.c.user_id == note.c.user_id, link.c.kind == note.c.kind, link.c.mailbox_id == note.c.ref,
        ))
        .where(*_lonely(user_id))
        .order_by(person.c.name, note.c.at.desc(), note.c.ref)
        .limit(size)
        .offset((page - 1) * size)
    )
    # fmt: on
    return tuple(
        LonelyEvent(row.user_id, row.name, row.ref, row.link_id, row.title, row.reason, row.at) for row in rows
    ), number


def _lonely(user_id: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    mine = sa.true() if user_id is None else note.c.user_id == user_id
    return note.c.code == UNRELATED, note.c.kind == Kind.EVENT.value, mine
