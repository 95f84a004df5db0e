"""What the engine remembers and sees: mirrors, links, lines, meetings, series, intents (sync.md B.2, B.3).

Frozen values; the store turns them into rows and back. Ids of lines, links and meetings are derived UUIDs, so that
rows can refer to each other before they are stored and planning twice names the same things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from backend.domain.configuration import Configuration
from backend.domain.field_view import Further
from backend.domain.recurrence import WHOLE, Series
from backend.domain.values import EMPTY, Kind, Side, Values
from backend.ports.answers import Op
from backend.ports.crm import FieldAccess
from backend.ports.mailbox import OWN, Caps

EVERYTHING: Final = "all"
"""Side of the mark that has everything of a kind looked at."""
FOLDER_GONE: Final = 2**31 - 1
"""Generation of mirrored items whose folder was deleted: no listing misses them, no delta tells of them (H-2)."""


class Presence(StrEnum):
    """HERE; GONE (confirmed); OUTSIDE: exists, not in scope; UNKNOWN: suspected absent or unreadable."""

    HERE = "here"
    GONE = "gone"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ref:
    """Names an item for the planner: a mailbox id, and the occurrence of a series where one is meant."""

    mailbox_id: str
    original_start: str = WHOLE


@dataclass(frozen=True, slots=True)
class SeenItem:
    """Mirror of one mailbox item. Values are empty for what is not HERE. `first_run`: run that saw it first."""

    mailbox_id: str
    presence: Presence
    version: str = ""
    values: Values = field(default_factory=lambda: EMPTY)
    caps: Caps = OWN
    key_tag: UUID | None = None
    uid: str | None = None
    organizer: str | None = None
    guests: int = 0
    modified_at: datetime | None = None
    created_at: datetime | None = None
    series: Series | None = None
    problem: str | None = None
    digest: str = ""
    first_run: int = 0


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """Mirror of one Salesforce record, once for the whole organisation."""

    crm_id: str
    presence: Presence
    version: datetime
    values: Values = field(default_factory=lambda: EMPTY)
    key_tag: UUID | None = None
    owner_id: str | None = None
    modified_by: str | None = None
    last_modified: datetime | None = None
    created_at: datetime | None = None
    activity_at: datetime | None = None
    is_child: bool = False
    problem: str | None = None
    hidden: frozenset[str] = frozenset()
    """Groups that whoever read it may not see; not stored: the row keeps what others saw of them."""
    further: Further = field(default_factory=dict)
    """What configurations point to beyond the standard fields."""
    series: str | None = None
    """The Salesforce series it is an occurrence of."""


class LineState(StrEnum):
    """Life of a Salesforce record that we know: being made, alive, stopped, or ended."""

    CREATING = "creating"
    LIVE = "live"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Line:
    """One Salesforce record through all its lives, shared by every user's link to it (D.1)."""

    id: UUID
    kind: Kind
    key: UUID
    crm_id: str | None = None
    incarnation: int = 0
    state: LineState = LineState.CREATING


class LinkState(StrEnum):
    """State of a pairing (sync.md B.11)."""

    CREATING = "creating"
    LINKED = "linked"
    PARKED = "parked"
    STOPPED = "stopped"
    HELD = "held"
    BROKEN = "broken"


class Origin(StrEnum):
    """How a link began."""

    CRM = "crm"
    MAILBOX = "mailbox"
    MATCHED = "matched"


@dataclass(frozen=True, slots=True)
class Link:
    """The pairing of one item with one line for one user.

    shadows: what each side held when we last saw them agree; None means there is no base yet (first match) ·
    key: tag of the item where we make it · held_on: digest of what the last write was planned from, so that a held
    link can tell when something changed.
    """

    id: UUID
    user_id: int
    kind: Kind
    line_id: UUID
    key: UUID
    origin: Origin
    state: LinkState
    mailbox_id: str | None = None
    original_start: str = WHOLE
    incarnation: int = 0
    shadow_mailbox: Values | None = None
    shadow_crm: Values | None = None
    reason: str = ""
    held_on: str = ""
    attempts: int = 0

    @property
    def ref(self) -> Ref | None:
        """The item, once it is known."""
        return None if self.mailbox_id is None else Ref(self.mailbox_id, self.original_start)


class MeetingState(StrEnum):
    """State of a meeting or occurrence."""

    LIVE = "live"
    ORPHAN = "orphan"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting or one occurrence, known by (UID, original start), before any record exists (D-1, D.1).

    shadows: the last values agreed by whoever led · incarnation and epoch: see D-2 and E-2 · orphan_runs: complete
    readings since the rule stopped to include it.
    """

    id: UUID
    uid: str
    original_start: str = WHOLE
    line_id: UUID | None = None
    epoch: int = 0
    incarnation: int = 0
    shadow_mailbox: Values | None = None
    shadow_crm: Values | None = None
    state: MeetingState = MeetingState.LIVE
    orphan_runs: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """A user whose mailbox has a copy of the meeting. `eligible`: his settings and scope take it (D-4)."""

    user_id: int
    mailbox_id: str
    eligible: bool
    first_run: int = 0


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """What we last knew of a user's series: the rule to re-align from, and how far its occurrences are made (E.1)."""

    user_id: int
    mailbox_id: str
    uid: str
    definition: Series
    expanded_until: date
    epoch: int = 0


class IntentState(StrEnum):
    """Life of a decided write (sync.md B.11)."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Intent:
    """One remote write we have decided on, stored before it is sent.

    values: groups to write (update, create) · from_mailbox / from_crm: values of those groups that it was planned
    from · expect: version precondition · target: one open intent per remote object (INV-18) · notify: a person
    released it although the provider mails guests (INV-12) · rule: why, for the passport.
    """

    id: UUID
    user_id: int
    link_id: UUID
    kind: Kind
    side: Side
    op: Op
    target: str
    values: Values = field(default_factory=lambda: EMPTY)
    from_mailbox: Values = field(default_factory=lambda: EMPTY)
    from_crm: Values = field(default_factory=lambda: EMPTY)
    expect: str | None = None
    notify: bool = False
    config_version: int = 0
    state: IntentState = IntentState.PLANNED
    attempts: int = 0
    not_before: datetime | None = None
    code: str = ""
    message: str = ""
    rule: str = ""
    hold: str = ""
    native: str = ""
    """What it has to do with a Salesforce event series, see `native_marks`."""
    fingerprint: str = ""
    """Digest of both sides when it was planned; not stored, the link keeps it as `held_on`."""
    decided_at: datetime | None = field(default=None, compare=False)
    """When it was stored; None before."""

    @property
    def may_have_made(self) -> bool:
        """Whether it is a create that something may have come of, although nobody was told."""
        tried = self.state is IntentState.SENT or (self.state is IntentState.PLANNED and self.attempts > 0)
        return self.op is Op.CREATE and tried


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that lost, kept and restorable: nothing a user typed disappears silently."""

    link_id: UUID
    group: str
    mailbox: Values
    crm: Values
    chosen: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A pair of which both sides are gone, kept 30 days so that a restore is recognised."""

    user_id: int
    kind: Kind
    mailbox_id: str | None
    crm_id: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """Why something is not in step, in words for people. An empty reason clears the note of that thing."""

    user_id: int
    kind: Kind
    side: Side
    ref: str
    reason: str
    title: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One write that took effect, or one decision, for the item passport. `values` are as read back."""

    link_id: UUID
    side: Side
    op: Op
    groups: tuple[str, ...]
    before: Values
    after: Values
    rule: str


@dataclass(frozen=True, slots=True)
class Todo:
    """A mark that something has to be looked at in the user's next pass (D-11). `stamp` tells repeated marks apart.

    `ref`: mailbox id, Salesforce id, or meeting UID, by `side` ('mailbox', 'crm', 'meeting', 'all').
    """

    user_id: int
    kind: Kind
    side: str
    ref: str
    stamp: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """One thing that can be listed: a user's folder or calendar. `cursor` None: a full listing is due."""

    user_id: int
    kind: Kind
    container: str
    cursor: str | None = None
    first: date | None = None
    end: date | None = None
    generation: int = 0
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to commit for one user (0: the organisation reader). Every commit carries the token (INV-10)."""

    user_id: int
    token: int
    holder: str


@dataclass(frozen=True, slots=True)
class Widened:
    """Sides whose changes reach the other one since the direction was widened, and are not agreed about yet (F-9).

    groups: those that the field map holds again · rested: the kind did not sync at all before, so what was seen of
    the mailbox is as old as that.
    """

    sides: frozenset[Side] = frozenset()
    groups: frozenset[str] = frozenset()
    rested: bool = False


@dataclass(frozen=True, slots=True)
class UserView:
    """One user with the settings that apply to him.

    crm_leg_since: when his Salesforce → mailbox leg began (F-6) · private_since: when private events were switched on
    for him (LS-151) · widened: what is to be agreed about before anything is planned.
    """

    user_id: int
    crm_user_id: str
    username: str
    name: str
    address: str
    zone: str
    configuration: Configuration
    version: int = 0
    crm_leg_since: Mapping[Kind, datetime] = field(default_factory=dict)
    selections: frozenset[tuple[str, str]] = frozenset()
    """Chosen events as (uid, original start); original start WHOLE selects a series or a single event (F.3)."""
    mailbox_id: str | None = None
    mailbox_address: str | None = None
    """The address by which the mailbox was found; another one may lead to another mailbox (G)."""
    private_since: datetime | None = None
    widened: Mapping[Kind, Widened] = field(default_factory=dict)
    followed: frozenset[str] = frozenset()
    """Contacts that he follows in Chatter."""
    access: Mapping[Kind, FieldAccess] = field(default_factory=dict)
    """What he may read and edit, where it was asked (D-16)."""
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Accounts that he chose for companies, by the company's folded text (H-3)."""
