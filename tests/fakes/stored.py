"""Small things to store, for tests of the engine's memory, and a bench that commits them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend.domain.identity import derived
from backend.domain.values import Kind, Name, Side, Timed, Values
from backend.ports.answers import Op
from backend.storage import tables
from backend.storage.sync_store import SqlSyncStore
from backend.sync.state import (
    Intent,
    Lease,
    Line,
    LineState,
    Link,
    LinkState,
    Meeting,
    Origin,
    Presence,
    SeenItem,
    SeenRecord,
    Todo,
)
from backend.sync.store import Changes, Snapshot

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OWNER = {number: f"005{number:015d}" for number in (1, 2, 3)}


def card(last: str, email: str | None = None, **groups: Any) -> dict[str, Any]:
    """A contact's values."""
    values = {"name": Name("Ada", last), "email": email, **groups}
    return {name: value for name, value in values.items() if value is not None}


def slot(subject: str, start: datetime = NOON, **groups: Any) -> dict[str, Any]:
    """A one-hour event's values."""
    return {"subject": subject, "when": Timed(start, start + HOUR, "Europe/Berlin"), **groups}


def item(mailbox_id: str, values: Values, **fields: Any) -> SeenItem:
    """An item that is there, seen at noon."""
    return SeenItem(mailbox_id, Presence.HERE, values=values, **({"version": "v1", "modified_at": NOON} | fields))


def record(crm_id: str, values: Values, version: datetime = NOON, **fields: Any) -> SeenRecord:
    """A record that is there."""
    return SeenRecord(crm_id, Presence.HERE, version, values, **({"last_modified": version} | fields))


def line_of(crm_id: str | None, kind: Kind = Kind.CONTACT, name: str = "") -> Line:
    """A line for a record, or for one still to be made."""
    given = crm_id or name
    state = LineState.LIVE if crm_id else LineState.CREATING
    return Line(derived("line", kind, given), kind, derived("key", given), crm_id, state=state)


def link_of(user_id: int, line: Line, mailbox_id: str | None, **fields: Any) -> Link:
    """A living link."""
    return Link(
        id=derived("link", user_id, line.id),
        user_id=user_id,
        kind=line.kind,
        line_id=line.id,
        key=derived("item", user_id, line.id),
        **({"origin": Origin.MATCHED, "state": LinkState.LINKED, "mailbox_id": mailbox_id} | fields),
    )


def intent_of(link: Link, target: str, name: str = "", **fields: Any) -> Intent:
    """A planned update of a record."""
    return Intent(
        id=derived("intent", link.id, target, name),
        user_id=link.user_id,
        link_id=link.id,
        kind=link.kind,
        side=Side.CRM,
        op=Op.UPDATE,
        target=target,
        **fields,
    )


def meeting_of(uid: str, original_start: str = "", line: Line | None = None, **fields: Any) -> Meeting:
    """A meeting or an occurrence."""
    line_id = None if line is None else line.id
    return Meeting(derived("meeting", uid, original_start), uid, original_start, line_id, **fields)


@dataclass
class Bench:
    """A store with a lease for each of its users."""

    store: SqlSyncStore
    engine: sa.Engine
    leases: dict[int, Lease] = field(default_factory=dict)
    runs: int = 0

    def lease(self, user_id: int) -> Lease:
        """The user's lease (0: the organisation reader's), taken at the first need."""
        if user_id not in self.leases:
            lease = self.store.acquire(user_id, "bench", 600.0)
            assert lease is not None
            self.leases[user_id] = lease
        return self.leases[user_id]

    def commit(self, user_id: int = 1, /, **changes: Any) -> None:
        """One commit of the user's (0: the organisation reader's)."""
        self.store.commit(self.lease(user_id), Changes(**changes))

    def see(self, user_id: int, *items: SeenItem, kind: Kind = Kind.CONTACT, **more: Any) -> None:
        """The mirror of a user's mailbox learns of items."""
        self.commit(user_id, items=list(items), item_user=user_id, item_kind=kind, **more)

    def learn(self, *records: SeenRecord, kind: Kind = Kind.CONTACT, scope: tuple[int, ...] | None = (1,)) -> None:
        """The mirror of Salesforce learns of records; `scope` None: nothing is said of their scope."""
        scopes = [] if scope is None else [(kind, one.crm_id, frozenset(scope)) for one in records]
        self.commit(0, records=[(kind, one) for one in records], scopes=scopes)

    def pair(
        self, user_id: int, mailbox_id: str, crm_id: str, values: Values, kind: Kind = Kind.CONTACT, **fields: Any
    ) -> Link:
        """An item and a record that agree, linked; all marks are cleared."""
        line = line_of(crm_id, kind)
        link = link_of(user_id, line, mailbox_id, shadow_mailbox=values, shadow_crm=values, **fields)
        self.learn(record(crm_id, values), kind=kind, scope=(user_id,))
        self.see(user_id, item(mailbox_id, values), kind=kind)
        self.commit(user_id, lines=[line], links=[link])
        self.clean()
        return link

    def marks(self, user_id: int = 1, kind: Kind = Kind.CONTACT) -> set[tuple[str, str]]:
        """What the user's next pass must look at: (side, ref)."""
        return {(todo.side, todo.ref) for todo in self.store.snapshot(user_id, kind).todos}

    def clean(self) -> None:
        """Nobody has anything to look at."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(tables.todo))

    def dirty(self, side: str, ref: str, user_id: int = 1, kind: Kind = Kind.CONTACT) -> Snapshot:
        """The snapshot when exactly this is to be looked at."""
        self.clean()
        self.commit(user_id, todos=[Todo(user_id, kind, side, ref)])
        return self.store.snapshot(user_id, kind)

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """A table's rows."""
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(sa.select(table))]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table, to see whether anything changed."""
        return {name: self.rows(table) for name, table in sorted(tables.metadata.tables.items())}


def ids(*links: Link) -> set[UUID]:
    """Ids of links."""
    return {link.id for link in links}
