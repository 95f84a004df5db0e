"""Runs and the state of each user: what a pass came to, when the next one is due, and why one cannot go on.

Due times and retries are rows, never the queue's memory: an emptied queue costs one cycle and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from backend.ports.clock import Clock
from backend.storage.engine import reading
from backend.storage.statements import IDS, database_time, look_up
from backend.storage.tables import intent, organisation, sync_lease, sync_run, todo, user_state

FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=1)


class Outcome(StrEnum):
    """What a pass came to. `partial` and `held` read everything; `failed` did not."""

    RUNNING = "running"
    OK = "ok"
    PARTIAL = "partial"
    HELD = "held"
    FAILED = "failed"
    CUT_OFF = "cut_off"


class UserState(StrEnum):
    """What a user's sync is up to, for people."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    FIRST_SYNC = "first_sync"
    IN_SYNC = "in_sync"
    NEEDS_ATTENTION = "needs_attention"
    PAUSED = "paused"
    HELD = "held"
    THROTTLED = "throttled"


_STATE = sa.select(user_state).where(user_state.c.user_id.in_(IDS))
_STOPPED = sa.select(organisation.c.stopped).where(organisation.c.id == 1)
_LEASE_ALIVE = sa.select(sync_lease.c.expires_at > database_time(sa.literal(0.0))).where(
    sync_lease.c.user_id == sa.bindparam("user")
)
_NOW: sa.BindParameter[datetime] = sa.bindparam("now", type_=user_state.c.due_at.type)
_WORK = sa.or_(
    sa.exists().where(todo.c.user_id == user_state.c.user_id),
    sa.exists().where(
        intent.c.user_id == user_state.c.user_id,
        intent.c.state.in_(["sent", "planned"]),  # by the index, past all that is done
        sa.or_(
            intent.c.state == "sent",
            sa.and_(intent.c.state == "planned", sa.func.coalesce(intent.c.not_before, _NOW) <= _NOW),
        ),
    ),
)
_CUT_OFF = sa.exists().where(sync_run.c.id == user_state.c.last_run_id, sync_run.c.outcome == Outcome.RUNNING.value)
_BUSY = sa.exists().where(
    sync_lease.c.user_id == user_state.c.user_id, sync_lease.c.expires_at > database_time(sa.literal(0.0))
)
_DUE = (
    sa.select(user_state.c.user_id)
    .where(
        user_state.c.syncs,
        sa.not_(user_state.c.paused),
        sa.or_(
            user_state.c.wanted_again,
            user_state.c.due_at.is_(None),
            user_state.c.due_at <= _NOW,
            sa.and_(user_state.c.failures == 0, _WORK),
            sa.and_(_CUT_OFF, sa.not_(_BUSY)),
        ),
    )
    .order_by(user_state.c.user_id)
)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a pass ended.

    counts: numbers for people, by name · error and remedy: one sentence each, empty when all went well ·
    state: the user's state from now on · next_at: when he is due again by himself; None: at the next cycle, or after
    a back-off that doubles with every failure in a row · complete: everything was read and planned.
    """

    outcome: Outcome
    state: UserState
    complete: bool
    counts: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    remedy: str = ""
    next_at: datetime | None = None


class Runs:
    """The runs of this installation and the state machine of its users."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    # --- one pass ----------------------------------------------------------------------------------------------------

    def start(self, user_id: int, lease_token: int, cause: str) -> int:
        """Begins a run and returns its number; numbers rise. A run that was cut off before is closed as such.

        A wish for another pass that was noted before is fulfilled by this one.
        """
        now = self._clock.now()
        with self._engine.begin() as connection:
            self._close_cut_off(connection, user_id, now)
            row = {
                "user_id": user_id,
                "lease_token": lease_token,
                "cause": cause[:64],
                "started_at": now,
                "outcome": Outcome.RUNNING.value,
                "counts": {},
            }
            number = int(connection.execute(sa.insert(sync_run).values(row).returning(sync_run.c.id)).scalar_one())
            if user_id:
                state = _user(user_id).values(last_run_id=number, wanted_again=False, progress=None)
                connection.execute(state)
        return number

    def finish(self, run_id: int, user_id: int, finished: Finished) -> None:
        """Ends a run and moves the user's state on."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            ending = {
                "ended_at": now,
                "outcome": finished.outcome.value,
                "counts": dict(finished.counts),
                "error": finished.error,
                "remedy": finished.remedy,
            }
            connection.execute(sa.update(sync_run).where(sync_run.c.id == run_id).values(ending))
            if user_id:
                self._move_on(connection, run_id, user_id, finished, now)

    def progress(self, user_id: int, progress: Mapping[str, Any] | None) -> None:
        """How far a long pass is, for the pages; None: nothing to show."""
        with self._engine.begin() as connection:
            connection.execute(_user(user_id).values(progress=None if progress is None else dict(progress)))

    def set_state(self, user_id: int, state: UserState, reason: str = "", remedy: str = "") -> None:
        """Moves a user to a state outside of a run; one sentence each for reason and remedy."""
        with self._engine.begin() as connection:
            connection.execute(_user(user_id).values(state=state.value, reason=reason, remedy=remedy))

    # --- who is due --------------------------------------------------------------------------------------------------

    def want(self, user_ids: Iterable[int]) -> None:
        """Notes that users are to get a pass as soon as possible, whatever they wait for."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(user_state).where(user_state.c.user_id.in_(list(user_ids))).values(wanted_again=True)
            )

    def wanted(self, user_id: int) -> bool:
        """Whether another pass was asked for since the last one began."""
        query = sa.select(user_state.c.wanted_again).where(user_state.c.user_id == user_id)
        with reading(self._engine).begin() as connection:
            return bool(connection.execute(query).scalar())

    def due_users(self) -> tuple[int, ...]:
        """Users who need a pass now, in order of id: their time has come, they were asked for, something waits for
        them, or their last pass was cut off. Nobody while the organisation is stopped; never who is paused.
        """
        now = self._clock.now()
        with reading(self._engine).begin() as connection:
            if connection.execute(_STOPPED).scalar():
                return ()
            return tuple(connection.execute(_DUE, {"now": now}).scalars())

    def lease_alive(self, user_id: int) -> bool:
        """Whether some process holds the user's lease now, by the database's clock."""
        with reading(self._engine).begin() as connection:
            return bool(connection.execute(_LEASE_ALIVE, {"user": user_id}).scalar())

    # --- inside ------------------------------------------------------------------------------------------------------

    def _close_cut_off(self, connection: sa.Connection, user_id: int, now: datetime) -> None:
        connection.execute(
            sa.update(sync_run)
            .where(sync_run.c.user_id == user_id, sync_run.c.outcome == Outcome.RUNNING.value)
            .values(ended_at=now, outcome=Outcome.CUT_OFF.value, error="The worker was stopped in the middle.")
        )

    def _move_on(self, connection: sa.Connection, run_id: int, user_id: int, finished: Finished, now: datetime) -> None:
        row = next(look_up(connection, _STATE, [user_id]))
        failures = row.failures + 1 if finished.outcome is Outcome.FAILED else 0
        values: dict[str, Any] = {
            "state": finished.state.value,
            "reason": finished.error,
            "remedy": finished.remedy,
            "failures": failures,
            "progress": None,
            "due_at": finished.next_at or (now + pause(failures) if failures else None),
        }
        if finished.complete:
            values["last_complete_run_id"] = run_id
            values["first_sync_done_at"] = row.first_sync_done_at or now
        if finished.outcome is not Outcome.FAILED:
            values["last_ok_at"] = now
        connection.execute(_user(user_id).values(values))


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: it doubles, up to an hour."""
    doublings = min(failures - 1, 16)
    return min(FIRST_PAUSE * float(2**doublings), LONGEST_PAUSE)


def _user(user_id: int) -> sa.Update:
    return sa.update(user_state).where(user_state.c.user_id == user_id)
