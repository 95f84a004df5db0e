"""How far setting up has come, for the guide and for `lockstep doctor`: counts, never a row per person."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from backend.storage.connections import Connection
from backend.storage.mailbox_tests import MailboxTestState
from backend.storage.tables import assignment, configuration, person, user_state
from backend.storage.views.connections import connected, tested


@dataclass(frozen=True, slots=True)
class Progress:
    """users: active Salesforce users · answering, failing: mailboxes in the last tests · configurations: names of the
    active ones, the first few · syncing: people who sync; settled: those whose first sync is done.
    """

    salesforce: Connection | None
    mail: Connection | None
    users: int
    test: MailboxTestState | None
    answering: int
    failing: int
    configurations: tuple[str, ...]
    syncing: int
    settled: int


SHOWN = 3


def progress(link_: sa.Connection) -> Progress:
    """Everything that the steps go by."""
    used = connected(link_).used
    test = tested(link_)
    names = sa.select(configuration.c.name).where(configuration.c.active).order_by(configuration.c.id).limit(SHOWN)
    settled = sa.func.count().filter(user_state.c.first_sync_done_at.is_not(None))
    people = link_.execute(sa.select(sa.func.count(), settled).where(user_state.c.syncs)).one()
    return Progress(
        salesforce=used.get("salesforce"),
        mail=used.get("microsoft"),
        users=link_.scalar(sa.select(sa.func.count()).select_from(person).where(person.c.active)) or 0,
        test=test.state,
        answering=test.fine,
        failing=test.failed,
        configurations=tuple(link_.scalars(names)),
        syncing=people[0],
        settled=people[1],
    )


def nobody_assigned(link_: sa.Connection) -> bool:
    """Whether the installation is still to be set up."""
    return link_.scalar(sa.select(assignment.c.id).limit(1)) is None
