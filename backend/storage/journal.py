"""What a pass leaves behind for people: lost values, tombstones, notes and the history of each item."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from backend.storage.statements import run_many, upsert
from backend.storage.tables import conflict, history, note, tombstone
from backend.storage.work import Work
from backend.sync.state import Conflict, HistoryEntry, Note, Tombstone

_ADD_CONFLICT = sa.insert(conflict).inline()
_ADD_TOMBSTONE = sa.insert(tombstone).inline()
_ADD_HISTORY = sa.insert(history).inline()
_ANY_NOTE = sa.select(note.c.ref).where(note.c.user_id == sa.bindparam("u")).limit(1)
_CLEAR_NOTE = sa.delete(note).where(
    note.c.user_id == sa.bindparam("u"),
    note.c.kind == sa.bindparam("k"),
    note.c.side == sa.bindparam("s"),
    note.c.ref == sa.bindparam("r"),
)


def store_journal(work: Work) -> None:
    """Appends conflicts, tombstones and history; sets notes, or clears them where the reason is empty."""
    changes, connection = work.changes, work.connection
    run_many(connection, _ADD_CONFLICT, [_conflict_row(work, entry) for entry in changes.conflicts])
    run_many(connection, _ADD_TOMBSTONE, [_tombstone_row(work, entry) for entry in changes.tombstones])
    notes = {(entry.user_id, entry.kind.value, entry.side.value, entry.ref): entry for entry in changes.notes}
    cleared = [dict(zip("uksr", key, strict=True)) for key, entry in notes.items() if not entry.reason]
    if cleared and connection.execute(_ANY_NOTE, {"u": cleared[0]["u"]}).first():
        run_many(connection, _CLEAR_NOTE, cleared)
    upsert(connection, note, [_note_row(work, entry) for entry in notes.values() if entry.reason])
    run_many(connection, _ADD_HISTORY, [_history_row(work, entry) for entry in changes.history])


def _conflict_row(work: Work, entry: Conflict) -> dict[str, Any]:
    return {
        "link_id": str(entry.link_id),
        "at": work.now,
        "group": entry.group,
        "mailbox_value": work.encode.patch(entry.mailbox),
        "crm_value": work.encode.patch(entry.crm),
        "chosen": entry.chosen.value,
        "reason": entry.reason,
    }


def _tombstone_row(work: Work, entry: Tombstone) -> dict[str, Any]:
    return {
        "user_id": entry.user_id,
        "kind": entry.kind.value,
        "mailbox_id": entry.mailbox_id,
        "crm_id": entry.crm_id,
        "deleted_at": work.now,
    }


def _note_row(work: Work, entry: Note) -> dict[str, Any]:
    return {
        "user_id": entry.user_id,
        "kind": entry.kind.value,
        "side": entry.side.value,
        "ref": entry.ref,
        "title": entry.title[:320],
        "code": entry.code[:64],
        "reason": entry.reason,
        "at": work.now,
    }


def _history_row(work: Work, entry: HistoryEntry) -> dict[str, Any]:
    return {
        "link_id": str(entry.link_id),
        "user_id": work.user_id,
        "run_id": work.changes.run_id,
        "at": work.now,
        "side": entry.side.value,
        "op": entry.op.value,
        "groups": list(entry.groups),
        "before": work.encode.patch(entry.before),
        "after": work.encode.patch(entry.after),
        "rule": entry.rule,
    }
