"""Sending what was decided, in batches: mark sent, send, store the answers (sync.md B.6).

No transaction is open during a remote call. A kill at any point leaves intents *planned* or *sent*; the next pass
sends the former and looks up the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from backend.domain.identity import folded
from backend.domain.recurrence import WHOLE
from backend.domain.values import Kind, Side
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.crm import Crm, Record
from backend.ports.errors import AccessLost, BudgetSpent, ContainerGone, ServiceError, Transient, Unclear
from backend.ports.mailbox import Item, Mailbox
from backend.sync import native_marks as marks
from backend.sync import native_rows
from backend.sync.belonging import ask_for_holders
from backend.sync.company import COMPANY
from backend.sync.context import Context
from backend.sync.dispatch import Dispatch
from backend.sync.relating import Acquaintance
from backend.sync.settle import Settlement
from backend.sync.sight import absent_item, absent_record, seen_item, seen_record
from backend.sync.state import Intent, IntentState, Lease, Meeting, SeenItem
from backend.sync.store import Changes, SyncStore
from backend.sync.unresolved import Standing, Unresolved

ORDER: Final = (
    (Side.CRM, Op.CREATE),
    (Side.CRM, Op.UPDATE),
    (Side.CRM, Op.DELETE),
    (Side.MAILBOX, Op.CREATE),
    (Side.MAILBOX, Op.UPDATE),
    (Side.MAILBOX, Op.DELETE),
)


@dataclass
class Tally:
    """What an execution came to."""

    written: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    trouble: list[ServiceError] = field(default_factory=list)
    failed: set[Side] = field(default_factory=set)
    """Sides whose service failed as a whole: nothing more is sent there."""

    def add(self, key: str, count: int) -> None:
        """Adds to one kind of write."""
        if count:
            self.written[key] = self.written.get(key, 0) + count


@dataclass
class Executor:
    """Executes one user's intents of one kind."""

    store: SyncStore
    mailbox: Mailbox
    crm: Crm
    lease: Lease
    context: Context
    container: str
    now: datetime
    run_id: int
    progress: Callable[[int, int], None] = lambda _done, _total: None
    tally: Tally = field(default_factory=Tally)
    known: Acquaintance = field(default_factory=Acquaintance)
    """People that this pass has looked up."""

    def execute(self, intents: Sequence[Intent]) -> Tally:
        """Sends all intents, batch by batch. A service that fails ends its own side's batches only."""
        done = 0
        for batch in self._batches(intents):
            self.progress(done, len(intents))
            done += len(batch)
            if batch[0].side in self.tally.failed:
                continue
            try:
                self._send(batch)
            except ServiceError as error:
                self.tally.trouble.append(error)
                self.tally.failed.add(batch[0].side)
        return self.tally

    def _batches(self, intents: Sequence[Intent]) -> Iterator[list[Intent]]:
        def place(one: Intent) -> tuple[int, bool]:
            return ORDER.index((one.side, one.op)), marks.head_of(one.native) is not None

        for _, group in groupby(sorted(intents, key=lambda one: (place(one), one.target)), key=place):
            rest = list(group)
            size = self.crm.batch_size if rest[0].side is Side.CRM else self.mailbox.batch_size
            for start in range(0, len(rest), size):
                yield rest[start : start + size]

    # --- one batch -----------------------------------------------------------------------------------------------

    def settlement(self, batch: Sequence[Intent]) -> Settlement:
        """Links, lines and meetings of a batch, ready to take its answers."""
        settlement = settlement_of(self.store, self.now, batch)
        settlement.field_map, settlement.unresolved = self.context.settings.field_map, self._unresolved(batch)
        return settlement

    def _send(self, batch: list[Intent]) -> None:
        settlement = self.settlement(batch)
        batch = [one for one in batch if one.link_id in settlement.links]
        if not batch:
            return
        dispatch = Dispatch(self.store, self.mailbox, self.crm, self.context, self.container, settlement, self.known)
        cleared = dispatch.cleared(batch)
        self.commit(settlement.collected())
        self.tally.refused += settlement.refused
        if not cleared:
            return
        sent = [replace(one, state=IntentState.SENT) for one in cleared]
        self.commit(Changes(intents=list(sent), ties=_ties(sent, settlement), run_id=self.run_id))
        self._answered(sent, self._call(sent, settlement), settlement.renewed())

    def _call(self, sent: list[Intent], settlement: Settlement) -> Mapping[UUID, Answer[Item] | Answer[Record]]:
        writes = [self._write(one, settlement) for one in sent]
        try:
            answers: Sequence[Answer[Item] | Answer[Record]]
            crm = sent[0].side is Side.CRM
            answers = self.crm.write(writes) if crm else self.mailbox.write(self.container, writes)
        except Unclear:
            raise
        except ServiceError as error:
            self._not_sent(sent, settlement.renewed(), error)
            raise
        return {answer.id: answer for answer in answers}

    def _not_sent(self, sent: list[Intent], settlement: Settlement, error: ServiceError) -> None:
        """The service said no before doing anything: the writes wait. Creates are looked up before a repeat.

        An outage, a lost permission or a spent budget says nothing about the items of a batch: none is given up for it.
        """
        retry_after = error.retry_after if isinstance(error, Transient) else None
        for one in sent:
            if isinstance(error, AccessLost | BudgetSpent | ContainerGone):
                settlement.back(one, error.code, error.message)
            else:
                settlement.later(one, error.code, error.message, retry_after, own=len(sent) == 1)
        self.commit(settlement.collected())

    def _write(self, one: Intent, settlement: Settlement) -> Write:
        link = settlement.links[one.link_id]
        line = settlement.lines[link.line_id]
        crm = one.side is Side.CRM
        return Write(
            id=one.id,
            op=one.op,
            kind=one.kind,
            values=one.values,
            target=None if one.op is Op.CREATE else (line.crm_id if crm else link.mailbox_id),
            original_start="" if crm else link.original_start,
            key=line.key if crm else link.key,
            expect=one.expect,
            owner=self.context.user.crm_user_id if crm and one.op is Op.CREATE else None,
            attempt=one.attempts,
            notify=one.notify,
            people=settlement.people[one.id].relations if one.id in settlement.people else None,
            account=self._account(one, settlement) if crm else None,
            moves=self.context.user.configuration.company_moves,
            field_map=settlement.field_map,
            pattern=one.native if one.native.startswith(marks.PATTERN) else "",
            in_series=one.native in (marks.WHOLE, marks.PAST),
        )

    def _unresolved(self, batch: Sequence[Intent]) -> Mapping[UUID, Unresolved]:
        named = [one.link_id for one in batch if one.side is Side.CRM and COMPANY in one.values]
        return self.store.companies(named) if named else {}

    def _account(self, one: Intent, settlement: Settlement) -> str | None:
        """The account that a person chose for this contact, or once for a company spelt like its own."""
        known = settlement.unresolved.get(one.link_id)
        if known is not None and known.standing is Standing.ANSWERED:
            return known.answer
        return self.context.user.spellings.get(folded(one.values.get("company")))

    def _answered(
        self, sent: list[Intent], answers: Mapping[UUID, Answer[Item] | Answer[Record]], settlement: Settlement
    ) -> None:
        answers = self._from_bin(sent, answers, settlement)
        if sent[0].op is Op.CREATE:
            met = [answer.stored.id for answer in answers.values() if answer.stored]
            ask_for_holders(self.store, settlement, sent[0], met)
        for one in sent:
            answer = answers.get(one.id)
            if answer is None:
                settlement.later(one, "no_answer", "The service gave no answer for this item.", None)
                continue
            stored = answer.stored
            seen = self._seen(one, stored) if isinstance(stored, Item) else None
            settlement.answer(one, answer, seen)
        self._masters(sent, settlement)
        native_rows.followed(sent, self.crm, settlement)
        self.reread(sent[0].side, sent[0].kind, settlement)
        self.commit(settlement.collected())
        self.tally.add(f"{sent[0].side}.{sent[0].kind}.{sent[0].op}", settlement.written)
        self.tally.refused += settlement.refused

    def _from_bin(
        self, sent: list[Intent], answers: Mapping[UUID, Answer[Item] | Answer[Record]], settlement: Settlement
    ) -> Mapping[UUID, Answer[Item] | Answer[Record]]:
        """Answers that name something in the Recycle Bin, completed with what lies there."""
        hidden = {
            settlement.lines[settlement.links[one.link_id].line_id].key: one.id
            for one in sent
            if one.side is Side.CRM and one.id in answers
            and answers[one.id].result is Result.EXISTS and answers[one.id].stored is None
        }  # fmt: skip
        if not hidden:
            return answers
        completed: dict[UUID, Answer[Item] | Answer[Record]] = dict(answers)
        for record in self.crm.find_tagged(sent[0].kind, list(hidden)):
            intent_id = hidden.get(record.key_tag) if record.key_tag else None
            if intent_id is not None:
                completed[intent_id] = Answer(intent_id, Result.EXISTS, record)
        return completed

    def _seen(self, one: Intent, item: Item) -> SeenItem | None:
        if one.target.rsplit("#", 1)[-1] != WHOLE:
            return None
        return seen_item(self.context.user, one.kind, item, self.context.window, linked=True)

    def _masters(self, sent: list[Intent], settlement: Settlement) -> None:
        """After writes to occurrences the masters are read again, whole: the mirror must not show the old state."""
        masters = {
            link.mailbox_id
            for one in sent
            if (link := settlement.links[one.link_id]).original_start != WHOLE and one.side is Side.MAILBOX
        }
        settlement.reread |= {master for master in masters if master}

    def reread(self, side: Side, kind: Kind, settlement: Settlement) -> None:
        """Reads the targets again that turned out different from what was planned against."""
        ids = sorted(settlement.reread)
        if not ids:
            return
        if side is Side.CRM:
            records = self.crm.fetch(kind, ids)
            settlement.compare(records)
            for crm_id, found in records.items():
                if isinstance(found, Record):
                    settlement.changes.records.append((kind, seen_record(found)))
                elif found is Verdict.GONE:
                    known = self.store.known_records(kind, [crm_id]).get(crm_id, self.now)
                    settlement.changes.records.append((kind, absent_record(crm_id, found, known)))
            return
        user, window = self.context.user, self.context.window
        items = self.mailbox.fetch(kind, self.container, ids)
        settlement.compare(items)
        for id_, item in items.items():
            if isinstance(item, Verdict):
                settlement.changes.items.append(absent_item(id_, item))
            else:
                settlement.changes.items.append(seen_item(user, kind, item, window, linked=True))

    def commit(self, changes: Changes) -> None:
        """Stores changes behind the lease."""
        changes.item_user = self.context.user.user_id
        changes.item_kind = self.context.kind
        changes.run_id = self.run_id
        self.store.commit(self.lease, changes)


def settlement_of(store: SyncStore, now: datetime, batch: Sequence[Intent]) -> Settlement:
    """Links, lines and meetings of intents of one kind, ready to take what became of them."""
    links = dict(store.links(one.link_id for one in batch))
    line_ids = {link.line_id for link in links.values()}
    lines = {line.id: line for line in store.lines(batch[0].kind, ids=line_ids)} if batch else {}
    meetings: dict[UUID, Meeting] = {}
    if batch and batch[0].kind is Kind.EVENT:
        meetings = {row.line_id: row for row in store.meetings(lines=line_ids) if row.line_id}
    return Settlement(now, links, lines, meetings)


def _ties(sent: Sequence[Intent], settlement: Settlement) -> list[tuple[UUID, str]]:
    """Whom these writes tie to events, stored before they leave: what a lost answer made is ours as well (I-4)."""
    return [
        (settlement.links[one.link_id].line_id, target)
        for one in sent
        if one.id in settlement.people
        for target in settlement.people[one.id].relations.made
    ]
