"""The form of an event or a contact: what stands in it, what is wrong with it, and reading it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from backend.sandbox.page.event_times import FIELDS as TIMES
from backend.sandbox.page.mail_contacts import MailContacts
from backend.sandbox.page.mail_events import MailEvents
from backend.sandbox.page.refusals import WHOLE
from backend.sandbox.page.sf_contacts import SalesforceContacts
from backend.sandbox.page.sf_events import SalesforceEvents
from backend.sandbox.page.shelf import Form, Shelf, Values
from backend.sandbox.page.spot import NEW
from backend.sandbox.page.stage import Stage
from backend.sandbox.world import Person

MAIL_EVENT, MAIL_CONTACT, SF_EVENT, SF_CONTACT = SHELVES = ("mail-event", "mail-contact", "sf-event", "sf-contact")
EVENTS: Final = (MAIL_EVENT, SF_EVENT)
_EVENT: Final = ("subject", *TIMES, "place", "notes", "private", "show_as")
_CONTACT: Final = (
    "first", "last", "title", "email", "phone", "mobile", "street", "city", "code", "state", "country", "notes",
)  # fmt: skip
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    MAIL_EVENT: (*_EVENT, "guests", "repeats", "times"),
    SF_EVENT: (*_EVENT, "who", "what"),
    MAIL_CONTACT: (*_CONTACT, "company"),
    SF_CONTACT: (*_CONTACT, "account"),
}
LABELS: Final = {
    "subject": "Subject", "first_day": "Starts", "start": "Start time", "last_day": "Ends", "end": "End time",
    "zone": "Time zone", "place": "Place", "notes": "Notes", "private": "Private", "show_as": "Show as",
    "guests": "Guests", "repeats": "Repeats", "times": "How many times", "who": "Who", "what": "What",
    "first": "First name", "last": "Last name", "title": "Title", "email": "E-mail", "phone": "Business phone",
    "mobile": "Mobile", "street": "Street", "city": "City", "code": "Postal code", "state": "State or province",
    "country": "Country", "company": "Company", "account": "Account",
}  # fmt: skip


@dataclass(frozen=True)
class Editor:
    """An open form. `errors` are sentences by field; `was` is what stood in it when it was opened."""

    shelf: str
    item: str
    form: Form
    values: Values
    was: str
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether saving makes an item."""
        return self.item == NEW

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(field, sentence) of what is wrong at fields, in the order of the form."""
        return [(name, self.errors[name]) for name in LABELS if name in self.errors]

    @property
    def refused(self) -> str:
        """What is wrong with the form as a whole."""
        return self.errors.get(WHOLE, "")


def shelf_of(stage: Stage, person: Person, key: str) -> Shelf:
    """The shelf of that key. Raises KeyError for another word."""
    kinds: dict[str, type[MailEvents] | type[MailContacts] | type[SalesforceEvents] | type[SalesforceContacts]] = {
        MAIL_EVENT: MailEvents,
        MAIL_CONTACT: MailContacts,
        SF_EVENT: SalesforceEvents,
        SF_CONTACT: SalesforceContacts,
    }
    return kinds[key](stage, person)


def opened(shelf: Shelf, key: str, item: str, day: date) -> Editor:
    """The form of a new item (an event on that day) or of an existing one. Raises Gone."""
    form = shelf.blank(day) if item == NEW else shelf.load(item)
    was = "{}" if item == NEW else json.dumps(form.values)
    return Editor(key, item, form, form.values, was)


def read(key: str, given: Mapping[str, str]) -> Values:
    """The fields of a form that was sent."""
    return {name: given.get(name, "").replace("\r\n", "\n").strip() for name in FIELDS[key]}


def changed(values: Values, was: str) -> set[str]:
    """The fields in which something else stands than when the form was opened."""
    try:
        before = json.loads(was)
    except ValueError:
        before = None
    if not isinstance(before, dict):
        return set(values)
    return {name for name, text in values.items() if text != before.get(name, "")}
