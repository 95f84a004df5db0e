"""Lines, meetings, links and series: what belongs together (docs/sync.md D.1, E.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage.series_codec import encode_series
from backend.storage.statements import IDS, insert_missing, look_up, run_many, upsert
from backend.storage.stored_values import JsonText, serialize
from backend.storage.tables import event_person, line, link, mailbox_item, meeting, series
from backend.storage.todos import MEETING
from backend.storage.uniqueness import one_per_thing
from backend.storage.work import Work
from backend.sync.state import Line, Link, Meeting, Presence, SeriesRow

_BY_ID: sa.BindParameter[str] = sa.bindparam("one_id")
_PLACES = sa.select(link.c.id, link.c.mailbox_id, link.c.original_start).where(link.c.id.in_(IDS))
_LEAVE_PLACE = sa.update(link).where(link.c.id == _BY_ID).values(mailbox_id=None)
_LINES_OF = sa.select(meeting.c.id, meeting.c.line_id).where(meeting.c.id.in_(IDS))
_HOLDERS = (
    sa.select(mailbox_item.c.user_id, mailbox_item.c.uid)
    .where(
        mailbox_item.c.uid.in_(IDS),
        mailbox_item.c.kind == Kind.EVENT.value,
        mailbox_item.c.presence == Presence.HERE.value,
    )
    .distinct()
)
_DROP_LINK = sa.delete(link).where(link.c.id == _BY_ID)
_DROP_MEETING = sa.delete(meeting).where(meeting.c.id == _BY_ID)
_DROP_SERIES = sa.delete(series).where(
    series.c.user_id == sa.bindparam("user"), series.c.mailbox_id == sa.bindparam("item_id")
)
_STEP_ASIDE = sa.update(meeting).where(meeting.c.id == _BY_ID).values(original_start="~" + meeting.c.id)
_MOVE = (
    sa.update(meeting)
    .where(meeting.c.id == _BY_ID)
    .values(original_start=sa.bindparam("start"), epoch=sa.bindparam("raised"))
)


def drop(work: Work) -> None:
    """Removes `dropped_links`, `dropped_meetings` and `dropped_series`; their history stays."""
    changes = work.changes
    run_many(work.connection, _DROP_LINK, _ids(changes.dropped_links))
    run_many(work.connection, _DROP_MEETING, _ids(changes.dropped_meetings))
    run_many(
        work.connection,
        _DROP_SERIES,
        [{"user": user, "item_id": mailbox_id} for user, mailbox_id in changes.dropped_series],
    )


def store_lines(work: Work) -> None:
    """Upserts lines. Raises TargetTaken if another line already stands for the record or carries the key."""
    rows = _in_order(_line_row(entry) for entry in work.changes.lines)
    with one_per_thing("record"):
        upsert(work.connection, line, rows)


def _wake_fellows(work: Work) -> None:
    """Others who hold a meeting that gets a record now join it: they saw their copies before there was one (D-5)."""
    lined = {str(entry.id): entry for entry in work.changes.meetings if entry.line_id is not None}
    known = {row.id: row.line_id for row in look_up(work.connection, _LINES_OF, lined)}
    uids = {entry.uid for one_id, entry in lined.items() if known.get(one_id) != str(entry.line_id)}
    rows = look_up(work.connection, _HOLDERS, uids)
    work.marks.update((row.user_id, Kind.EVENT.value, MEETING, row.uid) for row in rows if row.user_id != work.user_id)


def store_meetings(work: Work) -> None:
    """Moves meetings together, so that they may take each other's places; then upserts meetings.

    Raises TargetTaken if another living meeting has the same UID and original start.
    """
    moves = work.changes.moved_meetings
    _wake_fellows(work)
    run_many(work.connection, _STEP_ASIDE, _ids(meeting_id for meeting_id, _, _ in moves))
    rows = _in_order(_meeting_row(work, entry) for entry in work.changes.meetings)
    with one_per_thing("meeting"):
        places = [{"one_id": str(one), "start": start, "raised": epoch} for one, start, epoch in moves]
        run_many(work.connection, _MOVE, places)
        upsert(work.connection, meeting, rows)


def store_links(work: Work) -> None:
    """Upserts links; several may move to each other's items or occurrences in one go."""
    rows = {row["id"]: row for row in (_link_row(work, entry) for entry in work.changes.links)}
    moving = [
        place.id
        for place in look_up(work.connection, _PLACES, rows)
        if (place.mailbox_id, place.original_start) != (rows[place.id]["mailbox_id"], rows[place.id]["original_start"])
    ]
    run_many(work.connection, _LEAVE_PLACE, _ids(moving))
    upsert(work.connection, link, list(rows.values()), keep=("created_at",))


def store_series(work: Work) -> None:
    """Upserts what is known of series."""
    upsert(work.connection, series, [_series_row(entry) for entry in work.changes.series])


def store_ties(work: Work) -> None:
    """Keeps whom writes of ours tie to events."""
    ties = sorted({(str(line_id), target) for line_id, target in work.changes.ties})
    insert_missing(work.connection, event_person, [{"line_id": line_id, "target": target} for line_id, target in ties])


def _in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """In one order everywhere, so that commits do not wait for each other in turn."""
    return sorted(rows, key=lambda row: row["id"])


def _ids(ids: Iterable[Any]) -> list[dict[str, str]]:
    return [{"one_id": str(one)} for one in ids]


def _line_row(entry: Line) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "kind": entry.kind.value,
        "key": str(entry.key),
        "crm_id": entry.crm_id,
        "incarnation": entry.incarnation,
        "state": entry.state.value,
    }


def _meeting_row(work: Work, entry: Meeting) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "uid": entry.uid,
        "original_start": entry.original_start,
        "line_id": None if entry.line_id is None else str(entry.line_id),
        "epoch": entry.epoch,
        "incarnation": entry.incarnation,
        "shadow_mailbox": work.encode.text(entry.shadow_mailbox),
        "shadow_crm": work.encode.text(entry.shadow_crm),
        "state": entry.state.value,
        "orphan_runs": entry.orphan_runs,
    }


def _link_row(work: Work, entry: Link) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "user_id": entry.user_id,
        "kind": entry.kind.value,
        "line_id": str(entry.line_id),
        "key": str(entry.key),
        "origin": entry.origin.value,
        "state": entry.state.value,
        "mailbox_id": entry.mailbox_id,
        "original_start": entry.original_start,
        "incarnation": entry.incarnation,
        "shadow_mailbox": work.encode.text(entry.shadow_mailbox),
        "shadow_crm": work.encode.text(entry.shadow_crm),
        "reason": entry.reason,
        "held_on": entry.held_on,
        "attempts": entry.attempts,
        "created_at": work.now,
        "updated_at": work.now,
    }


def _series_row(entry: SeriesRow) -> dict[str, Any]:
    return {
        "user_id": entry.user_id,
        "mailbox_id": entry.mailbox_id,
        "uid": entry.uid,
        "definition": JsonText(serialize(encode_series(entry.definition))),
        "expanded_until": entry.expanded_until,
        "epoch": entry.epoch,
    }
