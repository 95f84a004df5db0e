"""Reset of people: everything of theirs is matched anew, nothing is deleted on either side (docs/sync.md G-2).

What somebody deleted before, or moved to another folder or calendar, and a pass has seen, is not made again: such a
pair is kept as a stop. Deletions that no pass has seen yet cannot be told from things that were never paired.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import leases, todos
from backend.storage.tables import (
    crm_record,
    intent,
    line,
    link,
    mailbox_item,
    meeting,
    note,
    series,
    stream,
    tombstone,
    unresolved,
    user_state,
)
from backend.sync.sight import MOVED_AWAY
from backend.sync.state import IntentState, LinkState, MeetingState, Presence

DELETED_BEFORE: Final = "Deleted on one side before the reset; the other copy stays and is not followed."
ELSEWHERE_BEFORE: Final = "Moved out of the folder or calendar before the reset; it goes on when it is moved back."
_UNFINISHED: Final = (IntentState.PLANNED.value, IntentState.SENT.value, IntentState.HELD.value)
_GONE: Final = Presence.GONE.value
_STOPPED: Final = link.c.state == LinkState.STOPPED.value
_ITEM_GONE = sa.exists().where(
    mailbox_item.c.user_id == link.c.user_id,
    mailbox_item.c.kind == link.c.kind,
    mailbox_item.c.mailbox_id == link.c.mailbox_id,
    mailbox_item.c.presence == _GONE,
)
_ITEM_ELSEWHERE = sa.exists().where(
    mailbox_item.c.user_id == link.c.user_id,
    mailbox_item.c.kind == link.c.kind,
    mailbox_item.c.mailbox_id == link.c.mailbox_id,
    mailbox_item.c.problem == MOVED_AWAY,
)
_RECORD_GONE = sa.exists().where(
    line.c.id == link.c.line_id,
    crm_record.c.kind == line.c.kind,
    crm_record.c.crm_id == line.c.crm_id,
    crm_record.c.presence == _GONE,
)
_CUT_OFF = sa.exists().where(meeting.c.line_id == link.c.line_id, meeting.c.state == MeetingState.ORPHAN.value)
"""Occurrences that their series no longer includes, and that wait for further readings (E-4)."""


def reset_user(engine: sa.Engine, user_id: int) -> None:
    """Resets one person in one transaction (see `reset`)."""
    with engine.begin() as connection:
        reset(connection, user_id)


def reset_everybody(engine: sa.Engine) -> None:
    """Resets all people in one transaction, as where all mailboxes are others now (G-3, LS-016)."""
    with engine.begin() as connection:
        reset_all(connection)


def reset_all(connection: sa.Connection) -> None:
    """Resets all people, in order of id."""
    everybody = connection.execute(sa.select(user_state.c.user_id).order_by(user_state.c.user_id)).scalars().all()
    for user_id in everybody:
        reset(connection, user_id)


def reset(connection: sa.Connection, user_id: int) -> None:
    """Forgets cursors, mirrors, links and what was agreed of a user; stops, selections, lost values and history stay.

    A pass that is under way cannot commit any more. What an unanswered create made is found again by its key, which
    stays in the superseded intent.
    """
    leases.fence(connection, user_id)
    _stop(connection, user_id, sa.or_(_ITEM_GONE, _RECORD_GONE, _CUT_OFF), DELETED_BEFORE)
    _stop(connection, user_id, _ITEM_ELSEWHERE, ELSEWHERE_BEFORE)
    connection.execute(
        sa.update(intent)
        .where(intent.c.user_id == user_id, intent.c.state.in_(_UNFINISHED))
        .values(state=IntentState.SUPERSEDED.value, message="The user was reset.")
    )
    _forget_agreements(connection, user_id)
    for table in (stream, mailbox_item, series, note, unresolved):
        connection.execute(sa.delete(table).where(table.c.user_id == user_id))
    connection.execute(sa.delete(link).where(link.c.user_id == user_id, sa.not_(_STOPPED)))
    connection.execute(
        sa.update(user_state)
        .where(user_state.c.user_id == user_id)
        .values(
            epoch=user_state.c.epoch + 1,
            planned_version=0,
            failures=0,
            due_at=None,
            wanted_again=True,
            first_sync_done_at=None,
            last_complete_run_id=None,
            mailbox_id=None,
            mailbox_address=None,
            state="waiting",
            reason="",
            remedy="",
        )
    )
    todos.mark_everything(connection, [user_id], Kind)


def _stop(connection: sa.Connection, user_id: int, which: sa.ColumnElement[bool], reason: str) -> None:
    """What is deleted or moved away on one side, as a pass has seen, would look like something new on the other.

    It would be made again there (INV-20, INV-29).
    """
    bound = (link.c.mailbox_id.is_not(None), sa.not_(_STOPPED))
    stopped = {"state": LinkState.STOPPED.value, "reason": reason}
    connection.execute(sa.update(link).where(link.c.user_id == user_id, *bound, which).values(stopped))


def _forget_agreements(connection: sa.Connection, user_id: int) -> None:
    """What both sides of a meeting last agreed on was so in the mailbox of then, which may be another one by now.

    As a base it would let what an older copy shows pass for an edit (INV-6). Colleagues' meetings keep theirs (D-6).
    """
    other = link.alias()
    mine = sa.select(link.c.line_id).where(link.c.user_id == user_id, sa.not_(_STOPPED))
    shared = sa.exists().where(other.c.line_id == meeting.c.line_id, other.c.user_id != user_id)
    connection.execute(
        sa.update(meeting)
        .where(meeting.c.line_id.in_(mine), sa.not_(shared))
        .values(shadow_mailbox=None, shadow_crm=None)
    )


def forget_stops(connection: sa.Connection, user_id: int, now: datetime) -> None:
    """Has what was deleted on one side made there again, once this person's pairs are matched anew.

    It is a new incarnation: its keys must not name what was deleted (D-3). What was moved away is still there.
    """
    deleted = (link.c.user_id == user_id, _STOPPED, link.c.reason != ELSEWHERE_BEFORE)
    mine = sa.select(link.c.kind, link.c.mailbox_id, line.c.crm_id, link.c.line_id).join(line)
    stops = connection.execute(mine.where(*deleted)).all()
    if not stops:
        return
    stones = [
        {"user_id": user_id, "kind": stop.kind, "mailbox_id": stop.mailbox_id, "crm_id": stop.crm_id, "deleted_at": now}
        for stop in stops
    ]
    connection.execute(sa.insert(tombstone), stones)
    connection.execute(sa.delete(link).where(*deleted))
    released = {
        "line_id": None,
        "incarnation": meeting.c.incarnation + 1,
        "shadow_mailbox": None,
        "shadow_crm": None,
        "state": MeetingState.LIVE.value,
        "orphan_runs": 0,
    }
    still_linked = sa.exists().where(link.c.line_id == meeting.c.line_id)
    for stop in stops:
        alone = (meeting.c.line_id == stop.line_id, sa.not_(still_linked))
        connection.execute(sa.update(meeting).where(*alone).values(released))
