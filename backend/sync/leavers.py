"""Writes left open by people who no longer sync come to an end, also those that nobody else needs (D-9, INV-15).

Each cycle of the organisation closes them: what a leaver still meant to write is dropped; a record that he may have
made is looked up by its key and bound. So is an event that may have been made in his calendar: whom he asks to it has
a copy, which is no new meeting (INV-17). His mailbox is asked for nothing else, and nothing is written there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.domain.recurrence import WHOLE
from backend.domain.values import Kind, Side
from backend.ports.crm import Organisation
from backend.ports.errors import ServiceError
from backend.ports.mailbox import Item, Mailbox
from backend.sync import rows
from backend.sync.belonging import ask_for_holders
from backend.sync.executor import settlement_of
from backend.sync.handover import OWNER_LEFT, syncs
from backend.sync.native_marks import REPLACED
from backend.sync.settle import LONGEST_WAIT, Settlement
from backend.sync.sight import originals_first
from backend.sync.state import Intent, IntentState, Lease, Ref
from backend.sync.store import SyncStore

PATIENCE: Final = timedelta(hours=24)
"""How long a mailbox that does not answer is asked again: as long as an organiser who cannot run keeps the lead."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass
class Leavers:
    """Closes what people who left have open, each behind his own lease.

    mailbox_of: where a person's items were made so far; None if that is not known.
    """

    store: SyncStore
    port: Organisation
    holder: str
    lease_seconds: float
    now: datetime
    mailbox_of: Callable[[int], Mailbox | None]

    def close(self) -> None:
        """Finishes all of it; what a pass still at work holds is left to the next cycle. Raises ServiceError."""
        for owner, kind in sorted(self.store.unfinished()):
            if syncs(self.store, owner, kind):
                continue
            lease = self.store.acquire(owner, self.holder, self.lease_seconds)
            if lease is None:
                continue
            try:
                self._close(lease, kind)
            finally:
                self.store.release(lease)

    def _close(self, lease: Lease, kind: Kind) -> None:
        intents = self.store.due_intents(lease.user_id, kind, self.now + LONGEST_WAIT)
        settlement = settlement_of(self.store, self.now, intents)
        known = [one for one in intents if one.link_id in settlement.links]
        lost = [one for one in intents if one.link_id not in settlement.links]
        settlement.changes.intents += [replace(one, state=IntentState.SUPERSEDED, message=OWNER_LEFT) for one in lost]
        creates = [one for one in known if one.may_have_made]
        seen_to = self._records([one for one in creates if one.side is Side.CRM], settlement)
        seen_to += self._items([one for one in creates if one.side is Side.MAILBOX], settlement)
        for one in known:
            if one.native == REPLACED and one.state is IntentState.SENT:
                settlement.stop(one, OWNER_LEFT)  # its record may be gone by our own hand: no deletion to follow
            elif one not in seen_to:
                settlement.supersede(one, OWNER_LEFT)
        changes = settlement.collected()
        changes.item_user, changes.item_kind = lease.user_id, kind
        self.store.commit(lease, changes)

    def _records(self, creates: list[Intent], settlement: Settlement) -> list[Intent]:
        """Those whose record is there; they are bound."""
        if not creates:
            return []
        by_key = {settlement.lines[settlement.links[one.link_id].line_id].key: one for one in creates}
        found = self.port.find_tagged(creates[0].kind, list(by_key))
        ask_for_holders(self.store, settlement, creates[0], [record.id for record in found])
        made = {by_key[record.key_tag].id: record for record in found if record.key_tag in by_key}
        for one in creates:
            if one.id in made:
                settlement.found(one, made[one.id], None)
        return [one for one in creates if one.id in made]

    def _items(self, creates: list[Intent], settlement: Settlement) -> list[Intent]:
        """Those whose event is there, which are bound; all of them while the mailbox does not answer.

        A contact concerns nobody else, and is known by its key when its owner returns.
        """
        creates = [one for one in creates if one.kind is Kind.EVENT]
        if not creates:
            return []
        by_key = {settlement.links[one.link_id].key: one for one in creates}
        try:
            found = self._tagged(creates[0].user_id, by_key)
        except ServiceError:
            return [one for one in creates if (one.decided_at or _LONG_AGO) > self.now - PATIENCE]
        self._known_meetings(found, settlement)
        made: list[Intent] = []
        for item in found:
            one = by_key.get(item.key_tag) if item.key_tag else None
            if one is not None and one not in made:
                made.append(one)
                self._bind(one, item, settlement)
        return made

    def _tagged(self, owner: int, keys: Iterable[UUID]) -> list[Item]:
        """Events with these keys that no pair of his has."""
        mailbox = self.mailbox_of(owner)
        if mailbox is None:
            return []
        stream = self.store.stream(owner, Kind.EVENT)
        container = stream.container if stream is not None else mailbox.container(Kind.EVENT)
        found = mailbox.find_tagged(Kind.EVENT, container, list(keys))
        linked = self.store.linked_refs(owner, Kind.EVENT, [Ref(item.id) for item in found])
        return originals_first(item for item in found if Ref(item.id) not in linked)

    def _known_meetings(self, found: list[Item], settlement: Settlement) -> None:
        for meeting in self.store.meetings(uids={item.uid for item in found if item.uid}):
            if meeting.original_start == WHOLE:
                settlement.by_uid[meeting.uid] = meeting

    @staticmethod
    def _bind(one: Intent, item: Item, settlement: Settlement) -> None:
        """The pair gets its item, and the record becomes the meeting's, unless the meeting has one already."""
        line_id = settlement.links[one.link_id].line_id
        meeting = settlement.by_uid.get(item.uid or "")
        if item.uid and line_id not in settlement.meetings and (meeting is None or meeting.line_id is None):
            meeting = meeting or rows.new_meeting(item.uid, WHOLE, 0)
            settlement.meetings[line_id] = replace(meeting, line_id=line_id)
        settlement.found(one, item, None)
