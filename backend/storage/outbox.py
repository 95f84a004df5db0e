"""Intents: decided writes, stored before they are sent; one open one per remote object (INV-2, INV-18)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from backend.storage.statements import IDS, look_up, run_many
from backend.storage.tables import intent
from backend.storage.uniqueness import one_per_thing
from backend.storage.work import Work
from backend.sync.state import Intent, IntentState

OPEN = (IntentState.PLANNED, IntentState.SENT)
_FIRST = (IntentState.PLANNED, IntentState.HELD)
"""How an intent begins; one in another state is mostly stored already."""

_ADD = sa.insert(intent).inline()
_KNOWN = sa.select(intent.c.id).where(intent.c.id.in_(IDS))
_MOVING = ("expect", "notify", "config_version", "state", "attempts", "not_before", "code", "message", "rule", "hold")
_PROGRESS = (
    sa.update(intent)
    .where(intent.c.id == sa.bindparam("one_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in (*_MOVING, "updated_at")})
)


def store_intents(work: Work) -> None:
    """Inserts new intents and moves known ones on; what a known intent writes is fixed.

    Those that close come first, so that a target may pass from one intent to the next. Raises TargetTaken.
    """
    intents = {str(entry.id): entry for entry in work.changes.intents}
    known = _known(work, (one_id for one_id, entry in intents.items() if entry.state in _FIRST))
    moved = [entry for entry in intents.items() if entry[0] in known or entry[1].state not in _FIRST]
    moved.sort(key=lambda entry: (entry[1].state in OPEN, entry[1].target))
    with one_per_thing("remote object"):
        found = run_many(work.connection, _PROGRESS, [_progress(work, *entry) for entry in moved])
        known = set(dict(moved)) if found == len(moved) else _known(work, intents)
        fresh = sorted((entry for entry in intents.items() if entry[0] not in known), key=lambda entry: entry[1].target)
        run_many(work.connection, _ADD, [_row(work, *entry) for entry in fresh])


def _known(work: Work, ids: Iterable[str]) -> set[str]:
    return {row.id for row in look_up(work.connection, _KNOWN, ids)}


def _progress(work: Work, intent_id: str, entry: Intent) -> dict[str, Any]:
    moving = {f"new_{name}": getattr(entry, name) for name in _MOVING}
    return moving | {"one_id": intent_id, "new_state": entry.state.value, "new_updated_at": work.now}


def _row(work: Work, intent_id: str, entry: Intent) -> dict[str, Any]:
    moving = {name: getattr(entry, name) for name in _MOVING}
    return moving | {
        "id": intent_id,
        "user_id": entry.user_id,
        "run_id": work.changes.run_id,
        "link_id": str(entry.link_id),
        "kind": entry.kind.value,
        "side": entry.side.value,
        "op": entry.op.value,
        "target": entry.target,
        "values": work.encode.patch(entry.values),
        "from_mailbox": work.encode.patch(entry.from_mailbox),
        "from_crm": work.encode.patch(entry.from_crm),
        "state": entry.state.value,
        "native": entry.native,
        "created_at": work.now,
        "updated_at": work.now,
    }
