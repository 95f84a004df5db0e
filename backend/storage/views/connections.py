"""The connections page: what is connected, what is being prepared, and how the last test of mailboxes went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from backend.storage.connections import Connection, read
from backend.storage.mailbox_tests import MailboxResult, MailboxTestState, read_state
from backend.storage.tables import connection, connection_draft, link, person, tested_mailbox, user_state

FINE: Final = ("connected", "not in an active configuration")
"""Results in which the mailbox answers."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Both sides by name of the service: in use, and in preparation. Neither holds a secret."""

    used: Mapping[str, Connection]
    drafts: Mapping[str, Connection]


@dataclass(frozen=True, slots=True)
class Tested:
    """The last test, and results of all people: how many mailboxes answer, how many do not."""

    state: MailboxTestState | None
    fine: int
    failed: int

    @property
    def all(self) -> int:
        """Everybody who has been tested."""
        return self.fine + self.failed


@dataclass(frozen=True, slots=True)
class AtStake:
    """What a switch concerns: people who sync, and pairs of theirs."""

    people: int
    pairs: int


def connected(link_: sa.Connection) -> Connected:
    """What is connected and what is being prepared."""
    used, drafts = read(link_, connection), read(link_, connection_draft)
    return Connected({one.service: one for one in used}, {one.service: one for one in drafts})


def tested(link_: sa.Connection) -> Tested:
    """How the test went so far."""
    fine = sa.func.count().filter(tested_mailbox.c.result.in_(FINE))
    row = link_.execute(sa.select(fine, sa.func.count()).select_from(tested_mailbox)).one()
    return Tested(read_state(link_), row[0], row[1] - row[0])


def results_page(link_: sa.Connection, page: int, size: int) -> list[MailboxResult]:
    """One page of results: what needs somebody comes first, then by name."""
    table = tested_mailbox.c
    columns = [table[name] for name in MailboxResult.__dataclass_fields__]
    query = (
        sa.select(*columns)
        .order_by(table.result.in_(FINE), sa.func.lower(table.name), table.crm_user_id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return [MailboxResult(*row) for row in link_.execute(query)]


def who_is(link_: sa.Connection, text: str) -> str | None:
    """Salesforce id of the active person with this mail address or user name; None for nobody."""
    wanted = text.strip().casefold()
    named = sa.or_(person.c.address == wanted, sa.func.lower(person.c.username) == wanted)
    return link_.scalar(sa.select(person.c.crm_user_id).where(named, person.c.active).order_by(person.c.id).limit(1))


def at_stake(link_: sa.Connection) -> AtStake:
    """What a switch to another tenant or organisation would concern."""
    people = link_.scalar(sa.select(sa.func.count()).where(user_state.c.syncs)) or 0
    return AtStake(people, link_.scalar(sa.select(sa.func.count()).select_from(link)) or 0)
