"""What the stand-ins can swear to: mail to guests, calls, faults, and whether anything is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from backend.sandbox.microsoft.events import events_of
from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.page.mail_contacts import FOLDER
from backend.sandbox.page.stage import Stage
from backend.sandbox.world import Mail

KEY = "LockstepKey"
"""The name of the extended property by which Lockstep knows what it made."""


@dataclass(frozen=True)
class Proof:
    """Counts over all people since the start."""

    mails: list[Mail]
    salesforce_calls: int
    microsoft_calls: int
    doubles_in_mailboxes: int
    doubles_in_salesforce: int

    @property
    def doubles(self) -> int:
        """Items that are there more than once, on both sides."""
        return self.doubles_in_mailboxes + self.doubles_in_salesforce


def find(stage: Stage) -> Proof:
    """Count now."""
    calls = stage.world.calls
    return Proof(
        mails=list(stage.world.outbox),
        salesforce_calls=calls.total("salesforce"),
        microsoft_calls=calls.total("microsoft"),
        doubles_in_mailboxes=sum(_in_mailbox(mailbox) for mailbox in stage.tenant.mailboxes.values()),
        doubles_in_salesforce=_in_salesforce(stage),
    )


def _in_mailbox(mailbox: Mailbox) -> int:
    """The same key twice, the same address twice in the folder, or the same subject at the same time twice."""
    keys = sum(len(items) - 1 for (name, _), items in mailbox.tags.items() if name.endswith(KEY) and items)
    folders = [each for each in mailbox.folders.values() if each.kind == "contacts" and each.name == FOLDER]
    addresses = (
        each["address"].casefold()
        for folder in folders
        for item in folder.items.values()
        for each in item.values["emailAddresses"][:1]
    )
    events = (
        (event.values["subject"], event.span.start_utc)
        for event in events_of(mailbox.calendar)
        if event.recurrence is None
    )
    return max(keys, _repeated(addresses) + _repeated(events))


def _in_salesforce(stage: Stage) -> int:
    """Keys are unique there; so the same address, or the same subject at the same time, twice for one owner."""
    contacts = ((row["OwnerId"], row["Email"].casefold()) for row in stage.org.rows("Contact") if row.get("Email"))
    events = (
        (row["OwnerId"], row.get("Subject"), row["StartDateTime"])
        for row in stage.org.rows("Event")
        if not row["IsChild"] and not row["IsRecurrence"]
    )
    return _repeated(contacts) + _repeated(events)


def _repeated(values: Iterable[Hashable]) -> int:
    return sum(number - 1 for number in Counter(values).values())
