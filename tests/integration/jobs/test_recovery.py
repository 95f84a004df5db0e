"""Kills and lost queues: the user goes on untouched (issue 2, part 7; sync.md B.8).

Real worker pools and schedulers run here; only the engine behind the jobs is a fake with real leases of 3 s.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from redis import Redis

from backend.jobs import redis_server
from backend.jobs.parent import marked_environment
from backend.jobs.queues import Doorbell, Rung
from backend.jobs.redis_server import RedisServer
from tests.fakes.engine import FakeEngine
from tests.fakes.processes import kill, no_leftovers, running, tree, wait_until

USER = 7
RECOVERY_SECONDS = 60.0
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path, redis_dir: Path, connection: Redis) -> Iterator[Start]:
    settings = {
        "LOCKSTEP_DATA_DIR": str(tmp_path),
        "LOCKSTEP_REDIS_URL": redis_server.url(redis_dir),
        "LOCKSTEP_CYCLE_SECONDS": "2",
        "LOCKSTEP_WORKERS": "1",
    }
    started: list[subprocess.Popen[bytes]] = []

    with no_leftovers() as pids:

        def start_role(role: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.fakes.jobs_main", role],
                env=marked_environment(os.environ | settings),
                start_new_session=True,
            )
            pids.append(process.pid)
            started.append(process)
            return process

        yield start_role
        for process in started:
            if process.poll() is None:
                kill(tree(process.pid))
            process.wait()


def wait_for_pass(engine: FakeEngine) -> None:
    wait_until(lambda: engine.running(USER), "a pass to begin", RECOVERY_SECONDS)


def family(pool: subprocess.Popen[bytes]) -> tuple[psutil.Process, psutil.Process]:
    """The pool's one worker and that worker's horse."""
    [worker] = psutil.Process(pool.pid).children()
    [horse] = worker.children()
    return worker, horse


def test_pass_goes_on_after_pool_worker_horse_and_scheduler_were_killed_together(
    start: Start, engine: FakeEngine
) -> None:
    engine.add_user(USER, due=True, pause=4)
    pool, scheduler = start("worker"), start("scheduler")
    wait_for_pass(engine)
    victims = tree(pool.pid) + tree(scheduler.pid)
    assert len(victims) == 4
    kill(victims)
    assert engine.passes(USER) == []
    start("worker")
    start("scheduler")
    wait_until(lambda: engine.passes(USER) == ["schedule"], "the pass after the restart", RECOVERY_SECONDS)


def test_horse_dies_with_its_worker_and_the_pass_goes_on_in_another(start: Start, engine: FakeEngine) -> None:
    engine.add_user(USER, due=True, pause=4)
    pool, _scheduler = start("worker"), start("scheduler")
    wait_for_pass(engine)
    worker, horse = family(pool)
    worker.kill()
    wait_until(lambda: running([horse]) == [], "the horse to be gone", 10)
    wait_until(lambda: engine.passes(USER) == ["schedule"], "the pass in a new worker", RECOVERY_SECONDS)
    assert pool.poll() is None


def test_pass_goes_on_after_the_horse_alone_was_killed(start: Start, engine: FakeEngine) -> None:
    engine.add_user(USER, due=True, pause=4)
    pool, _scheduler = start("worker"), start("scheduler")
    wait_for_pass(engine)
    worker, horse = family(pool)
    horse.kill()
    wait_until(lambda: engine.passes(USER) == ["schedule"], "the pass in a new horse", RECOVERY_SECONDS)
    assert running([worker]) == [worker]


def test_workers_and_horses_die_with_their_pool(start: Start, engine: FakeEngine) -> None:
    engine.add_user(USER, due=True, pause=30)
    pool, _scheduler = start("worker"), start("scheduler")
    wait_for_pass(engine)
    worker, horse = family(pool)
    pool.kill()
    wait_until(lambda: running([worker, horse]) == [], "worker and horse to be gone", 10)


def test_emptied_redis_costs_a_cycle_and_nothing_else(start: Start, engine: FakeEngine, connection: Redis) -> None:
    engine.add_user(USER, due=True, pause=3)
    start("worker")
    start("scheduler")
    wait_for_pass(engine)
    connection.flushall()
    wait_until(lambda: engine.passes(USER) == ["schedule"], "the running pass to end", RECOVERY_SECONDS)
    engine.want_again(USER)
    wait_until(lambda: engine.passes(USER) == ["schedule"] * 2, "another pass", RECOVERY_SECONDS)


def test_ring_in_the_middle_of_a_pass_leads_to_another_one(start: Start, engine: FakeEngine, connection: Redis) -> None:
    engine.add_user(USER, pause=2)
    start("worker")
    doorbell = Doorbell(connection, engine)
    assert doorbell.ring(USER, "hook") is Rung.QUEUED
    wait_for_pass(engine)
    assert doorbell.ring(USER, "hook") is Rung.NOTED
    start("scheduler")
    wait_until(lambda: engine.passes(USER) == ["hook", "schedule"], "both passes", RECOVERY_SECONDS)


def test_two_schedulers_and_two_pools_never_run_one_user_twice_at_once(start: Start, engine: FakeEngine) -> None:
    engine.add_user(USER, due=True, pause=1)
    for role in ("worker", "worker", "scheduler", "scheduler"):
        start(role)
    for number in range(1, 4):
        wait_until(lambda wanted=number: len(engine.passes(USER)) >= wanted, f"pass {number}", RECOVERY_SECONDS)
        engine.want_again(USER)
    rows = engine.database.execute("SELECT began, ended FROM passes ORDER BY began").fetchall()
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(rows))


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_role_ends_with_zero_on_sigterm(role: str, start: Start, engine: FakeEngine, connection: Redis) -> None:
    process = start(role)
    pattern = {"worker": "rq:worker:*", "scheduler": "rq:cron_scheduler:*"}[role]
    wait_until(lambda: bool(connection.keys(pattern)), "the registration")
    process.terminate()
    assert process.wait(15) == 0


def test_pool_and_scheduler_outlive_an_absent_redis(tmp_path: Path, engine: FakeEngine) -> None:
    engine.add_user(USER, due=True)
    server = RedisServer.start(tmp_path)
    settings = {
        "LOCKSTEP_DATA_DIR": str(tmp_path),
        "LOCKSTEP_REDIS_URL": redis_server.url(tmp_path),
        "LOCKSTEP_CYCLE_SECONDS": "1",
        "LOCKSTEP_WORKERS": "1",
    }
    with no_leftovers() as pids:
        roles = []
        for role in ("worker", "scheduler"):
            command = [sys.executable, "-m", "tests.fakes.jobs_main", role]
            roles.append(subprocess.Popen(command, env=os.environ | settings, start_new_session=True))
            pids.append(roles[-1].pid)
        wait_until(lambda: engine.passes(USER) == ["schedule"], "the first pass", RECOVERY_SECONDS)
        server.stop()
        seen = engine.cycles()
        engine.want_again(USER)
        server = RedisServer.start(tmp_path)
        wait_until(lambda: engine.cycles() > seen, "a cycle after the return", RECOVERY_SECONDS)
        wait_until(lambda: engine.passes(USER) == ["schedule"] * 2, "the pass after the return", RECOVERY_SECONDS)
        assert [role.poll() for role in roles] == [None, None]
    server.stop()
