"""From addresses to people in Salesforce, and from people to the relation rows of an event (LS-120 to LS-146, I.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from backend.domain.attendees import Attendee, Attendees, Part, Reply
from backend.domain.configuration import Preference

MOST: Final = 50
"""Attendees that Salesforce is told of (LS-120), and contacts that it relates to one event (SF-113)."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_PARTS: Final = (Part.REQUIRED, Part.OPTIONAL)


class Sort(IntEnum):
    """What a person is in Salesforce, in the order in which an address is understood (LS-122, LS-139)."""

    USER = 0
    CONTACT = 1
    LEAD = 2


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Salesforce whom an address names."""

    id: str
    sort: Sort
    created_at: datetime | None = None
    updated_at: datetime | None = None
    active_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """A row that ties somebody or something to an event.

    id: of the row · target: whom or what it names · related: it is the event's Who or What · invited: an invitee.
    """

    id: str
    target: str
    related: bool
    invited: bool
    reply: Reply = Reply.NONE


@dataclass(frozen=True, slots=True)
class Found:
    """What one user sees in Salesforce of the people of some events.

    people: by address, case-folded · ties: by event, for those events that were asked about · shared: the
    organisation relates several people to one event (Shared Activities).
    """

    people: Mapping[str, Sequence[Person]] = field(default_factory=dict)
    ties: Mapping[str, Sequence[Tie]] = field(default_factory=dict)
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Relations:
    """What a write does to the people of an event.

    whos: related people, the primary one first (at creation only) · what: the thing it is about (at creation only) ·
    invited: new invitees with their answer · changed: rows that say something else now · removed: rows that go.
    """

    whos: tuple[str, ...] = ()
    what: str | None = None
    invited: tuple[tuple[str, Reply], ...] = ()
    changed: tuple[Tie, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def made(self) -> tuple[str, ...]:
        """Everybody whom this ties to the event, each once."""
        return tuple(dict.fromkeys((*self.whos, *(person for person, _ in self.invited))))


def in_crm(reply: Reply) -> Reply:
    """The answer as Salesforce keeps it: *Accepted/Maybe* is one status there (LS 4.6)."""
    return Reply.ACCEPTED if reply is Reply.TENTATIVE else reply


def guests(attendees: Attendees | None) -> tuple[Attendee, ...]:
    """Whom Salesforce is to be told of: required before optional, no rooms (I-6, LS-121, LS-135).

    A guest's own copy tells of nobody: its record is his alone (LS-126).
    """
    return _people(attendees) if attendees is not None and attendees.own else ()


def _people(attendees: Attendees) -> tuple[Attendee, ...]:
    people = [one for part in _PARTS for one in attendees.people if one.part is part]
    return tuple({one.address: one for one in reversed(people)}[address] for address in _unique(people))


def _unique(people: Iterable[Attendee]) -> list[str]:
    return list(dict.fromkeys(one.address for one in people))


def told(value: object) -> frozenset[tuple[str, Reply]]:
    """What Salesforce is told of a meeting's people, for comparing: whom, and what they answered."""
    attendees = value if isinstance(value, Attendees) else None
    return frozenset((one.address, in_crm(one.reply)) for one in guests(attendees))


def asked_anew(present: Attendees, base: Attendees, now: Attendees, owner: str | None) -> Attendees | None:
    """The guests of a meeting with those whom Salesforce invites or no longer invites since `base` (LS-131).

    None where that changes nothing: who is asked already is not asked again, and nobody asks himself.
    """
    before, after = {one.address for one in base.people}, {one.address for one in now.people}
    here = {one.address for one in present.people} | {owner, present.organizer}
    added = tuple(Attendee(one.address) for one in now.people if one.address not in before | here)
    gone = before - after
    if not added and gone.isdisjoint(one.address for one in present.people):
        return None
    kept = tuple(one for one in present.people if one.address not in gone)
    return Attendees(own=True, organizer=present.organizer, people=(*kept, *added))


def addresses(attendees: Attendees | None) -> tuple[str, ...]:
    """Whose addresses are looked up: an outside organiser first, then the others in their order (I-6)."""
    if attendees is None:
        return ()
    first = [attendees.organizer] if attendees.organizer and not attendees.own else []
    return tuple(dict.fromkeys([*first, *(one.address for one in _people(attendees))]))


def person_of(address: str, found: Found, preference: Preference) -> Person | None:
    """Whom an address means: a user before a contact, a contact before a lead; of several one by the preference."""
    people = found.people.get(address, ())
    if not people:
        return None
    sort = min(person.sort for person in people)
    alike = sorted((person for person in people if person.sort is sort), key=lambda person: person.id)
    return _chosen(alike, preference)


def _chosen(alike: Sequence[Person], preference: Preference) -> Person:
    if preference is Preference.OLDEST:
        return min(alike, key=lambda person: person.created_at or _LONG_AGO)
    latest: Callable[[Person], datetime] = (
        (lambda person: person.updated_at or _LONG_AGO)
        if preference is Preference.UPDATED
        else (lambda person: person.active_at or _LONG_AGO)
    )
    return max(alike, key=latest)


def whos(attendees: Attendees | None, found: Found, preference: Preference, what: str | None = None) -> tuple[str, ...]:
    """Whom a new event is related to, the primary one first (LS-137 to LS-140).

    Contacts go before leads and never together with them; there is one lead at most, and none beside a What (SF-115).
    Without Shared Activities there is one person.
    """
    people = [person for address in addresses(attendees) if (person := person_of(address, found, preference))]
    contacts = list(dict.fromkeys(person.id for person in people if person.sort is Sort.CONTACT))
    leads = [person.id for person in people if person.sort is Sort.LEAD]
    if contacts:
        return tuple(contacts[: MOST if found.shared else 1])
    return tuple(leads[:1]) if what is None else ()


def invitees(
    attendees: Attendees | None, found: Found, preference: Preference, owner: str, *, users: bool
) -> list[tuple[str, Reply]]:
    """Who is asked that Salesforce knows, with the answer, required people first; never the owner himself.

    Of these, Salesforce is told of the first `MOST` (LS-120, I-6). users: Salesforce users are invited too, which
    makes them a copy of the event each (I-5).
    """
    wanted: dict[str, Reply] = {}
    for one in guests(attendees):
        person = person_of(one.address, found, preference)
        if person is not None and person.id != owner and (users or person.sort is not Sort.USER):
            wanted.setdefault(person.id, in_crm(one.reply))
    return list(wanted.items())


def new_event(whos: Sequence[str], what: str | None, wanted: Mapping[str, Reply]) -> Relations:
    """What is written with a new event."""
    return Relations(tuple(whos), what, tuple(wanted.items()))


def changed_event(wanted: Mapping[str, Reply], ties: Iterable[Tie], ours: frozenset[str]) -> Relations:
    """What makes the invitees of an event those that are wanted; only rows that we made go (I-4).

    Who is related stays related, invited or not (LS-142); answers given in Salesforce are replaced (LS-130).
    """
    known = {tie.target: tie for tie in ties}
    invited = tuple((person, reply) for person, reply in wanted.items() if person not in known)
    changed = [
        Tie(tie.id, tie.target, tie.related, invited=True, reply=wanted[tie.target])
        for tie in known.values()
        if tie.target in wanted and (not tie.invited or tie.reply is not wanted[tie.target])
    ]
    surplus = [tie for tie in known.values() if tie.invited and tie.target in ours and tie.target not in wanted]
    changed += [Tie(tie.id, tie.target, related=True, invited=False) for tie in surplus if tie.related]
    return Relations(
        invited=invited, changed=tuple(changed), removed=tuple(tie.id for tie in surplus if not tie.related)
    )


def withdrawn(ties: Iterable[Tie], ours: frozenset[str]) -> Relations | None:
    """What takes everybody off an event that becomes private; None where a person's own relation is in the way."""
    rows = list(ties)
    if any(tie.target not in ours for tie in rows):
        return None
    return Relations(removed=tuple(tie.id for tie in rows))
