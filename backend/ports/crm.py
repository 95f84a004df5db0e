"""Salesforce: as one user for writing, as the integration user for reading the whole organisation once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.field_view import Further
from backend.domain.people import Found
from backend.domain.values import Kind, Values
from backend.ports.answers import Answer, Verdict, Write
from backend.ports.mailbox import Probe


@dataclass(frozen=True, slots=True)
class Record:
    """A Contact or an Event as Salesforce holds it.

    version: SystemModstamp · last_modified: LastModifiedDate · is_child: an invitee's copy, never synced (LS-134) ·
    raw: the fields that contact filters ask for, by API name · activity_at: last activity of a contact · further: the
    fields that field maps point to, as far as they show · related: an event that a person or thing is related to ·
    problem: why it is not synced although it is in scope (classic recurring event, longer than 14 days).
    """

    id: str
    version: datetime
    values: Values
    key_tag: UUID | None = None
    owner_id: str | None = None
    modified_by: str | None = None
    last_modified: datetime | None = None
    created_at: datetime | None = None
    activity_at: datetime | None = None
    is_child: bool = False
    in_bin: bool = False
    related: bool = False
    raw: Mapping[str, str | None] | None = None
    further: Further = field(default_factory=dict)
    problem: str | None = None
    hidden: frozenset[str] = frozenset()
    """Groups that whoever read it may not see: nothing is known of them, and what others saw stands."""
    series: str | None = None
    """Names the Salesforce event series it belongs to: equal for all its occurrences, and for no other event."""


class Right(StrEnum):
    """What a user may do with a kind of record at all, whatever the record (F-7; LS-171 to LS-173)."""

    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"


EVERY_RIGHT: Final = frozenset(Right)


@dataclass(frozen=True, slots=True)
class CrmUser:
    """A Salesforce user; `address` is matched to the mailbox's (LS-024)."""

    id: str
    username: str
    name: str
    address: str
    profile: str
    active: bool
    zone: str


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """What a user may do with the field groups of a kind. hidden: not read · locked: read, and not changed (D-16)."""

    hidden: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account that a user can see."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """A page of what changed in the organisation. `mark` is set on the last page: the next read starts from it.

    asked: addresses of the invitees of events whose invitees changed, case-folded (D-17) ·
    removed: ids of deleted rows per kind · merged: loser id -> winner id (contacts) · accounts: names of
    new and changed accounts (D-17) · followed: (user id, contact id) for each follow of a
    contact that was read, None if none were asked for; those of everybody with `all_followed`, else new ones only.
    """

    records: Mapping[Kind, tuple[Record, ...]]
    removed: Mapping[Kind, tuple[str, ...]]
    merged: Mapping[str, str]
    users: tuple[CrmUser, ...] = ()
    mark: str | None = None
    followed: frozenset[tuple[str, str]] | None = None
    all_followed: bool = False
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: frozenset[str] = frozenset()


NO_FIELDS: Final[Mapping[Kind, Sequence[str]]] = {}


class Organisation(Protocol):
    """The integration user's view."""

    def identity(self) -> str:
        """Organisation id (18 characters). Raises AccessLost."""
        ...

    def changes(
        self,
        mark: str | None,
        filter_fields: Sequence[str],
        *,
        followed: bool = False,
        invitees: bool = False,
        pointed: Mapping[Kind, Sequence[str]] = NO_FIELDS,
    ) -> Iterator[OrganisationPage]:
        """Rows changed since the mark with overlap, or all rows if it is None; deletions too (SF-079, SF-080).

        `filter_fields` are further Contact fields to read into `Record.raw`, `pointed` those for `Record.further`.
        `followed` asks who follows which contact in Chatter; only a reading of everything tells that somebody stopped
        to. `invitees`: changed invitees of events are told too, at first those of all events. At most two calls when
        nothing changed.
        Raises CursorExpired when deletions can no longer be told (SF-086): list everything then.
        """
        ...

    def fetch(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Record | Verdict]:
        """Each id's state, recycle bin included: GONE only for a row that is marked deleted (B.4)."""
        ...

    def find_tagged(self, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
        """Records that carry one of the keys; those in the recycle bin come with `in_bin`. See Crm."""
        ...


class Crm(Protocol):
    """Salesforce as one user; sharing, field security and validation are that user's own (LS-093)."""

    @property
    def batch_size(self) -> int:
        """How many writes one call of `write` may carry."""
        ...

    def rights(self, kind: Kind) -> frozenset[Right]:
        """What the user may do with records of this kind. Asked anew after half a day, after an hour if one lacks."""
        ...

    def fetch(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Record | Verdict]:
        """Each id's state, recycle bin included. Invisible is UNKNOWN, never GONE (SF-088)."""
        ...

    def find_tagged(self, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
        """Records that carry one of the keys; those in the recycle bin come with `in_bin`."""
        ...

    def find_like(self, kind: Kind, probes: Sequence[Probe]) -> Mapping[UUID, list[Record]]:
        """Living records equal by natural key: contacts the user can see, events the user owns (D-14)."""
        ...

    def series_rows(self, events: Sequence[str]) -> Mapping[str, Sequence[Record]]:
        """All occurrences of the Salesforce series that each event belongs to, those in the recycle bin with `in_bin`.

        Nothing for an event that belongs to none or does not show. Two calls for up to five series.
        """
        ...

    def find_people(self, addresses: Sequence[str], events: Sequence[str]) -> Found:
        """Users, contacts and leads by address, as far as the user sees them, and the relation rows of events (I-2).

        One call for what a batch of meetings asks. What the user may not read at all is as if it were not there
        (LS-143, LS-146). Rows of events that do not show are missing from the answer.
        """
        ...

    def access(self, kind: Kind, field_map: FieldMap = STANDARD) -> FieldAccess:
        """What the user may read and edit; asked at most twice a day, and after a field was refused (LS-088)."""
        ...

    def readable(self, ids: Sequence[str]) -> frozenset[str]:
        """Which of these records the user can read; one call for a thousand (SF-088, D-16)."""
        ...

    def near_accounts(self, companies: Sequence[str]) -> Mapping[str, Sequence[NamedAccount]]:
        """By company, accounts that the user can see with a name like it, the likeliest first (LS-077)."""
        ...

    def write(self, writes: Sequence[Write]) -> list[Answer[Record]]:
        """Applies up to `batch_size` writes of one kind and op. Creates are inserts, never upserts (D-3)."""
        ...
