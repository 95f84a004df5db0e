"""People at work on both sides: they make contacts and events, edit them, and delete some events."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.fakes.stage import Stage
from tests.torture.ledger import CONTACT, EVENT, MAILBOX, MEETING, OCCURRENCE, SALESFORCE, SIDES, Ledger, Thing

MOST_DELETIONS = 5
"""Per person: well below what a pass holds back as a mass deletion."""
ALL_DAY_EVERY = 9
DELETABLE = (EVENT, OCCURRENCE)
DELETABLE_EVERY = 7


class People:
    """Everybody on the stage. All that they do goes into the ledger; `chance` decides what they do.

    paired: whether a record's copies in so many mailboxes are acknowledged. Only then is either deleted: a copy that
    was deleted before its maker learnt that it had been made cannot be told from one that was never made, and is made
    again. And only then is a card edited that several people have: what differs when cards are first matched stays, by
    the rule for that (F1).
    """

    def __init__(self, stage: Stage, chance: random.Random, paired: Callable[[str, int], bool]) -> None:
        self.stage = stage
        self.chance = chance
        self.paired = paired
        self.ledger = Ledger()
        self.mails = 0
        """How many people sent themselves, by what they did."""
        self.done = dict.fromkeys(("made", "edited", "deleted"), 0)
        self._deletions: dict[str, int] = {}
        self.first_day = stage.world.clock.now().date()

    def make(self, kind: str, number: int) -> None:
        """So many things of a kind, half on each side, spread over all people."""
        people = self.stage.world.people
        for position in range(number):
            side = SIDES[position % 2]
            self._make(self.ledger.add(kind, people[position // 2 % len(people)], side))

    def work(self, steps: int) -> None:
        """So many edits; now and then a deletion instead."""
        for _ in range(steps):
            thing = self.chance.choice(list(self.ledger.living()))
            with self.acting():
                if thing.kind in DELETABLE and not thing.fellows and thing.number % DELETABLE_EVERY == 0:
                    self._delete(thing)
                else:
                    self._edit(thing)

    # --- making --------------------------------------------------------------------------------------------------

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Somebody acts, and nothing else happens meanwhile; whom he mails by that is his own affair."""
        with self.stage.world.lock:
            before = len(self.stage.world.outbox)
            yield
            self.mails += len(self.stage.world.outbox) - before

    def _make(self, thing: Thing) -> None:
        fields = new_contact(thing) if thing.kind == CONTACT else self._new_event(thing)
        type_all(thing, fields)
        with self.acting():
            thing.ids[thing.home] = self._create(thing, fields)
        self.done["made"] += 1

    def _create(self, thing: Thing, fields: dict[str, str]) -> str:
        body = _BODIES[thing.kind, thing.home](fields)
        if thing.home == SALESFORCE:
            owner = thing.person.salesforce_id
            row = {"OwnerId": owner, **body}
            return str(self.stage.org.insert(thing.kind.title(), row, owner))
        mailbox = self.stage.mailbox(thing.person)
        if thing.kind == CONTACT:
            return str(mailbox.create_contact(body, self.stage.contact_folder(thing.person)))
        return str(mailbox.create_event(body))

    def _new_event(self, thing: Thing) -> dict[str, str]:
        day = self.first_day + timedelta(days=thing.number * 7 % 160 - 15)
        all_day = thing.number % ALL_DAY_EVERY == 0
        return {
            "subject": thing.marker,
            "location": f"Room {thing.number}",
            "description": f"Agenda of {thing.number}",
            "when": _days(day, 1 + thing.number % 2) if all_day else hours(day, thing.number % 11, 30),
            "all_day": str(all_day),
            "guest": "",
        }

    # --- editing ---------------------------------------------------------------------------------------------------

    def _edit(self, thing: Thing) -> None:
        name, side = self.chance.choice(thing.choices)
        found = self._find(thing, side)
        if found is None or not self._in_step(thing):
            return
        value = self._value(thing, name)
        body = _BODIES[thing.kind, side]({name: value})
        if side == SALESFORCE:
            self.stage.org.update(found, body, thing.person.salesforce_id)
        elif thing.kind == CONTACT:
            self.stage.mailbox(thing.person).update_contact(found, body)
        else:
            self.stage.mailbox(thing.person).update_event(found, body)
        thing.type(side, name, value)
        thing.edits += 1
        self.done["edited"] += 1

    def _in_step(self, thing: Thing) -> bool:
        """Whether it may be edited: only a card that several people have must be known of all of them first."""
        if thing.kind != CONTACT or not thing.fellows:
            return True
        record = self._find(thing, SALESFORCE)
        return record is not None and self.paired(record, len(thing.holders))

    def _value(self, thing: Thing, name: str) -> str:
        number = f"{thing.number}.{thing.edits + 1}"
        if name == "when":
            day = thing.day or self.first_day + timedelta(days=self.chance.randrange(150))
            return hours(day, self.chance.randrange(11), 45)
        return f"+46 31 {number}" if name == "phone" else f"{name.title()} {number}"

    def _delete(self, thing: Thing) -> None:
        """Only what nobody ever edited: an edit against a deletion is a story of its own (F-1)."""
        side = self.chance.choice(SIDES)
        counted = self._deletions.get(thing.person.key, 0)
        found = self._find(thing, side)
        if found is None or self._find(thing, _other(side)) is None or counted >= MOST_DELETIONS:
            return
        if not self.paired(thing.ids[SALESFORCE], 1):
            return
        if side == SALESFORCE:
            self.stage.org.delete(found, thing.person.salesforce_id)
        else:
            self.stage.mailbox(thing.person).delete_event(found)
        thing.deleted = True
        self._deletions[thing.person.key] = counted + 1
        self.done["deleted"] += 1

    # --- finding ---------------------------------------------------------------------------------------------------

    def _find(self, thing: Thing, side: str) -> str | None:
        """Its id on a side; None as long as nobody made it there."""
        if thing.kind == OCCURRENCE and side == MAILBOX:
            return str(self.stage.mailbox(thing.person).occurrence(thing.series, thing.day))
        if side not in thing.ids:
            found = self._in_salesforce(thing) if side == SALESFORCE else self._in_mailbox(thing)
            if found is None:
                return None
            thing.ids[side] = found
        return thing.ids[side]

    def _in_salesforce(self, thing: Thing) -> str | None:
        rows = self.stage.org.rows("Contact" if thing.kind == CONTACT else "Event")
        return next((str(row["Id"]) for row in rows if _is(thing, row)), None)

    def _in_mailbox(self, thing: Thing) -> str | None:
        mailbox = self.stage.mailbox(thing.person)
        if thing.kind == CONTACT:
            items = mailbox.contacts(self.stage.contact_folder(thing.person))
            return next((str(item["id"]) for item in items if item["surname"] == thing.marker), None)
        return next((str(item["id"]) for item in mailbox.events() if item["subject"] == thing.marker), None)


def _is(thing: Thing, row: Mapping[str, Any]) -> bool:
    if thing.kind == CONTACT:
        return bool(row["LastName"] == thing.marker)
    if thing.kind != OCCURRENCE:
        return bool(row["Subject"] == thing.marker)
    (when,) = thing.allowed("when")
    return row["Subject"] == thing.subject and str(row["StartDateTime"]).startswith(when.partition("/")[0])


def type_all(thing: Thing, fields: Mapping[str, str]) -> None:
    """Notes what its maker typed."""
    for name, value in fields.items():
        thing.type(thing.home, name, value)


def _other(side: str) -> str:
    return MAILBOX if side == SALESFORCE else SALESFORCE


# --- what is typed, and how each service takes it ------------------------------------------------------------------


def new_contact(thing: Thing) -> dict[str, str]:
    """The fields of a new contact."""
    number = thing.number
    return {
        "first": f"Ines{number % 13}",
        "last": thing.marker,
        "email": f"quist{number:04d}@customer{number % 40}.example",
        "title": f"Buyer {number}",
        "phone": f"+46 31 {number}",
        "mobile": f"+46 70 {number}",
        "department": f"Purchasing {number}",
        "city": f"Town {number % 17}",
    }


def hours(day: date, hour: int, minutes: int) -> str:
    """So many minutes of a day, from so many hours after seven, UTC."""
    start = datetime(day.year, day.month, day.day, 7 + hour, tzinfo=UTC)
    return f"{_text(start)}/{_text(start + timedelta(minutes=minutes))}"


def _days(first: date, count: int) -> str:
    """Whole days; the end is exclusive."""
    return f"{first.isoformat()}T00:00:00/{(first + timedelta(days=count)).isoformat()}T00:00:00"


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def card(fields: dict[str, str]) -> dict[str, Any]:
    """Fields of a contact as Graph takes them."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "email":
            body["emailAddresses"] = [{"address": value, "name": value}]
        elif name == "phone":
            body["businessPhones"] = [value]
        elif name == "city":
            body["businessAddress"] = {"city": value}
        else:
            body[_CARD[name]] = value
    return body


def calendar_entry(fields: dict[str, str]) -> dict[str, Any]:
    """Fields of an event as Graph takes them; guests apart."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "when":
            start, end = value.split("/")
            body |= {"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}}
        elif name == "all_day":
            body["isAllDay"] = value == "True"
        elif name == "location":
            body["location"] = {"displayName": value}
        elif name == "description":
            body["body"] = {"contentType": "text", "content": value}
        elif name != "guest":
            body[name] = value
    return body


def _contact_row(fields: dict[str, str]) -> dict[str, Any]:
    return {_ROW[name]: value for name, value in fields.items()}


def _event_row(fields: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {name.title(): value for name, value in fields.items() if name not in _NO_COLUMN}
    if "when" in fields:
        start, end = fields["when"].split("/")
        if fields.get("all_day") == "True":
            row["IsAllDayEvent"] = True
            end = (datetime.fromisoformat(end) - timedelta(days=1)).isoformat()
        row |= {"StartDateTime": f"{start}.000Z", "EndDateTime": f"{end}.000Z"}
    return row


_CARD = {
    "first": "givenName",
    "last": "surname",
    "title": "jobTitle",
    "mobile": "mobilePhone",
    "department": "department",
}
_ROW = {
    "first": "FirstName",
    "last": "LastName",
    "email": "Email",
    "title": "Title",
    "phone": "Phone",
    "mobile": "MobilePhone",
    "department": "Department",
    "city": "MailingCity",
}
_NO_COLUMN = ("when", "all_day", "guest")
_BODIES = {
    (CONTACT, MAILBOX): card,
    (CONTACT, SALESFORCE): _contact_row,
    **{(kind, MAILBOX): calendar_entry for kind in (EVENT, MEETING, OCCURRENCE)},
    **{(kind, SALESFORCE): _event_row for kind in (EVENT, OCCURRENCE)},
}
