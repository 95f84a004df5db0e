"""What people typed, kept apart from both services: who may see what at the end, and nothing else.

Each thing has a marker that nobody edits. A field is edited on one side only, so that its last typed value has to
stand on both sides at the end; *contested* fields are edited on both, and either side's last value may win.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from backend.sandbox.world import Person

CONTACT, EVENT, MEETING, OCCURRENCE = "contact", "event", "meeting", "occurrence"
"""A meeting has guests, and copies in the mailboxes of those who work here; an occurrence is one of a series."""
KINDS = (CONTACT, EVENT, MEETING, OCCURRENCE)
MAILBOX, SALESFORCE = "mailbox", "salesforce"
SIDES = (MAILBOX, SALESFORCE)
EDITED_AT = {CONTACT: {"title": MAILBOX, "phone": SALESFORCE}, EVENT: {"location": MAILBOX, "description": SALESFORCE}}
BY_ITS_ORGANISER = {"location": MAILBOX, "when": MAILBOX}
"""Of what has guests: Salesforce's changes to it are held for a person, which is a story of its own (I.1)."""
CONTESTED = {CONTACT: "department", EVENT: "when"}
_OF_EVENTS = ("subject", "location", "description", "when", "all_day", "guest")
FIELDS = {
    CONTACT: ("first", "last", "email", "title", "phone", "mobile", "department", "city"),
    EVENT: _OF_EVENTS,
    MEETING: _OF_EVENTS,
    OCCURRENCE: _OF_EVENTS,
}
_CALLED = {CONTACT: "Quist", EVENT: "Review", MEETING: "Meeting"}


@dataclass
class Thing:
    """A contact or an event. `typed`: field -> side -> what was last typed there.

    fellows: others who have it in their mailboxes · series, day: of an occurrence, its master's id and its own day ·
    subject: of a series, which all its occurrences share.
    """

    kind: str
    number: int
    person: Person
    home: str
    ids: dict[str, str] = field(default_factory=dict)
    typed: dict[str, dict[str, str]] = field(default_factory=dict)
    edits: int = 0
    deleted: bool = False
    fellows: tuple[Person, ...] = ()
    series: str = ""
    day: date | None = None
    subject: str = ""

    @property
    def marker(self) -> str:
        """What tells it apart from all others: family name or subject; of an occurrence the present time as well."""
        if self.kind == OCCURRENCE:
            return told_apart(self.subject, *self.allowed("when"))
        return f"{_CALLED[self.kind]} {self.number:04d}"

    @property
    def holders(self) -> tuple[Person, ...]:
        """In whose mailboxes it is."""
        return (self.person, *self.fellows)

    @property
    def choices(self) -> Sequence[tuple[str, str]]:
        """Fields that people edit, each with the side where they do."""
        if self.kind == MEETING or (self.kind == OCCURRENCE and self.fellows):
            return [*BY_ITS_ORGANISER.items()]
        if self.kind == OCCURRENCE:
            return [*EDITED_AT[EVENT].items(), ("when", MAILBOX)]
        if self.typed.get("all_day", {}).get(self.home) == "True":
            return [*EDITED_AT[self.kind].items()]
        return [*EDITED_AT[self.kind].items(), *((CONTESTED[self.kind], side) for side in SIDES)]

    def type(self, side: str, name: str, value: str) -> None:
        """Notes what a person typed; on a field that is not contested it replaces what stood there before."""
        if name != CONTESTED.get(self.kind):
            self.typed[name] = {}
        self.typed.setdefault(name, {})[side] = value

    def allowed(self, name: str) -> set[str]:
        """The values that the field may have at the end."""
        return set(self.typed.get(name, {}).values())


def told_apart(subject: str, when: str) -> str:
    """What tells an occurrence apart from the others of its series."""
    return f"{subject} {when}"


@dataclass
class Ledger:
    """All things of the world."""

    things: list[Thing] = field(default_factory=list)

    def add(self, kind: str, person: Person, home: str, **more: Any) -> Thing:
        """One more thing; `more` are fields of it."""
        number = 1 + sum(thing.kind == kind for thing in self.things)
        thing = Thing(kind, number, person, home, **more)
        self.things.append(thing)
        return thing

    def living(self) -> Iterable[Thing]:
        """Things that nobody has deleted."""
        return [thing for thing in self.things if not thing.deleted]
