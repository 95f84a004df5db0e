"""Attendees of a linked pair: told to Salesforce from the organiser's copy, and invited from Salesforce by setting.

They are no field of the event and take no part in its merge. Nobody edited a meeting because a guest answered, so a
deletion on the other side does not give way to it (F-1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backend.domain.attendees import ATTENDEES, Attendees
from backend.domain.configuration import GuestRule
from backend.domain.identity import normal_email
from backend.domain.people import asked_anew, told
from backend.domain.recurrence import WHOLE, ended
from backend.domain.values import EMPTY, AllDay, Kind, Timed, Values, overlaid
from backend.ports.mailbox import Caps
from backend.sync.state import Link, Meeting

if TYPE_CHECKING:
    from backend.sync.linked import Linked

NOBODY = Attendees(own=True, organizer=None)
"""What Salesforce and a new item agree on: whoever is invited in Salesforce is still to be asked."""


def moved(pair: Linked) -> bool:
    """Whether anything about the pair's attendees is to be written or agreed to."""
    return told_anew(pair) or invitation(pair) is not None or _unagreed(pair)


def told_anew(pair: Linked) -> bool:
    """Whether Salesforce is to be told of guests or their answers: from the organiser's copy only (I-1, LS-126)."""
    configuration, then = pair.context.user.configuration, (pair.link.shadow_mailbox or EMPTY).get(ATTENDEES)
    if not (configuration.attendees and pair.context.settings.direction.writes_crm):
        return False
    now = pair.view.values.get(ATTENDEES)
    known = now if now is not None else then
    if not isinstance(known, Attendees) or not known.own or pair.view.values.get("private"):
        return False
    return told(now) != told(then)


def invitation(pair: Linked) -> Attendees | None:
    """The guests as they are to be after what was changed in Salesforce; None if they are already so (LS-123, LS-131).

    The one thing that mails people: written by setting only, as an answer *send* allows, else held. What was invited
    before the setting was on is agreed to as it is (F-9). Single events only.
    """
    if pair.context.user.configuration.guests in (GuestRule.LEAVE, GuestRule.PUT_BACK):
        return None
    return _asked(pair)


def agreed(pair: Linked, link: Link, meeting: Meeting | None) -> tuple[Link, Meeting | None]:
    """Link and meeting that know who is invited in Salesforce, where nobody is to be asked for it."""
    if not _unagreed(pair):
        return link, meeting
    asked: Values = {ATTENDEES: pair.crm_values[ATTENDEES]}
    link = replace(link, shadow_crm=overlaid(link.shadow_crm or EMPTY, asked))
    meeting = meeting or pair.meeting
    if meeting is None:
        return link, None
    return link, replace(meeting, shadow_crm=overlaid(meeting.shadow_crm or EMPTY, asked))


def _invites(pair: Linked) -> bool:
    return (
        pair.context.kind is Kind.EVENT
        and pair.context.user.configuration.invite_guests
        and pair.context.settings.direction.writes_mailbox
        and pair.link.original_start == WHOLE
        and pair.view.seen.series is None
        and ATTENDEES in pair.crm_values
        and Caps.UPDATE | Caps.ORGANIZER in pair.view.caps
        and not _over(pair)
    )


def _over(pair: Linked) -> bool:
    """Whether it has taken place: nobody is asked to the past."""
    when = pair.view.values.get("when")
    return isinstance(when, Timed | AllDay) and ended(when, pair.context.today)


def _base(pair: Linked) -> object:
    return (pair.base_crm or EMPTY).get(ATTENDEES)


def _asked(pair: Linked) -> Attendees | None:
    """The guests with what was changed in Salesforce since both sides agreed; None where that makes no difference."""
    if not _invites(pair):
        return None
    base, now, present = _base(pair), pair.crm_values[ATTENDEES], pair.view.seen.values.get(ATTENDEES)
    if not isinstance(base, Attendees) or not isinstance(now, Attendees):
        return None
    known = present if isinstance(present, Attendees) else NOBODY
    base = pair.context.without_deleters(pair.view.seen, base)  # that they are asked no longer is our doing (D-8)
    return asked_anew(known, base, now, normal_email(pair.context.user.address))


def _unagreed(pair: Linked) -> bool:
    return _invites(pair) and _base(pair) != pair.crm_values[ATTENDEES] and _asked(pair) is None
