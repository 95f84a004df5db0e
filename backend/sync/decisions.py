"""A person's answer to a held step (architecture: Guests; sync.md B.9)."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from backend.domain.identity import derived
from backend.domain.values import EMPTY, Side, overlaid
from backend.ports.answers import Op
from backend.sync import rows
from backend.sync.guests import WOULD_MAIL
from backend.sync.state import Intent, IntentState, Line, Link, LinkState, Meeting, Todo
from backend.sync.store import Changes


class Answer(StrEnum):
    """What to do with a held step."""

    SEND = "send"
    """Do it; where it would mail guests, they are mailed."""
    PUT_BACK = "put_back"
    """Put the mailbox's value back into Salesforce; a deleted record is made again."""
    LEAVE = "leave"
    """Leave both sides as they are."""


def decided(held: Intent, answer: Answer, link: Link, line: Line, meeting: Meeting | None, version: int) -> Changes:
    """What the answer changes. `version`: the configuration's, by which the released write may leave (F-8)."""
    changes = Changes(item_user=held.user_id, item_kind=held.kind)
    if answer is Answer.SEND:
        loud = held.hold == WOULD_MAIL
        released = replace(held, state=IntentState.PLANNED, hold="", notify=loud, config_version=version)
        changes.intents.append(released)
        return changes
    changes.intents.append(replace(held, state=IntentState.SUPERSEDED, message=f"Answered: {answer.value}."))
    if answer is Answer.LEAVE:
        changes.links.append(_agreed(held, link))
        if meeting is not None and held.op is not Op.DELETE:
            agreed = overlaid(meeting.shadow_crm or EMPTY, held.from_crm)
            changes.meetings.append(replace(meeting, shadow_crm=agreed))
    elif held.op is Op.DELETE:
        _make_again(changes, link, line, meeting)
    else:
        changes.intents.append(_put_back(held, link, version))
    return changes


def _agreed(held: Intent, link: Link) -> Link:
    if held.op is Op.DELETE:
        return replace(link, state=LinkState.STOPPED, reason="Deleted in Salesforce; you chose to keep the meeting.")
    return replace(
        link,
        shadow_mailbox=overlaid(link.shadow_mailbox or EMPTY, held.from_mailbox),
        shadow_crm=overlaid(link.shadow_crm or EMPTY, held.from_crm),
    )


def _put_back(held: Intent, link: Link, version: int) -> Intent:
    return replace(
        held,
        id=derived("put-back", held.id),
        side=Side.CRM,
        op=Op.UPDATE,
        target=rows.crm_target(link.line_id),
        values=held.from_mailbox,
        state=IntentState.PLANNED,
        hold="",
        notify=False,
        expect=None,
        config_version=version,
        rule="You chose to put the mailbox's value back into Salesforce.",
    )


def _make_again(changes: Changes, link: Link, line: Line, meeting: Meeting | None) -> None:
    reborn, met = rows.next_life(line, meeting)
    changes.lines.append(reborn)
    if met is not None:
        changes.meetings.append(met)
    changes.links.append(replace(link, state=LinkState.CREATING, shadow_crm=None, reason=""))
    if link.mailbox_id is not None:
        changes.todos.append(Todo(link.user_id, link.kind, Side.MAILBOX.value, link.mailbox_id))
