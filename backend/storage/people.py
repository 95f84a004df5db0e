"""People: the users that Salesforce told of, and whose mailbox answered for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from backend.domain.identity import normal_email
from backend.ports.clock import Clock
from backend.ports.crm import CrmUser
from backend.storage.applied_settings import carry_out
from backend.storage.engine import reading
from backend.storage.renaming import keep_assigned
from backend.storage.statements import IDS, insert_missing, look_up
from backend.storage.tables import person, user_state

_KNOWN = sa.select(person).where(person.c.crm_user_id.in_(IDS))
_COLUMNS = ("username", "name", "address", "profile", "active", "zone")
_CHANGE = (
    sa.update(person)
    .where(person.c.id == sa.bindparam("person_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _COLUMNS})
)


class People:
    """Everybody whom Salesforce names as a user."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def store(self, users: Sequence[CrmUser]) -> frozenset[int]:
        """Adds or changes people as Salesforce has them now; ids of those to whom other settings apply since.

        A new profile, a new address or a deactivation may be what starts or stops somebody's sync (LS-031, LS-032).
        """
        if not users:
            return frozenset()
        with self._engine.begin() as connection:
            if not _store(connection, users):
                return frozenset()
            return carry_out(connection, self._clock.now())

    def find(self, address_or_username: str) -> int | None:
        """The id of the one person with this address or user name; None for nobody or several."""
        wanted = normal_email(address_or_username) or ""
        query = sa.select(person.c.id).where(
            sa.or_(person.c.address == wanted, sa.func.lower(person.c.username) == wanted)
        )
        with reading(self._engine).begin() as connection:
            found = connection.execute(query).scalars().all()
        return found[0] if len(found) == 1 else None

    def remember_mailbox(self, user_id: int, mailbox_id: str, zone: str, address: str) -> None:
        """Notes which mailbox answered at a person's address, and its IANA zone; another id is another mailbox."""
        place = sa.update(user_state).where(user_state.c.user_id == user_id)
        with self._engine.begin() as connection:
            connection.execute(place.values(mailbox_id=mailbox_id, mailbox_zone=zone, mailbox_address=address))

    def mailbox_id(self, user_id: int) -> str | None:
        """The mailbox that a person's items were made in so far, whether he syncs or not."""
        query = sa.select(user_state.c.mailbox_id).where(user_state.c.user_id == user_id)
        with reading(self._engine).begin() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def set_paused(self, user_ids: Iterable[int], paused: bool) -> None:
        """Stops or resumes people's passes; nothing else changes for them."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(user_state).where(user_state.c.user_id.in_(list(user_ids))).values(paused=paused)
            )


def _store(connection: sa.Connection, users: Sequence[CrmUser]) -> bool:
    """Whether anything about anybody is new."""
    wanted = {user.id: _columns(user) for user in users}
    known = {row.crm_user_id: row for row in look_up(connection, _KNOWN, wanted)}
    new = [{"crm_user_id": crm_id} | row for crm_id, row in wanted.items() if crm_id not in known]
    changed = [
        {"person_id": row.id} | {f"new_{name}": value for name, value in wanted[crm_id].items()}
        for crm_id, row in known.items()
        if any(row._mapping[name] != value for name, value in wanted[crm_id].items())
    ]
    if changed:
        connection.execute(_CHANGE, changed)
        renamed = {known[user.id].username: user.username for user in users if user.id in known}
        keep_assigned(connection, {old: new for old, new in renamed.items() if old.casefold() != new.casefold()})
    if new:
        connection.execute(sa.insert(person), new)
    ids = {row.id for row in look_up(connection, _KNOWN, wanted)}
    insert_missing(connection, user_state, [{"user_id": one} for one in sorted(ids)])
    return bool(new or changed)


def _columns(user: CrmUser) -> dict[str, Any]:
    return {
        "username": user.username,
        "name": user.name,
        "address": normal_email(user.address) or "",
        "profile": user.profile,
        "active": user.active,
        "zone": user.zone or "UTC",
    }
