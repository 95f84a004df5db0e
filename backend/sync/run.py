"""One pass: lease, recover, read, plan, guard, store, execute (sync.md B.1).

What one service refuses of a kind does not stop the other. Correctness never depends on a pass reaching its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from backend.domain.configuration import Direction
from backend.domain.field_choices import FieldMap
from backend.domain.field_view import pointed
from backend.domain.recurrence import Window
from backend.domain.values import Kind, Side
from backend.ports.clock import Clock
from backend.ports.crm import Crm, CrmUser, Organisation, Right
from backend.ports.errors import ServiceError
from backend.ports.mailbox import Mailbox
from backend.sync import adoption
from backend.sync.compile import compiled
from backend.sync.context import Context
from backend.sync.executor import Executor
from backend.sync.guards import Load, guarded
from backend.sync.handover import HandOver
from backend.sync.leavers import Leavers
from backend.sync.organisation import OrganisationReader
from backend.sync.own_view import own
from backend.sync.plan import Lack, Plan
from backend.sync.planner import plan
from backend.sync.portions import PORTION, portions
from backend.sync.preparing import knowing, prepare_contacts
from backend.sync.reader import Reader, Untrusted
from backend.sync.recovery import Recovery
from backend.sync.relating import Acquaintance
from backend.sync.report import RunReport
from backend.sync.rights import permitted
from backend.sync.scope import window_of
from backend.sync.settle import LONGEST_WAIT
from backend.sync.state import EVERYTHING, Intent, IntentState, Lease, Todo, UserView, Widened
from backend.sync.store import Changes, SyncStore, TargetTaken
from backend.sync.visibility import visible
from backend.sync.widening import agreements, changes_for, rehearsed, ripe

ORGANISATION: Final = 0
"""The lease of the organisation reader."""
ROUNDS: Final = 6
"""Planning rounds in one pass: matching, comparing, and what the answers brought to light."""
UNREAD: Final = "Salesforce is read as a whole first: the field map names fields that were not read so far."
SERIES_MARGIN: Final = timedelta(days=7)
Keeper = Callable[[Lease], AbstractContextManager[object]]
Progress = Callable[[int, Kind, int, int], None]
"""Told of (user id, kind, writes done, writes in all) while a pass writes."""


@dataclass
class Engine:
    """The sync engine over a store.

    keeper: prolongs a lease while a pass runs · lease_seconds: its length · progress: told of long work ·
    tells_steps: whether reports list every step, which takes memory in proportion to the mailbox.
    """

    store: SyncStore
    clock: Clock
    holder: str
    lease_seconds: float = 30.0
    keeper: Keeper = lambda _lease: nullcontext()
    progress: Progress = lambda _user, _kind, _done, _total: None
    tells_steps: bool = True

    def read_organisation(
        self,
        port: Organisation,
        filter_fields: Sequence[str] = (),
        *,
        full: bool = False,
        on_users: Callable[[Sequence[CrmUser]], object] = lambda _users: None,
        mailbox_of: Callable[[int], Mailbox | None] = lambda _user: None,
    ) -> int | None:
        """Reads Salesforce for everybody; how many rows were reported, None if another worker is at it.

        mailbox_of: where somebody's items were made so far; asked only for people who left (D-9).
        """
        lease = self.store.acquire(ORGANISATION, self.holder, self.lease_seconds)
        if lease is None:
            return None
        try:
            with self.keeper(lease):
                reader = OrganisationReader(self.store, port, lease, self.clock.now(), on_users)
                count = reader.read(filter_fields, full=full)
                Leavers(self.store, port, self.holder, self.lease_seconds, self.clock.now(), mailbox_of).close()
        except ServiceError:
            self.store.release(lease)  # whoever mends it and tries again need not wait until the lease ends
            raise
        self.store.release(lease)
        return count

    def sync_user(
        self,
        user_id: int,
        mailbox: Mailbox,
        crm: Crm,
        *,
        begin: Callable[[Lease], int] = lambda _lease: 0,
        dry_run: bool = False,
        user: UserView | None = None,
    ) -> RunReport:
        """One pass for one user. Never raises for what a service or an item does; the report tells.

        begin: called with the lease once the pass has it; gives the number of the run. `dry_run` plans only. `user`:
        as he was read just now, to spare reading him again.
        """
        report = RunReport(user_id)
        user = user or self.store.user(user_id)
        if user is None:
            return replace(report, outcome="off")
        lease = self.store.acquire(user_id, self.holder, self.lease_seconds)
        if lease is None:
            return replace(report, outcome="busy")
        with self.keeper(lease):
            run_id = report.run_id = begin(lease)
            for kind in Kind:
                if user.configuration.of(kind).direction is not Direction.OFF:
                    _Pass(self, user, kind, mailbox, crm, lease, run_id, report, dry_run).run()
            if report.outcome == "ok" and not dry_run:
                version = user.configuration.version
                if self.store.planned_version(user_id) != version:
                    self.store.commit(lease, Changes(planned_version=version, item_user=user_id))
        self.store.release(lease)
        return report


@dataclass
class _Pass:
    """One kind's part of a pass."""

    engine: Engine
    user: UserView
    kind: Kind
    mailbox: Mailbox
    crm: Crm
    lease: Lease
    run_id: int
    report: RunReport
    dry_run: bool
    known: Acquaintance = field(default_factory=Acquaintance)
    failed: set[Side] = field(default_factory=set)
    """Sides whose service failed in this pass: what waits for them is sent in the next one."""
    agreed: Changes = field(default_factory=Changes)
    asked: dict[str, bool] = field(default_factory=dict)
    """Whether the user can read colleagues' contacts; each is asked about once."""
    lacking: Counter[Right] = field(default_factory=Counter)
    """How many changes wait for a right, in this round."""
    unstored: bool = False
    """Whether a plan of this round names what another write has taken."""

    @property
    def store(self) -> SyncStore:
        """The engine's memory."""
        return self.engine.store

    @property
    def today(self) -> date:
        """The present day, UTC."""
        return self.engine.clock.now().date()

    @property
    def window(self) -> Window:
        """The user's window."""
        return window_of(self.user.configuration, self.today)

    @property
    def _field_map(self) -> FieldMap:
        return self.user.configuration.of(self.kind).field_map

    def run(self) -> None:
        """Recovers, reads, and plans until nothing follows."""
        if self._fields_unread():
            self.report.outcome, self.report.problem = "partial", UNREAD
            return
        try:
            self._recover()
            self._agree_to_differences(rested=False)
            self._read()
            self._agree_to_differences(rested=True)
            self._rounds()
        except (ServiceError, Untrusted) as error:
            self.report.trouble_with(self.kind, error)
        self.report.lacks += [Lack(self.kind, right, self.lacking[right]) for right in Right if self.lacking[right]]
        if not self.dry_run:
            self._count_waiting()

    def _fields_unread(self) -> bool:
        """Whether the field map names fields that the mirror cannot hold yet: what is not known is not agreed about."""
        return bool(pointed(self.kind, self._field_map)) and self.store.mark() is None

    def _count_waiting(self) -> None:
        later = self.engine.clock.now() + LONGEST_WAIT
        waiting = self.store.due_intents(self.user.user_id, self.kind, later)
        self.report.waiting += len(waiting)
        self.report.waiting_for = self.report.waiting_for or next((one.message for one in waiting if one.message), "")

    def _container(self) -> str:
        stream = self.store.stream(self.user.user_id, self.kind)
        return stream.container if stream else self.mailbox.container(self.kind)

    def _executor(self, context: Context) -> Executor:
        return Executor(
            self.store, self.mailbox, self.crm, self.lease, context, self._container(), self.engine.clock.now(),
            self.run_id, lambda done, total: self.engine.progress(self.user.user_id, self.kind, done, total),
            known=self.known,
        )  # fmt: skip

    def _context(self, marks: Sequence[Todo] | None) -> Context:
        snapshot = rehearsed(self.store.snapshot(self.user.user_id, self.kind, marks), self.agreed)
        snapshot = own(self.kind, self._field_map, snapshot)
        return Context(self.user, self.kind, snapshot, self.window, self.today, snapshot.links, snapshot.meetings)

    def _agree_to_differences(self, *, rested: bool) -> None:
        """Once after a leg was switched on (F-9): before reading, or after it where nothing had been read for long."""
        widened = self.user.widened.get(self.kind)
        if widened is None or widened.rested is not rested:
            return
        marks = self.store.marks(self.user.user_id, self.kind)
        contexts = (self._context(part) for part in self._portions())
        settling = ripe(widened, self.kind, self._field_map, marks, contexts)
        waiting = Widened(groups=widened.groups - settling.groups)
        self.user = replace(self.user, widened={**self.user.widened, self.kind: waiting})
        found = {one.link.id: one for part in self._portions() for one in agreements(self._context(part), settling)}
        self.report.agreed += sum(len(one.groups) for one in found.values())
        changes = changes_for(found.values(), self.kind, settling)
        changes.item_user = self.user.user_id
        if self.dry_run:
            self.agreed = changes
        else:
            self.store.commit(self.lease, changes)

    def _recover(self) -> None:
        due = self.store.due_intents(self.user.user_id, self.kind, self.engine.clock.now())
        sent = [one for one in due if one.state is IntentState.SENT]
        if sent and not self.dry_run:
            Recovery(self._executor(self._context(()))).resume(sent)

    def _reader(self) -> Reader:
        return Reader(self.store, self.mailbox, self.user, self.lease, self.run_id, self.engine.clock.now())

    def _read(self) -> None:
        self.report.read[f"mailbox.{self.kind}"] += self._reader().read(self.kind, self.window)
        if self.kind is Kind.EVENT:
            self._roll_series()
        elif not self.dry_run:
            prepare_contacts(self.store, self.lease, self.user)

    def _roll_series(self) -> None:
        """Series that nobody touched produce no delta: their next occurrences are made as the window moves (E-7)."""
        stale = self.store.stale_series(self.user.user_id, self.window.horizon - SERIES_MARGIN)
        if stale:
            todos = [Todo(self.user.user_id, self.kind, Side.MAILBOX.value, mailbox_id) for mailbox_id in stale]
            self.store.commit(self.lease, Changes(todos=todos, item_user=self.user.user_id))

    def _count_reading(self) -> None:
        """Orphans have seen one more complete reading."""
        parts = self._portions() if self.kind is Kind.EVENT else []
        if not parts or not self.store.has_orphans(self.user.user_id):
            return
        aged = {meeting.id: meeting for part in parts for meeting in adoption.aged(self._context(part))}
        if aged:
            self.store.commit(self.lease, Changes(meetings=list(aged.values()), item_user=self.user.user_id))

    def _taken_over(self, context: Context) -> bool:
        """Whether writes that people who left had open were finished: everything is looked at once more (D-9)."""
        engine = self.engine
        hand_over = HandOver(self.store, self._executor(context), engine.holder, engine.lease_seconds)
        return not self.dry_run and hand_over.complete(context.snapshot.pending)

    def _rounds(self) -> None:
        if self.dry_run:  # in one piece: nothing is stored, by which a second part would know of the first
            self._planned(self._context(None), Load())
            return
        self._count_reading()
        for _ in range(ROUNDS):
            marks = self.store.marks(self.user.user_id, self.kind)
            if not (self._round(marks) if marks else self._send_due()):
                return
        if self.unstored:
            self.report.unstored(self.kind)

    def _round(self, marks: Sequence[Todo]) -> bool:
        """Plans and executes what is marked, in portions; whether anything happened."""
        busy = self._send_due()
        parts = portions(marks, lambda: self.store.everything(self.user.user_id, self.kind))
        load, all_stored, orphans = self._load(parts), True, 0
        self.lacking.clear()
        self.unstored = False
        for part in parts:
            context = self._context(part)
            if self._taken_over(context):
                busy, all_stored = True, False
                continue
            planned = self._planned(context, load)
            fresh = self._store(planned, context)
            all_stored &= fresh is not None
            orphans += planned.orphans
            self._execute(context, fresh or [])
            if fresh is not None and planned.reread:
                self._reader().look(self.kind, planned.reread, self.window)
            busy |= fresh is None or not planned.empty
        self.report.orphans = orphans if self.kind is Kind.EVENT else self.report.orphans
        whole = [mark for mark in marks if mark.side == EVERYTHING]
        if all_stored and whole and parts != [marks]:
            self.store.commit(self.lease, Changes(done_todos=whole, item_user=self.user.user_id))
        return busy

    def _portions(self) -> list[Sequence[Todo]]:
        marks = self.store.marks(self.user.user_id, self.kind)
        return portions(marks, lambda: self.store.everything(self.user.user_id, self.kind)) if marks else []

    def _load(self, parts: Sequence[Sequence[Todo]]) -> Load:
        """What all portions are about to do, counted before the first one is stored: guards look at the whole."""
        load = Load()
        for part in parts if len(parts) > 1 else ():
            context = self._context(part)
            if not context.snapshot.totals:
                break  # no pairs yet: there is nothing to update or delete
            load.add(self._drafted(context))
        return load

    def _send_due(self) -> bool:
        """Sends what was decided earlier and may be sent now; whether there was anything."""
        now = self.engine.clock.now()
        due = [
            one
            for one in self.store.due_intents(self.user.user_id, self.kind, now)
            if one.state is IntentState.PLANNED and one.side not in self.failed
        ]
        for first in range(0, len(due), PORTION):
            part = due[first : first + PORTION]
            links = self.store.links(one.link_id for one in part).values()
            items = {link.mailbox_id for link in links if link.mailbox_id is not None}
            about = [Todo(self.user.user_id, self.kind, Side.MAILBOX.value, item) for item in sorted(items)]
            self._execute(self._context(about), part)
        return bool(due)

    def _drafted(self, context: Context) -> Plan:
        """The plan as far as the user's rights go; they are asked for only where something is to be written."""
        drafted = self._seen_by_him(context)
        sides = {one.side for step in drafted.steps for one in step.intents}
        if not sides or (Side.CRM not in sides and self.user.configuration.of(self.kind).direction.writes_crm):
            return drafted
        return permitted(drafted, self.crm.rights(self.kind), context.snapshot)

    def _seen_by_him(self, context: Context) -> Plan:
        known = self.kind in self.user.access
        drafted = plan(self.user, self.kind, context.snapshot, self.window, self.today, glance=not known)
        if drafted.writes and not known:
            self.user = knowing(self.user, self.crm, self.kind)
            drafted = plan(self.user, self.kind, context.snapshot, self.window, self.today)
        return visible(drafted, context, self.crm, self.asked)

    def _planned(self, context: Context, load: Load) -> Plan:
        drafted = self._drafted(context)
        self.lacking.update(drafted.lacking)
        guard = guarded(drafted, context.snapshot.totals, load=load)
        if self.dry_run or self.engine.tells_steps:
            self.report.steps += guard.steps
        self.report.planned += len(guard.steps)
        self.report.conflicts += sum(len(step.conflicts) for step in guard.steps)
        self.report.notes += [note.reason for step in guard.steps for note in step.notes if note.reason]
        held = [one for step in guard.steps for one in step.intents if one.state is IntentState.HELD]
        self.report.held += len(held)
        return guard

    def _store(self, planned: Plan, context: Context) -> list[Intent] | None:
        """Stores the plan; its intents that may be sent, or None if somebody else got in between."""
        changes = compiled(planned, context.snapshot)
        changes.run_id = self.run_id
        changes.item_user, changes.item_kind = self.user.user_id, self.kind
        try:
            self.store.commit(self.lease, changes)
        except TargetTaken:
            self.unstored = True
            return None
        return [one for one in changes.intents if one.state is IntentState.PLANNED]

    def _execute(self, context: Context, intents: list[Intent]) -> None:
        unique = {one.id: one for one in intents if one.side not in self.failed}
        if not unique:
            return
        tally = self._executor(context).execute(list(unique.values()))
        self.report.writes.update(tally.written)
        self.report.written += sum(tally.written.values())
        self.report.refused += tally.refused
        self.failed |= tally.failed
        for error in tally.trouble:
            self.report.trouble_with(self.kind, error)
