"""A user's mailbox, and what its owner does in Outlook: plain calls for tests, the seed and the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from backend.sandbox.microsoft import contacts, errors, event_view
from backend.sandbox.microsoft.bodies import as_text
from backend.sandbox.microsoft.calendar import Calendar
from backend.sandbox.microsoft.events import Event, Member, events_of
from backend.sandbox.microsoft.store import Change, Folder, Item, Store

if TYPE_CHECKING:
    from backend.sandbox.microsoft.tenant import Tenant, User

Json = dict[str, Any]


class Mailbox(Store):
    """Contacts, calendars and settings of a user.

    Ids given and returned by these calls are immutable ids; contents are Graph JSON. Nothing done here puts
    mail into the outbox: what people send themselves is their own affair. Hold the world's lock, or have no
    requests running.
    """

    def __init__(self, tenant: Tenant, user: User, time_zone: str) -> None:
        super().__init__(user.id, tenant.world.clock)
        self.tenant = tenant
        self.user = user
        self.settings: Json = _settings(time_zone)
        self.categories: dict[str, Json] = {}
        self.transactions: dict[str, tuple[Event, str]] = {}
        self.meetings: dict[str, Event] = {}
        self.allowed_providers = ["teamsForBusiness"]
        self.collisions: list[int] = []
        self.contacts_folder = self.add_folder("contacts", "Contacts")
        self.calendar = self.add_folder("calendar", "Calendar")
        self.add_folder("deleted", "Deleted Items")

    @property
    def address(self) -> str:
        """The owner's mail address."""
        return self.user.mail

    @property
    def by_owner(self) -> Calendar:
        """The calendar as its owner works in it."""
        return Calendar(self, outbox=[])

    # Calendar

    def create_event(self, body: Json, calendar: Folder | None = None) -> str:
        """Make an event. Raises GraphError as the service would."""
        return self._id(Member(self.by_owner.create(calendar or self.calendar, body)))

    def update_event(self, event_id: str, body: Json) -> None:
        """Change an event, an occurrence or a series."""
        self.by_owner.update(self.member(event_id), body)

    def delete_event(self, event_id: str) -> None:
        """Delete an event, an occurrence or a series, into Deleted Items."""
        self.by_owner.delete(self.member(event_id))

    def delete_occurrence(self, master_id: str, day: date) -> None:
        """Delete what a series has on a day."""
        self.by_owner.delete(self.member(self.occurrence(master_id, day)))

    def update_occurrence(self, master_id: str, day: date, body: Json) -> None:
        """Change what a series has on a day: it becomes an exception."""
        self.update_event(self.occurrence(master_id, day), body)

    def occurrence(self, master_id: str, day: date) -> str:
        """The id of what a series has on a day, by its original date."""
        return self.id_of(self._event(master_id), immutable=True, day=day)

    def respond(self, event_id: str, answer: str, comment: str = "") -> None:
        """Answer an invitation: `accept`, `tentativelyAccept` or `decline`."""
        self.by_owner.respond(self.member(event_id), answer, {"comment": comment, "sendResponse": True})

    def move_event(self, event_id: str, calendar: Folder) -> None:
        """Move an event into another calendar."""
        self.move(self._event(event_id), calendar)

    def copy_event(self, event_id: str) -> str:
        """Copy an event: with its tag, but as an event of its own (MS-092)."""
        return self._id(Member(self.by_owner.duplicate(self._event(event_id))))

    def event(self, event_id: str) -> Json:
        """The event as Graph shows it: UTC, HTML body, immutable ids."""
        return event_view.render(self, self.member(event_id), event_view.Style(immutable=True))

    def events(self, calendar: Folder | None = None) -> list[Json]:
        """Single events and masters of a calendar, as Graph shows them."""
        style = event_view.Style(immutable=True)
        return [event_view.render(self, Member(event), style) for event in events_of(calendar or self.calendar)]

    def add_calendar(self, name: str) -> Folder:
        """Another calendar."""
        return self.add_folder("calendar", name)

    # Contacts

    def create_contact(self, body: Json, folder: Folder | None = None) -> str:
        """Make a contact in a folder (default: Contacts)."""
        return self.id_of(contacts.create(self, folder or self.contacts_folder, body), immutable=True)

    def create_distribution_list(self, name: str, folder: Folder | None = None) -> None:
        """A distribution list: counted in its folder, never returned (MS-017)."""
        contacts.create(self, folder or self.contacts_folder, {"displayName": name}, counted_only=True)

    def update_contact(self, contact_id: str, body: Json) -> None:
        """Change a contact."""
        contacts.update(self, self._item(contact_id), body)

    def delete_contact(self, contact_id: str) -> None:
        """Delete a contact, into Deleted Items."""
        self.discard(self._item(contact_id))

    def move_contact(self, contact_id: str, folder: Folder) -> None:
        """Move a contact into another folder (MS-036)."""
        self.move(self._item(contact_id), folder)

    def copy_contact(self, contact_id: str) -> str:
        """Copy a contact, with its tag (MS-092)."""
        return self.id_of(contacts.duplicate(self, self._item(contact_id)), immutable=True)

    def set_photo(self, contact_id: str, photo: bytes) -> None:
        """Give a contact a photo."""
        self._item(contact_id).photo = photo

    def photo(self, contact_id: str) -> bytes | None:
        """The photo of a contact."""
        return self._item(contact_id).photo

    def format_notes(self, contact_id: str, html: str) -> None:
        """Write formatted notes, as Outlook does: Graph shows their text."""
        contacts.update(self, self._item(contact_id), {"personalNotes": as_text(html)})
        self._item(contact_id).html_notes = html

    def html_notes(self, contact_id: str) -> str | None:
        """The formatted notes of a contact, None if plain text replaced them."""
        return self._item(contact_id).html_notes

    def contact(self, contact_id: str) -> Json:
        """The contact as Graph shows it."""
        return contacts.render(self, self._item(contact_id), immutable=True)

    def contacts(self, folder: Folder | None = None) -> list[Json]:
        """The contacts of a folder, as Graph shows them."""
        items = (folder or self.contacts_folder).items.values()
        return [contacts.render(self, item, immutable=True) for item in items if not item.counted_only]

    def add_contact_folder(self, name: str, parent: Folder | None = None) -> Folder:
        """A contact folder below Contacts or below another one."""
        return self.add_folder("contacts", name, parent or self.contacts_folder)

    def contact_folder(self, name: str) -> Folder:
        """The contact folder of a name. Raises GraphError 404."""
        for folder in self.folders.values():
            if folder.kind == "contacts" and folder.name == name:
                return folder
        raise errors.folder_not_found()

    def delete_folder(self, folder: Folder) -> None:
        """Delete a folder with all in it; `rename_folder` renames one."""
        self.remove_folder(folder)

    # Any item

    def add_event(self, event: Event) -> None:
        """Put a new event into its calendar."""
        self.insert(event)
        self.meetings[event.uid] = event

    def holds(self, item: Item) -> bool:
        """Whether an item is there, not in Deleted Items."""
        return self.items.get(item.number) is item and item.folder is not self.deleted

    def copy_of(self, uid: str) -> Event | None:
        """This mailbox's copy of a meeting, if it is there."""
        event = self.meetings.get(uid)
        return event if event and self.holds(event) else None

    def undelete(self, item_id: str) -> None:
        """Take an item out of Deleted Items; its immutable id stays the same."""
        self.restore(self._anywhere(item_id))

    def touch_item(self, item_id: str) -> None:
        """A new change key without a change of content, as the server's own work gives (MS-045, MS-079)."""
        self.touch(self._item(item_id))

    def tag_of(self, item_id: str, property_id: str) -> str | None:
        """The value of an extended property, or None."""
        item, day = self.find(item_id)
        override = Member(item, day).override if isinstance(item, Event) else None
        return (override or item).extended.get(property_id)

    def set_tag(self, item_id: str, property_id: str, value: str | None) -> None:
        """Set an extended property by its canonical id, or remove it with None."""
        item = self._item(item_id)
        self.set_extended(item, {property_id: value})
        self.touch(item)

    def collide_next_write(self, status: int = 412) -> None:
        """The next PATCH or DELETE of an item loses against another writer (MS-047)."""
        self.collisions.append(status)

    def member(self, event_id: str) -> Member:
        """An event, or the occurrence of a series, by either id. Raises GraphError 404."""
        item, day = self.find(event_id)
        if not isinstance(item, Event) or not _is_there(item, day):
            raise errors.item_not_found()
        return Member(item, day)

    def on_change(self, listener: Callable[[Change, Item, Folder], None]) -> None:
        """Be told of every change: what happened, to which item, in which folder."""
        self.listeners.append(listener)

    def _event(self, event_id: str) -> Event:
        return self.member(event_id).event

    def _item(self, item_id: str) -> Item:
        return self.find(item_id)[0]

    def _anywhere(self, item_id: str) -> Item:
        for item in self.deleted.items.values():
            if self.id_of(item, immutable=True) == item_id:
                return item
        raise errors.item_not_found()

    def _id(self, member: Member) -> str:
        return self.id_of(member.event, immutable=True, day=member.day)


def _is_there(event: Event, day: date | None) -> bool:
    if day is None:
        return True
    return event.days is not None and day not in event.cancelled and (day in event.exceptions or day in event.days)


def _settings(time_zone: str) -> Json:
    days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    return {
        "archiveFolder": None,
        "timeZone": time_zone,
        "dateFormat": "dd.MM.yyyy",
        "timeFormat": "HH:mm",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "userPurpose": "user",
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "workingHours": {
            "daysOfWeek": days,
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": time_zone},
        },
    }
