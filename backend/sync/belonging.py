"""Something found instead of made: whose it is, since nothing is in two pairs of one user (INV-1), and what was sent.

A create may be answered with something that is there already: by its key after a reset, or by a duplicate rule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backend.domain.values import Side
from backend.sync.batch import Batch
from backend.sync.state import Intent, IntentState, Ref
from backend.sync.store import SyncStore


def ask_for_holders(store: SyncStore, batch: Batch, first: Intent, ids: Collection[str]) -> None:
    """Tells a batch what other pairs name things with these ids. first: any create of the batch."""
    if not ids:
        return
    if first.side is Side.MAILBOX:
        linked = store.linked_refs(first.user_id, first.kind, [Ref(mailbox_id) for mailbox_id in ids])
        batch.holders |= {ref.mailbox_id: link_id for ref, link_id in linked.items()}
        return
    for line in store.lines(first.kind, crm_ids=ids):
        batch.lines.setdefault(line.id, line)
        if line.crm_id is not None and first.user_id in store.users_of_line(line.id):
            batch.holders[line.crm_id] = line.id


def tried(one: Intent) -> bool:
    """Whether this very write was sent before, and how that ended is not known."""
    return one.attempts > 0 and bool(one.code)


def as_sent(one: Intent, earlier: Sequence[Intent]) -> Intent | None:
    """A create if it says what was sent (F3); None where attempts before it said something else.

    earlier: superseded creates of the same link. This one was decided anew, from its source of today, and which of
    them left is not known.
    """
    if one.state is IntentState.SENT or tried(one):
        return one
    same = all((before.side, before.values) == (one.side, one.values) for before in earlier)
    return one if same else None
