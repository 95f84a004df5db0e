"""From a plan to the one transaction that stores it: links and intents before any remote call (INV-2)."""

from __future__ import annotations

from typing import Final

from backend.domain.values import Side
from backend.sync.plan import Plan, Step, Verb
from backend.sync.state import LinkState, Note, Todo
from backend.sync.store import Changes, Snapshot

_LOOK_AGAIN: Final = frozenset({Verb.MATCH, Verb.JOIN, Verb.BIND, Verb.REVIVE, Verb.RETURN, Verb.REPOINT, Verb.REALIGN})
"""Steps after which the pair is compared in the next round."""


def compiled(plan: Plan, snapshot: Snapshot) -> Changes:
    """Everything the plan stores, and the marks that it has dealt with."""
    changes = Changes()
    for step in plan.steps:
        _rows(changes, step)
        _journal(changes, step)
        changes.todos += _look_again(step, snapshot)
    changes.todos += plan.again
    changes.done_todos = [todo for todo in snapshot.todos if todo.ref not in plan.keep]
    return changes


def _rows(changes: Changes, step: Step) -> None:
    if step.line is not None:
        changes.lines.append(step.line)
    if step.moved_meeting is not None:
        changes.moved_meetings.append(step.moved_meeting)
    if step.dropped_meeting is not None:
        changes.dropped_meetings.append(step.dropped_meeting)
    if step.meeting is not None:
        changes.meetings.append(step.meeting)
    if step.series is not None:
        changes.series.append(step.series)
    if step.link is not None:
        if step.drop:
            changes.dropped_links.append(step.link.id)
        else:
            changes.links.append(step.link)
    changes.intents += step.intents


def _journal(changes: Changes, step: Step) -> None:
    changes.conflicts += step.conflicts
    changes.notes += step.notes
    if step.unresolved is not None:
        changes.unresolved.append(step.unresolved)
    if step.tombstone is not None:
        changes.tombstones.append(step.tombstone)
    link = step.link
    if link is not None and link.mailbox_id and step.drop:
        changes.notes.append(Note(link.user_id, link.kind, Side.MAILBOX, link.mailbox_id, ""))
    if link is not None and link.mailbox_id and step.verb in (Verb.MATCH, Verb.JOIN, Verb.CREATE_RECORD):
        changes.notes.append(Note(link.user_id, link.kind, Side.MAILBOX, link.mailbox_id, ""))
    if link is not None and step.line is not None and step.line.crm_id and step.verb in (Verb.MATCH, Verb.CREATE_ITEM):
        changes.notes.append(Note(link.user_id, link.kind, Side.CRM, step.line.crm_id, ""))


def _look_again(step: Step, snapshot: Snapshot) -> list[Todo]:
    todos = [step.todo] if step.todo is not None else []
    link = step.link
    if link is None or step.drop or step.verb not in _LOOK_AGAIN or link.state is LinkState.STOPPED:
        return todos
    if link.mailbox_id is not None:
        return [*todos, Todo(link.user_id, link.kind, Side.MAILBOX.value, link.mailbox_id)]
    line = step.line or snapshot.lines.get(link.line_id)
    return [*todos, Todo(link.user_id, link.kind, Side.CRM.value, line.crm_id)] if line and line.crm_id else todos
