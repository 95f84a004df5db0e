"""What somebody has to be told of even when nobody looks at a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from backend.storage.tables import connection, intent, organisation, person, user_state
from backend.storage.views.budget import full_at
from backend.storage.views.organisation import organisation_view

FAILING: Final = timedelta(hours=1)
OVERDUE_LEAST: Final = timedelta(minutes=30)
OVERDUE_CYCLES: Final = 3
ENDING_DAYS: Final = (1, 7, 30)
_TITLES: Final = {"salesforce": "Salesforce", "microsoft": "Microsoft 365"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing. key: the same for as long as it is the same thing · text: what, and what to do."""

    key: str
    text: str


def alerts(database: sa.Connection, now: datetime, cycle: timedelta) -> tuple[Alert, ...]:
    """Everything that is wrong now, at `now` (UTC)."""
    parts = (_overdue(database, now, cycle), _failing(database, now), _held(database), _ending(database, now))
    return tuple(one for part in (*parts, _quota(database, now)) for one in part)


def _overdue(database: sa.Connection, now: datetime, cycle: timedelta) -> Iterator[Alert]:
    row = database.execute(sa.select(organisation)).one_or_none()
    syncing = database.scalar(sa.select(sa.func.count()).select_from(user_state).where(user_state.c.syncs)) or 0
    if row is None or not syncing or row.stopped or row.cycle_at is None:
        return
    if now - row.cycle_at > max(OVERDUE_LEAST, OVERDUE_CYCLES * cycle):
        why = row.problem or "Look at worker and scheduler: lockstep doctor."
        yield Alert("cycle", f"Salesforce was last read {row.cycle_at:%d %b %H:%M} UTC. {why}")


def _failing(database: sa.Connection, now: datetime) -> Iterator[Alert]:
    rows = database.execute(
        sa.select(person.c.id, person.c.name, user_state.c.reason, user_state.c.remedy, user_state.c.last_ok_at)
        .join(user_state, user_state.c.user_id == person.c.id)
        .where(
            user_state.c.syncs, sa.not_(user_state.c.paused), user_state.c.failures > 0,
            sa.func.coalesce(user_state.c.last_ok_at, user_state.c.assigned_at) < now - FAILING,
        )
        .order_by(person.c.name)
    )  # fmt: skip
    for row in rows:
        since = f"since {row.last_ok_at:%d %b %H:%M} UTC" if row.last_ok_at else "from the beginning"
        yield Alert(f"person:{row.id}", f"{row.name} does not sync {since}. {row.reason} {row.remedy}".rstrip())


def _held(database: sa.Connection) -> Iterator[Alert]:
    rows = database.execute(
        sa.select(person.c.id, person.c.name, sa.func.count().label("steps"))
        .join(intent, intent.c.user_id == person.c.id)
        .where(intent.c.state == "held", intent.c.hold != "would_mail")
        .group_by(person.c.id, person.c.name)
        .order_by(person.c.name)
    )
    for row in rows:
        text = f"{row.steps} steps of {row.name} are held by a guard and wait for an answer, under Held steps."
        yield Alert(f"held:{row.id}", text)


def _ending(database: sa.Connection, now: datetime) -> Iterator[Alert]:
    for row in database.execute(sa.select(connection.c.service, connection.c.settings)):
        for name, value in sorted(row.settings.items()):
            if not name.endswith("_ends"):
                continue
            left = datetime.fromisoformat(value) - now
            days = next((days for days in ENDING_DAYS if left <= timedelta(days=days)), None)
            if days is not None:
                what = f"The {name.removesuffix('_ends').replace('_', ' ')} for {_TITLES.get(row.service, row.service)}"
                when = "has ended" if left <= timedelta(0) else f"ends on {datetime.fromisoformat(value):%d %b %Y}"
                yield Alert(f"end:{row.service}:{name}:{days}", f"{what} {when}. Replace it under Connections.")


def _quota(database: sa.Connection, now: datetime) -> Iterator[Alert]:
    budget = organisation_view(database, now.date(), now.replace(hour=0, minute=0, second=0, microsecond=0)).budget
    ends = full_at(budget, now)
    if ends is not None:
        text = f"At this pace the Salesforce API calls of 24 hours are used up at {ends:%H:%M} UTC."
        yield Alert("quota", f"{text} Find what else uses them, or make cycles longer.")
