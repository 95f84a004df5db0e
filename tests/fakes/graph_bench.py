"""The Microsoft adapter against the stand-in: a connection, a mailbox, and the hands of its owner in Outlook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.domain.recurrence import Series
from backend.domain.values import Kind, Values
from backend.microsoft.contact_map import contact_body
from backend.microsoft.directory import MicrosoftConnection
from backend.microsoft.event_map import event_body
from backend.microsoft.mailbox import GraphMailbox
from backend.microsoft.settings import MicrosoftSettings
from backend.ports.metering import CallCounter
from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.microsoft.tenant import Tenant, User
from backend.sandbox.microsoft.web import GraphService
from backend.sandbox.world import World

ADA, BOSS = "ada@lockstep.example", "boss@lockstep.example"
ZONE = "Europe/London"
_DAYS = {"MO": "monday", "TU": "tuesday", "WE": "wednesday", "TH": "thursday", "FR": "friday"}


def settings_of(service: GraphService, ca_file: str | None, **changes: Any) -> MicrosoftSettings:
    """What an administrator would enter for the stand-in."""
    facts = service.credentials()
    given = {
        "login_url": facts["login_url"],
        "graph_url": facts["graph_url"],
        "tenant": facts["tenant_id"],
        "client_id": facts["client_id"],
        "secret": facts["client_secret"],
        "ca_file": ca_file,
    }
    return MicrosoftSettings(**{**given, **changes})


class GraphBench:
    """See `MailboxBench`. Ada's mailbox is the one under test; the boss invites her."""

    def __init__(self, service: GraphService, ca_file: str) -> None:
        self.service = service
        self.ca_file = ca_file
        self.meter = CallCounter()
        self.pauses: list[float] = []
        self.ada = self.tenant.add_user("Ada Example", ADA, ZONE)
        self.boss = self.tenant.add_user("Boss Example", BOSS, ZONE)
        self.connection = MicrosoftConnection(settings_of(service, ca_file), self.meter, sleep=self.pauses.append)
        self.connection.tokens.token()
        self.port: GraphMailbox = self.connection.mailbox(ADA)
        self.meter.calls.clear()
        self.meter.requests.clear()

    @property
    def tenant(self) -> Tenant:
        """What the stand-in's administrator can do."""
        return self.service.tenant

    @property
    def world(self) -> World:
        """Clock, faults, calls and outbox."""
        return self.service.world

    @property
    def box(self) -> Mailbox:
        """Ada's mailbox, as she sees it."""
        return self.box_of(self.ada)

    def box_of(self, user: User) -> Mailbox:
        """A user's mailbox."""
        return self.tenant.mailbox(user.id)

    def calls(self) -> tuple[int, int]:
        """Calls to Graph since the last question, and the requests in them."""
        found = self.meter.calls["microsoft"], self.meter.requests["microsoft"]
        self.meter.calls.clear()
        self.meter.requests.clear()
        return found

    # --- hands ------------------------------------------------------------------------------------------------------

    def create(self, kind: Kind, values: Values, *, guests: Iterable[str] = (), series: Series | None = None) -> str:
        """See MailboxBench."""
        if kind is Kind.CONTACT:
            return self.box.create_contact(contact_body(values, {}), self.box.contact_folder("Salesforce_Sync"))
        return self.box.create_event(meeting_body(values, guests, series))

    def receive_meeting(self, values: Values) -> str:
        """See MailboxBench."""
        self.box_of(self.boss).create_event(meeting_body(values, [ADA]))
        return str(self.box.events()[-1]["id"])

    def edit(self, id: str, values: Values) -> None:
        """See MailboxBench."""
        if self._is_contact(id):
            self.box.update_contact(id, contact_body(values, self.box.contact(id)))
        else:
            self.box.update_event(id, event_body(values, ZONE))

    def delete(self, id: str) -> None:
        """See MailboxBench."""
        (self.box.delete_contact if self._is_contact(id) else self.box.delete_event)(id)

    def move_out(self, id: str) -> None:
        """See MailboxBench."""
        if self._is_contact(id):
            self.box.move_contact(id, self.box.add_contact_folder("Private"))
        else:
            self.box.move_event(id, self.box.add_calendar("Other"))

    def copy(self, id: str) -> str:
        """See MailboxBench."""
        return (self.box.copy_contact if self._is_contact(id) else self.box.copy_event)(id)

    def expire_cursors(self) -> None:
        """See MailboxBench."""
        self.tenant.expire_delta_tokens()

    def mails(self) -> list[str]:
        """See MailboxBench."""
        return [f"{mail.kind} {mail.subject}" for mail in self.world.outbox]

    def _is_contact(self, id: str) -> bool:
        folders = [folder for folder in self.box.folders.values() if folder.kind == "contacts"]
        return any(each["id"] == id for folder in folders for each in self.box.contacts(folder))


def meeting_body(values: Values, guests: Iterable[str] = (), series: Series | None = None) -> dict[str, Any]:
    """An event as Outlook makes it, with guests and a weekly repetition where wanted."""
    body = event_body(values, ZONE)
    body["attendees"] = [{"type": "required", "emailAddress": {"address": address}} for address in guests]
    if series is not None:
        parts = dict(part.split("=") for part in series.rule.split(";"))
        body["recurrence"] = weekly(series.start.date().isoformat(), int(parts["COUNT"]), _DAYS[parts["BYDAY"]])
    return body


def weekly(first: str, count: int, day: str) -> dict[str, Any]:
    """A weekly recurrence, as it is written."""
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [day], "firstDayOfWeek": "monday"},
        "range": {"type": "numbered", "startDate": first, "numberOfOccurrences": count},
    }
