"""One plan's view of the store (see `backend.sync.store.Snapshot`), read in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import native_series
from backend.storage.closure import Closure
from backend.storage.holders import copies_of, left_open, organizers
from backend.storage.reading_rows import INTENT, to_intent, to_series
from backend.storage.statements import IDS, look_up
from backend.storage.stored_values import Decoder
from backend.storage.tables import crm_scope, intent, link, person, series, tombstone
from backend.storage.unresolved import by_link
from backend.sync.state import Intent, IntentState, LinkState, SeriesRow, Todo, Tombstone
from backend.sync.store import Snapshot

TOMBSTONE_LIFE: Final = timedelta(days=30)

_USER: sa.BindParameter[int] = sa.bindparam("user")
_KIND: sa.BindParameter[str] = sa.bindparam("of_kind")
_OWNER = sa.select(person.c.crm_user_id).where(person.c.id == _USER)
_SCOPE = sa.select(crm_scope.c.crm_id).where(
    crm_scope.c.user_id == _USER, crm_scope.c.kind == _KIND, crm_scope.c.crm_id.in_(IDS)
)
_SERIES = sa.select(series).where(series.c.user_id == _USER, series.c.mailbox_id.in_(IDS))
_UNFINISHED = sa.text("intent.state IN ('planned', 'sent', 'held')")  # as the partial index says it
_INTENTS = (
    sa.select(*INTENT)
    .join(link, link.c.id == intent.c.link_id)
    .where(link.c.line_id.in_(IDS), _UNFINISHED)
    .order_by(intent.c.created_at, intent.c.id)
)
_SHARED = sa.select(link.c.line_id).where(link.c.line_id.in_(IDS), link.c.user_id != _USER).distinct()
_TOMBSTONES = sa.select(tombstone.c.id, tombstone.c.mailbox_id, tombstone.c.crm_id).where(
    tombstone.c.user_id == _USER, tombstone.c.kind == _KIND, tombstone.c.deleted_at > sa.bindparam("since")
)
_TOMBSTONES_BY_ITEM = _TOMBSTONES.where(tombstone.c.mailbox_id.in_(IDS))
_TOMBSTONES_BY_RECORD = _TOMBSTONES.where(tombstone.c.crm_id.in_(IDS))
_TOTAL = (
    sa.select(sa.func.count())
    .select_from(link)
    .where(link.c.user_id == _USER, link.c.kind == _KIND, link.c.state == LinkState.LINKED.value)
)


def take(connection: sa.Connection, user_id: int, kind: Kind, marks: tuple[Todo, ...], now: datetime) -> Snapshot:
    """The user's marked things and what belongs to them; nothing else is read where nothing is marked."""
    whose = {"user": user_id, "of_kind": kind.value}
    if not marks:
        return _nothing()
    decode = Decoder()
    owner = connection.execute(_OWNER, whose).scalar() or ""
    found = Closure(connection, user_id, kind, owner, decode)
    found.gather(marks)
    uids = {item.uid for item in found.items.values() if item.uid} if kind is Kind.EVENT else set()
    uids |= {entry.uid for entry in found.meetings.values()}
    copies = copies_of(connection, uids)
    leading = organizers(connection, found.items.values() if kind is Kind.EVENT else (), copies.held, now)
    met = {entry.uid for entry in found.meetings.values() if entry.line_id is not None}
    unmet = [item for item in found.items.values() if item.uid not in met] if kind is Kind.EVENT else []
    line_ids = [str(line_id) for line_id in found.lines]
    return Snapshot(
        todos=marks,
        items=found.items,
        records=found.records,
        in_scope=frozenset(row.crm_id for row in look_up(connection, _SCOPE, found.records, **whose)),
        links=found.links,
        lines=found.lines,
        meetings=found.living_meetings(),
        holders=copies.held,
        organizers=leading.users,
        declined=leading.declined,
        series=_series(connection, found.items, whose) if kind is Kind.EVENT else {},
        pending=_pending(look_up(connection, _INTENTS, line_ids), decode),
        shared_lines=frozenset(UUID(row.line_id) for row in look_up(connection, _SHARED, line_ids, **whose)),
        tombstones=_tombstones(connection, found, whose | {"since": now - TOMBSTONE_LIFE}),
        totals=connection.execute(_TOTAL, whose).scalar_one(),
        unresolved=by_link(connection, found.links) if kind is Kind.CONTACT else {},
        left_open=left_open(connection, unmet),
        deleted_by=copies.deleted,
        **native_series.known(connection, user_id, found.records.values()),
    )


def _nothing() -> Snapshot:
    return Snapshot(
        todos=(), items={}, records={}, in_scope=frozenset(), links={}, lines={}, meetings={}, holders={},
        organizers={}, declined=frozenset(), series={}, pending={}, shared_lines=frozenset(),
    )  # fmt: skip


def _series(connection: sa.Connection, items: Iterable[str], whose: dict[str, Any]) -> dict[str, SeriesRow]:
    rows = look_up(connection, _SERIES, items, user=whose["user"])
    return {row.mailbox_id: to_series(row) for row in rows}


def _pending(rows: Iterable[sa.Row[Any]], decode: Decoder) -> dict[str, Intent]:
    """Open intents by target; a held one where no open one names the target."""
    found = [to_intent(row, decode) for row in rows]
    found.sort(key=lambda one: one.state is not IntentState.HELD)
    return {one.target: one for one in found}


def _tombstones(connection: sa.Connection, found: Closure, whose: dict[str, Any]) -> tuple[Tombstone, ...]:
    """One for each time that a pair ended."""
    rows = {row.id: row for row in look_up(connection, _TOMBSTONES_BY_ITEM, found.items, **whose)}
    rows |= {row.id: row for row in look_up(connection, _TOMBSTONES_BY_RECORD, found.records, **whose)}
    return tuple(Tombstone(whose["user"], found.kind, rows[key].mailbox_id, rows[key].crm_id) for key in sorted(rows))
