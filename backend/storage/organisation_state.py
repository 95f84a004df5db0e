"""The organisation's one row: which organisation it is, whether everything stands still, and the API allowance used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from backend.ports.clock import Clock
from backend.storage import leases
from backend.storage.engine import reading
from backend.storage.statements import run_many, upsert
from backend.storage.tables import api_usage, organisation


@dataclass(frozen=True, slots=True)
class OrganisationState:
    """What is known of the organisation. `api_used` of `api_max` calls in the present 24 hours, as Salesforce said."""

    crm_org_id: str | None = None
    cycle_at: datetime | None = None
    cycle_started_at: datetime | None = None
    stopped: bool = False
    stopped_by: str = ""
    stopped_at: datetime | None = None
    problem: str = ""
    api_used: int | None = None
    api_max: int | None = None


_STATE = sa.select(*(organisation.c[name] for name in OrganisationState.__dataclass_fields__))


class OrganisationBook:
    """Keeps the organisation's row and the count of calls."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def state(self) -> OrganisationState:
        """What is known; everything empty before the first cycle."""
        with reading(self._engine).begin() as connection:
            row = connection.execute(_STATE).one_or_none()
        return OrganisationState() if row is None else OrganisationState(*row)

    def cycle_started(self) -> None:
        """A cycle begins; its end is stored by the commit that completes it."""
        self._set(cycle_started_at=self._clock.now())

    def identify(self, crm_org_id: str) -> None:
        """Notes which Salesforce organisation answers."""
        self._set(crm_org_id=crm_org_id)

    def set_problem(self, problem: str) -> None:
        """Why the organisation cannot be read, in one sentence with the remedy; empty when it can."""
        self._set(problem=problem)

    def stop(self, by: str) -> None:
        """Nothing is read or written any more. A pass that is under way ends before its next write (fencing)."""
        with self._engine.begin() as connection:
            row = {"id": 1, "stopped": True, "stopped_by": by[:320], "stopped_at": self._clock.now()}
            upsert(connection, organisation, [row])
            leases.fence_everybody(connection)

    def resume(self) -> None:
        """Everything goes on; what happened meanwhile on either side is found by the next passes."""
        self._set(stopped=False, stopped_by="", stopped_at=None)

    def set_allowance(self, used: int, maximum: int) -> None:
        """What the header of a Salesforce answer said about the daily allowance."""
        self._set(api_used=used, api_max=maximum)

    def add_usage(self, calls: Mapping[str, int], requests: Mapping[str, int]) -> None:
        """Adds counted calls, and the requests inside them, by service, to the present hour."""
        now = self._clock.now()
        rows = [
            {
                "day": now.date(),
                "hour": now.hour,
                "service": service,
                "calls": calls.get(service, 0),
                "requests": requests.get(service, 0),
            }
            for service in sorted(calls.keys() | requests.keys())
        ]
        with self._engine.begin() as connection:
            run_many(connection, _add_usage(connection.dialect.name), rows)

    def _set(self, **values: Any) -> None:
        with self._engine.begin() as connection:
            upsert(connection, organisation, [{"id": 1} | values])


@cache
def _add_usage(dialect: str) -> sa.Insert:
    insert = postgresql.insert(api_usage) if dialect == "postgresql" else sqlite.insert(api_usage)
    return insert.on_conflict_do_update(
        index_elements=[column.name for column in api_usage.primary_key],
        set_={name: api_usage.c[name] + insert.excluded[name] for name in ("calls", "requests")},
    )
