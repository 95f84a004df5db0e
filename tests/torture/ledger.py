"""What people typed, kept apart from both services: who may see what at the end, and nothing else.

Each thing has a marker that nobody edits. A field is edited on one side only, so that its last typed value has to
stand on both sides at the end; *contested* fields are edited on both, and either side's last value may win.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.sandbox.world import Person

CONTACT, EVENT = "contact", "event"
MAILBOX, SALESFORCE = "mailbox", "salesforce"
SIDES = (MAILBOX, SALESFORCE)
EDITED_AT = {CONTACT: {"title": MAILBOX, "phone": SALESFORCE}, EVENT: {"location": MAILBOX, "description": SALESFORCE}}
CONTESTED = {CONTACT: "department", EVENT: "when"}
FIELDS = {
    CONTACT: ("first", "last", "email", "title", "phone", "mobile", "department", "city"),
    EVENT: ("subject", "location", "description", "when", "all_day"),
}


@dataclass
class Thing:
    """A contact or an event. `typed`: field -> side -> what was last typed there."""

    kind: str
    number: int
    person: Person
    home: str
    ids: dict[str, str] = field(default_factory=dict)
    typed: dict[str, dict[str, str]] = field(default_factory=dict)
    edits: int = 0
    deleted: bool = False

    @property
    def marker(self) -> str:
        """The family name or subject, unique in the world."""
        return f"{'Quist' if self.kind == CONTACT else 'Review'} {self.number:04d}"

    def type(self, side: str, name: str, value: str) -> None:
        """Notes what a person typed; on a field that is not contested it replaces what stood there before."""
        if name != CONTESTED[self.kind]:
            self.typed[name] = {}
        self.typed.setdefault(name, {})[side] = value

    def allowed(self, name: str) -> set[str]:
        """The values that the field may have at the end."""
        return set(self.typed.get(name, {}).values())


@dataclass
class Ledger:
    """All things of the world."""

    things: list[Thing] = field(default_factory=list)

    def add(self, kind: str, person: Person, home: str) -> Thing:
        """One more thing."""
        number = 1 + sum(thing.kind == kind for thing in self.things)
        thing = Thing(kind, number, person, home)
        self.things.append(thing)
        return thing

    def living(self) -> Iterable[Thing]:
        """Things that nobody has deleted."""
        return [thing for thing in self.things if not thing.deleted]
