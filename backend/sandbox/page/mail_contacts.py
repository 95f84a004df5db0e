"""Contacts in the mailbox, in the folder that Lockstep keeps in step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.microsoft.store import Folder, Item
from backend.sandbox.page.refusals import mailbox_words
from backend.sandbox.page.shelf import Card, Done, Form, Values
from backend.sandbox.page.stage import Stage
from backend.sandbox.world import Person

FOLDER = "Salesforce_Sync"
# Fields of the form that are plain texts of the contact, or parts of its business address.
_TEXTS = {
    "first": "givenName",
    "last": "surname",
    "company": "companyName",
    "title": "jobTitle",
    "mobile": "mobilePhone",
    "notes": "personalNotes",
}
_ADDRESS = {"street": "street", "city": "city", "code": "postalCode", "state": "state", "country": "countryOrRegion"}


class MailContacts:
    """The folder of one person."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self.stage = stage
        self.person = person
        self.mailbox: Mailbox = stage.mailbox(person)

    @property
    def folder(self) -> Folder | None:
        """The folder; None as long as neither Lockstep nor its owner has made one."""
        folders = self.mailbox.folders.values()
        return next((each for each in folders if each.kind == "contacts" and each.name == FOLDER), None)

    def cards(self) -> list[Card]:
        """Every contact of the folder."""
        items = self.folder.items.values() if self.folder else ()
        return [self._card(item) for item in items if not item.counted_only]

    def _card(self, item: Item) -> Card:
        values = item.values
        address = _first(values["emailAddresses"]).get("address", "")
        phone = values["mobilePhone"] or next(iter(values["businessPhones"]), "")
        name = values["displayName"] or address
        return Card(
            id=self.mailbox.id_of(item, immutable=True),
            name=name,
            company=values["companyName"] or "",
            reach=address or phone,
            fresh=self.stage.is_fresh(item.modified),
            modified=item.modified,
            words=" ".join((name, values["companyName"] or "", address, phone)).casefold(),
        )

    def blank(self, day: date) -> Form:
        """An empty form."""
        del day  # contacts have none
        return Form({})

    def load(self, item_id: str) -> Form:
        """The contact."""
        with mailbox_words():
            values = self.mailbox.contact(item_id)
        shown = {name: values[field] or "" for name, field in _TEXTS.items()}
        shown |= {name: values["businessAddress"].get(part, "") for name, part in _ADDRESS.items()}
        shown["email"] = _first(values["emailAddresses"]).get("address", "")
        shown["phone"] = next(iter(values["businessPhones"]), "")
        return Form({name: text.replace("\r\n", "\n").strip() for name, text in shown.items()})

    def create(self, values: Values) -> Done:
        """Make a contact, and the folder if there is none yet."""
        with mailbox_words():
            folder = self.folder or self.mailbox.add_contact_folder(FOLDER)
            self.mailbox.create_contact(_body(values, {name for name in values if values[name]}, {}), folder)
        return Done(_name(values))

    def change(self, item_id: str, values: Values, changed: set[str]) -> Done:
        """Write what was changed; further addresses and numbers of the contact stay."""
        with mailbox_words():
            body = _body(values, changed, self.mailbox.contact(item_id))
            if body:
                self.mailbox.update_contact(item_id, body)
        return Done(_name(values), changed=bool(body))

    def delete(self, item_id: str) -> Done:
        """Delete the contact, into Deleted Items."""
        with mailbox_words():
            name = self.mailbox.contact(item_id)["displayName"] or ""
            self.mailbox.delete_contact(item_id)
        return Done(name, undo=item_id)

    def restore(self, item_id: str) -> Done:
        """Take the contact out of Deleted Items."""
        with mailbox_words():
            self.mailbox.undelete(item_id)
            return Done(self.mailbox.contact(item_id)["displayName"] or "")


def _name(values: Mapping[str, str]) -> str:
    return " ".join(filter(None, (values.get("first"), values.get("last")))) or values.get("email", "")


def _first(addresses: list[dict[str, Any]]) -> dict[str, Any]:
    return addresses[0] if addresses else {}


def _body(values: Mapping[str, str], changed: set[str], present: Mapping[str, Any]) -> dict[str, Any]:
    """What of a form goes to the mailbox, in Graph's words; `present` is the contact as it is."""
    body: dict[str, Any] = {field: values[name] or None for name, field in _TEXTS.items() if name in changed}
    if changed & set(_ADDRESS):
        body["businessAddress"] = {part: values[name] or None for name, part in _ADDRESS.items() if name in changed}
    if "email" in changed:
        first = [{"address": values["email"]}] if values["email"] else []
        body["emailAddresses"] = first + present.get("emailAddresses", [])[1:]
    if "phone" in changed:
        first_phone = [values["phone"]] if values["phone"] else []
        body["businessPhones"] = first_phone + present.get("businessPhones", [])[1:]
    return body
