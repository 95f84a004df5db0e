"""Another Salesforce organisation takes the place of the one so far: everybody is matched anew (docs/sync.md G-4).

A refreshed sandbox has another organisation id and, mostly, other records. Nothing is deleted on either side; nothing
that is remembered of the old organisation may pass for knowledge of the new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.domain.identity import normal_email
from backend.ports.crm import CrmUser
from backend.storage import leases
from backend.storage.applied_settings import carry_out
from backend.storage.reset import reset_all
from backend.storage.tables import (
    crm_record,
    crm_scope,
    event_person,
    followed,
    line,
    link,
    meeting,
    organisation,
    person,
    selection,
    spelling,
    tombstone,
    user_state,
)

_READER = 0
"""Whose lease the reader of the organisation holds."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What is matched anew: people who sync, and pairs of theirs."""

    people: int
    pairs: int


def at_stake(engine: sa.Engine) -> Stake:
    """How much another organisation would concern."""
    with engine.begin() as connection:
        people = connection.execute(sa.select(sa.func.count()).where(user_state.c.syncs)).scalar_one()
        return Stake(people, connection.execute(sa.select(sa.func.count()).select_from(link)).scalar_one())


def move(engine: sa.Engine, crm_org_id: str, users: Sequence[CrmUser], now: datetime) -> None:
    """Forgets the old organisation and resets everybody, in one transaction. `users`: those of the new one."""
    with engine.begin() as connection:
        leases.fence(connection, _READER)
        reset_all(connection)
        _forget(connection)
        _recognise(connection, users)
        row = {"crm_org_id": crm_org_id, "mark": None, "problem": ""}
        connection.execute(sa.update(organisation).values(row))
        carry_out(connection, now)


def _forget(connection: sa.Connection) -> None:
    """Stops stay with their lines: whose record is there under the same id, as in a copy, stays deleted."""
    for table in (crm_record, crm_scope, followed, event_person, spelling, tombstone):
        connection.execute(sa.delete(table))
    stopped = sa.select(link.c.line_id)
    connection.execute(sa.delete(meeting).where(sa.or_(meeting.c.line_id.is_(None), meeting.c.line_id.not_in(stopped))))
    connection.execute(sa.delete(line).where(line.c.id.not_in(stopped)))
    connection.execute(sa.update(selection).values(who_ids=None, what_id=None))


def _recognise(connection: sa.Connection, users: Sequence[CrmUser]) -> None:
    """The same people under their new Salesforce ids, by user name, else by address; the others are gone."""
    rows = connection.execute(sa.select(person)).all()
    new_ids = _new_ids(rows, users)
    connection.execute(sa.update(person).values(crm_user_id=sa.literal("~") + sa.cast(person.c.id, sa.String)))
    for row in rows:
        known = {"crm_user_id": new_ids[row.id]} if row.id in new_ids else {"active": False}
        connection.execute(sa.update(person).where(person.c.id == row.id).values(known))


def _new_ids(rows: Sequence[Any], users: Sequence[CrmUser]) -> Mapping[int, str]:
    by_name = {user.username.casefold(): user.id for user in users}
    new_ids = {row.id: by_name[row.username.casefold()] for row in rows if row.username.casefold() in by_name}
    free = [user for user in users if user.id not in new_ids.values()]
    addresses = Counter(normal_email(user.address) for user in free)
    by_address = {normal_email(user.address): user.id for user in free if addresses[normal_email(user.address)] == 1}
    for row in rows:
        if row.id not in new_ids and row.active and row.address and row.address in by_address:
            new_ids[row.id] = by_address.pop(row.address)
    return new_ids
