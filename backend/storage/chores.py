"""The night's work: what is done once a day for everybody. When it is due is a row, never the queue's state.

Any number of schedulers ask; one of them gets a chore. Who dies over it loses an hour, not the night.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from backend.ports.clock import Clock
from backend.storage.engine import reading
from backend.storage.statements import insert_missing
from backend.storage.tables import chore

PATIENCE: Final = timedelta(hours=1)
"""A chore that was begun and not ended is due again after this: in between, the usual work goes on."""


class Chore(StrEnum):
    """The chores there are."""

    WHOLE_READING = "whole_reading"
    PRUNING = "pruning"


class Chores:
    """Who does which chore, and when it is due again. hour: from when on, UTC."""

    def __init__(self, engine: sa.Engine, clock: Clock, hour: int) -> None:
        self._engine = engine
        self._clock = clock
        self._hour = hour

    def claim(self, what: Chore) -> bool:
        """Whether the chore is due and the caller is the one who does it now; everybody else is told that it is not."""
        now = self._clock.now()
        with reading(self._engine).begin() as connection:
            due = connection.execute(sa.select(chore.c.due_at).where(chore.c.name == what)).scalar()
        if due is not None and due > now:
            return False
        with self._engine.begin() as connection:
            insert_missing(connection, chore, [{"name": what.value, "due_at": now}])
            mine = sa.update(chore).where(chore.c.name == what, chore.c.due_at <= now)
            return connection.execute(mine.values(due_at=now + PATIENCE)).rowcount == 1

    def done(self, what: Chore) -> None:
        """The chore is done; it is due again in the coming night."""
        row = {"name": what.value, "due_at": coming_night(self._clock.now(), self._hour)}
        with self._engine.begin() as connection:
            insert_missing(connection, chore, [row])
            connection.execute(sa.update(chore).where(chore.c.name == what).values(due_at=row["due_at"]))


def coming_night(now: datetime, hour: int) -> datetime:
    """When that hour begins next; `now` in UTC."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)
