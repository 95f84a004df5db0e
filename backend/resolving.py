"""What people answer to unresolved items: which account a company stands for, or that its text is to stay (H-3)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from backend.domain.identity import folded
from backend.domain.values import Kind, Side
from backend.ports.crm import NamedAccount
from backend.storage import unresolved
from backend.sync.state import Todo, UserView
from backend.sync.store import Changes
from backend.sync.unresolved import Unresolved, answered
from backend.wiring import Lockstep

GONE = "This company is no longer unresolved; look again."


def near_accounts(lockstep: Lockstep, link_ids: Sequence[str]) -> dict[str, Sequence[NamedAccount]]:
    """By item, accounts that its user can see and whose names resemble the company. A call for five items of a user.

    Items that are no longer unresolved are left out. Raises the errors of `ports.errors`.
    """
    with lockstep.database.connect() as connection:
        items = unresolved.by_link(connection, map(UUID, link_ids)).values()
    found: dict[str, Sequence[NamedAccount]] = {}
    for user_id in sorted({item.user_id for item in items}):
        user = lockstep.store.user(user_id)
        if user is None:
            continue
        mine = [item for item in items if item.user_id == user_id]
        texts = sorted({item.text for item in mine})
        near = lockstep.salesforce.user(user.username, user.crm_user_id).near_accounts(texts)
        found |= {str(item.link_id): near[item.text] for item in mine}
    return found


def resolve(lockstep: Lockstep, link_id: str, account_id: str, *, remember: bool = False) -> int:
    """Has the next pass move the contact to the account; whose contact it is.

    remember: companies spelt like this one go to that account from now on, for this user. Raises ValueError.
    """
    return _answer(lockstep, link_id, account_id, remember=remember)


def leave(lockstep: Lockstep, link_id: str) -> int:
    """The text stays in the mailbox, and nobody is asked again; whose contact it is. Raises ValueError."""
    return _answer(lockstep, link_id, None)


def _living(lockstep: Lockstep, link_id: str) -> tuple[Unresolved, UserView]:
    with lockstep.database.connect() as connection:
        item = unresolved.by_link(connection, [UUID(link_id)]).get(UUID(link_id))
    user = lockstep.store.user(item.user_id) if item is not None else None
    if item is None or user is None:
        raise ValueError(GONE)
    return item, user


def _answer(lockstep: Lockstep, link_id: str, account_id: str | None, *, remember: bool = False) -> int:
    user_id = _living(lockstep, link_id)[1].user_id
    lease = lockstep.patient_lease(user_id)
    try:
        item, _ = _living(lockstep, link_id)  # a pass may have ended meanwhile
        link = lockstep.store.links([item.link_id])[item.link_id]
        changes = Changes(unresolved=[answered(item, account_id)], item_user=user_id)
        if link.mailbox_id is not None:
            changes.todos = [Todo(user_id, Kind.CONTACT, Side.MAILBOX.value, link.mailbox_id)]
        if remember and account_id is not None:
            changes.spellings = [(user_id, folded(item.text), account_id)]
        lockstep.store.commit(lease, changes)
    finally:
        lockstep.store.release(lease)
    lockstep.runs.want([user_id])
    return user_id
