"""Records that people tied to something of their own outlive their series (E-6).

A note, a relation to an account or an invitee of a meeting is work of somebody in Salesforce; when the whole series
vanishes from the mailbox, such records are kept and named in one item for a person.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from backend.domain.values import EMPTY, Side
from backend.ports.crm import Crm
from backend.sync.context import title_of
from backend.sync.settle import Settlement
from backend.sync.state import Intent, Note
from backend.sync.store import SyncStore

SERIES_GONE: Final = "series_gone"
KEPT: Final = (
    "The repeating event was deleted in the mailbox, but people in Salesforce related some of its meetings to other "
    "records or invited somebody; those are kept and followed no more. Delete them in Salesforce if nobody needs them."
)


def without_keepsakes(
    batch: list[Intent], vanished: Collection[UUID], store: SyncStore, crm: Crm, settlement: Settlement
) -> list[Intent]:
    """Deletions without those that would take along what people tied to the record; one question for the batch.

    vanished: ids of the deletions whose whole series is gone.
    """
    lines = {one.id: settlement.lines[settlement.links[one.link_id].line_id] for one in batch if one.id in vanished}
    events = sorted({line.crm_id for line in lines.values() if line.crm_id})
    if not events:
        return batch
    ties = crm.find_people([], events).ties
    ours = store.ties(line.id for line in lines.values())
    kept: set[UUID] = set()
    for one in batch:
        line = lines.get(one.id)
        made = ours.get(line.id, frozenset()) if line is not None else frozenset()
        if line is not None and any(tie.target not in made for tie in ties.get(line.crm_id or "", ())):
            kept.add(one.id)
            _keep(one, settlement)
    return [one for one in batch if one.id not in kept]


def _keep(one: Intent, settlement: Settlement) -> None:
    settlement.stop(one, KEPT)
    link = settlement.links[one.link_id]
    if link.mailbox_id is not None:
        title = title_of(one.from_crm) or title_of(link.shadow_crm or EMPTY)
        note = Note(one.user_id, one.kind, Side.MAILBOX, link.mailbox_id, KEPT, title, SERIES_GONE)
        settlement.changes.notes.append(note)
