"""The engine's memory over SQL: see `backend.sync.store.SyncStore` for what its methods promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from backend.domain.values import Kind
from backend.ports.clock import Clock
from backend.storage import commit, leases, lookups, snapshot, todos, unresolved, user_views
from backend.storage.engine import reading
from backend.storage.holders import leads
from backend.storage.work import Work
from backend.sync.meetings import Lead
from backend.sync.state import Intent, Lease, Line, Link, Meeting, Note, Ref, Stream, Todo, UserView
from backend.sync.store import Changes, Snapshot
from backend.sync.unresolved import Standing, Unresolved

_ATTEMPTS: Final = 5
_TRY_AGAIN: Final = ("40001", "40P01")  # PostgreSQL: could not serialise, deadlock


class SqlSyncStore:
    """A `SyncStore` on SQLite or PostgreSQL. Safe to share between threads; after a fork renew the engine first."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    # --- the right to commit -----------------------------------------------------------------------------------------

    def acquire(self, user_id: int, holder: str, ttl: float) -> Lease | None:
        """See SyncStore."""
        with self._engine.begin() as connection:
            return leases.acquire(connection, user_id, holder, ttl)

    def renew(self, lease: Lease, ttl: float) -> None:
        """See SyncStore."""
        with self._engine.begin() as connection:
            leases.renew(connection, lease, ttl)

    def release(self, lease: Lease) -> None:
        """See SyncStore."""
        with self._engine.begin() as connection:
            leases.release(connection, lease)

    def commit(self, lease: Lease, changes: Changes) -> None:
        """See SyncStore. A commit that PostgreSQL aborted to end a deadlock is repeated."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._engine.begin() as connection:
                    commit.apply(Work(connection, lease.user_id, changes, self._clock.now()), lease)
            except OperationalError as error:
                if attempt == _ATTEMPTS or getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                    raise
            else:
                return

    def reset_stream(self, user_id: int, kind: Kind) -> None:
        """See SyncStore."""
        with self._engine.begin() as connection:
            lookups.forget_cursor(connection, user_id, kind)

    # --- users -------------------------------------------------------------------------------------------------------

    def user(self, user_id: int) -> UserView | None:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return next(user_views.syncing_users(connection, user_id), None)

    def users(self) -> tuple[UserView, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return tuple(user_views.syncing_users(connection))

    def planned_version(self, user_id: int) -> int:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.planned_version(connection, user_id)

    # --- mirrors -----------------------------------------------------------------------------------------------------

    def stream(self, user_id: int, kind: Kind) -> Stream | None:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.stream_of(connection, user_id, kind)

    def known(self, user_id: int, kind: Kind, ids: Sequence[str]) -> frozenset[str]:
        """See SyncStore."""
        if not ids:
            return frozenset()
        with self._reading.begin() as connection:
            return lookups.known(connection, user_id, kind, ids)

    def unseen(self, user_id: int, kind: Kind, generation: int) -> tuple[str, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.unseen(connection, user_id, kind, generation)

    def suspects(self, user_id: int, kind: Kind) -> tuple[str, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.suspects(connection, user_id, kind)

    def mirrored(self, user_id: int, kind: Kind) -> int:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.mirrored(connection, user_id, kind)

    def known_records(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, datetime]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.known_records(connection, kind, ids)

    def record_ids(self, kind: Kind) -> frozenset[str]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.record_ids(connection, kind)

    def stale_series(self, user_id: int, before: date) -> tuple[str, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.stale_series(connection, user_id, before)

    def has_orphans(self, user_id: int) -> bool:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.has_orphans(connection, user_id)

    def mark(self) -> str | None:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.mark(connection)

    def stranded_ids(self, user_id: int, kind: Kind) -> tuple[str, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.stranded_ids(connection, user_id, kind)

    def served_cycle(self) -> datetime | None:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.served_cycle(connection)

    # --- what belongs together ---------------------------------------------------------------------------------------

    def marks(self, user_id: int, kind: Kind) -> tuple[Todo, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return todos.of_user(connection, user_id, kind)

    def everything(self, user_id: int, kind: Kind) -> tuple[Todo, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return todos.everything(connection, user_id, kind)

    def snapshot(self, user_id: int, kind: Kind, marks: Sequence[Todo] | None = None) -> Snapshot:
        """See SyncStore."""
        with self._reading.begin() as connection:
            chosen = todos.of_user(connection, user_id, kind) if marks is None else tuple(marks)
            return snapshot.take(connection, user_id, kind, chosen, self._clock.now())

    def due_intents(self, user_id: int, kind: Kind, now: datetime) -> tuple[Intent, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.due_intents(connection, user_id, kind, now)

    def unfinished(self) -> frozenset[tuple[int, Kind]]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.unfinished(connection)

    def intent(self, intent_id: UUID) -> Intent | None:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.one_intent(connection, intent_id)

    def creates_before(self, user_id: int, links: Iterable[UUID]) -> Mapping[UUID, tuple[Intent, ...]]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.creates_before(connection, user_id, links)

    def links(self, ids: Iterable[UUID]) -> Mapping[UUID, Link]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.links(connection, ids)

    def links_of(self, line_ids: Iterable[UUID]) -> tuple[Link, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.links_of(connection, line_ids)

    def lines(self, kind: Kind, *, ids: Iterable[UUID] = (), crm_ids: Iterable[str] = ()) -> tuple[Line, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.lines(connection, kind, ids, crm_ids)

    def meetings(self, *, lines: Iterable[UUID] = (), uids: Iterable[str] = ()) -> tuple[Meeting, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.meetings(connection, lines, uids)

    def linked_refs(self, user_id: int, kind: Kind, refs: Iterable[Ref]) -> Mapping[Ref, UUID]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.linked_refs(connection, user_id, kind, refs)

    def creates_under_way(
        self, user_id: int, kind: Kind, keys: Iterable[str]
    ) -> frozenset[tuple[str | None, str | None]]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.creates_under_way(connection, user_id, kind, keys, self._clock.now())

    def leads(self, user_id: int, mailbox_ids: Iterable[str]) -> Mapping[str, Lead]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return leads(connection, user_id, mailbox_ids, self._clock.now())

    def users_of_line(self, line_id: UUID) -> frozenset[int]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.users_of_line(connection, line_id)

    def ties(self, line_ids: Iterable[UUID]) -> Mapping[UUID, frozenset[str]]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.ties(connection, line_ids)

    def unresolved(self, user_id: int, standing: Standing) -> tuple[Unresolved, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return unresolved.of_user(connection, user_id, standing)

    def over_limit(self, user_id: int) -> tuple[Todo, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.over_limit(connection, user_id)

    def companies(self, link_ids: Iterable[UUID]) -> Mapping[UUID, Unresolved]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return unresolved.by_link(connection, link_ids)

    def noted(self, kind: Kind, crm_ids: Iterable[str], code: str) -> tuple[Note, ...]:
        """See SyncStore."""
        with self._reading.begin() as connection:
            return lookups.noted(connection, kind, crm_ids, code)
