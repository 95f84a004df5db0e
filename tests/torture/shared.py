"""What three of the people have together: the same contacts, meetings with each other and a customer, and series."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from backend.sandbox.world import Person
from tests.torture.ledger import CONTACT, MAILBOX, MEETING, OCCURRENCE, SALESFORCE, Thing
from tests.torture.people import People, calendar_entry, card, hours, new_contact, type_all

TOGETHER: Final = 3
CONTACTS: Final = 30
MEETINGS: Final = 30
SERIES: Final = 6
"""Every other one is shared; the others have no guests, so that both sides may change their occurrences."""
WEEKS: Final = 12
COMPANY: Final = "Harbour & Sons"
"""A contact without an account would be its owner's alone."""


def share(people: People) -> None:
    """Has three people make all of it. The customers whom they invite are contacts of Salesforce already."""
    people.stage.org.sharing.defaults["Contact"] = "ReadWrite"
    people.stage.org.insert("Account", {"Name": COMPANY})
    for organizer, fellows in _turns(people, CONTACTS):
        _contact(people, organizer, fellows)
    for organizer, fellows in _turns(people, MEETINGS):
        _meeting(people, people.ledger.add(MEETING, organizer, MAILBOX, fellows=fellows))
    for number, (organizer, fellows) in enumerate(_turns(people, SERIES)):
        _series(people, organizer, () if number % 2 else fellows, number)


def _turns(people: People, number: int) -> Iterator[tuple[Person, tuple[Person, ...]]]:
    """Each of the three in turn, with the other two."""
    three = people.stage.world.people[:TOGETHER]
    for position in range(number):
        person = three[position % TOGETHER]
        yield person, tuple(one for one in three if one is not person)


def _contact(people: People, person: Person, fellows: tuple[Person, ...]) -> None:
    thing = people.ledger.add(CONTACT, person, MAILBOX, fellows=fellows)
    fields = new_contact(thing)
    type_all(thing, fields)
    body = card(fields) | {"companyName": COMPANY}
    with people.acting():
        made = {
            one.key: people.stage.mailbox(one).create_contact(body, people.stage.contact_folder(one))
            for one in thing.holders
        }
    thing.ids[MAILBOX] = str(made[person.key])
    people.done["made"] += 1


def _meeting(people: People, thing: Thing) -> None:
    fields = _fields(thing.marker, people.first_day + timedelta(days=1 + thing.number % 40), thing.number)
    fields["guest"] = _customer(people, thing)
    type_all(thing, fields)
    with people.acting():
        thing.ids[MAILBOX] = str(people.stage.mailbox(thing.person).create_event(_invitation(thing, fields)))
    people.done["made"] += 1


def _series(people: People, organizer: Person, fellows: tuple[Person, ...], number: int) -> None:
    first, subject = people.first_day + timedelta(days=1 + number % 5), f"Weekly {number:04d}"
    things = [
        people.ledger.add(
            OCCURRENCE, organizer, MAILBOX, fellows=fellows, day=first + timedelta(weeks=week), subject=subject
        )
        for week in range(WEEKS)
    ]
    guest = _customer(people, things[0]) if fellows else ""
    for thing in things:
        type_all(thing, _fields(subject, thing.day or first, number) | {"guest": guest})
    body = _invitation(things[0], _fields(subject, first, number) | {"guest": guest})
    body["recurrence"] = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [f"{first:%A}".lower()]},
        "range": {
            "type": "numbered",
            "startDate": first.isoformat(),
            "numberOfOccurrences": WEEKS,
            "recurrenceTimeZone": "UTC",
        },
    }
    with people.acting():
        master = str(people.stage.mailbox(organizer).create_event(body))
    for thing in things:
        thing.series = master
    people.done["made"] += WEEKS


def _fields(subject: str, day: date, number: int) -> dict[str, str]:
    return {
        "subject": subject,
        "location": f"Room {number}",
        "description": f"Agenda of {number}",
        "when": hours(day, number % 11, 30),
        "all_day": "False",
    }


def _customer(people: People, thing: Thing) -> str:
    """The address of a contact that the organiser has in Salesforce."""
    known = [one for one in people.ledger.living() if (one.kind, one.home) == (CONTACT, SALESFORCE)]
    his = [one for one in known if one.person is thing.person]
    return next(iter(his[thing.number % len(his)].allowed("email")))


def _invitation(thing: Thing, fields: dict[str, str]) -> dict[str, Any]:
    guests = [*(one.address for one in thing.fellows), *filter(None, [fields["guest"]])]
    body = calendar_entry(fields)
    if guests:
        body["attendees"] = [{"emailAddress": {"address": one}, "type": "required"} for one in guests]
    return body
