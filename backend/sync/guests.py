"""Guests: no write makes a provider mail anyone unless a person asked for it (INV-12, INV-27, I.1)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

from backend.domain.attendees import ATTENDEES
from backend.domain.configuration import GuestRule
from backend.domain.values import Values
from backend.ports.mailbox import Caps
from backend.sync.context import Context
from backend.sync.merge import Merge
from backend.sync.series import ItemView
from backend.sync.state import Intent, IntentState

WOULD_MAIL: Final = "would_mail"
PUT_BACK: Final = "The meeting has guests: the mailbox's value was put back into Salesforce."
SILENT_GROUPS: Final = frozenset({"show_as"})
"""What an organiser may change without anybody being mailed."""


class Deletion(Enum):
    """Answers to the deletion of a meeting with guests, other than doing or holding it."""

    LEAVE = "leave"
    PUT_BACK = "put_back"


def loud(view: ItemView) -> bool:
    """Whether every change or deletion makes the provider mail the guests."""
    return Caps.WOULD_MAIL in view.caps


def frozen(view: ItemView, rule: GuestRule, *, fresh: bool = False) -> bool:
    """Whether nothing may be written to the item: copies and locked items, and loud ones that are to be left.

    fresh: a first match, in which a blank of the mailbox is no value that could be put back.
    """
    if Caps.UPDATE not in view.caps or Caps.ORGANIZER not in view.caps:
        return True
    return loud(view) and (rule is GuestRule.LEAVE or (fresh and rule is GuestRule.PUT_BACK))


def mailbox_rules(view: ItemView, rule: GuestRule) -> bool:
    """Whether the mailbox wins every conflict: all that is frozen, and loud items unless the answer is *send*."""
    return frozen(view, rule) or (loud(view) and rule is not GuestRule.SEND)


def deletable(view: ItemView) -> bool:
    """Whether the item is the user's own to delete."""
    return Caps.DELETE in view.caps and Caps.ORGANIZER in view.caps


def silent(view: ItemView, values: Values) -> bool:
    """Whether writing these values to the item makes the provider mail nobody."""
    return ATTENDEES not in values and (not loud(view) or SILENT_GROUPS.issuperset(values))


def put_back(context: Context, view: ItemView, merge: Merge) -> bool:
    """Turns round what would mail guests, if the settings say so: the mailbox's values go back into Salesforce."""
    if context.user.configuration.guests is not GuestRule.PUT_BACK or silent(view, merge.to_mailbox):
        return False
    merge.to_crm |= {group: view.values.get(group) for group in merge.to_mailbox}
    merge.to_mailbox = {}
    return True


def released(context: Context, view: ItemView, planned: Intent) -> Intent:
    """What becomes of a write towards an item: itself, or a held step."""
    if silent(view, planned.values):
        return planned
    if context.user.configuration.guests is GuestRule.SEND:
        return replace(planned, notify=True)
    return replace(planned, state=IntentState.HELD, hold=WOULD_MAIL)


def released_deletion(context: Context, view: ItemView, planned: Intent) -> Intent | Deletion:
    """What becomes of a deletion in the mailbox."""
    if not loud(view):
        return planned
    match context.user.configuration.guests:
        case GuestRule.SEND:
            return replace(planned, notify=True)
        case GuestRule.PUT_BACK:
            return Deletion.PUT_BACK
        case GuestRule.LEAVE:
            return Deletion.LEAVE
    return replace(planned, state=IntentState.HELD, hold=WOULD_MAIL)
