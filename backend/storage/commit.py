"""One commit: everything a `Changes` brings, in one transaction behind the lease (INV-4, INV-10)."""

from __future__ import annotations

import sqlalchemy as sa

from backend.storage import follows, leases, legs, todos, unresolved
from backend.storage.journal import store_journal
from backend.storage.mirror_items import store_items
from backend.storage.mirror_records import store_asked, store_records
from backend.storage.outbox import store_intents
from backend.storage.pairs import drop, store_lines, store_links, store_meetings, store_series, store_ties
from backend.storage.statements import upsert
from backend.storage.tables import organisation, stream, user_state
from backend.storage.work import Work
from backend.sync.state import Lease, Stream


def apply(work: Work, lease: Lease) -> None:
    """Applies the changes. Raises LeaseLost or TargetTaken; the transaction must then be rolled back."""
    leases.require(work.connection, lease)
    if work.changes.stream is not None:
        _store_stream(work.connection, work.changes.stream)
    store_items(work)
    store_records(work)
    store_asked(work)
    _store_organisation(work)
    if work.changes.followed is not None:
        follows.store(work.connection, work.changes.followed)
    drop(work)
    store_lines(work)
    store_meetings(work)
    store_links(work)
    store_series(work)
    store_intents(work)
    store_ties(work)
    store_journal(work)
    unresolved.store(work)
    todos.clear(work.connection, work.changes.done_todos)
    todos.mark(work.connection, work.marks | _asked_for(work))
    if work.changes.planned_version is not None:
        row = {"user_id": work.user_id, "planned_version": work.changes.planned_version}
        upsert(work.connection, user_state, [row])
    if work.changes.widened is not None:
        legs.agreed(work.connection, work.user_id, *work.changes.widened)


def _asked_for(work: Work) -> set[tuple[int, str, str, str]]:
    return {(entry.user_id, entry.kind.value, entry.side, entry.ref) for entry in work.changes.todos}


def _store_stream(connection: sa.Connection, changed: Stream) -> None:
    row = {
        "user_id": changed.user_id,
        "kind": changed.kind.value,
        "container": changed.container,
        "cursor": changed.cursor,
        "first": changed.first,
        "end": changed.end,
        "generation": changed.generation,
        "listed_at": changed.listed_at,
    }
    upsert(connection, stream, [row])


def _store_organisation(work: Work) -> None:
    row = {"mark": work.changes.mark, "cycle_at": work.changes.cycle_at}
    given = {name: value for name, value in row.items() if value is not None}
    if given:
        upsert(work.connection, organisation, [{"id": 1} | given])
