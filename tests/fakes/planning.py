"""One pair as the planner sees it, made by hand: for tests of what follows from what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from backend.domain.configuration import Configuration, DeletionChoice, Direction
from backend.domain.identity import derived
from backend.domain.recurrence import Window
from backend.domain.values import EMPTY, FieldValue, Kind, Name, Timed, Values
from backend.ports.mailbox import OWN, Caps
from backend.sync.plan import Plan
from backend.sync.planner import plan
from backend.sync.state import (
    Intent,
    Line,
    LineState,
    Link,
    LinkState,
    Meeting,
    Origin,
    Presence,
    SeenItem,
    SeenRecord,
    Tombstone,
    UserView,
)
from backend.sync.store import Snapshot

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WINDOW = Window(TODAY - timedelta(days=30), TODAY + timedelta(days=180))
USER = 1
CRM_USER = "005000000000000001"

BASE: dict[Kind, dict[str, FieldValue]] = {
    Kind.CONTACT: {"name": Name("Ada", "Lovelace"), "email": "ada@example.com", "title": "Countess", "phone": "1"},
    Kind.EVENT: {
        "subject": "Review",
        "when": Timed(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1)),
        "location": "Room 4",
        "description": "Notes",
    },
}
IN_MAILBOX = {Kind.CONTACT: ("title", "phone"), Kind.EVENT: ("location", "description")}
"""Two groups that tests change: the first in the mailbox, the second in Salesforce."""


def user(
    direction: Direction = Direction.BOTH, choice: DeletionChoice = DeletionChoice.STOP, **settings: object
) -> UserView:
    """A user whose both kinds have this direction and deletion choice."""
    plain = Configuration("Everybody")
    contacts = replace(plain.contacts, direction=direction, deletion=choice)
    events = replace(plain.events, direction=direction, deletion=choice)
    configuration = replace(plain, contacts=contacts, events=events, **settings)  # type: ignore[arg-type]  # keyword names are Configuration's own
    return UserView(USER, CRM_USER, "user1@example.com", "User 1", "user1@example.com", "Europe/London", configuration)


def item(values: Values, *, id: str = "m1", presence: Presence = Presence.HERE, caps: Caps = OWN) -> SeenItem:
    """A mirrored item; without values if it is not here."""
    kept = values if presence is Presence.HERE else EMPTY
    return SeenItem(id, presence, "W/1", kept, caps, guests=int(caps != OWN), modified_at=NOW, created_at=NOW)


def record(values: Values, *, id: str = "r1", presence: Presence = Presence.HERE) -> SeenRecord:
    """A mirrored record of the user; without values if it is gone."""
    kept = values if presence in (Presence.HERE, Presence.OUTSIDE) else EMPTY
    seen = Presence.HERE if presence is Presence.OUTSIDE else presence
    return SeenRecord(id, seen, NOW, kept, owner_id=CRM_USER, last_modified=NOW, created_at=NOW)


@dataclass
class Desk:
    """A snapshot in the making."""

    kind: Kind
    items: list[SeenItem] = field(default_factory=list)
    records: list[SeenRecord] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    out_of_scope: set[str] = field(default_factory=set)
    pending: list[Intent] = field(default_factory=list)
    shared: set[UUID] = field(default_factory=set)
    tombstones: list[Tombstone] = field(default_factory=list)

    def pair(
        self,
        mailbox_id: str | None = "m1",
        crm_id: str | None = "r1",
        shadow: Values | None = None,
        *,
        state: LinkState = LinkState.LINKED,
        origin: Origin = Origin.MATCHED,
    ) -> Link:
        """A link with its line; both shadows are `shadow`."""
        name = f"{mailbox_id}-{crm_id}"
        line_state = LineState.LIVE if crm_id else LineState.CREATING
        line = Line(derived("line", name), self.kind, derived("key", name), crm_id, state=line_state)
        link = Link(
            derived("link", name), USER, self.kind, line.id, derived("tag", name), origin, state, mailbox_id,
            shadow_mailbox=shadow, shadow_crm=shadow,
        )  # fmt: skip
        self.lines.append(line)
        self.links.append(link)
        return link

    def snapshot(self) -> Snapshot:
        """What the planner gets."""
        in_scope = {one.crm_id for one in self.records} - self.out_of_scope
        return Snapshot(
            todos=(),
            items={one.mailbox_id: one for one in self.items},
            records={one.crm_id: one for one in self.records},
            in_scope=frozenset(in_scope),
            links={one.id: one for one in self.links},
            lines={one.id: one for one in self.lines},
            meetings={(one.uid, one.original_start): one for one in self.meetings},
            holders={},
            organizers={"user1@example.com": USER},
            declined=frozenset(),
            series={},
            pending={one.target: one for one in self.pending},
            shared_lines=frozenset(self.shared),
            tombstones=tuple(self.tombstones),
            totals=len(self.links),
        )

    def plan(self, settings: UserView | None = None) -> Plan:
        """The plan that follows."""
        return plan(settings or user(), self.kind, self.snapshot(), WINDOW, TODAY)


def verbs(planned: Plan) -> list[str]:
    """What the steps do, in order."""
    return [step.verb.name for step in planned.steps]


def intents(planned: Plan) -> Iterable[Intent]:
    """Every write that the plan asks for."""
    return (one for step in planned.steps for one in step.intents)
