"""World, memory and engine in one hand: passes, crashes, and settling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.domain.values import Kind
from backend.storage import tables
from backend.storage.configurations import Configurations
from backend.storage.runs import Finished, Outcome, Runs, UserState
from backend.sync.report import RunReport
from backend.sync.run import Engine
from backend.sync.state import IntentState, Line, Link, Presence
from tests.fakes.databases import EVERYTHING, fresh_store
from tests.fakes.fake_mailbox import FakeMailbox
from tests.fakes.fake_salesforce import FakeCrm, FakeOrganisation
from tests.fakes.fuel import Killed, fuelled_store
from tests.fakes.world import FakeWorld

LAPS = 3
"""Passes with work that any state may take to settle (INV-8)."""
LONG_ENOUGH = timedelta(minutes=61)
"""Longer than any wait of a write that is tried again."""


@dataclass(frozen=True)
class Crash:
    """Where a run died: the step, and whether a write was marked sent and not yet answered (C2 to C5)."""

    step: str
    in_flight: bool


@dataclass(frozen=True)
class Remembered:
    """A pair as the engine remembers it."""

    link: Link
    line: Line


class Unsettled(AssertionError):
    """The world did not come to rest."""


class Lab:
    """One world with its engine. Passes are those of all users in turn, the organisation read before them."""

    def __init__(self, users: int = 1, settings: Configuration = EVERYTHING) -> None:
        self.world = FakeWorld.of(users)
        self.store = fresh_store(users, self.world.clock, settings)
        self.database: sa.Engine = self.store._engine
        self.settings = settings
        self.configurations = Configurations(self.database, self.world.clock)
        self.runs = Runs(self.database, self.world.clock)
        self.users = list(range(1, users + 1))
        self.engine = Engine(fuelled_store(self.store, self.world.fuel), self.world.clock, "lab")

    # --- passes -------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """One reading of the organisation."""
        self.engine.read_organisation(FakeOrganisation(self.world), mailbox_of=self.mailbox_of)

    def mailbox_of(self, user_id: int) -> FakeMailbox:
        """A person's mailbox as the engine reaches it."""
        return FakeMailbox.of(self.world, user_id)

    def sync(self, user_id: int = 1) -> RunReport:
        """One pass of one user. What slow transactions hold back is committed before it looks at single rows."""
        self.world.org.settle_commits()
        report = self.engine.sync_user(
            user_id,
            FakeMailbox.of(self.world, user_id),
            FakeCrm.of(self.world, user_id),
            begin=lambda lease: self.runs.start(user_id, lease.token, "lab"),
        )
        if report.run_id:
            outcome = Outcome(report.outcome)
            finished = Finished(outcome, UserState.IN_SYNC, complete=outcome in (Outcome.OK, Outcome.HELD))
            self.runs.finish(report.run_id, user_id, finished)
        return report

    def cycle(self) -> list[RunReport]:
        """The organisation is read, then everybody has his pass."""
        self.read()
        return [self.sync(user_id) for user_id in self.users]

    def wait(self, time: timedelta) -> None:
        """Time passes; no transaction at Salesforce lasts so long."""
        self.world.org.settle_commits()
        self.world.clock.advance(time)

    def enter(self, user_id: int) -> None:
        """A person is assigned to the configuration."""
        with self.configurations.editing() as editor:
            editor.assign(self.settings.name, usernames=[self._username(user_id)])

    def leave(self, user_id: int) -> None:
        """A person is unassigned; his links stay."""
        with self.configurations.editing() as editor:
            editor.unassign(usernames=[self._username(user_id)])

    def _username(self, user_id: int) -> str:
        return f"{self.world.people[user_id].address}.crm"

    def syncing(self) -> list[int]:
        """Who syncs."""
        whose = sa.select(tables.user_state.c.user_id).where(tables.user_state.c.syncs)
        return sorted(row[0] for row in self.rows(whose))

    def crashing(self, action: Callable[[], object]) -> Crash | None:
        """Does something that may be killed; after a kill the leases run out and a new process can begin."""
        try:
            action()
        except Killed as killed:
            in_flight = self.count(tables.intent, tables.intent.c.state == IntentState.SENT.value) > 0
            self.revive()
            return Crash(str(killed), in_flight)
        self.revive()
        return None

    def revive(self) -> None:
        """A new process, after the leases of the dead one have run out."""
        self.world.fuel.revive()
        with self.database.begin() as connection:
            connection.execute(sa.text("UPDATE sync_lease SET expires_at = '1970-01-01 00:00:00.000000'"))

    def settle(self, laps: int = LAPS) -> list[RunReport]:
        """Clean passes until nothing is planned, then one more that must do nothing (INV-7, INV-8)."""
        reports: list[RunReport] = []
        self.world.faults.clear()
        self.revive()
        for _ in range(laps + 1):
            self.wait(LONG_ENOUGH)
            done = self.cycle()
            reports += done
            troubled = [report.problem for report in done if report.outcome not in ("ok", "off")]
            if troubled:
                raise Unsettled(f"a clean pass failed: {troubled}")
            if not any(report.planned or report.written or report.orphans for report in done):
                break
        else:
            steps = [f"{step.verb.name} {step.title}: {step.rule}" for report in done for step in report.steps]
            raise Unsettled(f"not settled after {laps} passes with work, which still want: {steps}")
        self.wait(LONG_ENOUGH)
        again = self.cycle()
        if any(report.planned or report.written for report in again):
            raise Unsettled(f"INV-7: a pass after a settled one did something: {[report.steps for report in again]}")
        return reports

    # --- looking into the memory --------------------------------------------------------------------------------

    def pairs(self, user_id: int | None = None) -> list[Remembered]:
        """Every link with its line, of one user or of all, in order of id."""
        whose = [] if user_id is None else [tables.link.c.user_id == user_id]
        ids = [UUID(row.id) for row in self.rows(sa.select(tables.link.c.id).where(*whose))]
        links = sorted(self.store.links(ids).values(), key=lambda link: link.id)
        lines = {
            line.id: line for kind in Kind for line in self.store.lines(kind, ids=[link.line_id for link in links])
        }
        return [Remembered(link, lines[link.line_id]) for link in links]

    def rows(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        """Rows of the database."""
        with self.database.begin() as connection:
            return list(connection.execute(query))

    def thought_gone(self) -> set[str]:
        """Ids of what the mirrors show as deleted."""
        item, record = tables.mailbox_item.c, tables.crm_record.c
        gone = Presence.GONE.value
        items = self.rows(sa.select(item.mailbox_id).where(item.presence == gone))
        return {row[0] for row in [*items, *self.rows(sa.select(record.crm_id).where(record.presence == gone))]}

    def count(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        """How many rows meet the conditions."""
        return int(self.rows(sa.select(sa.func.count()).select_from(table).where(*conditions))[0][0])
