"""The mailbox port for one user of Microsoft 365."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from backend.domain.values import Kind
from backend.microsoft.batch import SIZE, Batches
from backend.microsoft.calendar import CalendarReader
from backend.microsoft.contact_writer import ContactWriter
from backend.microsoft.contacts import ContactReader
from backend.microsoft.delta import Lists
from backend.microsoft.errors import UNKNOWN_USER
from backend.microsoft.event_writer import EventWriter
from backend.microsoft.identity import ask, find
from backend.microsoft.places import Places
from backend.microsoft.throttle import Gate
from backend.microsoft.transport import Transport
from backend.ports.answers import Answer, Verdict, Write
from backend.ports.errors import AccessLost
from backend.ports.mailbox import Item, MailboxIdentity, Page, Probe, Span


class GraphMailbox:
    """`ports.mailbox.Mailbox` over Graph. `user`: object id, principal name, or a mail address; nothing is asked yet.

    A mail address that is not the principal name is looked up by `identity`, which has to come first then.
    """

    def __init__(self, transport: Transport, gate: Gate, user: str) -> None:
        self._transport = transport
        self._gate = gate
        self._given = user
        self._batches = Batches(transport, gate)
        self._identity: MailboxIdentity | None = None
        self._open(user)

    def _open(self, user: str) -> None:
        lists = Lists(self._transport, self._gate)
        self._places = Places(user)
        self._contacts = ContactReader(self._batches, lists, self._places)
        self._calendar = CalendarReader(self._transport, self._gate, self._batches, lists, self._places, self._owner)
        self._contact_writer = ContactWriter(self._batches, self._places, self._contacts)
        self._event_writer = EventWriter(self._batches, self._places, self._calendar, self._owner, self._home_zone)

    @property
    def batch_size(self) -> int:
        """See Mailbox."""
        return SIZE

    def identity(self) -> MailboxIdentity:
        """See Mailbox. One call; two more for a mail address that is not the principal name."""
        try:
            self._identity = ask(self._batches, self._places)
        except AccessLost as error:
            if error.code.casefold() not in UNKNOWN_USER or "@" not in self._given:
                raise
            found = find(self._batches, self._given)
            if found is None:
                raise
            self._open(found)
            self._identity = ask(self._batches, self._places)
        return self._identity

    def container(self, kind: Kind) -> str:
        """See Mailbox. One call; one more if the folder has to be made."""
        return self._contacts.folder() if kind is Kind.CONTACT else self._calendar.calendar()

    def find_container(self, kind: Kind) -> str | None:
        """As `container`, and None where the folder would have to be made."""
        return self._contacts.find_folder() if kind is Kind.CONTACT else self._calendar.calendar()

    def changes(self, kind: Kind, container: str, cursor: str | None, span: Span) -> Iterator[Page]:
        """See Mailbox. One call if nothing changed."""
        if kind is Kind.CONTACT:
            return self._contacts.changes(container, cursor)
        return self._calendar.changes(cursor, span)

    def fetch(self, kind: Kind, container: str, ids: Sequence[str]) -> Mapping[str, Item | Verdict]:
        """See Mailbox. One call for twenty ids; one more where something lies elsewhere or nowhere."""
        return (self._contacts if kind is Kind.CONTACT else self._calendar).fetch(container, ids)

    def find_tagged(self, kind: Kind, container: str, keys: Sequence[UUID]) -> list[Item]:
        """See Mailbox. One call for a hundred keys."""
        if kind is Kind.CONTACT:
            return self._contacts.find_tagged(container, keys)
        return self._calendar.find_tagged(keys)

    def find_elsewhere(self, kind: Kind, container: str, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        """See Mailbox. One call for the folders, and one for five keys in each of twenty of them."""
        if not keys:
            return {}
        return (self._contacts if kind is Kind.CONTACT else self._calendar).find_elsewhere(container, keys)

    def find_like(self, kind: Kind, container: str, probes: Sequence[Probe]) -> Mapping[UUID, list[Item]]:
        """See Mailbox."""
        if kind is Kind.CONTACT:
            return self._contacts.find_like(container, probes)
        return self._calendar.find_like(probes)

    def write(self, container: str, writes: Sequence[Write]) -> list[Answer[Item]]:
        """See Mailbox. `stored` of an occurrence's write is its series, read back whole."""
        if not writes:
            return []
        if writes[0].kind is Kind.CONTACT:
            return self._contact_writer.write(container, writes)
        return self._event_writer.write(container, writes)

    def _owner(self) -> str | None:
        if self._identity is not None:
            return self._identity.address
        return self._given if "@" in self._given else None

    def _home_zone(self) -> str:
        return (self._identity or self.identity()).zone
