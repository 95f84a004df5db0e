"""What an answer means: ids bound, shadows moved, mirror marked, one transaction per batch (sync.md B.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.domain.attendees import ATTENDEES
from backend.domain.people import Relations
from backend.domain.projection import project_crm, project_mailbox
from backend.domain.recurrence import WHOLE
from backend.domain.values import EMPTY, Kind, Side, Values, picked
from backend.ports.answers import Answer, Op, Result, Verdict
from backend.ports.crm import Record
from backend.ports.mailbox import Item
from backend.sync import company, rows
from backend.sync.batch import Batch
from backend.sync.belonging import as_sent, tried
from backend.sync.context import title_of
from backend.sync.guests import WOULD_MAIL
from backend.sync.native_marks import REPLACED
from backend.sync.own_view import own_values
from backend.sync.sight import absent_item, absent_record
from backend.sync.state import (
    Conflict,
    HistoryEntry,
    Intent,
    IntentState,
    LineState,
    LinkState,
    Note,
    SeenItem,
    Tombstone,
)
from backend.sync.unresolved import Unresolved

PATIENCE: Final = 5
"""Passes in a row with the same transient failure before a person is asked (Poison, B.9)."""
LONGEST_WAIT: Final = timedelta(hours=1)
LONGEST_DOUBLING: Final = 12
"""Doublings of a second after which LONGEST_WAIT is passed."""
DUPLICATE_RULE: Final = "DUPLICATES_DETECTED"
"""The organisation's duplicate rule names a person who was there before us: not something we made (H-8)."""
UNRELATED: Final = "unrelated"
"""Code of notes about people of an event."""
DOUBTFUL: Final = "It was made without an answer and shows another value since; what was sent is kept here."
MOVED_ON: Final = "Changed meanwhile; planned again."
TAKEN: Final = {
    Kind.CONTACT: "The other side has this contact already, paired with another one. Only one of them is kept in step.",
    Kind.EVENT: "The other side has this event already, paired with another one. Only one of them is kept in step.",
}
FOUND: Final = "It was there already."
FOUND_ELSEWHERE: Final = "It was made, and moved to another folder or calendar since."
BINNED: Final = "Its record was deleted in Salesforce; it is not made again."


@dataclass(frozen=True, slots=True)
class Folk:
    """What a write does to the people of its event. remark, unrelated: what is to be told about it once it is done."""

    relations: Relations
    remark: str = ""
    unrelated: str = ""


@dataclass
class Settlement(Batch):
    """Collects what the answers of one batch change."""

    reread: set[str] = field(default_factory=set)
    """Ids on the target side that have to be read again."""
    overtaken: list[Intent] = field(default_factory=list)
    """Updates and deletions that met something else than planned, or were never answered."""
    written: int = 0
    refused: int = 0
    people: dict[UUID, Folk] = field(default_factory=dict)
    """What a write does to the people of its event, by intent."""
    unresolved: Mapping[UUID, Unresolved] = field(default_factory=dict)
    """Companies without an account, by link."""
    earlier: Mapping[UUID, tuple[Intent, ...]] = field(default_factory=dict)
    """Creates that were decided before, of links whose item or record was found, by link."""
    versions: dict[str, datetime] = field(default_factory=dict)
    """Versions of records as read at dispatch."""

    def renewed(self) -> Settlement:
        """The same rows as they now stand, with nothing collected: for the next transaction of the batch."""
        return Settlement(
            self.now, self.links, self.lines, self.meetings,
            versions=self.versions, people=self.people, unresolved=self.unresolved, field_map=self.field_map,
        )  # fmt: skip

    def answer(self, one: Intent, answer: Answer[Item] | Answer[Record], seen: SeenItem | None = None) -> None:
        """Applies one answer. `seen`: the mirror row of a stored item, after the scope was looked at."""
        if one.op is Op.CREATE and answer.stored is not None and self.taken(one, answer.stored.id):
            self.drop(one, TAKEN[one.kind])
            return
        match answer.result:
            case Result.OK:
                self._done(one, answer.stored, seen, asked=company.only_asked(one, answer.company))
                self._remark(one, answer.people)
                self.changes.unresolved += company.outcome(one, answer.company, self.unresolved.get(one.link_id))
            case Result.EXISTS if answer.stored is not None and not self._made(one, answer):
                self.adopt(one, answer.stored, seen)
            case Result.EXISTS:
                self._exists(one, answer.stored, seen)
            case Result.GONE if one.op is Op.DELETE:
                self._done(one, None, None)
            case Result.MOVED | Result.GONE:
                self.unclear(one)
            case Result.TRANSIENT:
                self.later(one, answer.code, answer.message, answer.retry_after)
            case Result.REFUSED:
                self.refuse(one, answer.code, answer.message)

    # --- success -----------------------------------------------------------------------------------------------------

    def _done(self, one: Intent, stored: Item | Record | None, seen: SeenItem | None, *, asked: bool = False) -> None:
        self.written += not asked
        self.changes.intents.append(replace(one, state=IntentState.DONE))
        if one.op is Op.DELETE:
            self._deleted(one)
            return
        values = self._projected(one) if stored is None else own_values(one.kind, self.field_map, stored)
        if one.op is Op.CREATE:
            self._created(one, stored, values, seen)
        else:
            self._updated(one, values)
        self.mirror(stored, seen, one)
        if asked:
            return
        before = one.from_crm if one.side is Side.CRM else one.from_mailbox
        after = picked(values, one.values)
        if ATTENDEES in one.values:
            after = {**after, ATTENDEES: one.values[ATTENDEES]}
        self._log(one, before if one.op is Op.UPDATE else EMPTY, after)

    def _remark(self, one: Intent, refused: str) -> None:
        """What could not be done about the people of an event, for whoever leads it (I-6, I-8); else the notes go."""
        if one.id not in self.people:
            return
        link = self.links[one.link_id]
        title = title_of(one.values) or title_of(link.shadow_crm or EMPTY)
        people = self.people[one.id]
        crm_id = self.lines[link.line_id].crm_id
        if crm_id is not None:
            told = " ".join(part for part in (people.remark, refused) if part)
            self.changes.notes.append(Note(one.user_id, one.kind, Side.CRM, crm_id, told, title, "attendees"))
        if one.op is Op.CREATE and link.mailbox_id is not None:
            note = Note(one.user_id, one.kind, Side.MAILBOX, link.mailbox_id, people.unrelated, title, UNRELATED)
            self.changes.notes.append(note)

    def _projected(self, one: Intent) -> Values:
        project = project_crm if one.side is Side.CRM else project_mailbox
        return {group: project(one.kind, group, value) for group, value in one.values.items()}

    def _created(self, one: Intent, stored: Item | Record | None, values: Values, seen: SeenItem | None) -> None:
        link = replace(self.links[one.link_id], state=LinkState.LINKED, reason="", attempts=0)
        if one.side is Side.CRM:
            link = self.bind_record(link, stored.id if stored is not None else "")
            self.agree(link, one.from_mailbox, values, replaced=True)
            return
        link = replace(link, mailbox_id=stored.id if stored is not None else None, original_start=WHOLE)
        if seen is not None and seen.uid and one.kind is Kind.EVENT and link.line_id not in self.meetings:
            self.meetings[link.line_id] = self.meeting_of(seen.uid, link.line_id)
        self.agree(link, values, one.from_crm, replaced=True)
        if ATTENDEES in one.from_crm:  # whom Salesforce invites is asked in the next round (LS-123)
            self.again(link, Side.MAILBOX, link.mailbox_id)

    def _updated(self, one: Intent, values: Values) -> None:
        link = replace(self.links[one.link_id], attempts=0)
        if one.side is Side.CRM:
            told = [group for group in one.values if group != ATTENDEES]  # the event's own fields do not tell of them
            if company.renamed(self.unresolved.get(one.link_id)):
                told = [group for group in told if group != company.COMPANY]
                self.again(link, Side.MAILBOX, None)
            groups = one.values if one.kind is Kind.EVENT else told
            self.agree(link, picked(one.from_mailbox, groups), picked(values, told))
        else:
            self.agree(link, picked(values, one.values), picked(one.from_crm, one.values))

    def _deleted(self, one: Intent) -> None:
        link = self.links[one.link_id]
        line = self.lines[link.line_id]
        if one.side is Side.CRM:
            if line.crm_id is not None:
                self.changes.records.append(
                    (one.kind, absent_record(line.crm_id, Verdict.GONE, self._version(line.crm_id)))
                )
            self.lines[line.id] = replace(line, state=LineState.ENDED)
            self.changes.lines.append(self.lines[line.id])
        elif link.mailbox_id is not None and link.original_start == WHOLE:
            self.changes.items.append(absent_item(link.mailbox_id, Verdict.GONE))
        meeting = rows.released(self.meetings.get(line.id))
        if meeting is not None:
            self.keep_meeting(meeting)
        self.changes.dropped_links.append(link.id)
        self.changes.tombstones.append(Tombstone(link.user_id, link.kind, link.mailbox_id, line.crm_id))
        self._log(one, one.from_crm if one.side is Side.CRM else one.from_mailbox, EMPTY)
        if one.native == REPLACED:
            self.look_again(one)

    def look_again(self, one: Intent) -> None:
        """The item is compared in the next round."""
        self.again(self.links[one.link_id], Side.MAILBOX, None)

    def _version(self, crm_id: str) -> datetime:
        return self.versions.get(crm_id, self.now)

    # --- found instead of made ----------------------------------------------------------------------------------

    def _exists(self, one: Intent, stored: Item | Record | None, seen: SeenItem | None) -> None:
        """Made earlier, its answer lost. What was sent is the base: whatever differs now is somebody's change (F3)."""
        self.changes.intents.append(replace(one, state=IntentState.DONE))
        if stored is None:
            self.keep(replace(self.links[one.link_id], state=LinkState.STOPPED, reason=BINNED))
            return
        self.claim(one, stored.id)
        values = own_values(one.kind, self.field_map, stored)
        sent = dict(self._projected(one))
        binned = isinstance(stored, Record) and stored.in_bin  # as it was deleted, perhaps before a reset
        sent |= {group: values.get(group) for group in sent if binned or company.agreed(one, group, values)}
        self._doubt(one, {group: values.get(group) for group in sent if sent[group] != values.get(group)})
        self.mirror(stored, seen, one)
        self.changes.unresolved += company.unanswered(one, stored.values)
        self._created(one, stored, sent, seen)
        if binned:
            self.keep(replace(self.links[one.link_id], state=LinkState.STOPPED, reason=BINNED))
        self.again(self.links[one.link_id], Side.MAILBOX, stored.id if isinstance(stored, Item) else None)
        self._log(one, EMPTY, values)

    def _doubt(self, one: Intent, stands: Values) -> None:
        """A person's edit or the service's own rewriting: nobody can tell, so what was sent is kept in the journal."""
        source = one.from_mailbox if one.side is Side.CRM else one.from_crm
        for group, value in stands.items():
            if group != ATTENDEES:
                sides = {group: source.get(group)}, {group: value}
                mailbox, crm = sides if one.side is Side.CRM else reversed(sides)
                self.changes.conflicts.append(Conflict(one.link_id, group, mailbox, crm, one.side, DOUBTFUL))

    def found(self, one: Intent, stored: Item | Record, seen: SeenItem | None) -> None:
        """Found by our own tag before it was made again."""
        if self.taken(one, stored.id):
            self.drop(one, TAKEN[one.kind])
            return
        sent = as_sent(one, self.earlier.get(one.link_id, ()))
        if sent is not None:
            self._exists(sent, stored, seen)
        else:
            self.adopt(one, stored, seen)

    @staticmethod
    def _made(one: Intent, answer: Answer[Item] | Answer[Record]) -> bool:
        """Whether what is there was made by this very write, or is the rest of it in the bin."""
        binned = isinstance(answer.stored, Record) and answer.stored.in_bin
        return answer.code != DUPLICATE_RULE and (tried(one) or binned)

    def adopt(self, one: Intent, stored: Item | Record, seen: SeenItem | None) -> None:
        """Found by content, or by a key of before a reset: bound without a base, so that first-match rules apply.

        What this write would have said is nothing that both sides ever agreed on (D-12, INV-6).
        """
        self.changes.intents.append(replace(one, state=IntentState.SUPERSEDED, message=FOUND))
        self.claim(one, stored.id)
        link = replace(self.links[one.link_id], state=LinkState.LINKED, shadow_mailbox=None, shadow_crm=None)
        if isinstance(stored, Record):
            link = self.bind_record(link, stored.id)
        else:
            link = replace(link, mailbox_id=stored.id, original_start=WHOLE)
            if seen is not None and seen.uid and one.kind is Kind.EVENT and link.line_id not in self.meetings:
                self.meetings[link.line_id] = self.meeting_of(seen.uid, link.line_id)
        if link.line_id in self.meetings:  # it goes along where another line stands for the record
            self.keep_meeting(self.meetings[link.line_id])
        self.keep(link)
        self.mirror(stored, seen, one)
        self.again(link, Side.MAILBOX, None)

    def found_elsewhere(self, one: Intent, item_id: str) -> None:
        """Made earlier, and moved away by a person since: paired without a base, until it comes back (INV-3, H-1)."""
        if self.taken(one, item_id):
            self.drop(one, TAKEN[one.kind])
            return
        self.changes.intents.append(replace(one, state=IntentState.SUPERSEDED, message=FOUND_ELSEWHERE))
        self.claim(one, item_id)
        self.changes.items.append(absent_item(item_id, Verdict.OUTSIDE))
        link = replace(self.links[one.link_id], state=LinkState.LINKED, shadow_mailbox=None, shadow_crm=None)
        self.keep(replace(link, mailbox_id=item_id, original_start=WHOLE))
        self.again(link, Side.MAILBOX, item_id)

    def drop(self, one: Intent, reason: str) -> None:
        """The create is not needed: what it would make is there and belongs to another pair (D-12)."""
        self.changes.intents.append(replace(one, state=IntentState.SUPERSEDED, message=reason))
        self.changes.dropped_links.append(one.link_id)
        link = self.links[one.link_id]
        source = link.mailbox_id if one.side is Side.CRM else self.lines[link.line_id].crm_id
        if source is not None:
            note = Note(one.user_id, one.kind, one.side.other, source, reason, title_of(one.values))
            self.changes.notes.append(note)

    # --- everything else ----------------------------------------------------------------------------------------

    def unclear(self, one: Intent) -> None:
        """An update or deletion that met something else, or was never answered: its target is read again (C4)."""
        target = self.target_id(one)
        if target is None:
            self.supersede(one, MOVED_ON)
            return
        self.reread.add(target)
        self.overtaken.append(one)

    def compare(self, stands: Mapping[str, Item | Record | Verdict]) -> None:
        """Settles what was unclear by what stands there now. As long as it cannot be read, it stays unanswered."""
        for one in self.overtaken:
            found = stands.get(self.target_id(one) or "", Verdict.UNKNOWN)
            if found is Verdict.UNKNOWN and one.attempts < PATIENCE:
                self.changes.intents.append(replace(one, attempts=one.attempts + 1))
                continue
            if one.native == REPLACED and found in (Verdict.GONE, Verdict.UNKNOWN):
                self._left_series(one, found)
                continue
            self.supersede(one, MOVED_ON)
            if one.op is Op.UPDATE and not isinstance(found, Verdict):
                self._delivered(one, own_values(one.kind, self.field_map, found))

    def _left_series(self, one: Intent, found: Item | Record | Verdict) -> None:
        """Our own deletion of what comes back as a single event is no deletion by anybody: its meeting stays."""
        if found is Verdict.GONE:
            self._done(one, None, None)
        else:
            self.stop(one, MOVED_ON)

    def _delivered(self, one: Intent, stands: Values) -> None:
        """What an update was to write and stands there now is agreed; else a further edit would pass for a conflict."""
        link = self.links[one.link_id]
        if one.side is Side.MAILBOX and link.original_start != WHOLE:
            return  # what was read is the master
        groups = [group for group in one.values if group != ATTENDEES and company.agreed(one, group, stands)]
        source = one.from_mailbox if one.side is Side.CRM else one.from_crm
        sides = picked(source, groups), picked(stands, groups)
        mailbox, crm = sides if one.side is Side.CRM else reversed(sides)
        if groups:
            self.agree(link, mailbox, crm)

    def supersede(self, one: Intent, reason: str) -> None:
        """The write is no longer right: the pair is looked at again."""
        self.changes.intents.append(replace(one, state=IntentState.SUPERSEDED, message=reason))
        self.again(self.links[one.link_id], Side.MAILBOX, None)

    def stop(self, one: Intent, reason: str) -> None:
        """The deletion is not wanted, and the pair is not followed any more."""
        self.changes.intents.append(replace(one, state=IntentState.SUPERSEDED, message=reason))
        self.keep(replace(self.links[one.link_id], state=LinkState.STOPPED, reason=reason))

    def later(self, one: Intent, code: str, message: str, retry_after: float | None, *, own: bool = True) -> None:
        """Tried again after a while, longer each time.

        own: the failure is this item's, not the service's or the batch's; after too many in a row a person is asked.
        """
        attempts = one.attempts + 1
        link = self.links[one.link_id]
        if own and retry_after is None:
            if link.attempts + 1 >= PATIENCE:
                self.refuse(one, code, message)
                return
            self.keep(replace(link, attempts=link.attempts + 1))
        seconds = retry_after if retry_after is not None else 2.0 ** min(attempts, LONGEST_DOUBLING)
        self.changes.intents.append(
            replace(
                one,
                state=IntentState.PLANNED,
                attempts=attempts,
                not_before=self.now + min(timedelta(seconds=seconds), LONGEST_WAIT),
                code=code,
                message=message,
            )
        )

    def back(self, one: Intent, code: str, message: str) -> None:
        """Not sent because somebody has to put something right first: sent as soon as a pass may."""
        self.changes.intents.append(replace(one, state=IntentState.PLANNED, code=code, message=message))

    def refuse(self, one: Intent, code: str, message: str) -> None:
        """Not written, and not tried again until item, record or settings change (H-8): a person is told why."""
        if code == WOULD_MAIL:
            self.changes.intents.append(replace(one, state=IntentState.HELD, hold=WOULD_MAIL, message=message))
            return
        self.refused += 1
        self.changes.intents.append(replace(one, state=IntentState.FAILED, code=code, message=message))
        link = self.links[one.link_id]
        self.keep(replace(link, state=LinkState.HELD, reason=message, attempts=0))

    def _log(self, one: Intent, before: Values, after: Values) -> None:
        self.changes.history.append(
            HistoryEntry(one.link_id, one.side, one.op, tuple(sorted(one.values)), before, after, one.rule)
        )
