"""Plans are data: what is going to happen, one step per pair, with verbs as names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from backend.domain.values import Kind
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
    moved_meeting: tuple[UUID, str] | None = None
    dropped_meeting: UUID | None = None
    todo: Todo | None = None
    """Something to look at again in the next pass."""
    unresolved: Unresolved | None = None
    unit: str = ""
    """What the guards count as one: a series counts once (E-9)."""

    @property
    def writes(self) -> int:
        """Remote writes this step asks for."""
        return len(self.intents)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one user and kind, in a stable order."""

    kind: Kind
    steps: tuple[Step, ...]
    keep: frozenset[str] = frozenset()
    """Refs of things that have to wait: they are looked at again in the next pass."""
    orphans: int = 0
    """Rows cut off from their series that wait for another reading (E-4)."""

    @property
    def writes(self) -> int:
        """Remote writes the plan asks for."""
        return sum(step.writes for step in self.steps)

    @property
    def empty(self) -> bool:
        """Whether nothing is going to happen."""
        return not self.steps
