"""The mailbox of one user, whatever service keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Flag, auto
from typing import Protocol
from uuid import UUID

from backend.domain.recurrence import Series
from backend.domain.values import Kind, Values
from backend.ports.answers import Answer, Verdict, Write


class Caps(Flag):
    """What may be done to an item (I.1); the adapter computes it from the item itself."""

    NONE = 0
    UPDATE = auto()
    DELETE = auto()
    ORGANIZER = auto()
    """The mailbox's owner organises it (always set on contacts)."""
    WOULD_MAIL = auto()
    """A change or a deletion would make the provider mail the guests; there is no silent way (MS-074, MS-076)."""

    @property
    def own(self) -> bool:
        """Freely writable."""
        return Caps.UPDATE in self and Caps.ORGANIZER in self and Caps.WOULD_MAIL not in self


OWN = Caps.UPDATE | Caps.DELETE | Caps.ORGANIZER


@dataclass(frozen=True, slots=True)
class Item:
    """A contact, a single event, or the master of a series, as the mailbox holds it.

    version: etag or change key; equality only · uid: iCalendar UID of the event or of its series · organizer: address ·
    modified_at: the mailbox's own clock · series: set for masters only · problem: why details could not be read or
    understood (unknown time zone, malformed pattern), in one sentence: the item is then reported and waits.
    """

    id: str
    version: str
    values: Values
    caps: Caps = OWN
    key_tag: UUID | None = None
    uid: str | None = None
    organizer: str | None = None
    guests: int = 0
    cancelled: bool = False
    modified_at: datetime | None = None
    created_at: datetime | None = None
    series: Series | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of changes. `removed` are hints. `cursor` is set on the last page only, and then final (B.4)."""

    items: tuple[Item, ...]
    removed: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Days that a calendar is listed for, `first` inclusive, `end` exclusive; frozen in the cursor (MS-025)."""

    first: date
    end: date


@dataclass(frozen=True, slots=True)
class Probe:
    """What to look for by natural key: an address or a full name and company; or subject, start and end."""

    id: UUID
    values: Values


@dataclass(frozen=True, slots=True)
class MailboxIdentity:
    """Who the mailbox is: its id never changes with its address. `zone` is an IANA name."""

    id: str
    address: str
    zone: str


class Mailbox(Protocol):
    """One user's contacts folder and default calendar. All calls raise the errors of `ports.errors`."""

    @property
    def batch_size(self) -> int:
        """How many writes one call of `write` may carry."""
        ...

    def identity(self) -> MailboxIdentity:
        """Who answers. Raises AccessLost where nobody does."""
        ...

    def container(self, kind: Kind) -> str:
        """Id of the folder or calendar, found by name before it is made (LS-057, H-1)."""
        ...

    def changes(self, kind: Kind, container: str, cursor: str | None, span: Span) -> Iterator[Page]:
        """Changes since the cursor, or everything if it is None. Raises CursorExpired, ContainerGone."""
        ...

    def fetch(self, kind: Kind, container: str, ids: Sequence[str]) -> Mapping[str, Item | Verdict]:
        """Each id's present state; every id asked for is in the answer. GONE is confirmed absence."""
        ...

    def find_tagged(self, kind: Kind, container: str, keys: Sequence[UUID]) -> list[Item]:
        """Items that carry one of the keys, wherever in the container or calendar they lie."""
        ...

    def find_elsewhere(self, kind: Kind, container: str, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        """Ids of items with these keys that lie in other folders or calendars, by key; never of deleted ones."""
        ...

    def find_like(self, kind: Kind, container: str, probes: Sequence[Probe]) -> Mapping[UUID, list[Item]]:
        """Items equal by natural key, the window ignored (F2 in sync.md C.2); by probe id."""
        ...

    def write(self, container: str, writes: Sequence[Write]) -> list[Answer[Item]]:
        """Applies up to `batch_size` writes of one kind. Raises Unclear if the answer was lost."""
        ...
