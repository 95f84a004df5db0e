"""Unlinked things: bound, matched, joined or made on the other side (sync.md B.5 step 3; D-12 to D-14)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from backend.domain.configuration import Preference, StartRule
from backend.domain.identity import contact_key, contradict, item_key, natural_key, same_person, strong_key
from backend.domain.recurrence import WHOLE, ended
from backend.domain.values import AllDay, Kind, Side, Timed, Values
from backend.sync import rows
from backend.sync.context import Context, title_of
from backend.sync.joining import doubt, found_again, line_of_card, stop_follows
from backend.sync.plan import Step, Verb
from backend.sync.scope import left_out
from backend.sync.series import ItemView
from backend.sync.state import Line, LineState, LinkState, Meeting, Note, Origin, Presence, SeenRecord

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
SAME_ADDRESS = "Another contact of this mailbox has the same e-mail address. Only one of them is kept in step."


class Newcomers:
    """Plans everything that no link names. Keeps track of what it has paired, so that nothing is paired twice."""

    def __init__(self, context: Context, resting: Collection[str] = ()) -> None:
        """`resting`: mailbox ids of series for which nothing is made yet (E-4)."""
        self.context = context
        self.taken: set[str] = set()
        self.resting = frozenset(resting)
        self.waiting: set[str] = set(resting)
        """Refs that are looked at again: meetings that wait for their organiser (D-4), things about to be found."""
        self._bound: set[UUID] = set()
        self._rivals = 1  # how many records were equal in the latest match
        self._cards = {key for view in self._linked_items() if (key := strong_key(context.kind, view.values))}
        self._halves = {side: self._indexed(self._half_bound(side)) for side in Side}
        self._by_strong: dict[str, list[SeenRecord]] = defaultdict(list)
        self._by_natural: dict[str, list[SeenRecord]] = defaultdict(list)
        self._by_tag: dict[UUID, list[SeenRecord]] = defaultdict(list)
        for record in sorted(context.snapshot.records.values(), key=lambda record: record.crm_id):
            self._index(record)

    @staticmethod
    def _countable(record: SeenRecord) -> bool:
        return record.presence is Presence.HERE and not record.is_child and not record.problem

    def _index(self, record: SeenRecord) -> None:
        if not self._countable(record):
            return
        if record.key_tag is not None:
            self._by_tag[record.key_tag].append(record)
        for key, index in (
            (strong_key(self.context.kind, record.values), self._by_strong),
            (natural_key(self.context.kind, record.values), self._by_natural),
        ):
            if key:
                index[key].append(record)

    def steps(self) -> Iterator[Step]:
        """Items first, so that what matches is not made again on the other side."""
        for view in self._free_items():
            step = self._item(view)
            if step is not None:
                yield step
        for record in sorted(self.context.snapshot.records.values(), key=lambda record: record.crm_id):
            step = self._record(record)
            if step is not None:
                yield step

    # --- mailbox -------------------------------------------------------------------------------------------------

    def _half_bound(self, side: Side) -> Iterator[Values]:
        """What is to be made on a side, by pairs that lack it."""
        for link in self.context.links.values():
            if link.state is not LinkState.CREATING:
                continue
            line, view = self.context.line(link), self.context.view(link)
            record = self.context.record(line)
            if side is Side.CRM and line.crm_id is None and view is not None:
                yield view.values
            elif side is Side.MAILBOX and link.mailbox_id is None and record is not None:
                yield record.values

    def _linked_items(self) -> list[ItemView]:
        return [view for ref, view in self.context.views.items() if ref in self.context.by_ref]

    def _free_items(self) -> list[ItemView]:
        """Unlinked things in the mailbox; the oldest card of an address comes first (D-14)."""
        free = [
            view
            for ref, view in self.context.views.items()
            if ref not in self.context.by_ref and ref.mailbox_id not in self.resting
        ]
        return sorted(
            free, key=lambda view: (view.seen.created_at or _LONG_AGO, view.ref.mailbox_id, view.ref.original_start)
        )

    def _item(self, view: ItemView) -> Step | None:
        context = self.context
        if view.problem and view.presence is Presence.UNKNOWN:
            return self._note(view, view.problem)
        if view.presence is not Presence.HERE:
            return None
        half = self._half_for(view)
        if half is not None:
            return half
        if left_out(context.kind, context.user.configuration, view.values, context.window):
            return None
        if self._private_before(view.values, view.seen.modified_at):
            return None
        if self._awaited(view.values, Side.MAILBOX):
            self.waiting.add(view.ref.mailbox_id)
            return None
        known = context.meeting(view) if context.kind is Kind.EVENT else None
        line = context.snapshot.lines.get(known.line_id) if known and known.line_id else None
        if known is not None and line is not None:
            return self._join(view, known, line)
        match = self._match(view)
        if (match is not None and not isinstance(match, SeenRecord)) or self._second_card(view):
            return self._note(view, SAME_ADDRESS)
        if isinstance(match, SeenRecord):
            return self._pair(view, match, known)
        return self._create_record(view, known)

    def _awaited(self, values: Values, side: Side) -> bool:
        """Whether a pair is about to be completed on this side with just this: its create looks first (D-12)."""
        kind, halves = self.context.kind, self._halves[side]
        if not halves:
            return False
        keys = (strong_key(kind, values), natural_key(kind, values))
        alike = (other for key in keys if key for other in halves.get(key, ()))
        return any(not contradict(kind, values, other) for other in alike)

    def _indexed(self, found: Iterable[Values]) -> dict[str, list[Values]]:
        index: dict[str, list[Values]] = defaultdict(list)
        for values in found:
            for key in {strong_key(self.context.kind, values), natural_key(self.context.kind, values)} - {None}:
                index[key or ""].append(values)
        return dict(index)

    def _second_card(self, view: ItemView) -> bool:
        """Whether another card of this mailbox has the address: the first one is kept in step (D-14)."""
        address = strong_key(self.context.kind, view.values)
        if address is None:
            return False
        second = address in self._cards
        self._cards.add(address)
        return second

    def _half_for(self, view: ItemView) -> Step | None:
        """An item that carries the tag of a link which lacks its item: ours, and the oldest that carries it (F4)."""
        tag = view.seen.key_tag
        link = self.context.by_key.get(tag) if tag else None
        if link is None or link.mailbox_id is not None or link.id in self._bound:
            return None
        self._bound.add(link.id)
        bound = replace(
            link, mailbox_id=view.ref.mailbox_id, original_start=view.ref.original_start, state=LinkState.LINKED
        )
        title = title_of(view.values)
        return Step(Verb.BIND, self.context.kind, title, "Made by us; its answer had been lost.", link=bound)

    def _match(self, view: ItemView) -> SeenRecord | bool | None:
        """The record to pair with; True if its natural partner is taken by another card; None if there is none."""
        self._rivals = 1
        again = self._once_paired(view) or self._by_key(view)
        if again is not None:
            return again
        strong = strong_key(self.context.kind, view.values)
        candidates = self._by_strong.get(strong, []) if strong else []
        free = self._free(candidates)
        if free:
            return self._preferred(free)
        if any(record.crm_id in self.taken or self._mine(record) for record in candidates):
            return True
        natural = natural_key(self.context.kind, view.values)
        by_nature = self._free(self._by_natural.get(natural, [])) if natural else []
        by_nature = [record for record in by_nature if self._compatible(view, record)]
        return self._preferred(by_nature) if by_nature else None

    def _once_paired(self, view: ItemView) -> SeenRecord | None:
        """The record this item was paired with before both were deleted, if both were taken back."""
        crm_ids = [
            stone.crm_id for stone in self.context.snapshot.tombstones if stone.mailbox_id == view.ref.mailbox_id
        ]
        records = [record for crm_id in crm_ids if (record := self.context.snapshot.records.get(crm_id or ""))]
        free = [record for record in self._free(records) if record.presence is Presence.HERE and not record.is_child]
        return free[-1] if free else None

    def _by_key(self, view: ItemView) -> SeenRecord | None:
        """The record that our own keys name, where no link remembers it: after a reset (G-2).

        A copy carries the tag of its original and a card may be used for somebody else, so name or address has to
        agree; the other may have been edited meanwhile. Events are known again by their meeting.
        """
        if self.context.kind is Kind.EVENT:
            return None
        user_id, lives = self.context.user.user_id, range(self._lives(view) + 1)
        made_from_it = {contact_key(user_id, view.ref.mailbox_id, life) for life in lives}
        named = [record for key in made_from_it for record in self._by_tag.get(key, [])]
        if view.seen.key_tag is not None:
            named = [*self._tagged(view.seen.key_tag), *named]
        return next(iter(self._free(record for record in named if same_person(view.values, record.values))), None)

    def _tagged(self, tag: UUID) -> list[SeenRecord]:
        """The records that an item with this tag was made from."""
        crm_id = self._origins.get(tag)
        record = self.context.snapshot.records.get(crm_id) if crm_id else None
        return [record] if record is not None and self._countable(record) else []

    @cached_property
    def _origins(self) -> dict[UUID, str]:
        ended = Counter(stone.crm_id for stone in self.context.snapshot.tombstones)
        user_id = self.context.user.user_id
        return {
            item_key(user_id, crm_id, life): crm_id
            for crm_id in self.context.snapshot.records
            for life in range(ended[crm_id] + 1)
        }

    def _compatible(self, view: ItemView, record: SeenRecord) -> bool:
        """By name and company only where the addresses do not contradict; events only the user's own (D-14)."""
        if self.context.kind is Kind.EVENT:
            return record.owner_id == self.context.user.crm_user_id
        return not contradict(self.context.kind, view.values, record.values)

    def _free(self, records: Iterable[SeenRecord]) -> list[SeenRecord]:
        return [record for record in records if record.crm_id not in self.taken and not self._mine(record)]

    def _mine(self, record: SeenRecord) -> bool:
        line = self.context.line_of_record.get(record.crm_id)
        if line is None and record.key_tag is not None:
            tagged = self.context.line_by_key.get(record.key_tag)
            line = tagged if tagged is not None and tagged.crm_id is None else None
        return line is not None and line.id in self.context.by_line

    def _preferred(self, records: list[SeenRecord]) -> SeenRecord:
        """Of several equal candidates (D-14): events the oldest; contacts by the configuration (LS-071 to LS-073)."""
        self._rivals = len(records)
        if self.context.kind is Kind.EVENT:
            return min(records, key=lambda record: (record.created_at or _LONG_AGO, record.crm_id))
        match self.context.user.configuration.preference:
            case Preference.OLDEST:
                return min(records, key=lambda record: (record.created_at or _LONG_AGO, record.crm_id))
            case Preference.UPDATED:
                return max(records, key=lambda record: (record.last_modified or _LONG_AGO, record.crm_id))
        return max(records, key=lambda record: (record.activity_at or _LONG_AGO, record.crm_id))

    def _note(self, view: ItemView, reason: str) -> Step:
        ref = (
            view.ref.mailbox_id
            if view.ref.original_start == WHOLE
            else "#".join((view.ref.mailbox_id, view.ref.original_start))
        )
        title = title_of(view.values) or title_of(view.seen.values)
        note = Note(self.context.user.user_id, self.context.kind, Side.MAILBOX, ref, reason, title)
        return Step(Verb.NOTE, self.context.kind, title, reason, notes=(note,))

    def _new_meeting(self, view: ItemView, known: Meeting | None) -> Meeting | None:
        if self.context.kind is Kind.CONTACT or not view.seen.uid:
            return None
        if known is not None:
            return known
        row = self.context.snapshot.series.get(view.ref.mailbox_id)
        epoch = row.epoch if row and view.ref.original_start != WHOLE else 0
        return rows.new_meeting(view.seen.uid, view.ref.original_start, epoch)

    def _join(self, view: ItemView, meeting: Meeting, line: Line) -> Step | None:
        """A further copy of a known meeting: takes the meeting's shadows, never its own values (D-6)."""
        mine = self.context.by_line.get(line.id)
        if mine is not None:
            return stop_follows(self.context, view, mine)
        found = found_again(self.context, line, self._by_tag.get(line.key, ()))
        line = found or line
        if line.crm_id:
            self.taken.add(line.crm_id)
        state = LinkState.LINKED if line.crm_id else LinkState.CREATING
        shadows = (meeting.shadow_mailbox, meeting.shadow_crm) if line.crm_id else (None, None)
        link = rows.link_to(self.context, line, ref=view.ref, state=state, origin=Origin.MATCHED, shadows=shadows)
        title = title_of(view.values)
        return Step(Verb.JOIN, Kind.EVENT, title, "Another copy of a known meeting.", link=link, line=found)

    def _pair(self, view: ItemView, record: SeenRecord, known: Meeting | None) -> Step:
        self.taken.add(record.crm_id)
        line = self._line_for(record)
        meeting = self._new_meeting(view, known)
        if meeting is not None:
            meeting = replace(meeting, line_id=line.id)
        link = rows.link_to(self.context, line, ref=view.ref, state=LinkState.LINKED, origin=Origin.MATCHED)
        rule = "Same e-mail address." if strong_key(self.context.kind, view.values) else "Same by content."
        title = title_of(view.values)
        why = doubt(view.values, record.values, self._rivals, self._twins[natural_key(self.context.kind, view.values)])
        return Step(Verb.MATCH, self.context.kind, title, rule, link=link, line=line, meeting=meeting, doubt=why)

    @cached_property
    def _twins(self) -> Counter[str | None]:
        """How many unlinked things of the mailbox are equal by content."""
        return Counter(natural_key(self.context.kind, view.values) for view in self._free_items())

    def _line_for(self, record: SeenRecord) -> Line:
        """The line that stands for a record already, or is being made with its key, or a new one."""
        line = self.context.line_of_record.get(record.crm_id)
        if line is not None:
            return replace(line, state=LineState.LIVE)
        tagged = self.context.line_by_key.get(record.key_tag) if record.key_tag else None
        if tagged is not None and tagged.crm_id is None:
            return replace(tagged, crm_id=record.crm_id, state=LineState.LIVE)
        return rows.line_for_record(self.context.kind, record)

    def _create_record(self, view: ItemView, known: Meeting | None) -> Step | None:
        context = self.context
        if not context.settings.direction.writes_crm:
            return None
        meeting = self._new_meeting(view, known)
        if self._over(view):
            return None
        if context.kind is Kind.EVENT:
            lead = context.lead(view.seen)
            if lead.leader is None or context.left_open(view.seen):
                self.waiting |= {view.ref.mailbox_id, view.seen.uid or ""}
                return None
            if not lead.led_by(context.user.user_id):
                return None
        if meeting is not None:
            line = rows.line_for_meeting(meeting)
            meeting = replace(meeting, line_id=line.id)
        else:
            line = line_of_card(context, view, self._lives(view), self._by_tag)
        link = rows.link_to(context, line, ref=view.ref, state=LinkState.CREATING, origin=Origin.MAILBOX)
        planned = rows.create_record(context, link, view, "New in the mailbox.")
        return Step(
            Verb.CREATE_RECORD, context.kind, title_of(view.values), planned.rule,
            link=link, line=line, meeting=meeting, intents=(planned,), unit=view.ref.mailbox_id,
        )  # fmt: skip

    def _over(self, view: ItemView) -> bool:
        """A moved series shows its past at the new times too: what took place has its records from then (E-6)."""
        row = self.context.snapshot.series.get(view.ref.mailbox_id)
        when = view.values.get("when")
        moved = row is not None and row.epoch > 0 and view.ref.original_start != WHOLE
        return moved and isinstance(when, Timed | AllDay) and ended(when, self.context.today)

    def _lives(self, view: ItemView) -> int:
        """How often this item's pair ended: what is made after a restore is a new incarnation."""
        return sum(stone.mailbox_id == view.ref.mailbox_id for stone in self.context.snapshot.tombstones)

    # --- Salesforce ----------------------------------------------------------------------------------------------

    def _record(self, record: SeenRecord) -> Step | None:
        context = self.context
        if record.crm_id in self.taken or self._mine(record) or record.crm_id not in context.snapshot.in_scope:
            return None
        if record.presence is not Presence.HERE or record.is_child:
            return None
        title = title_of(record.values)
        if record.problem:
            note = Note(context.user.user_id, context.kind, Side.CRM, record.crm_id, record.problem, title)
            return Step(Verb.NOTE, context.kind, title, record.problem, notes=(note,))
        if not context.settings.direction.writes_mailbox or not self._due(record):
            return None
        if left_out(context.kind, context.user.configuration, record.values, context.window):
            return None
        if self._private_before(record.values, record.last_modified):
            return None
        if self._awaited(record.values, Side.CRM):
            self.waiting.add(record.crm_id)
            return None
        line = self._line_for(record)
        lives = sum(stone.crm_id == record.crm_id for stone in context.snapshot.tombstones)
        link = rows.link_to(context, line, ref=None, state=LinkState.CREATING, origin=Origin.CRM, lives=lives)
        planned = rows.create_item(context, link, record, "New in Salesforce.")
        return Step(
            Verb.CREATE_ITEM, context.kind, title, planned.rule,
            link=link, line=line, intents=(planned,), unit=record.crm_id,
        )  # fmt: skip

    def _private_before(self, values: Values, modified_at: datetime | None) -> bool:
        """Private events from before the switch was turned on wait until they are changed (LS-151)."""
        since = self.context.user.private_since
        return bool(values.get("private")) and since is not None and modified_at is not None and modified_at < since

    def _due(self, record: SeenRecord) -> bool:
        """Events untouched since the leg began are matched only, unless all are wanted (LS-106, LS-107, F-6)."""
        since = self.context.user.crm_leg_since.get(Kind.EVENT)
        all_at_once = self.context.user.configuration.start is StartRule.ALL
        if self.context.kind is Kind.CONTACT or since is None or all_at_once:
            return True
        # Salesforce stamps in whole seconds (SF-080): what was touched in the leg's first second counts.
        return record.last_modified is not None and record.last_modified >= since.replace(microsecond=0)
