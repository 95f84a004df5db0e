"""Configurations: what an admin decides for a group of people (LS 2.1), as values without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from backend.domain.field_choices import STANDARD, FieldMap
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


class ConflictScope(StrEnum):
    """How much of a thing the winner of a conflict takes (F-5; LS-091, LS-092, LS-170)."""

    FIELD = "field"
    RECORD = "record"


class OneWay(StrEnum):
    """What becomes of text typed on the target of a one-way sync (F-3; LS-114, LS-128)."""

    KEEP = "keep"
    REPLACE = "replace"


class SeriesRule(StrEnum):
    """What a repeating meeting of the mailbox becomes in Salesforce (LS-152)."""

    OFF = "off"
    OCCURRENCES = "occurrences"
    NATIVE = "native"


class CompanyRule(StrEnum):
    """What becomes of a company text that names no account (H-3; LS-080)."""

    KEEP = "keep_text"
    CLEAR = "clear_text"


class StartRule(StrEnum):
    """When Salesforce events that were there before reach the mailbox (F-6; LS-106, LS-107)."""

    EDITED = "wait_for_edit"
    ALL = "all_at_once"


class MovedRule(StrEnum):
    """What it means that an event was moved to another calendar of its mailbox (LS-169)."""

    PARK = "out_of_scope"
    DELETED = "deleted"


class Which(StrEnum):
    """Which events of the mailbox are taken (LS-103, LS-104)."""

    ALL = "all"
    SELECTED = "selected"


class Ownership(StrEnum):
    """Whose Salesforce contacts are taken (LS-037 to LS-039). Only *own* and *all* are a whole choice."""

    OWN = "own"
    ALL = "all"
    UNSET = "unset"
    SELECTED = "selected_contacts"
    """Lightning Sync's *Selected Contacts* without *User's Records*: half set."""
    RECORDS = "users_records"
    """Lightning Sync's *User's Records* without *Selected Contacts*: half set."""

    @property
    def complete(self) -> bool:
        """Whether it selects anything: unset or half set, no Salesforce contact syncs (LS-037)."""
        return self in (Ownership.OWN, Ownership.ALL)


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
    """Which Salesforce contacts belong to a user (LS-037 to LS-044).

    Ownership and every condition must hold; contacts that the user follows in Chatter come on top with `followed`.
    """

    ownership: Ownership = Ownership.OWN
    conditions: tuple[Condition, ...] = ()
    followed: bool = False


@dataclass(frozen=True, slots=True)
class KindSettings:
    """What contacts and events have in common. `field_map`: where it departs from the standard one."""

    direction: Direction
    conflict: ConflictRule
    deletion: DeletionChoice
    conflict_scope: ConflictScope = ConflictScope.FIELD
    one_way: OneWay = OneWay.KEEP
    field_map: FieldMap = STANDARD


@dataclass(frozen=True, slots=True)
class Configuration:
    """A profile of settings. `version` rises with every change; days are whole days.

    company, company_moves: a text that names no account, and one that names another account (H-3) ·
    series, relate, attendees: mailbox → Salesforce (LS-152, LS-137, LS-125) · invite_users: Salesforce users become
    invitees (I-5) · invite_guests: invitees set in Salesforce are written to the mailbox, which mails them ·
    start: Salesforce events that were there before (F-6).
    """

    name: str
    active: bool = True
    version: int = 1
    contacts: KindSettings = KindSettings(Direction.BOTH, ConflictRule.CRM, DeletionChoice.STOP)
    events: KindSettings = KindSettings(Direction.BOTH, ConflictRule.RECENT, DeletionChoice.DELETE)
    contact_filter: ContactFilter = field(default_factory=ContactFilter)
    preference: Preference = Preference.ACTIVITY
    company: CompanyRule = CompanyRule.KEEP
    company_moves: bool = False
    which: Which = Which.ALL
    private: bool = False
    series: SeriesRule = SeriesRule.OCCURRENCES
    relate: bool = True
    attendees: bool = True
    invite_users: bool = False
    invite_guests: bool = False
    guests: GuestRule = GuestRule.HOLD
    start: StartRule = StartRule.EDITED
    moved: MovedRule = MovedRule.PARK
    days_back: int = 30
    days_ahead: int = 180

    def of(self, kind: Kind) -> KindSettings:
        """The settings of one kind."""
        return self.contacts if kind is Kind.CONTACT else self.events


CONTAINERS: Final = MappingProxyType({Kind.CONTACT: "Salesforce_Sync", Kind.EVENT: "calendar"})
"""Where a kind lives in the mailbox: the contact folder's name (LS-055); the default calendar (LS-102)."""
