"""Differences that stay as they are: how many a person has, and sending them one way (F-9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from backend.domain.values import Kind, Side
from backend.sync.context import Context
from backend.sync.differences import Difference, sent, standing
from backend.sync.own_view import own
from backend.sync.portions import portions
from backend.sync.scope import window_of
from backend.sync.state import EVERYTHING, Todo, UserView
from backend.sync.store import Changes
from backend.wiring import Lockstep

SHOWN: Final = 50
"""How many are named."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of one kind stays different for a person. named: the first ones, as (link id, title, groups).

    ways: the sides whose values can be sent, as the configuration's direction allows.
    """

    kind: Kind
    number: int
    named: tuple[tuple[str, str, tuple[str, ...]], ...]
    ways: tuple[Side, ...]


def differences(lockstep: Lockstep, user_id: int) -> tuple[Standing, ...]:
    """What stays different for a person, kind by kind; no service is asked. Raises ValueError if he does not sync."""
    user = _user(lockstep, user_id)
    return tuple(_standing(lockstep, user, kind) for kind in Kind)


def send(lockstep: Lockstep, user_id: int, kind: Kind, source: Side) -> int:
    """Has the next pass write the source's values to the other side; in how many pairs.

    Raises ValueError if the configuration does not let them flow, or the person's pass does not end soon.
    """
    user = _user(lockstep, user_id)
    if source not in _ways(user, kind):
        raise ValueError("The configuration does not let these values flow that way: change the direction first.")
    lease = lockstep.patient_lease(user_id)
    try:
        changes = Changes(item_user=user_id, item_kind=kind)
        for one in _found(lockstep, user, kind):
            link, meeting = sent(one, source)
            changes.links.append(link)
            changes.meetings += [meeting] if meeting is not None else []
            changes.todos.append(Todo(user_id, kind, Side.MAILBOX.value, link.mailbox_id or ""))
        lockstep.store.commit(lease, changes)
    finally:
        lockstep.store.release(lease)
    lockstep.runs.want([user_id])
    return len(changes.links)


def _user(lockstep: Lockstep, user_id: int) -> UserView:
    user = lockstep.store.user(user_id)
    if user is None:
        raise ValueError("This person does not sync: assign a configuration first.")
    return user


def _ways(user: UserView, kind: Kind) -> tuple[Side, ...]:
    direction = user.configuration.of(kind).direction
    flows = ((Side.MAILBOX, direction.writes_crm), (Side.CRM, direction.writes_mailbox))
    return tuple(side for side, flow in flows if flow)


def _standing(lockstep: Lockstep, user: UserView, kind: Kind) -> Standing:
    number, named = 0, []
    for one in _found(lockstep, user, kind):
        number += 1
        if number <= SHOWN:
            named.append((str(one.pair.link.id), one.pair.title, one.groups))
    return Standing(kind, number, tuple(named), _ways(user, kind))


def _found(lockstep: Lockstep, user: UserView, kind: Kind) -> Iterator[Difference]:
    """In portions, so that memory does not grow with the mailbox; each pair once."""
    store, today = lockstep.store, lockstep.clock.now().date()
    everything = [Todo(user.user_id, kind, EVERYTHING, "")]
    seen = set()
    for part in portions(everything, lambda: store.everything(user.user_id, kind)):
        snapshot = own(kind, user.configuration.of(kind).field_map, store.snapshot(user.user_id, kind, part))
        window = window_of(user.configuration, today)
        context = Context(user, kind, snapshot, window, today, snapshot.links, snapshot.meetings)
        for one in standing(context):
            if one.pair.link.id not in seen:
                seen.add(one.pair.link.id)
                yield one
