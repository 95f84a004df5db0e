"""Plans are data: what is going to happen, one step per pair, with verbs as names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from backend.domain.values import Kind
from backend.ports.crm import Right
from backend.sync.state import Conflict, Intent, Line, Link, Meeting, Note, SeriesRow, Todo, Tombstone
from backend.sync.unresolved import Unresolved


class Verb(StrEnum):
    """What a step does."""

    CREATE_RECORD = "create in Salesforce"
    CREATE_ITEM = "create in the mailbox"
    WRITE = "write"
    DELETE_RECORD = "delete in Salesforce"
    DELETE_ITEM = "delete in the mailbox"
    MATCH = "match"
    JOIN = "join the meeting"
    BIND = "bind"
    ADOPT = "agree"
    PARK = "park"
    RETURN = "take up again"
    STOP = "stop following"
    REVIVE = "follow again"
    END = "forget"
    REPOINT = "follow under its new id"
    REALIGN = "follow the new rule"
    NOTE = "report"
    HOLD = "hold for a person"


@dataclass(frozen=True, slots=True)
class Step:
    """One decision. `link`, `line`, `meeting`, `series`: the rows as they will be stored.

    title: subject or name, for people · rule: the reason in words · drop: the link is removed.
    """

    verb: Verb
    kind: Kind
    title: str = ""
    rule: str = ""
    link: Link | None = None
    line: Line | None = None
    meeting: Meeting | None = None
    series: SeriesRow | None = None
    intents: tuple[Intent, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Note, ...] = ()
    tombstone: Tombstone | None = None
    drop: bool = False
    moved_meeting: tuple[UUID, str, int] | None = None
    """Its id, the original start it goes to, and the epoch from which the keys of its next lives are made (E-2)."""
    dropped_meeting: UUID | None = None
    todo: Todo | None = None
    """Something to look at again in the next pass."""
    unresolved: Unresolved | None = None
    doubt: str = ""
    """Why a match may be the wrong one, for whoever takes over what another sync left behind."""
    unit: str = ""
    """What the guards count as one: a series counts once (E-9)."""
    of_standing_series: bool = False
    """It deletes a record only because one reading of its series, which is still there, does not show the meeting."""

    @property
    def writes(self) -> int:
        """Remote writes this step asks for."""
        return len(self.intents)


@dataclass(frozen=True, slots=True)
class Lack:
    """A right that changes wait for (F-7; LS-171 to LS-173). refused: a service's own two sentences, in place of ours.

    Refused a kind as a whole, by licence or permission: nothing of it was planned, so nobody knows what waits.
    """

    kind: Kind
    right: Right
    waiting: int
    refused: tuple[str, str] | None = None

    @property
    def told(self) -> tuple[str, str]:
        """What happened and what to do, a sentence each."""
        if self.refused is not None:
            return self.refused
        waits = "one change waits" if self.waiting == 1 else f"{self.waiting} changes wait"
        happened = f"Salesforce does not let this person {self.right} {self.kind.value}s; {waits} for it."
        named = f"{self.right.value.capitalize()} on {self.kind.value.capitalize()}s"
        return happened, (f"Give the permission {named}, by profile or permission set. It is noticed within an hour.")


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one user and kind, in a stable order."""

    kind: Kind
    steps: tuple[Step, ...]
    keep: frozenset[str] = frozenset()
    """Refs of things that have to wait: they are looked at again in the next pass."""
    orphans: int = 0
    """Rows cut off from their series that wait for another reading (E-4)."""
    again: tuple[Todo, ...] = ()
    """What waits for a right in Salesforce, whatever made this pass look at it (F-7)."""
    reread: tuple[str, ...] = ()
    """Mailbox ids of series that may just have been cut: they are looked at by id at once (E-4)."""
    lacking: Mapping[Right, int] = field(default_factory=dict)
    """How many writes wait for each right."""

    @property
    def writes(self) -> int:
        """Remote writes the plan asks for."""
        return sum(step.writes for step in self.steps)

    @property
    def empty(self) -> bool:
        """Whether nothing is going to happen."""
        return not self.steps
