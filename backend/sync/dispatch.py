"""The last look before a request leaves (sync.md B.6): configuration, content, counterpart, and who may delete.

Each check is one batched read for the whole batch; a write that fails it is superseded and planned again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.domain.attendees import ATTENDEES
from backend.domain.identity import contradict, natural_key, same_keys, strong_key
from backend.domain.recurrence import WHOLE
from backend.domain.values import AllDay, Kind, Side, Timed, differing, end_instant
from backend.ports.answers import Op, Verdict
from backend.ports.crm import Crm, Record
from backend.ports.mailbox import Item, Mailbox, Probe
from backend.sync import native_rows
from backend.sync.belonging import ask_for_holders
from backend.sync.context import Context
from backend.sync.keepsakes import without_keepsakes
from backend.sync.meetings import Lead, may_delete_record
from backend.sync.own_view import own_values
from backend.sync.pairs import TOOK_PLACE
from backend.sync.relating import Acquaintance, Relating
from backend.sync.series import occurrences
from backend.sync.settle import TAKEN, Settlement
from backend.sync.sight import absent_record, originals_first, seen_item, seen_record
from backend.sync.state import Intent, Presence, Ref, SeenItem
from backend.sync.store import SyncStore

OVERTAKEN: Final = "The record changed just before it was written; compared again."
RETURNED: Final = "What was deleted is there again; nothing is deleted."
CONFIGURED: Final = "The configuration changed before it was sent."
NOT_VISIBLE: Final = "not_visible"
UNSEEN: Final = "Salesforce does not show this person the record, so neither copy is changed."
COLLEAGUE: Final = "A colleague's contact of the same name or address is just being made; looked for again."
COLLEAGUE_SECONDS: Final = 5.0


@dataclass
class Dispatch:
    """Checks batches of one user against both sides as they are now."""

    store: SyncStore
    mailbox: Mailbox
    crm: Crm
    context: Context
    container: str
    settlement: Settlement
    known: Acquaintance = field(default_factory=Acquaintance)

    def cleared(self, batch: Sequence[Intent]) -> list[Intent]:
        """The writes that may leave; the others are settled. All intents are of one side, kind and op."""
        user_id = self.context.user.user_id
        if (batch[0].side, batch[0].op) == (Side.CRM, Op.CREATE):
            batch = native_rows.bound(batch, self.store, self.crm, self.settlement, user_id)
        present = self.store.user(user_id)
        version = None if present is None else present.configuration.version
        fresh = [one for one in batch if self._configured(one, version)]
        if not fresh:
            return []
        match fresh[0].side, fresh[0].op:
            case Side.CRM, Op.CREATE:
                return self._with_people(self._new_records(fresh))
            case Side.CRM, Op.UPDATE:
                unmoved = self._records_unmoved(fresh)
                return self._with_people(native_rows.harmless(unmoved, self.store, self.crm, self.settlement))
            case Side.CRM, Op.DELETE:
                return self._records_deletable(fresh)
            case Side.MAILBOX, Op.CREATE:
                return self._new_items(fresh)
            case Side.MAILBOX, Op.DELETE:
                return self._items_deletable(fresh)
        return fresh

    def _with_people(self, batch: list[Intent]) -> list[Intent]:
        return Relating(self.store, self.crm, self.context, self.settlement, self.known).settled(batch)

    def _configured(self, one: Intent, version: int | None) -> bool:
        """Whether it was planned by the settings that apply at this moment; None: he no longer syncs (F-8, INV-26)."""
        if one.config_version == version:
            return True
        self.settlement.supersede(one, CONFIGURED)
        return False

    # --- creates: look first (D-12) ------------------------------------------------------------------------------

    def _new_records(self, batch: list[Intent]) -> list[Intent]:
        batch = self._resumed_records(self._without_colleagues(batch))
        found = self.crm.find_like(batch[0].kind, [Probe(one.id, one.values) for one in batch]) if batch else {}
        kept = []
        for one in batch:
            alike = [record for record in found.get(one.id, []) if not contradict(one.kind, one.values, record.values)]
            free, taken = self._free_records(alike)
            if free:
                record = min(free, key=lambda record: (record.created_at is None, record.created_at, record.id))
                self.settlement.adopt(one, record, None)
            elif taken and one.kind is Kind.CONTACT:
                self.settlement.drop(one, TAKEN[one.kind])
            else:
                kept.append(one)
        return kept

    def _without_colleagues(self, batch: list[Intent]) -> list[Intent]:
        """A person whom a colleague's pass is making now waits, and is looked for again (D-12).

        Both plans are stored before either asks, so of two that meet here at least one sees the other. Events need
        none of this: their records carry the meeting's key, whoever makes them.
        """
        kind = batch[0].kind
        if kind is not Kind.CONTACT:
            return batch
        keys = {one.id: (strong_key(kind, one.values), natural_key(kind, one.values)) for one in batch}
        asked = {key for pair in keys.values() for key in pair if key}
        others = self.store.creates_under_way(self.context.user.user_id, kind, asked)
        kept = []
        for one in batch:
            if any(same_keys(keys[one.id], other) for other in others):
                self.settlement.later(one, "colleague", COLLEAGUE, COLLEAGUE_SECONDS + one.id.int % 20, own=False)
            else:
                kept.append(one)
        return kept

    def _resumed_records(self, batch: list[Intent]) -> list[Intent]:
        """Something with this key may exist from an earlier attempt: bound by its tag, not made again."""
        resumed = [one for one in batch if one.attempts]
        if not resumed:
            return batch
        keys = {self._line_key(one): one for one in resumed}
        made: set[UUID] = set()
        found = self.crm.find_tagged(batch[0].kind, list(keys))
        ask_for_holders(self.store, self.settlement, batch[0], [record.id for record in found])
        self.settlement.earlier = self._creates_before(resumed) if found else {}
        for record in found:
            one = keys.get(record.key_tag) if record.key_tag else None
            if one is not None and one.id not in made:
                self.settlement.found(one, record, None)
                made.add(one.id)
        return [one for one in batch if one.id not in made]

    def _creates_before(self, creates: Iterable[Intent]) -> Mapping[UUID, tuple[Intent, ...]]:
        return self.store.creates_before(self.context.user.user_id, [one.link_id for one in creates])

    def _line_key(self, one: Intent) -> UUID:
        return self.settlement.lines[self.settlement.links[one.link_id].line_id].key

    def _free_records(self, found: Iterable[Record]) -> tuple[list[Record], list[Record]]:
        """Records nobody's link of this user names, and those that are linked already or were just taken."""
        records = [record for record in found if not record.in_bin and not record.is_child]
        if not records:
            return [], []
        crm_ids = [record.id for record in records]
        lines = {line.crm_id: line for line in self.store.lines(self.context.kind, crm_ids=crm_ids)}
        for line in lines.values():
            self.settlement.lines.setdefault(line.id, line)
        mine = {link.line_id for link in self.settlement.links.values()}
        mine |= {line.id for line in lines.values() if self.context.user.user_id in self.store.users_of_line(line.id)}
        free: list[Record] = []
        taken: list[Record] = []
        for record in records:
            known = lines.get(record.id)
            linked = known is not None and known.id in mine
            (taken if linked or record.id in self.settlement.claimed else free).append(record)
        return free, taken

    def _new_items(self, batch: list[Intent]) -> list[Intent]:
        kind = batch[0].kind
        batch = self._resumed_items(batch)
        probes = [Probe(one.id, one.values) for one in batch]
        found = self.mailbox.find_like(kind, self.container, probes) if batch else {}
        self._known_meetings([item for items in found.values() for item in items])
        refs = [Ref(item.id) for items in found.values() for item in items]
        linked = self.store.linked_refs(self.context.user.user_id, kind, refs) if refs else {}
        kept = []
        for one in batch:
            items = [item for item in found.get(one.id, []) if not contradict(kind, one.values, item.values)]
            free = [item for item in items if Ref(item.id) not in linked and self._unclaimed(item)]
            if free and not free[0].series:
                self.settlement.adopt(one, free[0], self.seen(kind, free[0]))
            elif items and kind is Kind.CONTACT:
                self.settlement.drop(one, TAKEN[kind])
            else:
                kept.append(one)
        return kept

    def _resumed_items(self, batch: list[Intent]) -> list[Intent]:
        """What an earlier attempt may have made is bound by its tag, also where a person moved it away since."""
        kind = batch[0].kind
        resumed = {self.settlement.links[one.link_id].key: one for one in batch if one.attempts}
        if not resumed:
            return batch
        found: dict[UUID, Item] = {}
        for item in originals_first(self.mailbox.find_tagged(kind, self.container, list(resumed))):
            if item.key_tag in resumed:
                found.setdefault(item.key_tag, item)
        moved = self._moved_away(kind, [key for key in resumed if key not in found])
        ask_for_holders(self.store, self.settlement, batch[0], [*(item.id for item in found.values()), *moved.values()])
        self.settlement.earlier = self._creates_before(resumed.values()) if found else {}
        for key, item in found.items():
            self.settlement.found(resumed[key], item, self.seen(kind, item))
        for key, item_id in moved.items():
            self.settlement.found_elsewhere(resumed[key], item_id)
        return [one for one in batch if self.settlement.links[one.link_id].key not in {*found, *moved}]

    def _moved_away(self, kind: Kind, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        return self.mailbox.find_elsewhere(kind, self.container, keys) if keys else {}

    def _known_meetings(self, items: Sequence[Item]) -> None:
        uids = {item.uid for item in items if item.uid}
        for meeting in self.store.meetings(uids=uids) if uids else ():
            if meeting.original_start == WHOLE:
                self.settlement.by_uid[meeting.uid] = meeting

    def _unclaimed(self, item: Item) -> bool:
        """Whether an item that looks alike is free to be paired: not taken just now, and no copy of another meeting."""
        meeting = self.settlement.by_uid.get(item.uid or "")
        return item.id not in self.settlement.claimed and (meeting is None or meeting.line_id is None)

    def seen(self, kind: Kind, item: Item) -> SeenItem:
        """The mirror row of an item that was just read."""
        return seen_item(self.context.user, kind, item, self.context.window, linked=True)

    # --- updates and deletes ---------------------------------------------------------------------------------------

    def _present_records(self, batch: list[Intent]) -> dict[str, Record | Verdict]:
        ids = [crm_id for one in batch if (crm_id := self._crm_id(one))]
        return dict(self.crm.fetch(batch[0].kind, ids))

    def _crm_id(self, one: Intent) -> str | None:
        return self.settlement.lines[self.settlement.links[one.link_id].line_id].crm_id

    def _records_unmoved(self, batch: list[Intent]) -> list[Intent]:
        """Salesforce has no precondition in bulk: rows whose mapped fields moved are planned again."""
        present = self._present_records(batch)
        return [one for one in batch if self._unmoved(one, present.get(self._crm_id(one) or "", Verdict.UNKNOWN))]

    def _unmoved(self, one: Intent, record: Record | Verdict) -> bool:
        if isinstance(record, Verdict):
            self._absent(one, record)
            return False
        self.settlement.versions[record.id] = record.version
        values = own_values(one.kind, self.settlement.field_map, record)
        if not differing(values, one.from_crm, one.from_crm.keys() - {ATTENDEES}):
            return True
        self.settlement.changes.records.append((one.kind, seen_record(record)))
        self.settlement.supersede(one, OVERTAKEN)
        return False

    def _absent(self, one: Intent, verdict: Verdict) -> None:
        """Gone: planned again. Merely not shown to this person: held, or each pass would plan the same again (D-7)."""
        if verdict is not Verdict.GONE:
            self.settlement.refuse(one, NOT_VISIBLE, UNSEEN)
            return
        crm_id = self._crm_id(one)
        if crm_id is not None:
            version = self.settlement.versions.get(crm_id) or self._mirrored_version(crm_id)
            self.settlement.changes.records.append((one.kind, absent_record(crm_id, verdict, version)))
        self.settlement.supersede(one, "The record is no longer to be found.")

    def _mirrored_version(self, crm_id: str) -> datetime:
        known = self.context.snapshot.records.get(crm_id)
        return known.version if known else self.settlement.now

    def _records_deletable(self, batch: list[Intent]) -> list[Intent]:
        """Deleted only if the counterpart is still gone, the record is as it was, and the right stands (INV-5, D-8).

        What is deleted to come back as a single event needs no vanished counterpart.
        """
        replaced, batch = native_rows.split(batch)
        replaced = native_rows.replaceable(replaced, self.store, self.crm, self.settlement)
        kept = replaced + (self._deletable(batch) if batch else [])
        return self._records_unmoved(kept) if kept else []

    def _deletable(self, batch: list[Intent]) -> list[Intent]:
        still_gone = self._items_still_gone(batch)
        for one in batch:
            if one.id not in still_gone:
                self.settlement.supersede(one, RETURNED)
        batch = [one for one in batch if one.id in still_gone and not self._took_place(one)]
        leads = self._leads(batch) if batch and batch[0].kind is Kind.EVENT else {}
        batch = [one for one in batch if self._entitled(one, leads)]
        vanished = {intent_id for intent_id, whole in still_gone.items() if whole}
        return without_keepsakes(batch, vanished, self.store, self.crm, self.settlement)

    def _leads(self, batch: list[Intent]) -> Mapping[str, Lead]:
        links = [self.settlement.links[one.link_id] for one in batch]
        return self.store.leads(self.context.user.user_id, [link.mailbox_id for link in links if link.mailbox_id])

    def _took_place(self, one: Intent) -> bool:
        """Plans know whole days only; an occurrence that ended earlier today is of the past as well (INV-24)."""
        when = one.from_crm.get("when")
        occurrence = self.settlement.links[one.link_id].original_start != WHOLE
        if not occurrence or not isinstance(when, Timed | AllDay) or end_instant(when) > self.settlement.now:
            return False
        self.settlement.stop(one, TOOK_PLACE)
        return True

    def _items_still_gone(self, batch: list[Intent]) -> dict[UUID, bool]:
        """Deletions whose counterpart is still gone; True where it was an occurrence of a series that vanished."""
        links = {one.id: self.settlement.links[one.link_id] for one in batch}
        ids = sorted({link.mailbox_id for link in links.values() if link.mailbox_id})
        found = self.mailbox.fetch(batch[0].kind, self.container, ids) if ids else {}
        gone: dict[UUID, bool] = {}
        for intent_id, link in links.items():
            item = found.get(link.mailbox_id or "", Verdict.GONE)
            if isinstance(item, Item):
                row = self.seen(batch[0].kind, item)
                self.settlement.changes.items.append(row)
                if link.original_start != WHOLE and self._occurrence_gone(row, link.original_start):
                    gone[intent_id] = False
            elif item is Verdict.GONE or (item is Verdict.OUTSIDE and self.context.moved_is_deleted):
                gone[intent_id] = link.original_start != WHOLE
        return gone

    def _occurrence_gone(self, master: SeenItem, original_start: str) -> bool:
        view = occurrences(master, self.context.window, [original_start]).get(original_start)
        return view is not None and view.presence is Presence.GONE

    def _entitled(self, one: Intent, leads: Mapping[str, Lead]) -> bool:
        """The right to delete, asked again: a copy or a colleague's card may have appeared since (D-8)."""
        link = self.settlement.links[one.link_id]
        if one.kind is Kind.CONTACT:
            if self.store.users_of_line(link.line_id) - {link.user_id}:
                self.settlement.supersede(one, "A colleague keeps this contact.")
                return False
            return True
        lead_now = leads.get(link.mailbox_id or "")
        if lead_now is None or may_delete_record(lead_now, link.user_id):
            return True
        self.settlement.supersede(one, "Others still hold the meeting.")
        return False

    def _items_deletable(self, batch: list[Intent]) -> list[Intent]:
        present = self._present_records(batch)
        kept = []
        for one in batch:
            record = present.get(self._crm_id(one) or "", Verdict.UNKNOWN)
            if record is Verdict.GONE:
                kept.append(one)
                continue
            if record is Verdict.UNKNOWN:
                self.settlement.refuse(one, NOT_VISIBLE, UNSEEN)
                continue
            if isinstance(record, Record):
                self.settlement.changes.records.append((one.kind, seen_record(record)))
            self.settlement.supersede(one, RETURNED)
        return kept
