"""Paths of one mailbox below /v1.0; ids are case-sensitive and percent-encoded (MS-011)."""

from __future__ import annotations

from urllib.parse import quote


class Places:
    """Where things are in the mailbox of `user` (object id or user principal name)."""

    def __init__(self, user: str) -> None:
        self.user = f"/users/{quote(user, safe='@')}"
        self.settings = f"{self.user}/mailboxSettings"
        self.folders = f"{self.user}/contactFolders"
        self.calendar = f"{self.user}/calendar"
        self.calendars = f"{self.user}/calendars"
        self.calendar_view_delta = f"{self.user}/calendarView/delta"
        self.events = f"{self.user}/calendar/events"

    def folder(self, folder: str) -> str:
        """A contact folder."""
        return f"{self.folders}/{quote(folder, safe='')}"

    def contacts(self, folder: str) -> str:
        """The contacts of a folder."""
        return f"{self.folder(folder)}/contacts"

    def contact(self, contact: str) -> str:
        """A contact, in whatever folder it lies."""
        return f"{self.user}/contacts/{quote(contact, safe='')}"

    def event(self, event: str) -> str:
        """An event, in whatever calendar it lies."""
        return f"{self.user}/events/{quote(event, safe='')}"

    def event_in(self, calendar: str, event: str) -> str:
        """An event of one calendar."""
        return f"{self.events_in(calendar)}/{quote(event, safe='')}"

    def events_in(self, calendar: str) -> str:
        """The events of one calendar."""
        return f"{self.calendars}/{quote(calendar, safe='')}/events"

    def instances(self, master: str) -> str:
        """The occurrences of a series."""
        return f"{self.event(master)}/instances"
