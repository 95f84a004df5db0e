"""The organisation as a whole: is it in step, what did it cost, what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from backend.storage.tables import api_usage, conflict, connection, history, intent, link, note, organisation, sync_run
from backend.storage.views.unresolved import asking, lonely

SALESFORCE: Final = "salesforce"
RECENT_RUNS: Final = 200
"""The last run to end is among these; the index on the start finds them without reading all runs."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Salesforce API calls. used of limit: everybody's in the last 24 hours, as Salesforce said (SF-012).

    hours and yesterday: our own calls by hour of the UTC day · others: our calls of today to other services.
    """

    used: int | None
    limit: int | None
    hours: tuple[int, ...]
    yesterday: tuple[int, ...]
    others: tuple[tuple[str, int], ...]

    @property
    def ours(self) -> int:
        """Our calls of today."""
        return sum(self.hours)


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation. Counts of writes and mails are of all time unless the name says otherwise."""

    cycle_at: datetime | None
    last_activity: datetime | None
    stopped: bool
    stopped_by: str
    stopped_at: datetime | None
    problem: str
    services: tuple[tuple[str, str], ...]
    budget: Budget
    first_write: datetime | None
    writes_today: int
    mails_released: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What needs a person, in numbers: held steps, refused items, notes, companies and events without a counterpart."""

    held: int
    held_people: int
    refused: int
    unresolved: int
    companies: int
    conflicts_today: int


def organisation_view(link_: sa.Connection, today: date, since: datetime) -> Organisation:
    """`today` is the UTC day that the budget counts; `since` the beginning of the viewer's day."""
    row = link_.execute(sa.select(organisation)).one_or_none()
    recent = sa.select(sync_run.c.ended_at).order_by(sync_run.c.started_at.desc()).limit(RECENT_RUNS).subquery()
    ended = link_.scalar(sa.select(sa.func.max(recent.c.ended_at)))
    services = link_.execute(sa.select(connection.c.service, connection.c.problem).order_by(connection.c.service))
    return Organisation(
        cycle_at=row.cycle_at if row else None,
        last_activity=max((moment for moment in (ended, row.cycle_at if row else None) if moment), default=None),
        stopped=bool(row and row.stopped),
        stopped_by=row.stopped_by if row else "",
        stopped_at=row.stopped_at if row else None,
        problem=row.problem if row else "",
        services=tuple((service, problem) for service, problem in services),
        budget=_budget(link_, today, row.api_used if row else None, row.api_max if row else None),
        first_write=link_.scalar(sa.select(sa.func.min(history.c.at))),
        writes_today=_count(link_, sa.select(sa.func.count()).select_from(history).where(history.c.at >= since)),
        mails_released=_count(
            link_, sa.select(sa.func.count()).select_from(intent).where(intent.c.state == "done", intent.c.notify)
        ),
    )


def _budget(link_: sa.Connection, day: date, used: int | None, limit: int | None) -> Budget:
    rows = link_.execute(
        sa.select(api_usage.c.day, api_usage.c.service, api_usage.c.hour, api_usage.c.calls)
        .where(api_usage.c.day.in_((day, day - timedelta(days=1))))
        .order_by(api_usage.c.service, api_usage.c.hour)
    ).all()
    today, yesterday = [0] * 24, [0] * 24
    others: dict[str, int] = {}
    for when, service, hour, calls in rows:
        if service == SALESFORCE:
            (today if when == day else yesterday)[hour] += calls
        elif when == day:
            others[service] = others.get(service, 0) + calls
    return Budget(used, limit, tuple(today), tuple(yesterday), tuple(others.items()))


def attention(link_: sa.Connection, since: datetime) -> Attention:
    """What needs a person; `since` is the beginning of the viewer's day."""
    held = link_.execute(
        sa.select(sa.func.count(), sa.func.count(sa.distinct(intent.c.user_id))).where(intent.c.state == "held")
    ).one()
    refusals = sa.select(sa.func.count()).select_from(link).where(link.c.state == "held")
    return Attention(
        held=held[0],
        held_people=held[1],
        refused=_count(link_, refusals),
        unresolved=_count(link_, sa.select(sa.func.count()).select_from(note)),
        companies=asking(link_) + lonely(link_),
        conflicts_today=_count(link_, sa.select(sa.func.count()).select_from(conflict).where(conflict.c.at >= since)),
    )


def _count(link_: sa.Connection, query: sa.Select[int]) -> int:
    return link_.scalar(query) or 0
