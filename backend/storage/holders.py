"""Who has a copy of a meeting, which organisers sync, and which of them let their chance pass (D-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from backend.domain.configuration import Direction
from backend.domain.identity import normal_email
from backend.domain.values import Kind, Side
from backend.ports.answers import Op
from backend.storage import todos
from backend.storage.configuration_codec import COLUMNS, decode_configuration
from backend.storage.statements import IDS, look_up
from backend.storage.tables import configuration, intent, mailbox_item, person, user_state
from backend.sync.meetings import Lead, lead
from backend.sync.state import Holder, IntentState, Presence, SeenItem

PATIENCE: Final = timedelta(hours=24)
"""How long an organiser who cannot run keeps the lead."""

_item = mailbox_item.c
_COPIES = (
    sa.select(
        _item.uid,
        _item.user_id,
        _item.mailbox_id,
        _item.presence,
        _item.first_run,
        user_state.c.configuration_id,
        user_state.c.syncs,
        person.c.address,
    )
    .join(person, person.c.id == _item.user_id)
    .join(user_state, user_state.c.user_id == _item.user_id, isouter=True)
    .where(_item.uid.in_(IDS), _item.kind == Kind.EVENT.value)
    .order_by(_item.user_id, _item.mailbox_id)
)
_COPY_OF = sa.select(_item.mailbox_id, _item.presence, _item.uid, _item.organizer).where(
    _item.user_id == sa.bindparam("user"),
    _item.kind == Kind.EVENT.value,
    _item.mailbox_id.in_(IDS),
    _item.uid.is_not(None),
)
_mine, _theirs = mailbox_item.alias("mine"), mailbox_item.alias("theirs")
_FELLOW_HOLDERS = (
    sa.select(_theirs.c.user_id, _theirs.c.uid)
    .join(_mine, sa.and_(_mine.c.uid == _theirs.c.uid, _mine.c.user_id != _theirs.c.user_id))
    .where(
        _mine.c.user_id.in_(IDS),
        _mine.c.kind == Kind.EVENT.value,
        _theirs.c.kind == Kind.EVENT.value,
        _theirs.c.presence != Presence.GONE.value,
    )
    .distinct()
)
_SETTINGS = sa.select(*COLUMNS).where(configuration.c.id.in_(IDS))
_BY_ADDRESS = (
    sa.select(
        person.c.id,
        person.c.address,
        user_state.c.last_complete_run_id,
        sa.func.coalesce(user_state.c.last_ok_at, user_state.c.assigned_at, type_=user_state.c.last_ok_at.type).label(
            "well_at"
        ),
    )
    .join(user_state, user_state.c.user_id == person.c.id)
    .where(person.c.address.in_(IDS), user_state.c.syncs)
)
_LEFT_OPEN = (
    sa.select(person.c.address, user_state.c.syncs, user_state.c.configuration_id)
    .join(intent, intent.c.user_id == person.c.id)
    .join(user_state, user_state.c.user_id == person.c.id, isouter=True)
    .where(
        person.c.address.in_(IDS),
        intent.c.kind == Kind.EVENT.value,
        intent.c.side == Side.MAILBOX.value,
        intent.c.op == Op.CREATE.value,
        intent.c.state.in_([IntentState.SENT.value, IntentState.PLANNED.value]),
        sa.or_(intent.c.state == IntentState.SENT.value, intent.c.attempts > 0),
    )
    .distinct()
)
"""Whose event may stand in his calendar although nobody was told (`Intent.may_have_made`)."""


@dataclass(frozen=True)
class Copies:
    """By UID: whose copies of a meeting there are, and addresses of those who deleted theirs."""

    held: Mapping[str, tuple[Holder, ...]]
    deleted: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Organizers:
    """Organisers who sync, by address, and the UIDs of meetings whose organiser declined to lead."""

    users: Mapping[str, int]
    declined: frozenset[str]


def copies_of(connection: sa.Connection, uids: Iterable[str]) -> Copies:
    """All users' copies by UID, in order of user. Eligible: the copy is there, and its user writes to Salesforce."""
    rows = list(look_up(connection, _COPIES, uids))
    writing = _with_direction(connection, {row.configuration_id for row in rows if row.syncs}, _writes)
    found: dict[str, tuple[Holder, ...]] = {}
    gone: dict[str, set[str]] = {}
    held = {(row.uid, row.user_id) for row in rows if row.presence != Presence.GONE.value}
    for row in sorted(rows, key=lambda row: (row.user_id, row.mailbox_id)):
        counts = not row.syncs or row.configuration_id in writing
        if row.presence != Presence.GONE.value:
            eligible = row.presence == Presence.HERE.value and bool(row.syncs) and counts
            found[row.uid] = (*found.get(row.uid, ()), Holder(row.user_id, row.mailbox_id, eligible, row.first_run))
        elif counts and (row.uid, row.user_id) not in held:
            gone.setdefault(row.uid, set()).add(row.address)
    return Copies(found, {uid: frozenset(addresses) for uid, addresses in gone.items()})


def organizers(
    connection: sa.Connection, items: Iterable[SeenItem], copies: Mapping[str, tuple[Holder, ...]], now: datetime
) -> Organizers:
    """Who of the items' organisers syncs, and for which of the meetings he does not take the lead."""
    by_uid = {item.uid: address for item in items if item.uid and (address := normal_email(item.organizer))}
    rows = {row.address: row for row in look_up(connection, _BY_ADDRESS, by_uid.values())}
    declined = {
        uid
        for uid, address in by_uid.items()
        if address in rows and _declined(rows[address], copies.get(uid, ()), now - PATIENCE)
    }
    return Organizers({address: row.id for address, row in rows.items()}, frozenset(declined))


def left_open(connection: sa.Connection, items: Iterable[SeenItem]) -> frozenset[str]:
    """Addresses of the items' organisers who left with an event made without an answer (D-9)."""
    addresses = {address for item in items if item.uid and (address := normal_email(item.organizer))}
    rows = list(look_up(connection, _LEFT_OPEN, addresses))
    syncing = _with_direction(connection, {row.configuration_id for row in rows if row.syncs}, _syncs)
    return frozenset(row.address for row in rows if not (row.syncs and row.configuration_id in syncing))


def leads(connection: sa.Connection, user_id: int, mailbox_ids: Iterable[str], now: datetime) -> dict[str, Lead]:
    """Who leads the meetings of a user's items, the vanished ones too. Items that are no meeting are left out."""
    rows = look_up(connection, _COPY_OF, mailbox_ids, user=user_id)
    items = [SeenItem(row.mailbox_id, Presence(row.presence), uid=row.uid, organizer=row.organizer) for row in rows]
    copies = copies_of(connection, (item.uid for item in items if item.uid)).held
    known = organizers(connection, items, copies, now)
    return {
        item.mailbox_id: lead(
            copies.get(item.uid or "", ()),
            known.users.get(normal_email(item.organizer) or ""),
            declined=item.uid in known.declined,
        )
        for item in items
    }


def lead_anew(connection: sa.Connection, changed: Iterable[int], syncing: set[int]) -> None:
    """Marks meetings for those who share them with users to whom other settings, or none, apply now (D-4, D-7).

    They may lead now, and then owe what the last leader did not deliver.
    """
    fellows = [row for row in look_up(connection, _FELLOW_HOLDERS, changed) if row.user_id in syncing]
    todos.mark(connection, ((row.user_id, Kind.EVENT.value, todos.MEETING, row.uid) for row in fellows))


def _with_direction(connection: sa.Connection, ids: set[int], suits: Callable[[Direction], bool]) -> set[int]:
    """Those of the configurations whose direction of events suits."""
    return {row.id for row in look_up(connection, _SETTINGS, ids) if suits(decode_configuration(row).events.direction)}


def _writes(direction: Direction) -> bool:
    return direction.writes_crm


def _syncs(direction: Direction) -> bool:
    return direction is not Direction.OFF


def _declined(organizer: sa.Row[Any], copies: tuple[Holder, ...], limit: datetime) -> bool:
    if any(copy.user_id == organizer.id and copy.eligible for copy in copies):
        return False
    if organizer.well_at is not None and organizer.well_at < limit:
        return True
    seen = [copy.first_run for copy in copies if copy.user_id != organizer.id]
    complete = organizer.last_complete_run_id
    return bool(seen) and complete is not None and complete > min(seen)
