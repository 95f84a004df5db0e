"""The torture itself: people work, calls fail, processes die; then all is left in peace until nothing moves."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, Final

import sqlalchemy as sa

from backend.jobs.redis_server import RedisServer
from backend.storage.engine import reading
from backend.storage.runs import Outcome
from backend.storage.tables import intent, line, link, sync_run, todo, user_state
from backend.wiring import Lockstep
from tests.fakes.stage import Stage
from tests.torture import shots
from tests.torture.gallows import Crew, Gallows, Kill
from tests.torture.judge import Verdict, judge
from tests.torture.ledger import CONTACT, EVENT, KINDS
from tests.torture.people import People
from tests.torture.reader import read
from tests.torture.shared import CONTACTS, MEETINGS, SERIES, share
from tests.torture.shots import Shot

LEASE_SECONDS: Final = 3
PEOPLE: Final = 5
THINGS: Final = 500
LATER_SHARE: Final = 0.2
"""Share of the things that is made while processes are dying; the rest is there at the beginning."""
EDITS_BEFORE_A_KILL: Final = 12
EDITS_MEANWHILE: Final = 12
"""While a shot waits for its request: no more on a slow machine, or passes that are always cut off fall so far behind
that what they have to write looks like a mass change and is held for a person (B.9).
"""
PATIENCE_SECONDS: Final = 60.0
"""For one shot; then another one is drawn."""
SETTLE_SECONDS: Final = 240.0
WRITING: Final = (".create", ".update", ".delete", "POST composite/sobjects", "PATCH composite/sobjects", "DELETE ")


@dataclass
class Outcomes:
    """Everything that the torture came to."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    missed: int = 0
    faults: dict[str, dict[str, int]] = field(default_factory=dict)
    calls: int = 0
    done: dict[str, int] = field(default_factory=dict)
    things: dict[str, int] = field(default_factory=dict)
    settled: bool = False
    unfinished: str = ""
    writes_after_settling: int = 0
    mails: int = 0
    held: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0

    @property
    def open_runs(self) -> int:
        """Kills that hit a running pass."""
        return sum(kill.open_runs > 0 for kill in self.kills)

    @property
    def in_flight(self) -> int:
        """Kills at a request that writes, while it was marked sent and before it was answered."""
        return sum(kill.write and kill.in_flight > 0 for kill in self.kills)


class Game:
    """One torture on one stage. `tell` is told in a line what happened, and how many kills that was further on."""

    def __init__(self, stage: Stage, kills: int, seed: int, log: IO[str], tell: Callable[[str, int], None]) -> None:
        chance = random.Random(seed)  # deterministic on purpose
        self.stage = stage
        self.log = log
        self.tell = tell
        self.shots = shots.draw(kills, random.Random(chance.random()))
        self.spare = shots.draw(kills, random.Random(chance.random()))
        self.people = People(stage, random.Random(chance.random()), self._paired)
        self.faults = shots.faults()
        self.outcomes = Outcomes(seed)
        self.gallows = Gallows(stage)
        self.lockstep = Lockstep.open(stage.config)
        self._wished = 0.0

    def play(self) -> Outcomes:
        """Runs it to its end."""
        began = time.monotonic()
        redis = RedisServer.start(self.stage.folder)
        with closing(self.lockstep), closing(self.gallows):
            try:
                self._torture()
                self._leave_in_peace()
            finally:
                if self.gallows.crew is not None:
                    self.gallows.crew.stop()
                redis.stop()
        self._count()
        self.outcomes.seconds = time.monotonic() - began
        return self.outcomes

    # --- the bad time ------------------------------------------------------------------------------------------------

    def _torture(self) -> None:
        self._join()
        later = round(THINGS * LATER_SHARE)
        for kind in (CONTACT, EVENT):
            self.people.make(kind, THINGS - later)
        share(self.people)
        self.tell(f"{THINGS - later} contacts and as many events are there, half of them on each side", 0)
        self.tell(f"three people share {CONTACTS} contacts and {MEETINGS} meetings, and have {SERIES} series", 0)
        pairs, made = later // 2, 0
        for number, shot in enumerate(self.shots, start=1):
            due = pairs * number // len(self.shots) - made
            for kind in (CONTACT, EVENT):
                self.people.make(kind, 2 * due)
            made += due
            self._shoot(shot)
            self.tell(f"kill {number} of {len(self.shots)}: {_told(self.gallows.kills[-1])}", 1)

    def _join(self) -> None:
        """Everybody syncs before the first thing is made: older events of Salesforce would wait for an edit (F-6)."""
        self.lockstep.read_organisation()
        joined = self.stage.world.clock.now()
        while self.stage.world.clock.now() < joined + timedelta(seconds=1):  # Salesforce's stamps are whole seconds
            time.sleep(0.1)

    def _shoot(self, shot: Shot) -> None:
        while not self._struck(shot):
            self.outcomes.missed += 1
            self.tell(f"nothing came that {shot.mode} at {shot.operation} waited for; another shot is drawn", 0)
            shot = self.spare[self.outcomes.missed % len(self.spare)]
        if shot.mode == "zombie":
            self._sleepwalk()
        elif shot.mode == "tree" and self.gallows.crew is not None:
            self.gallows.crew.stop()

    def _struck(self, shot: Shot) -> bool:
        """Whether the shot was fired in time. People go on working meanwhile."""
        if self.gallows.crew is None or not self.gallows.crew.alive:
            self.gallows.crew = Crew(self.stage, self.log)
        self.people.work(EDITS_BEFORE_A_KILL)
        self.stage.world.faults.replace([self.gallows.rule(shot), *self.faults])
        deadline, edits = time.monotonic() + PATIENCE_SECONDS, EDITS_MEANWHILE
        while not self.gallows.struck.wait(0.25):
            if time.monotonic() > deadline:
                return False
            self.people.work(min(edits, 1))
            edits -= min(edits, 1)
            self._want()
        return True

    def _sleepwalk(self) -> None:
        """Others take over from frozen processes, which wake up, go on as if nothing had happened, and are killed."""
        sleeper = self.gallows.crew
        assert sleeper is not None
        self.stage.world.faults.replace(self.faults)
        self.gallows.crew = Crew(self.stage, self.log)
        self._work_for(LEASE_SECONDS + 3.0)
        sleeper.freeze(False)
        self._work_for(1.5)
        sleeper.stop()

    def _paired(self, crm_id: str, holders: int) -> bool:
        """Whether the installation knows both sides of a record, for so many people, and what they agree on."""
        query = sa.select(sa.func.count()).select_from(link).join(line, line.c.id == link.c.line_id)
        query = query.where(line.c.crm_id == crm_id, link.c.state == "linked", link.c.mailbox_id.is_not(None))
        query = query.where(link.c.shadow_mailbox.is_not(None), link.c.shadow_crm.is_not(None))
        with reading(self.lockstep.database).begin() as connection:
            return bool(connection.execute(query).scalar_one() >= holders)

    def _work_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.people.work(1)
            self._want()
            time.sleep(0.25)

    def _want(self) -> None:
        """Everybody presses "sync now" every second: a pass that failed would wait for half a minute by itself."""
        if time.monotonic() - self._wished > 1.0:
            self._wished = time.monotonic()
            self.lockstep.runs.want([user.user_id for user in self.lockstep.store.users()])

    # --- peace -------------------------------------------------------------------------------------------------------

    def _leave_in_peace(self) -> None:
        self.tell("no more kills, faults and edits: everything has to come to rest", 0)
        self.stage.world.faults.clear()
        if self.gallows.crew is None or not self.gallows.crew.alive:
            self.gallows.crew = Crew(self.stage, self.log)
        if not self._quiet(SETTLE_SECONDS):
            return
        self.stage.world.calls.clear()
        self.outcomes.settled = self._quiet(SETTLE_SECONDS)
        self.outcomes.writes_after_settling = sum(
            row.calls + row.inner
            for row in self.stage.world.calls.counts()
            if any(word in row.operation for word in WRITING) and "token" not in row.operation
        )

    def _quiet(self, seconds: float) -> bool:
        """Waits until everybody had a pass that found nothing to do and nothing waits; whether that was reached."""
        deadline = time.monotonic() + seconds
        since = self._last_run()
        while time.monotonic() < deadline:
            self._want()
            time.sleep(0.5)
            self.outcomes.unfinished = self._unfinished(since)
            if not self.outcomes.unfinished:
                return True
        return False

    def _last_run(self) -> int:
        with reading(self.lockstep.database).begin() as connection:
            return connection.scalar(sa.select(sa.func.max(sync_run.c.id))) or 0

    def _unfinished(self, since: int) -> str:
        """What there is still to do; empty when everybody had a good pass after run `since` that wrote nothing."""
        with reading(self.lockstep.database).begin() as connection:
            waiting = connection.scalar(sa.select(sa.func.count()).select_from(todo)) or 0
            writes = connection.scalar(sa.select(sa.func.count()).where(intent.c.state.in_(("planned", "sent"))))
            users = set(connection.execute(sa.select(user_state.c.user_id).where(user_state.c.syncs)).scalars())
            good = (Outcome.OK.value, Outcome.HELD.value)
            rows = connection.execute(
                sa.select(sync_run.c.user_id, sync_run.c.counts).where(
                    sync_run.c.id > since, sync_run.c.outcome.in_(good)
                )
            )
            done = {row.user_id for row in rows if not row.counts.get("planned") and not row.counts.get("writes")}
        if waiting or writes or users - done:
            return f"{waiting} marks, {writes} writes, users {sorted(users - done)} without a quiet pass"
        return ""

    # --- counting ----------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        outcomes, world = self.outcomes, self.stage.world
        outcomes.kills = self.gallows.kills
        outcomes.faults = shots.fired(self.faults)
        outcomes.calls = sum(rule.seen for rule in self.faults[:2])
        outcomes.done = self.people.done
        things = self.people.ledger.things
        outcomes.things = {kind: sum(thing.kind == kind for thing in things) for kind in KINDS}
        outcomes.mails = len(world.outbox) - self.people.mails
        outcomes.verdict = judge(things, read(self.stage))
        with closing(Lockstep.open(self.stage.config)) as lockstep, reading(lockstep.database).begin() as connection:
            held = sa.select(link.c.state, link.c.reason).where(link.c.state.in_(("held", "broken")))
            outcomes.held = [f"{row.state}: {row.reason}" for row in connection.execute(held)]
            stuck = sa.select(intent.c.state, intent.c.hold, intent.c.message).where(intent.c.state == "held")
            outcomes.held += [f"{row.hold}: {row.message}" for row in connection.execute(stuck)]


def _told(kill: Kill) -> str:
    shot = kill.shot
    return (
        f"{shot.mode} ({kill.processes} processes) {shot.moment} {kill.service} {kill.operation}, "
        f"{kill.open_runs} open passes, {kill.in_flight} writes in flight"
    )
