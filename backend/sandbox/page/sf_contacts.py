"""Contacts in Salesforce, and the Recycle Bin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.sandbox.page.refusals import salesforce_words
from backend.sandbox.page.sf_names import live_row, name_of, options
from backend.sandbox.page.shelf import Card, Done, Form, Values
from backend.sandbox.page.stage import Stage
from backend.sandbox.salesforce.activities import live
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment
from backend.sandbox.world import Person

_FIELDS = {
    "first": "FirstName",
    "last": "LastName",
    "account": "AccountId",
    "title": "Title",
    "email": "Email",
    "phone": "Phone",
    "mobile": "MobilePhone",
    "street": "MailingStreet",
    "city": "MailingCity",
    "code": "MailingPostalCode",
    "state": "MailingState",
    "country": "MailingCountry",
    "notes": "Description",
}
_PLACES = {field: name for name, field in _FIELDS.items()}


class SalesforceContacts:
    """The contacts that one person owns."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self.stage = stage
        self.person = person
        self.user = person.salesforce_id

    def cards(self) -> list[Card]:
        """Every contact."""
        return [self._card(row) for row in live(self.stage.org, "Contact", "OwnerId", self.user)]

    def _card(self, row: Row) -> Card:
        company = name_of(self.stage.org, row.get("AccountId"))
        address, phone = row.get("Email") or "", row.get("MobilePhone") or row.get("Phone") or ""
        return Card(
            id=row["Id"],
            name=row.get("Name") or "",
            company=company,
            reach=address or phone,
            fresh=self.stage.is_fresh_row(row["SystemModstamp"]),
            modified=moment(row["SystemModstamp"]),
            words=" ".join((row.get("Name") or "", company, address, phone)).casefold(),
        )

    def binned(self) -> list[tuple[str, str, str]]:
        """(shelf, id, name) of the person's contacts and events in the Recycle Bin, latest first."""
        rows = [row for row in self.stage.org.bin_rows() if row.get("OwnerId") == self.user]
        rows.sort(key=lambda row: str(row["_deleted"]), reverse=True)
        shelves = {"003": "sf-contact", "00U": "sf-event"}
        named = [
            (shelves.get(row["Id"][:3], ""), row["Id"], row.get("Name") or row.get("Subject") or "") for row in rows
        ]
        return [each for each in named if each[0]]

    def blank(self, day: date) -> Form:
        """An empty form."""
        del day  # contacts have none
        return Form({}, choices={"account": options(self.stage.org, "Account", None)})

    def load(self, item_id: str) -> Form:
        """The contact."""
        with salesforce_words(_PLACES):
            row = live_row(self.stage.org, item_id)
        shown = {name: str(row.get(field) or "").replace("\r\n", "\n").strip() for name, field in _FIELDS.items()}
        return Form(shown, choices={"account": options(self.stage.org, "Account", row.get("AccountId"))})

    def create(self, values: Values) -> Done:
        """Make a contact that the person owns."""
        with salesforce_words(_PLACES):
            self.stage.org.insert("Contact", _data(values, set(values)), self.user)
        return Done(_name(values))

    def change(self, item_id: str, values: Values, changed: set[str]) -> Done:
        """Write what was changed."""
        data = _data(values, changed)
        with salesforce_words(_PLACES):
            live_row(self.stage.org, item_id)
            if data:
                self.stage.org.update(item_id, data, self.user)
        return Done(_name(values), changed=bool(data))

    def delete(self, item_id: str) -> Done:
        """Put the contact into the Recycle Bin."""
        with salesforce_words(_PLACES):
            name = live_row(self.stage.org, item_id).get("Name") or ""
            self.stage.org.delete(item_id, self.user)
        return Done(name, undo=item_id)

    def restore(self, item_id: str) -> Done:
        """Bring the contact back from the Recycle Bin."""
        with salesforce_words(_PLACES):
            self.stage.org.undelete(item_id, self.user)
            return Done(live_row(self.stage.org, item_id).get("Name") or "")


def _name(values: Mapping[str, str]) -> str:
    return " ".join(filter(None, (values.get("first"), values.get("last"))))


def _data(values: Mapping[str, str], changed: set[str]) -> dict[str, Any]:
    return {field: values[name] or None for name, field in _FIELDS.items() if name in changed}
