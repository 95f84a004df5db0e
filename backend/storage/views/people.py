"""The table of people on Sync Status: filtered, sorted and paged in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from backend.storage.tables import configuration, intent, person, sync_run, user_state
from backend.storage.views.activity import NONE, Writes, linked, refused, writes_since
from backend.storage.views.standing import STANDING, SYNCING, Standing, in_standing

SIZES: Final = (25, 50, 100)


class Order(StrEnum):
    """What the table is sorted by."""

    PERSON = "person"
    STATE = "state"
    CONFIGURATION = "configuration"
    LAST_RUN = "last"


@dataclass(frozen=True, slots=True)
class Query:
    """What is to be shown. `page` counts from 1; `size` is one of SIZES; `text` is part of a name or an address."""

    standing: Standing | None = None
    text: str = ""
    configuration_id: int | None = None
    order: Order = Order.PERSON
    descending: bool = False
    page: int = 1
    size: int = SIZES[0]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a first sync is. `kind`: what is being synced; `total` is None while it is not known."""

    kind: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person. Counts are of the viewer's day; `retry_at`: when a failed pass is tried again."""

    id: int
    name: str
    address: str
    standing: Standing
    state: str
    reason: str
    remedy: str
    syncs: bool
    configuration: str
    configuration_active: bool
    because: str
    active: bool
    paused: bool
    retry_at: datetime | None
    progress: Progress | None
    last_run: datetime | None
    running: bool
    mailbox_id: str | None
    held: int = 0
    refused: int = 0
    linked: int = 0
    today: Writes = NONE


@dataclass(frozen=True, slots=True)
class Numbers:
    """People by standing. `everybody`: all who are assigned; `unassigned`: active people in no configuration."""

    counts: Mapping[Standing, int]
    everybody: int
    unassigned: int
    paused_by_hand: int

    def of(self, *standings: Standing) -> int:
        """People in any of these standings."""
        return sum(self.counts.get(standing, 0) for standing in standings)

    @property
    def matching(self) -> int:
        """People in all standings together."""
        return sum(self.counts.values())


_COLUMNS: Final = (
    person.c.id,
    person.c.name,
    person.c.address,
    person.c.active,
    STANDING.label("standing"),
    user_state.c.state,
    user_state.c.reason,
    user_state.c.remedy,
    user_state.c.syncs,
    user_state.c.because,
    user_state.c.paused,
    user_state.c.due_at,
    user_state.c.progress,
    user_state.c.mailbox_id,
    configuration.c.name.label("configuration"),
    configuration.c.active.label("configuration_active"),
    sync_run.c.started_at,
    sync_run.c.ended_at,
)
_ORDERS: Final[dict[Order, sa.ColumnElement[Any]]] = {
    Order.PERSON: sa.func.lower(person.c.name),
    Order.STATE: STANDING,
    Order.CONFIGURATION: sa.func.lower(configuration.c.name),
    Order.LAST_RUN: sync_run.c.started_at,
}
_SOURCE: Final = SYNCING.outerjoin(sync_run, sync_run.c.id == user_state.c.last_run_id)


def escaped(text: str) -> str:
    """`text` for a LIKE pattern with backslash as escape."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _matching(query: Query) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if query.text:
        pattern = f"%{escaped(query.text.strip().lower())}%"
        conditions.append(
            sa.or_(
                sa.func.lower(person.c.name).like(pattern, escape="\\"),
                sa.func.lower(person.c.address).like(pattern, escape="\\"),
            )
        )
    if query.configuration_id is not None:
        conditions.append(user_state.c.configuration_id == query.configuration_id)
    return conditions


def people_numbers(connection: sa.Connection, query: Query) -> Numbers:
    """People by standing, as far as they match the query's text and configuration."""
    counted = sa.select(STANDING, sa.func.count()).select_from(SYNCING).where(*_matching(query)).group_by(STANDING)
    everybody = sa.select(sa.func.count(), sa.func.count().filter(user_state.c.paused)).select_from(SYNCING)
    total, by_hand = connection.execute(everybody).one()
    counts = {Standing(name): number for name, number in connection.execute(counted)}
    return Numbers(counts, total, unassigned(connection), by_hand)


def people_page(connection: sa.Connection, query: Query, total: int, since: datetime) -> tuple[PersonRow, ...]:
    """One page of people of `total` in all; a page beyond the end is the last one. `since`: when the day began."""
    page = min(query.page, max(1, -(-total // query.size)))
    chosen = sa.select(*_COLUMNS).select_from(_SOURCE).where(*_matching(query))
    if query.standing is not None:
        chosen = chosen.where(in_standing(query.standing))
    key = _ORDERS[query.order]
    chosen = chosen.order_by(key.desc() if query.descending else key, sa.func.lower(person.c.name), person.c.id)
    rows = connection.execute(chosen.limit(query.size).offset((page - 1) * query.size))
    return with_counts(connection, [person_row(row) for row in rows], since)


def person_row(row: sa.Row[Any]) -> PersonRow:
    """A row of the query above, without its counts."""
    return PersonRow(
        id=row.id, name=row.name, address=row.address, standing=Standing(row.standing), state=row.state,
        reason=row.reason if row.syncs else row.because, remedy=row.remedy if row.syncs else "", syncs=row.syncs,
        configuration=row.configuration, configuration_active=row.configuration_active, because=row.because,
        active=row.active, paused=row.paused, retry_at=row.due_at if row.syncs else None,
        progress=progress_of(row.progress), last_run=row.started_at,
        running=row.started_at is not None and row.ended_at is None, mailbox_id=row.mailbox_id,
    )  # fmt: skip


def person_by_id(connection: sa.Connection, user_id: int, since: datetime) -> PersonRow | None:
    """One person who is assigned, None for anybody else."""
    chosen = sa.select(*_COLUMNS).select_from(_SOURCE).where(person.c.id == user_id)
    row = connection.execute(chosen).one_or_none()
    return None if row is None else with_counts(connection, [person_row(row)], since)[0]


def with_counts(connection: sa.Connection, rows: list[PersonRow], since: datetime) -> tuple[PersonRow, ...]:
    """The rows with what was written today, linked, held and refused: three queries for the whole page."""
    ids = [row.id for row in rows]
    written, pairs, refusals = writes_since(connection, ids, since), linked(connection, ids), refused(connection, ids)
    holds = held_steps(connection, ids)
    return tuple(
        replace(
            row,
            today=written.get(row.id, NONE),
            linked=pairs.get(row.id, 0),
            refused=refusals.get(row.id, 0),
            held=holds.get(row.id, 0),
        )
        for row in rows
    )


def held_steps(connection: sa.Connection, users: list[int]) -> dict[int, int]:
    """How many steps wait for an answer, by person."""
    query = (
        sa.select(intent.c.user_id, sa.func.count())
        .where(intent.c.user_id.in_(users), intent.c.state == "held")
        .group_by(intent.c.user_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def progress_of(stored: Any) -> Progress | None:
    """The progress as the run keeps it: {'kind': …, 'done': n, 'total': n or None}."""
    if not isinstance(stored, dict) or "done" not in stored:
        return None
    return Progress(str(stored.get("kind", "")), int(stored["done"]), stored.get("total"))


def configurations(connection: sa.Connection) -> tuple[tuple[int, str], ...]:
    """Id and name of every configuration, for the filter."""
    query = sa.select(configuration.c.id, configuration.c.name).order_by(sa.func.lower(configuration.c.name))
    return tuple((row.id, row.name) for row in connection.execute(query))


def unassigned(connection: sa.Connection) -> int:
    """Active Salesforce users who are in no configuration."""
    assigned = sa.select(user_state.c.user_id).where(user_state.c.configuration_id.is_not(None))
    query = sa.select(sa.func.count()).select_from(person).where(person.c.active, person.c.id.not_in(assigned))
    return connection.scalar(query) or 0


def people_by_ids(connection: sa.Connection, ids: list[int], since: datetime) -> tuple[PersonRow, ...]:
    """These people, in order of id; whoever is no longer assigned is missing."""
    chosen = sa.select(*_COLUMNS).select_from(_SOURCE).where(person.c.id.in_(ids)).order_by(person.c.id)
    return with_counts(connection, [person_row(row) for row in connection.execute(chosen)], since)
