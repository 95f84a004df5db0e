"""Runs of one person, and what one run wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from backend.storage.tables import history, line, link, person, sync_run
from backend.storage.views.titles import Named, titles


@dataclass(frozen=True, slots=True)
class Run:
    """One pass. `read`, `written`, `calls` by whatever the run counted them by; `number` is its id."""

    number: int
    user_id: int
    cause: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    error: str
    remedy: str
    counts: Mapping[str, Any]

    @property
    def took(self) -> timedelta | None:
        """How long it took, None while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    @property
    def read(self) -> int:
        """Items and records read."""
        return total(self.counts.get("read"))

    @property
    def written(self) -> int:
        """Writes that took effect."""
        return total(self.counts.get("writes", self.counts.get("written")))

    @property
    def calls(self) -> int | None:
        """API calls, None where the run did not count them."""
        return total(self.counts["api_calls"]) if "api_calls" in self.counts else None

    @property
    def held(self) -> int:
        """Steps that were held."""
        return total(self.counts.get("held"))

    @property
    def refused(self) -> int:
        """Writes that a side refused."""
        return total(self.counts.get("refused"))

    def parts(self, name: str) -> tuple[tuple[str, int], ...]:
        """A count that is broken down, as (part, number), largest first; empty where it is not."""
        value = self.counts.get(name)
        if not isinstance(value, Mapping):
            return ()
        parts = ((str(key), total(number)) for key, number in value.items())
        return tuple(sorted((part for part in parts if part[1]), key=lambda part: -part[1]))


@dataclass(frozen=True, slots=True)
class RunWrite:
    """One write of a run, as the history keeps it."""

    link_id: str
    at: datetime
    kind: str
    title: str
    side: str
    op: str
    groups: tuple[str, ...]
    rule: str


def total(value: Any) -> int:
    """A count, or the sum of all counts within it."""
    if isinstance(value, Mapping):
        return sum(total(part) for part in value.values())
    return value if isinstance(value, int) else 0


def _run(row: sa.Row[Any]) -> Run:
    return Run(
        row.id, row.user_id, row.cause, row.started_at, row.ended_at, row.outcome, row.error, row.remedy,
        row.counts or {},
    )  # fmt: skip


def runs_of(
    connection: sa.Connection, user_id: int, *, changed_only: bool, page: int, size: int
) -> tuple[tuple[Run, ...], int]:
    """A page of a person's runs, newest first, and how many there are. `changed_only`: those that wrote something."""
    query = sa.select(sync_run).where(sync_run.c.user_id == user_id)
    if changed_only:
        wrote = sa.select(history.c.run_id).where(history.c.user_id == user_id, history.c.run_id.is_not(None))
        query = query.where(sync_run.c.id.in_(wrote))
    number = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    page = min(page, max(1, -(-number // size)))
    rows = connection.execute(
        query.order_by(sync_run.c.started_at.desc(), sync_run.c.id.desc()).limit(size).offset((page - 1) * size)
    )
    return tuple(_run(row) for row in rows), number


def run_by_id(connection: sa.Connection, number: int) -> tuple[Run, str] | None:
    """A run and the name of its person."""
    row = connection.execute(sa.select(sync_run).where(sync_run.c.id == number)).one_or_none()
    if row is None:
        return None
    name = connection.scalar(sa.select(person.c.name).where(person.c.id == row.user_id))
    return _run(row), name or ""


def writes_of(connection: sa.Connection, number: int, page: int, size: int) -> tuple[tuple[RunWrite, ...], int]:
    """A page of what a run wrote, in order of time, and how much it was."""
    chosen = sa.select(history).where(history.c.run_id == number)
    count = connection.scalar(sa.select(sa.func.count()).select_from(chosen.subquery())) or 0
    page = min(page, max(1, -(-count // size)))
    rows = connection.execute(chosen.order_by(history.c.id).limit(size).offset((page - 1) * size)).all()
    named = named_links(connection, [row.link_id for row in rows])
    names = titles(connection, list(named.values()))
    return tuple(
        RunWrite(
            row.link_id, row.at, named[row.link_id].kind if row.link_id in named else "", names.get(row.link_id, ""),
            row.side, row.op, tuple(row.groups), row.rule,
        )
        for row in rows
    ), count  # fmt: skip


def named_links(connection: sa.Connection, ids: list[str]) -> dict[str, Named]:
    """What is needed to find the titles of these links; those that ended are missing."""
    rows = connection.execute(
        sa.select(link.c.id, link.c.user_id, link.c.kind, link.c.mailbox_id, line.c.crm_id)
        .select_from(link.join(line, line.c.id == link.c.line_id))
        .where(link.c.id.in_(sorted(set(ids))))
    )
    return {row.id: Named(row.id, row.user_id, row.kind, row.mailbox_id, row.crm_id) for row in rows}
