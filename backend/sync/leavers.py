"""Writes left open by people who no longer sync come to an end, also those that nobody else needs (D-9, INV-15).

Each cycle of the organisation closes them: what a leaver still meant to write is dropped; a record that he may have
made is looked up by its key and bound. His mailbox is not asked, which he may have taken back: his links keep their
keys, by which an item that he may have made is known again when he returns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from backend.domain.values import Kind, Side
from backend.ports.answers import Op
from backend.ports.crm import Organisation
from backend.sync.executor import settlement_of
from backend.sync.handover import OWNER_LEFT, syncs
from backend.sync.settle import LONGEST_WAIT, Settlement
from backend.sync.state import Intent, IntentState, Lease
from backend.sync.store import SyncStore


@dataclass
class Leavers:
    """Closes what people who left have open, each behind his own lease."""

    store: SyncStore
    port: Organisation
    holder: str
    lease_seconds: float
    now: datetime

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
        bound = self._bound([one for one in known if _may_have_made_a_record(one)], settlement)
        for one in known:
            if one not in bound:
                settlement.supersede(one, OWNER_LEFT)
        changes = settlement.collected()
        changes.item_user, changes.item_kind = lease.user_id, kind
        self.store.commit(lease, changes)

    def _bound(self, creates: list[Intent], settlement: Settlement) -> list[Intent]:
        """Those whose record is there."""
        if not creates:
            return []
        by_key = {settlement.lines[settlement.links[one.link_id].line_id].key: one for one in creates}
        found = self.port.find_tagged(creates[0].kind, list(by_key))
        for line in self.store.lines(creates[0].kind, crm_ids=[record.id for record in found]):
            settlement.lines.setdefault(line.id, line)
        made = {by_key[record.key_tag].id: record for record in found if record.key_tag in by_key}
        for one in creates:
            if one.id in made:
                settlement.found(one, made[one.id], None)
        return [one for one in creates if one.id in made]


def _may_have_made_a_record(one: Intent) -> bool:
    return one.side is Side.CRM and one.op is Op.CREATE and one.state is IntentState.SENT
