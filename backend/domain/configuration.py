"""Configurations: what an admin decides for a group of people (LS 2.1), as values without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from backend.domain.values import Kind


class Direction(StrEnum):
    """Which way a kind of thing flows."""

    OFF = "off"
    TO_CRM = "to_salesforce"
    TO_MAILBOX = "to_mailbox"
    BOTH = "both"

    @property
    def writes_crm(self) -> bool:
        """Whether mailbox changes reach Salesforce."""
        return self in (Direction.TO_CRM, Direction.BOTH)

    @property
    def writes_mailbox(self) -> bool:
        """Whether Salesforce changes reach the mailbox."""
        return self in (Direction.TO_MAILBOX, Direction.BOTH)


class DeletionChoice(StrEnum):
    """What a deletion on one side means for the other (F.1)."""

    STOP = "stop"
    RECREATE = "recreate"
    DELETE = "delete"


class ConflictRule(StrEnum):
    """Who wins where both sides changed the same field group."""

    CRM = "salesforce"
    MAILBOX = "mailbox"
    RECENT = "most_recent"


class Preference(StrEnum):
    """Which of several records with one address is taken (LS-071 to LS-073)."""

    ACTIVITY = "most_recent_activity"
    UPDATED = "most_recently_updated"
    OLDEST = "oldest"


class GuestRule(StrEnum):
    """Answer to a Salesforce change that would mail guests."""

    HOLD = "hold"
    SEND = "send"
    PUT_BACK = "put_back"
    LEAVE = "leave"


class Which(StrEnum):
    """Which events of the mailbox are taken (LS-103, LS-104)."""

    ALL = "all"
    SELECTED = "selected"


class Ownership(StrEnum):
    """Whose Salesforce contacts are taken (LS-038, LS-039)."""

    OWN = "own"
    ALL = "all"


class Operator(StrEnum):
    """Comparisons in a contact filter."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a Salesforce field; `field` is its API name."""

    field: str
    operator: Operator
    value: str = ""


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which Salesforce contacts belong to a user: ownership, and every condition (LS-037 to LS-044)."""

    ownership: Ownership = Ownership.OWN
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class KindSettings:
    """What contacts and events have in common."""

    direction: Direction
    conflict: ConflictRule
    deletion: DeletionChoice


@dataclass(frozen=True, slots=True)
class Configuration:
    """A profile of settings. `version` rises with every change; days are whole days."""

    name: str
    active: bool = True
    version: int = 1
    contacts: KindSettings = KindSettings(Direction.BOTH, ConflictRule.CRM, DeletionChoice.STOP)
    events: KindSettings = KindSettings(Direction.BOTH, ConflictRule.RECENT, DeletionChoice.DELETE)
    contact_filter: ContactFilter = field(default_factory=ContactFilter)
    preference: Preference = Preference.ACTIVITY
    which: Which = Which.ALL
    private: bool = False
    guests: GuestRule = GuestRule.HOLD
    days_back: int = 30
    days_ahead: int = 180

    def of(self, kind: Kind) -> KindSettings:
        """The settings of one kind."""
        return self.contacts if kind is Kind.CONTACT else self.events


CONTAINERS: Final = MappingProxyType({Kind.CONTACT: "Salesforce_Sync", Kind.EVENT: "calendar"})
"""Where a kind lives in the mailbox: the contact folder's name (LS-055); the default calendar (LS-102)."""
