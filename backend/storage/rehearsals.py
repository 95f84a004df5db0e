"""Rehearsals of changed configurations: one row each, so that it outlives browser and job; the newest one counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.ports.clock import Clock
from backend.storage.configuration_codec import decode_settings, encode_configuration
from backend.storage.tables import rehearsal

SILENT: Final = timedelta(minutes=15)
"""A rehearsal that told nothing for so long has lost its worker."""


class State(StrEnum):
    """How far a rehearsal is. Silent is not stored: its worker is gone."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would follow from `settings`, a change of the configuration at its version `base_version`.

    done, total: people; total is None until it is known whom the change concerns · result: see `backend.rehearsing`.
    """

    id: int
    configuration_id: int
    settings: Configuration
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    state: State
    done: int
    total: int | None
    result: Mapping[str, Any]
    problem: str

    @property
    def open(self) -> bool:
        """Whether it is still going on."""
        return self.state in (State.WAITING, State.RUNNING)

    def matches(self, settings: Configuration) -> bool:
        """Whether it was done, for exactly these settings of the same version; names make no difference."""
        return self.state is State.DONE and replace(self.settings, name="") == replace(settings, name="")


class Rehearsals:
    """The rehearsals of this installation."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, configuration_id: int, settings: Configuration, by: str) -> int:
        """A new one in place of the configuration's earlier ones; its number. `settings.version`: what it changes."""
        now = self._clock.now()
        row = {
            "configuration_id": configuration_id,
            "base_version": settings.version,
            "name": settings.name,
            "active": settings.active,
            "settings": encode_configuration(settings),
            "started_by": by[:320],
            "started_at": now,
            "beat_at": now,
            "state": State.WAITING.value,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.delete(rehearsal).where(rehearsal.c.configuration_id == configuration_id))
            made = connection.execute(sa.insert(rehearsal).values(row).returning(rehearsal.c.id))
            return int(made.scalar_one())

    def claim(self, number: int) -> Rehearsal | None:
        """Takes a waiting one to run it; None if it was cancelled, replaced, or another worker has it."""
        waiting = rehearsal.c.state == State.WAITING.value
        place = sa.update(rehearsal).where(rehearsal.c.id == number, waiting)
        with self._engine.begin() as connection:
            taken = connection.execute(place.values(state=State.RUNNING.value, beat_at=self._clock.now())).rowcount
            return found(connection, number, self._clock.now()) if taken else None

    def note(self, number: int, done: int, total: int | None) -> bool:
        """How far it is; False if it was cancelled or replaced meanwhile."""
        return self._change(number, done=done, total=total, beat_at=self._clock.now())

    def finish(self, number: int, result: Mapping[str, Any]) -> bool:
        """It is done."""
        now = self._clock.now()
        return self._change(number, state=State.DONE.value, result=dict(result), ended_at=now, beat_at=now)

    def fail(self, number: int, problem: str) -> bool:
        """It could not be done."""
        return self._change(number, state=State.FAILED.value, problem=problem, ended_at=self._clock.now())

    def cancel(self, configuration_id: int) -> bool:
        """Stops what waits or runs for this configuration; whether there was anything."""
        going_on = rehearsal.c.state.in_([State.WAITING.value, State.RUNNING.value])
        place = sa.update(rehearsal).where(rehearsal.c.configuration_id == configuration_id, going_on)
        with self._engine.begin() as connection:
            now = self._clock.now()
            return bool(connection.execute(place.values(state=State.CANCELLED.value, ended_at=now)).rowcount)

    def forget(self, configuration_id: int) -> None:
        """The change was saved or given up."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(rehearsal).where(rehearsal.c.configuration_id == configuration_id))

    def _change(self, number: int, **values: Any) -> bool:
        place = sa.update(rehearsal).where(rehearsal.c.id == number, rehearsal.c.state == State.RUNNING.value)
        with self._engine.begin() as connection:
            return bool(connection.execute(place.values(values)).rowcount)


def latest(connection: sa.Connection, configuration_id: int, now: datetime) -> Rehearsal | None:
    """The rehearsal of a configuration."""
    query = sa.select(rehearsal.c.id).where(rehearsal.c.configuration_id == configuration_id)
    number = connection.scalar(query.order_by(rehearsal.c.id.desc()).limit(1))
    return None if number is None else found(connection, number, now)


def found(connection: sa.Connection, number: int, now: datetime) -> Rehearsal | None:
    """The rehearsal of this number."""
    text = sa.cast(rehearsal.c.settings, sa.Text).label("as_text")
    row = connection.execute(sa.select(rehearsal, text).where(rehearsal.c.id == number)).one_or_none()
    if row is None:
        return None
    settings = replace(decode_settings(row.as_text), name=row.name, active=row.active, version=row.base_version)
    state = State(row.state)
    if state in (State.WAITING, State.RUNNING) and now - row.beat_at > SILENT:
        state = State.SILENT
    return Rehearsal(
        row.id, row.configuration_id, settings, row.started_by, row.started_at, row.ended_at, state, row.done,
        row.total, row.result or {}, row.problem,
    )  # fmt: skip
