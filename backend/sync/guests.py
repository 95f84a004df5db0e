"""Guests: no write makes a provider mail anyone unless a person asked for it (INV-12, INV-27, I.1)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

from backend.domain.attendees import ATTENDEES
from backend.domain.configuration import GuestRule
from backend.domain.values import Side, Values
from backend.ports.answers import Op
from backend.ports.mailbox import Caps
from backend.sync import rows
from backend.sync.context import Context
from backend.sync.series import ItemView
from backend.sync.state import Intent, IntentState

WOULD_MAIL: Final = "would_mail"
SILENT_GROUPS: Final = frozenset({"show_as"})
"""What an organiser may change without anybody being mailed."""


class Deletion(Enum):
    """Answers to the deletion of a meeting with guests, other than doing or holding it."""

    LEAVE = "leave"
    PUT_BACK = "put_back"


def loud(view: ItemView) -> bool:
    """Whether every change or deletion makes the provider mail the guests."""
    return Caps.WOULD_MAIL in view.caps


def frozen(view: ItemView, rule: GuestRule) -> bool:
    """Whether nothing may be written to the item: copies and locked items, and loud ones that are to be left."""
    if Caps.UPDATE not in view.caps or Caps.ORGANIZER not in view.caps:
        return True
    return loud(view) and rule is GuestRule.LEAVE


def mailbox_rules(view: ItemView, rule: GuestRule) -> bool:
    """Whether the mailbox wins every conflict: all that is frozen, and loud items unless the answer is *send*."""
    return frozen(view, rule) or (loud(view) and rule is not GuestRule.SEND)


def deletable(view: ItemView) -> bool:
    """Whether the item is the user's own to delete."""
    return Caps.DELETE in view.caps and Caps.ORGANIZER in view.caps


def released(context: Context, view: ItemView, planned: Intent, crm: Values) -> list[Intent]:
    """What becomes of a write towards an item: itself, a held step, or the mailbox's values put back."""
    if ATTENDEES not in planned.values and (not loud(view) or SILENT_GROUPS.issuperset(planned.values)):
        return [planned]
    match context.user.configuration.guests:
        case GuestRule.SEND:
            return [replace(planned, notify=True)]
        case GuestRule.PUT_BACK:
            return [_put_back(context, view, planned, crm)]
    return [replace(planned, state=IntentState.HELD, hold=WOULD_MAIL)]


def _put_back(context: Context, view: ItemView, planned: Intent, crm: Values) -> Intent:
    link = context.links[planned.link_id]
    values = {group: view.values.get(group) for group in planned.values}
    rule = "The meeting has guests: the mailbox's value was put back into Salesforce."
    return rows.intent(context, link, Side.CRM, Op.UPDATE, values, mailbox=view.values, crm=crm, rule=rule)


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
