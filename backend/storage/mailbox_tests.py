"""The test of mailboxes as rows: how far the one that runs has come, and what each person's last one found (LS-020)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from backend.ports.clock import Clock
from backend.storage.engine import reading
from backend.storage.statements import upsert
from backend.storage.tables import mailbox_test, tested_mailbox

QUIET: Final = timedelta(minutes=5)
"""A test that reported nothing for so long lost its worker; another one may begin."""
_ONLY: Final = 1


@dataclass(frozen=True, slots=True)
class MailboxTestState:
    """The last test, running or ended. wanted: Salesforce ids of those to test; empty: everybody.

    total: None before the people are known · problem: why nobody could be tested.
    """

    started_at: datetime
    started_by: str
    beat_at: datetime
    ended_at: datetime | None
    stopping: bool
    wanted: tuple[str, ...]
    done: int
    total: int | None
    problem: str

    def running(self, now: datetime) -> bool:
        """Whether somebody is at it."""
        return self.ended_at is None and now - self.beat_at < QUIET

    def lost(self, now: datetime) -> bool:
        """Whether it was cut off."""
        return self.ended_at is None and not self.running(now)


@dataclass(frozen=True, slots=True)
class MailboxResult:
    """What the test of one person found."""

    crm_user_id: str
    name: str
    address: str
    result: str
    message: str


class MailboxTests:
    """Begins, reports and stops tests. One runs at a time; who reports is told whether to go on."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, by: str, wanted: Sequence[str] = ()) -> bool:
        """Notes that a test is wanted, of these people or of everybody; False while another one runs."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            state = read_state(connection)
            if state is not None and state.running(now):
                return False
            row = {
                "id": _ONLY, "started_at": now, "started_by": by[:320], "beat_at": now, "ended_at": None,
                "stopping": False, "wanted": list(wanted), "done": 0, "total": None, "problem": "",
            }  # fmt: skip
            upsert(connection, mailbox_test, [row])
        return True

    def state(self) -> MailboxTestState | None:
        """The last test; None before the first."""
        with reading(self._engine).begin() as connection:
            return read_state(connection)

    def expect(self, test: MailboxTestState, total: int) -> None:
        """How many people the test is going to look at."""
        with self._engine.begin() as connection:
            self._change(connection, test, total=total)

    def note(self, test: MailboxTestState, found: Iterable[MailboxResult]) -> bool:
        """Stores what was found; whether to go on: nobody stopped the test, and no other one has begun."""
        now = self._clock.now()
        rows = [
            {"crm_user_id": one.crm_user_id, "name": one.name, "address": one.address, "result": one.result,
             "message": one.message, "at": now}
            for one in found
        ]  # fmt: skip
        with self._engine.begin() as connection:
            if not self._change(connection, test, done=mailbox_test.c.done + len(rows)):
                return False
            upsert(connection, tested_mailbox, rows)
            return not connection.execute(sa.select(mailbox_test.c.stopping)).scalar_one()

    def stop(self) -> None:
        """Lets the running test end after the people it is at."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(mailbox_test).where(mailbox_test.c.ended_at.is_(None)).values(stopping=True))

    def end(self, test: MailboxTestState, problem: str = "") -> None:
        """The test is over. After one of everybody, who was not met is a user no more."""
        with self._engine.begin() as connection:
            mine = self._change(connection, test, ended_at=self._clock.now(), problem=problem)
            stopped = connection.execute(sa.select(mailbox_test.c.stopping)).scalar_one_or_none()
            if mine and not (test.wanted or problem or stopped):
                connection.execute(sa.delete(tested_mailbox).where(tested_mailbox.c.at < test.started_at))

    def _change(self, connection: sa.Connection, test: MailboxTestState, **values: Any) -> bool:
        """Whether the test is still the one that counts."""
        mine = sa.update(mailbox_test).where(
            mailbox_test.c.started_at == test.started_at, mailbox_test.c.ended_at.is_(None)
        )
        return connection.execute(mine.values(beat_at=self._clock.now(), **values)).rowcount == 1


def read_state(connection: sa.Connection) -> MailboxTestState | None:
    """The last test; None before the first."""
    columns = [mailbox_test.c[name] for name in MailboxTestState.__dataclass_fields__]
    row = connection.execute(sa.select(*columns)).one_or_none()
    return None if row is None else MailboxTestState(**{**row._mapping, "wanted": tuple(row.wanted)})
