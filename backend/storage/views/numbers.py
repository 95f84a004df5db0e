"""The numbers behind /metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from backend.storage.tables import api_usage, intent, link, organisation, sync_lease, sync_run
from backend.storage.views.people import Query, people_numbers
from backend.storage.views.standing import Standing


@dataclass(frozen=True, slots=True)
class Readings:
    """Numbers of one moment; runs of the last hour by outcome; ages in seconds, None where nothing can be measured."""

    people: Mapping[Standing, int]
    runs: Mapping[str, int]
    calls: Mapping[str, int]
    held: int
    refused: int
    leases: int
    oldest_lease_seconds: float | None
    cycle_age_seconds: float | None
    api_used: int | None
    api_limit: int | None


def readings(connection: sa.Connection, now: datetime, day: date) -> Readings:
    """Read them; `day` is the UTC day whose API calls are counted."""
    lately = sync_run.c.started_at >= now - timedelta(hours=1)
    runs = sa.select(sync_run.c.outcome, sa.func.count()).where(lately).group_by(sync_run.c.outcome)
    calls = sa.select(api_usage.c.service, sa.func.sum(api_usage.c.calls)).where(api_usage.c.day == day)
    live = sa.select(sync_lease.c.user_id).where(sync_lease.c.expires_at > now, sync_lease.c.user_id > 0)
    began = sa.select(sa.func.min(sync_run.c.started_at)).where(
        sync_run.c.ended_at.is_(None), sync_run.c.user_id.in_(live)
    )
    oldest = connection.scalar(began)
    row = connection.execute(sa.select(organisation)).one_or_none()
    return Readings(
        people=people_numbers(connection, Query()).counts,
        runs={row[0]: row[1] for row in connection.execute(runs)},
        calls={service: int(number) for service, number in connection.execute(calls.group_by(api_usage.c.service))},
        held=_count(connection, sa.select(sa.func.count()).select_from(intent).where(intent.c.state == "held")),
        refused=_count(connection, sa.select(sa.func.count()).select_from(link).where(link.c.state == "held")),
        leases=_count(connection, sa.select(sa.func.count()).select_from(live.subquery())),
        oldest_lease_seconds=(now - oldest).total_seconds() if oldest else None,
        cycle_age_seconds=(now - row.cycle_at).total_seconds() if row and row.cycle_at else None,
        api_used=row.api_used if row else None,
        api_limit=row.api_max if row else None,
    )


def _count(connection: sa.Connection, query: sa.Select[int]) -> int:
    return connection.scalar(query) or 0
