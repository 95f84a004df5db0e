"""What the page shows, gathered under the world's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from backend.sandbox.microsoft import zones
from backend.sandbox.page import proof, twins, week
from backend.sandbox.page.mail_contacts import MailContacts
from backend.sandbox.page.mail_events import MailEvents
from backend.sandbox.page.sf_contacts import SalesforceContacts
from backend.sandbox.page.sf_events import SalesforceEvents
from backend.sandbox.page.shelf import Card, Entry
from backend.sandbox.page.spot import Spot
from backend.sandbox.page.stage import Stage, monday_of
from backend.sandbox.world import Call, Person

PAGE: Final = 6
"""Contacts on a page of a list."""
CALLS: Final = 8
_SERVICES: Final = {"salesforce": "Salesforce", "microsoft": "Graph"}


@dataclass(frozen=True)
class Cards:
    """One page of a list of contacts, of those found, of all."""

    shown: list[Card]
    found: int
    total: int
    number: int
    pages: int

    @property
    def first(self) -> int:
        """The position of the first one shown, counted from 1; 0 where none is found."""
        return (self.number - 1) * PAGE + 1 if self.found else 0

    @property
    def last(self) -> int:
        """The position of the last one shown."""
        return min(self.number * PAGE, self.found)


@dataclass(frozen=True)
class LatestCall:
    """A line of the call list; `at` is naive, on the person's clock."""

    at: datetime
    service: str
    call: Call

    @property
    def failed(self) -> bool:
        """Whether the client got no success."""
        return self.call.status == 0 or self.call.status >= 400


def monday(stage: Stage, spot: Spot, person: Person) -> date:
    """The first day of the week that a spot shows."""
    if spot.week is None:
        return monday_of(stage.now(person).date())
    return spot.week - timedelta(days=spot.week.weekday())


def first_choice(stage: Stage, spot: Spot, person: Person) -> date:
    """The day of a new event: today, or the first day of the week where that shows another one."""
    first, today = monday(stage, spot, person), stage.now(person).date()
    return today if first <= today < first + timedelta(days=7) else first


def gather(stage: Stage, spot: Spot, person: Person) -> dict[str, Any]:
    """Everything that templates need about one person, besides editor, faults and notes."""
    first = monday(stage, spot, person)
    last = first + timedelta(days=6)
    mail, salesforce = twins.mark_events(
        MailEvents(stage, person).between(first, last), SalesforceEvents(stage, person).between(first, last)
    )
    contacts, records = MailContacts(stage, person), SalesforceContacts(stage, person)
    mail_cards, sf_cards = twins.mark_contacts(contacts.cards(), records.cards())
    laid_out = week.lay_out(first, mail, stage.now(person).date())
    weekend = len(laid_out.days) > 5 or any(each.last_day > first + timedelta(days=4) for each in salesforce)
    return {
        "person": person,
        "people": list(stage.world.people),
        "week": laid_out,
        "last_day": first + timedelta(days=6 if weekend else 4),
        "sf_events": salesforce,
        "has_folder": contacts.folder is not None,
        "mail_cards": _page(mail_cards, spot.mail_find, spot.mail_page),
        "sf_cards": _page(sf_cards, spot.sf_find, spot.sf_page),
        "binned": records.binned(),
        "latest_calls": _latest_calls(stage, person),
        "found": proof.find(stage),
        "now": stage.now(person),
        "shift": stage.world.clock.offset_seconds,
        "news": _news(mail, salesforce, mail_cards, sf_cards),
        "ideas": _ideas(mail),
    }


def _page(cards: Sequence[Card], words: str, number: int) -> Cards:
    found = [card for card in cards if all(word in card.words for word in words.casefold().split())]
    pages = max(1, -(-len(found) // PAGE))
    number = min(number, pages)
    return Cards(found[(number - 1) * PAGE : number * PAGE], len(found), len(cards), number, pages)


def _latest_calls(stage: Stage, person: Person) -> list[LatestCall]:
    """The latest calls, newest first."""
    calls = stage.world.calls.latest()[: -CALLS - 1 : -1]
    return [
        LatestCall(zones.to_local(call.at, person.time_zone), _SERVICES.get(call.service, call.service), call)
        for call in calls
    ]


def _news(
    mail: Sequence[Entry], salesforce: Sequence[Entry], mail_cards: Sequence[Card], sf_cards: Sequence[Card]
) -> str:
    """One sentence about what changed just now, for those who do not see the outlines."""
    here = [each.title for each in mail if each.fresh] + [each.name for each in mail_cards if each.fresh]
    there = [each.title for each in salesforce if each.fresh] + [each.name for each in sf_cards if each.fresh]
    said = []
    for names, place in ((here, "in the mailbox"), (there, "in Salesforce")):
        if names:
            more = f" and {len(names) - 1} more" if names[1:] else ""
            said.append(f"“{names[0]}”{more} changed {place}.")
    return " ".join(said)


def _ideas(mail: Sequence[Entry]) -> Entry | None:
    """An event of this week that stands on both sides and can be moved without mailing anybody."""
    both = (each for each in mail if each.on_both and not (each.all_day or each.guests or each.repeats))
    return next(both, None)
