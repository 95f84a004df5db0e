"""What the engine asks of its memory. Implemented over SQL in `backend.storage.sync_store`.

Reads return values; every change of a pass goes through `commit`, which applies one `Changes` in one transaction
behind the lease token: cursor and what it covers, plan and its intents, answers and shadows never split.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from backend.domain.values import Kind
from backend.sync.meetings import Lead
from backend.sync.state import (
    Conflict,
    HistoryEntry,
    Holder,
    Intent,
    Lease,
    Line,
    Link,
    Meeting,
    Note,
    Ref,
    SeenItem,
    SeenRecord,
    SeriesRow,
    Stream,
    Todo,
    Tombstone,
    UserView,
    Widened,
)
from backend.sync.unresolved import LookAgain, Standing, Unresolved


class LeaseLost(Exception):
    """Somebody else holds the lease, or the user was reset: nothing was committed (INV-10)."""


class TargetTaken(Exception):
    """Another open intent names the same remote object (INV-18): nothing was committed; plan again."""


@dataclass(frozen=True, slots=True)
class Follows:
    """(Salesforce user id, contact id) for each follow; complete: there are no others."""

    pairs: frozenset[tuple[str, str]]
    complete: bool


@dataclass
class Changes:
    """One transaction's worth of changes. Lists are applied in the order of the fields.

    items / records: upserts into the mirror; a row older than the stored one is ignored (INV-21), see `SyncStore`.
    asked: addresses of an event's invitees, for events that are mirrored; who links it gets a mark ·
    lines, links, meetings, series: upserts by id (whole rows) · moved_meetings: (id, new original start, epoch),
    applied together so that rows may swap · dropped_links / dropped_meetings / dropped_series: removed ·
    intents: upserts by id · widened: what of a kind is agreed about (F-9) ·
    ties: (line, person or thing that a write of ours ties to its event), added · unresolved: upserts by link ·
    look_again: waiting companies of all users to be looked up once more · spellings: (user, folded company, account) ·
    done_todos: removed only if their stamp is still the stored one.
    """

    stream: Stream | None = None
    items: list[SeenItem] = field(default_factory=list)
    item_user: int = 0
    item_kind: Kind = Kind.CONTACT
    generation: int | None = None
    records: list[tuple[Kind, SeenRecord]] = field(default_factory=list)
    scopes: list[tuple[Kind, str, frozenset[int]]] = field(default_factory=list)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    mark: str | None = None
    cycle_at: datetime | None = None
    dropped_links: list[UUID] = field(default_factory=list)
    dropped_meetings: list[UUID] = field(default_factory=list)
    dropped_series: list[tuple[int, str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    moved_meetings: list[tuple[UUID, str, int]] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    series: list[SeriesRow] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    ties: list[tuple[UUID, str]] = field(default_factory=list)
    todos: list[Todo] = field(default_factory=list)
    done_todos: list[Todo] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    look_again: LookAgain | None = None
    spellings: list[tuple[int, str, str]] = field(default_factory=list)
    followed: Follows | None = None
    planned_version: int | None = None
    widened: tuple[Kind, Widened] | None = None
    run_id: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything one plan of one kind looks at: the dirty things of a user and what belongs to them.

    items: by mailbox id · records: by Salesforce id · in_scope: ids of records that this user's filters take ·
    lines: of the links, of the records by id, and of the records' key tags · holders: by UID, all users' ·
    organizers: organiser's address -> user id, for addresses of users who sync · declined: UIDs whose organiser had
    his chance and did not take it (D-4) · left_open: addresses of organisers who no longer sync and may have an event
    of Salesforce in their calendar without our knowing (D-9) · pending: open intents by target, of any user ·
    linked_elsewhere: ids of lines that other users' links name · totals: number of live links, for the guards.
    """

    todos: tuple[Todo, ...]
    items: Mapping[str, SeenItem]
    records: Mapping[str, SeenRecord]
    in_scope: frozenset[str]
    links: Mapping[UUID, Link]
    lines: Mapping[UUID, Line]
    meetings: Mapping[tuple[str, str], Meeting]
    holders: Mapping[str, tuple[Holder, ...]]
    organizers: Mapping[str, int]
    declined: frozenset[str]
    series: Mapping[str, SeriesRow]
    pending: Mapping[str, Intent]
    shared_lines: frozenset[UUID]
    tombstones: tuple[Tombstone, ...] = ()
    totals: int = 0
    unresolved: Mapping[UUID, Unresolved] = field(default_factory=dict)
    """Companies without an account, by link."""
    left_open: frozenset[str] = frozenset()
    deleted_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By UID, addresses of people who deleted their copies of the meeting (D-8)."""
    series_here: frozenset[str] = frozenset()
    """Salesforce series, of those that the records belong to, that repeating events of this mailbox stand for."""
    making_series: bool = False
    """Whether occurrences of a Salesforce series that was sent for this user are not paired yet."""


class SyncStore(Protocol):
    """The engine's memory. All times aware, UTC. Methods never hold a transaction over a remote call.

    Rules that the implementation keeps:
    * `commit` begins by touching the lease row with its token; no row, no commit: LeaseLost. An index on open targets
      (state planned or sent) refuses a second one: TargetTaken.
    * Mirror upserts ignore a row whose modified_at (items) or version (records) is older than the stored one; equal
      content only stores version, digest and generation. A changed item marks a todo (side 'mailbox', ref = id) for its
      user, and todos (side 'meeting', ref = uid) for every other user with a mirror row of that UID and for the
      organiser; a changed record marks todos (side 'crm', ref = id) for every user with scope before or after, and for
      every user with a link to its line — unless the new values equal the link's shadow on that side (our own echo).
    * A mirror row of an item that is not HERE keeps no values.
    * A record nobody has in scope and nobody links is not stored (data minimisation).
    """

    def acquire(self, user_id: int, holder: str, ttl: float) -> Lease | None:
        """Takes the lease if it is free or expired by the database's clock; `ttl` in seconds."""
        ...

    def renew(self, lease: Lease, ttl: float) -> None:
        """Prolongs a lease. Raises LeaseLost."""
        ...

    def release(self, lease: Lease) -> None:
        """Gives a lease back; nothing happens if it was lost."""
        ...

    def user(self, user_id: int) -> UserView | None:
        """The user with his effective configuration, None if he does not sync (unassigned, inactive, deactivated)."""
        ...

    def users(self) -> tuple[UserView, ...]:
        """Every user who syncs, in order of id."""
        ...

    def planned_version(self, user_id: int) -> int:
        """The configuration version his last complete plan was made with."""
        ...

    def stream(self, user_id: int, kind: Kind) -> Stream | None:
        """The stream's present state."""
        ...

    def known(self, user_id: int, kind: Kind, ids: Sequence[str]) -> frozenset[str]:
        """Which of the ids are in the mirror, not gone, and of no folder that was deleted."""
        ...

    def unseen(self, user_id: int, kind: Kind, generation: int) -> tuple[str, ...]:
        """Mirrored ids (not gone) that the listing of this generation did not show."""
        ...

    def suspects(self, user_id: int, kind: Kind) -> tuple[str, ...]:
        """Mirrored ids that are UNKNOWN because a look at them failed, not for anything that they hold."""
        ...

    def mirrored(self, user_id: int, kind: Kind) -> int:
        """How many items are mirrored as HERE."""
        ...

    def mark(self) -> str | None:
        """The organisation reader's resume point."""
        ...

    def known_records(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, datetime]:
        """Which of the records are mirrored and not gone, with their version."""
        ...

    def record_ids(self, kind: Kind) -> frozenset[str]:
        """Ids of all mirrored records that are not gone."""
        ...

    def stale_series(self, user_id: int, before: date) -> tuple[str, ...]:
        """Mailbox ids of the user's series whose occurrences are made up to a day before the given one (E-7)."""
        ...

    def stranded_ids(self, user_id: int, kind: Kind) -> tuple[str, ...]:
        """Linked items that were in a folder that was deleted, and did not come back (H-2)."""
        ...

    def has_orphans(self, user_id: int) -> bool:
        """Whether rows of the user's series wait to be read again before anything is done (E-4)."""
        ...

    def served_cycle(self) -> datetime | None:
        """When the last organisation cycle was completed."""
        ...

    def marks(self, user_id: int, kind: Kind) -> tuple[Todo, ...]:
        """What the user's pass has to look at; items before records."""
        ...

    def everything(self, user_id: int, kind: Kind) -> tuple[Todo, ...]:
        """All that the mark 'all' stands for, thing by thing; items before records."""
        ...

    def snapshot(self, user_id: int, kind: Kind, marks: Sequence[Todo] | None = None) -> Snapshot:
        """The dirty things of a user, or those of the given marks, and what belongs to them (see Snapshot)."""
        ...

    def due_intents(self, user_id: int, kind: Kind, now: datetime) -> tuple[Intent, ...]:
        """Planned intents of the user whose time has come, and sent ones that were never answered."""
        ...

    def unfinished(self) -> frozenset[tuple[int, Kind]]:
        """Whose writes of which kind are planned, or sent and not answered; those who no longer sync among them."""
        ...

    def intent(self, intent_id: UUID) -> Intent | None:
        """One intent, whatever its state."""
        ...

    def creates_before(self, user_id: int, links: Iterable[UUID]) -> Mapping[UUID, tuple[Intent, ...]]:
        """Superseded creates of these links, by link, the oldest first; those of long ago are forgotten."""
        ...

    def links(self, ids: Iterable[UUID]) -> Mapping[UUID, Link]:
        """Links by id."""
        ...

    def links_of(self, line_ids: Iterable[UUID]) -> tuple[Link, ...]:
        """Links of these lines, of all users."""
        ...

    def lines(self, kind: Kind, *, ids: Iterable[UUID] = (), crm_ids: Iterable[str] = ()) -> tuple[Line, ...]:
        """Lines by id or by the record they stand for."""
        ...

    def meetings(self, *, lines: Iterable[UUID] = (), uids: Iterable[str] = ()) -> tuple[Meeting, ...]:
        """Meetings by line or UID."""
        ...

    def linked_refs(self, user_id: int, kind: Kind, refs: Iterable[Ref]) -> Mapping[Ref, UUID]:
        """Which items are linked already, with the link's id."""
        ...

    def creates_under_way(
        self, user_id: int, kind: Kind, keys: Iterable[str]
    ) -> frozenset[tuple[str | None, str | None]]:
        """Strong and natural keys, of those asked for, of what other users' running passes make records of (D-12)."""
        ...

    def leads(self, user_id: int, mailbox_ids: Iterable[str]) -> Mapping[str, Lead]:
        """Who leads the meetings of a user's items at this moment; asked again before a delete (D-8)."""
        ...

    def users_of_line(self, line_id: UUID) -> frozenset[int]:
        """Users whose links name the line."""
        ...

    def ties(self, line_ids: Iterable[UUID]) -> Mapping[UUID, frozenset[str]]:
        """Whom and what we tied to events, by line: only these relations are ours to remove (I-4)."""
        ...

    def noted(self, kind: Kind, crm_ids: Iterable[str], code: str) -> tuple[Note, ...]:
        """Notes of this code about items whose records are named."""
        ...

    def unresolved(self, user_id: int, standing: Standing) -> tuple[Unresolved, ...]:
        """The user's unresolved items of one standing."""
        ...

    def over_limit(self, user_id: int) -> tuple[Todo, ...]:
        """Contacts that waited for room below the limit and have it now, those that were seen first (LS-094)."""
        ...

    def companies(self, link_ids: Iterable[UUID]) -> Mapping[UUID, Unresolved]:
        """Companies of these links that no account stands for."""
        ...

    def commit(self, lease: Lease, changes: Changes) -> None:
        """Applies the changes in one transaction. Raises LeaseLost or TargetTaken, having changed nothing."""
        ...

    def reset_stream(self, user_id: int, kind: Kind) -> None:
        """Forgets a stream's cursor so that the next pass lists everything (never the base)."""
        ...
