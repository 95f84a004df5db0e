"""Rows that their series no longer includes: untouched until the mailbox was read completely twice more (E-4).

A client that changes "this and following" cuts the old series and makes a new one, in either order, not at once; a
row that is deleted too early takes its record's notes and relations along. Only whoever decides about a record counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from backend.domain.recurrence import WHOLE
from backend.domain.values import Kind, Side
from backend.sync.context import Context, title_of
from backend.sync.meetings import may_delete_record
from backend.sync.plan import Step, Verb
from backend.sync.series import ItemView
from backend.sync.state import Link, Meeting, MeetingState, Presence, Todo

PATIENCE: Final = 2
"""Complete readings that an orphan waits for."""


def waits(context: Context, link: Link) -> bool:
    """Whether the row is an orphan that nothing may happen to yet."""
    view, meeting = context.view(link), context.meeting_of_line.get(link.line_id)
    if view is None or meeting is None or not view.cut or meeting.state is not MeetingState.ORPHAN:
        return False
    return meeting.orphan_runs < PATIENCE and decides(context, view)


def turn(context: Context, link: Link) -> Step | None:
    """The step by which a row becomes an orphan, or is one no longer."""
    view, meeting = context.view(link), context.meeting_of_line.get(link.line_id)
    if view is None or meeting is None or link.original_start == WHOLE or not decides(context, view):
        return None
    if view.cut and meeting.state is MeetingState.LIVE:
        rule = "The series no longer includes it; it is read again twice before anything is done."
        return _turned(context, view, replace(meeting, state=MeetingState.ORPHAN, orphan_runs=0), rule)
    if not view.cut and view.presence is not Presence.UNKNOWN and meeting.state is MeetingState.ORPHAN:
        rule = "It belongs to its series again."
        return _turned(context, view, replace(meeting, state=MeetingState.LIVE, orphan_runs=0), rule)
    return None


def older(context: Context) -> Iterator[Meeting]:
    """Orphans after one more complete reading of the mailbox."""
    for link in context.links.values():
        if waits(context, link):
            meeting = context.meeting_of_line[link.line_id]
            yield replace(meeting, orphan_runs=meeting.orphan_runs + 1)


def decides(context: Context, view: ItemView) -> bool:
    """Whether what becomes of the record is up to this user."""
    lead = context.lead(view.seen)
    return lead.led_by(context.user.user_id) or may_delete_record(lead, context.user.user_id)


def _turned(context: Context, view: ItemView, meeting: Meeting, rule: str) -> Step:
    again = Todo(context.user.user_id, context.kind, Side.MAILBOX.value, view.ref.mailbox_id)
    return Step(Verb.NOTE, Kind.EVENT, title_of(view.values), rule, meeting=meeting, todo=again)
