"""Companies that no account stands for, as people see them (H-3, LS-077, LS-079)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.ports.answers import NoAccount
from backend.storage.tables import line, link, person, unresolved
from backend.storage.views.titles import Named, titles
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
_ASKING: Final = (Standing.NEW.value, Standing.OPEN.value, Standing.AGAIN.value, Standing.ANSWERED.value)


@dataclass(frozen=True, slots=True)
class Company:
    """An unresolved company of one contact."""

    link_id: str
    person: str
    address: str
    title: str
    text: str
    why: NoAccount
    reason: str
    remedy: str
    opened_at: datetime


def companies(connection: sa.Connection, only: sa.ColumnElement[bool]) -> list[Company]:
    """Unresolved companies of the people who meet a condition on `person`; those that were left as they are not."""
    query = (
        sa.select(person.c.name, person.c.address, unresolved, link.c.mailbox_id, line.c.crm_id)
        .select_from(
            unresolved.join(person, person.c.id == unresolved.c.user_id)
            .join(link, link.c.id == unresolved.c.link_id)
            .join(line, line.c.id == link.c.line_id)
        )
        .where(unresolved.c.standing.in_(_ASKING), only)
        .order_by(person.c.name, unresolved.c.opened_at.desc(), unresolved.c.link_id)
    )
    rows = connection.execute(query).all()
    named = [Named(row.link_id, row.user_id, Kind.CONTACT.value, row.mailbox_id, row.crm_id) for row in rows]
    names = titles(connection, named)
    return [_company(row, names.get(row.link_id, "")) for row in rows]


def _company(row: sa.Row[tuple[object, ...]], title: str) -> Company:
    why = NoAccount(row.why)
    remedy = _ANSWERED if row.standing == Standing.ANSWERED.value else _REMEDIES[why]
    return Company(
        row.link_id, row.name, row.address, title, row.text, why, _REASONS[why].format(row.text), remedy, row.opened_at
    )
