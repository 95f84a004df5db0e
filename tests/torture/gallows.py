"""Kills processes at the request that a shot names, and notes what they were doing.

Processes are found from the id of the supervisor that was started here, by who is whose parent.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import IO

import psutil
import sqlalchemy as sa

from backend.sandbox.faults import Rule, Target
from backend.sandbox.service import Cut
from backend.storage.engine import create_engine, reading
from backend.storage.runs import Outcome
from backend.storage.statements import database_time
from backend.storage.tables import intent, sync_lease, sync_run
from tests.fakes.processes import kill, running
from tests.fakes.stage import Stage
from tests.torture.shots import Shot

_NOW = database_time(sa.literal(0.0))
_OPEN_RUNS = (
    sa.select(sync_run.c.id)
    .join(sync_lease, sa.and_(sync_lease.c.user_id == sync_run.c.user_id, sync_lease.c.token == sync_run.c.lease_token))
    .where(sync_run.c.outcome == Outcome.RUNNING.value, sync_lease.c.expires_at > _NOW)
)

_IN_TRANSACTION = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND xact_start IS NOT NULL"
)


class Crew:
    """The process tree of one installation: supervisor - pool and scheduler - workers - horses."""

    def __init__(self, stage: Stage, log: IO[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.crew"],
            env=stage.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._root = psutil.Process(self._process.pid)  # knows its process even when the id is given out again

    @property
    def alive(self) -> bool:
        """Whether the supervisor runs."""
        return self._process.poll() is None

    def part(self, mode: str) -> list[psutil.Process]:
        """The processes that a mode of killing means, parents before children."""
        with suppress(psutil.NoSuchProcess):
            everybody = [self._root, *self._root.children(recursive=True)]
            depths = {self._process.pid: 0}
            for process in everybody[1:]:
                with suppress(psutil.NoSuchProcess):
                    depths[process.pid] = depths.get(process.ppid(), 0) + 1
            depth = {"pool": 1, "worker": 2, "horse": 3}.get(mode)
            if depth is None:
                return everybody
            parents = {process.ppid() for process in everybody if process.is_running()}
            chosen = [process for process in everybody if depths.get(process.pid) == depth]
            return chosen if mode == "horse" else [process for process in chosen if process.pid in parents]
        return []

    def stop(self) -> None:
        """SIGKILL to whatever is left of it, and waits for the end."""
        left = self.part("tree")
        kill(left)
        self._process.wait()
        kill(running(left))

    def freeze(self, asleep: bool) -> None:
        """Stops every process where it stands, or lets it go on."""
        for process in self.part("tree"):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP if asleep else signal.SIGCONT)


@dataclass(frozen=True)
class Kill:
    """What a kill hit: the request (`write`: it changes something), processes, passes that were running, and writes
    that were marked sent and not answered.
    """

    shot: Shot
    service: str
    operation: str
    write: bool
    processes: int
    open_runs: int
    in_flight: int


class Gallows:
    """One shot at a time: `arm`, wait for `struck`, look at `kills[-1]`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.struck = threading.Event()
        self.kills: list[Kill] = []
        self.crew: Crew | None = None
        self._engine = create_engine(stage.config.database_url)
        self._cut_before: set[int] = set()

    def rule(self, shot: Shot) -> Rule:
        """The fault rule that carries out the shot."""
        self.struck.clear()
        return Rule(
            "hook",
            service=shot.service,
            operation=shot.operation,
            only=shot.only,
            nth=shot.nth,
            when=shot.moment,
            hook=lambda target: self._strike(shot, target),
        )

    def close(self) -> None:
        """Gives back the database."""
        self._engine.dispose()

    def _strike(self, shot: Shot, target: Target) -> None:
        """Runs in the sandbox's thread that serves the request."""
        crew = self.crew
        if crew is None or self.struck.is_set():
            return
        runs, in_flight = self._caught()
        victims = crew.part(shot.mode)
        if shot.mode == "zombie":
            self._freeze(crew)
        else:
            kill(victims)
        self.kills.append(
            Kill(shot, target.service, target.operation, target.write, len(victims), len(runs), in_flight)
        )
        self._cut_before |= runs
        self.struck.set()
        if shot.moment == "before":
            raise Cut

    def _freeze(self, crew: Crew) -> None:
        """Never in the middle of a transaction: on one machine that would lock the database for everybody."""
        crew.freeze(True)
        while self._in_transaction():
            crew.freeze(False)
            time.sleep(0.05)
            crew.freeze(True)

    def _in_transaction(self) -> bool:
        """Whether any process holds the database open for writing."""
        if self._engine.dialect.name == "postgresql":
            with reading(self._engine).begin() as connection:
                return bool(connection.execute(_IN_TRANSACTION).scalar())
        with suppress(sqlite3.OperationalError), closing(self._no_patience()) as driver:
            driver.execute("BEGIN IMMEDIATE")
            driver.execute("ROLLBACK")
            return False
        return True

    def _no_patience(self) -> sqlite3.Connection:
        return sqlite3.connect(str(self._engine.url.database), timeout=0, isolation_level=None)

    def _caught(self) -> tuple[set[int], int]:
        """Passes that are running now, and their writes in flight."""
        with reading(self._engine).begin() as connection:
            runs = set(connection.execute(_OPEN_RUNS).scalars()) - self._cut_before
            sent = sa.select(sa.func.count()).where(intent.c.state == "sent", intent.c.run_id.in_(runs))
            return runs, connection.execute(sent).scalar_one()
