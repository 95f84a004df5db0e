"""One mailbox as its owner sees it: contacts, a calendar, other folders, deleted items; and meetings by invitation.

The methods are what a person does in Outlook. Nothing here is mailed: mail that *the API* causes is counted by the
port (`fake_mailbox`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from backend.domain.attendees import Attendee, Part
from backend.domain.projection import project_mailbox
from backend.domain.recurrence import Series, local_date
from backend.domain.values import FieldValue, Kind, Values, overlaid

if TYPE_CHECKING:
    from tests.fakes.world import FakeClock


class Place(StrEnum):
    """Where something lies: the synced folder or default calendar, another one, Deleted Items, or nowhere."""

    CONTAINER = "container"
    ELSEWHERE = "elsewhere"
    BIN = "bin"
    ERASED = "erased"


@dataclass
class Thing:
    """A contact, a single event or the master of a series as the mailbox keeps it."""

    id: str
    kind: Kind
    values: dict[str, FieldValue]
    place: Place = Place.CONTAINER
    etag: int = 1
    tag: UUID | None = None
    transaction: UUID | None = None
    uid: str | None = None
    organizer: str = ""
    guests: tuple[str, ...] = ()
    people: tuple[Attendee, ...] | None = None
    """Who is asked, where a story says more than addresses."""
    cancelled: bool = False
    series: Series | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    by_api: bool = False
    made_with: UUID | None = None
    """The key that the API made it with; a copy of it was made with none."""

    @property
    def alive(self) -> bool:
        """Whether its owner still has it, in whatever folder."""
        return self.place in (Place.CONTAINER, Place.ELSEWHERE)


@dataclass(frozen=True)
class Delivery:
    """A meeting message on its way to a guest's mailbox."""

    address: str
    uid: str
    snapshot: Thing | None
    """None: the meeting was cancelled."""


@dataclass
class Account:
    """A mailbox. `post` holds deliveries that are still on their way; `changed` is the change log of both kinds."""

    address: str
    clock: FakeClock
    accounts: dict[str, Account]
    things: dict[str, Thing] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    post: list[Delivery] = field(default_factory=list)
    cursor_epoch: int = 0
    folder: int = 1
    has_folder: bool = True
    autocorrect: tuple[str, str] = ("--", "\u2013")
    """What this mailbox rewrites in descriptions and notes, unknown to anybody's projection."""
    unreadable: set[str] = field(default_factory=set)
    """Ids that the service neither lists nor answers for."""
    held: set[tuple[str, str, FieldValue]] = field(default_factory=set)
    """Every value that any thing ever had: (id, group, value)."""

    # --- what everything goes through ---------------------------------------------------------------------------

    def rewritten(self, kind: Kind, values: Values) -> dict[str, FieldValue]:
        """Values as this mailbox keeps them: trimmed, and a little autocorrected."""
        kept: dict[str, FieldValue] = {}
        for group, value in values.items():
            tidy = project_mailbox(kind, group, value)
            if isinstance(tidy, str) and group in ("description", "notes"):
                tidy = tidy.replace(*self.autocorrect)
            kept[group] = tidy
        return kept

    def touch(self, thing: Thing) -> Thing:
        """Something about a thing changed: new version, an entry in the change log."""
        thing.etag += 1
        thing.modified_at = self.clock.tick()
        self.changed.append(thing.id)
        self.held |= {(thing.id, group, value) for group, value in thing.values.items()}
        return thing

    def add(self, kind: Kind, values: Values, *, prefix: str = "") -> Thing:
        """A new thing in the synced folder or default calendar."""
        number = len(self.things) + 1
        thing = Thing(
            id=f"{prefix or kind[0]}{number}@{self.address.split('@')[0]}",
            kind=kind,
            values=overlaid({}, self.rewritten(kind, values)),
            uid=f"uid-{number}-{self.address}" if kind is Kind.EVENT else None,
            organizer=self.address,
            created_at=self.clock.now(),
        )
        self.things[thing.id] = thing
        return self.touch(thing)

    def change(self, thing: Thing, values: Values) -> Thing:
        """New values of some groups; None blanks one. Guests are told."""
        changed = overlaid(thing.values, self.rewritten(thing.kind, values))
        if thing.series is not None and "when" in values:
            raise ValueError("a series is moved with `reschedule`")
        thing.values = changed
        self._tell(thing)
        return self.touch(thing)

    def remove(self, thing: Thing, place: Place = Place.BIN) -> None:
        """Into Deleted Items. Guests of one's own meeting are told."""
        if thing.organizer == self.address:
            self._tell(thing, cancelled=True)
        thing.place = place
        self.touch(thing)

    # --- a person at the mailbox --------------------------------------------------------------------------------

    def create(self, kind: Kind, values: Values, *, guests: Iterable[str] = (), series: Series | None = None) -> str:
        """A person makes something; with guests it is sent to them."""
        thing = self.add(kind, values)
        thing.guests = tuple(guests)
        thing.series = series
        self._tell(thing)
        return thing.id

    def edit(self, thing_id: str, values: Values) -> None:
        """A person changes something."""
        self.change(self.things[thing_id], values)

    def delete(self, thing_id: str) -> None:
        """A person deletes something: it lies in Deleted Items."""
        self.remove(self.things[thing_id])

    def erase(self, thing_id: str) -> None:
        """A person deletes something for ever."""
        self.remove(self.things[thing_id], Place.ERASED)

    def restore(self, thing_id: str) -> None:
        """A person takes something back from Deleted Items."""
        self._move(thing_id, Place.CONTAINER)

    def move_out(self, thing_id: str) -> None:
        """A person moves something to another folder or calendar."""
        self._move(thing_id, Place.ELSEWHERE)

    def move_back(self, thing_id: str) -> None:
        """… and back."""
        self._move(thing_id, Place.CONTAINER)

    def copy(self, thing_id: str) -> str:
        """A person copies something: the tag is copied too (MS-092), the meeting is not."""
        original = self.things[thing_id]
        twin = self.add(original.kind, original.values)
        twin.tag = original.tag
        twin.series = original.series
        return twin.id

    def touch_only(self, thing_id: str) -> None:
        """The server touches something without changing it (MS-045, MS-079)."""
        self.touch(self.things[thing_id])

    def read(self, thing_id: str) -> Values | None:
        """What a person sees, None if it is not there any more."""
        thing = self.things.get(thing_id)
        return thing.values if thing is not None and thing.alive else None

    def expire_cursors(self) -> None:
        """The service forgets all cursors of this mailbox (MS-033)."""
        self.cursor_epoch += 1

    def delete_folder(self) -> None:
        """A person deletes the contact folder with all that is in it (H-2)."""
        self.has_folder = False
        for thing in self.living(Kind.CONTACT):
            thing.place = Place.ELSEWHERE

    def container(self, kind: Kind) -> str:
        """Id of the synced folder or calendar; a deleted folder is made again, empty, under a new id (LS-057)."""
        if not self.has_folder:
            self.has_folder = True
            self.folder += 1
        return f"contacts-{self.folder}" if kind is Kind.CONTACT else "calendar"

    def living(self, kind: Kind) -> list[Thing]:
        """All that the owner has."""
        return [thing for thing in self.things.values() if thing.kind is kind and thing.alive]

    def _move(self, thing_id: str, place: Place) -> None:
        thing = self.things[thing_id]
        thing.place = place
        self.touch(thing)

    # --- meetings -----------------------------------------------------------------------------------------------

    def _tell(self, thing: Thing, *, cancelled: bool = False) -> None:
        if thing.organizer != self.address or thing.uid is None:
            return
        for address in thing.guests:
            guest = self.accounts.get(address)
            if guest is not None:
                snapshot = None if cancelled else replace(thing, values=dict(thing.values))
                guest.post.append(Delivery(address, thing.uid, snapshot))

    def invite(self, thing_id: str, addresses: Iterable[str]) -> None:
        """A person adds guests to an own event."""
        thing = self.things[thing_id]
        thing.guests = tuple(dict.fromkeys((*thing.guests, *addresses)))
        self._tell(thing)
        self.touch(thing)

    def ask(self, thing_id: str, *people: Attendee) -> None:
        """A person asks just these people to an own event, or they answer."""
        thing = self.things[thing_id]
        thing.people, thing.guests = people, tuple(one.address for one in people if one.part is not Part.RESOURCE)
        self._tell(thing)
        self.touch(thing)

    def deliver(self, count: int | None = None) -> int:
        """The next deliveries arrive, in order; how many did. A copy that its owner deleted is not made anew."""
        arrived = self.post[:count]
        del self.post[: len(arrived)]
        for delivery in arrived:
            self._receive(delivery)
        return len(arrived)

    def copy_of(self, uid: str) -> Thing | None:
        """This mailbox's copy of a meeting, wherever it lies."""
        found = [thing for thing in self.things.values() if thing.uid == uid]
        return found[0] if found else None

    def _receive(self, delivery: Delivery) -> None:
        mine = self.copy_of(delivery.uid)
        if delivery.snapshot is None:
            if mine is not None and mine.alive:
                mine.cancelled = True
                mine.values["subject"] = f"Canceled: {mine.values.get('subject')}"
                self.touch(mine)
            return
        sent = delivery.snapshot
        if mine is None:
            mine = self.add(Kind.EVENT, sent.values)
            mine.uid, mine.organizer = sent.uid, sent.organizer
        if mine.alive:
            # The organiser's update overwrites the guest's copy (MS-080).
            mine.values, mine.guests, mine.series = dict(sent.values), sent.guests, sent.series
            mine.people = sent.people
            self.touch(mine)

    # --- series -------------------------------------------------------------------------------------------------

    def reschedule(self, thing_id: str, series: Series) -> None:
        """A person changes rule, time or first day of a series: exceptions and cancellations are lost (MS-069)."""
        thing = self.things[thing_id]
        thing.series = replace(series, cancelled=frozenset(), exceptions={})
        self._tell(thing)
        self.touch(thing)

    def shorten(self, thing_id: str, rule: str) -> None:
        """A person changes only the end of a series: exceptions stay."""
        thing = self.things[thing_id]
        thing.series = replace(self._series(thing), rule=rule)
        self._tell(thing)
        self.touch(thing)

    def edit_occurrence(self, thing_id: str, original_start: str, whole: Values) -> None:
        """A person changes one occurrence; `whole` are all its values."""
        thing = self.things[thing_id]
        series = self._series(thing)
        kept = overlaid({}, self.rewritten(Kind.EVENT, whole))
        thing.series = replace(series, exceptions={**series.exceptions, original_start: kept})
        self.held |= {(f"{thing.id}/{original_start}", group, value) for group, value in kept.items()}
        self._tell(thing)
        self.touch(thing)

    def cancel_occurrence(self, thing_id: str, original_start: str) -> None:
        """A person deletes one occurrence."""
        thing = self.things[thing_id]
        series = self._series(thing)
        day: date = local_date(series, original_start)
        others = {start: values for start, values in series.exceptions.items() if start != original_start}
        thing.series = replace(series, cancelled=series.cancelled | {day}, exceptions=others)
        self._tell(thing)
        self.touch(thing)

    @staticmethod
    def _series(thing: Thing) -> Series:
        if thing.series is None:
            raise ValueError(f"{thing.id} is not a series")
        return thing.series
