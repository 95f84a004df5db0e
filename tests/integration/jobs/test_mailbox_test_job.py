"""The connection test that somebody asks for on the pages is run by a worker, and always ends (LS-019, LS-020)."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis
from rq import SimpleWorker

from backend import config
from backend.app import SystemClock
from backend.config import Config
from backend.connection_doors import REDIS_AWAY, connection_services
from backend.jobs import redis_server
from backend.jobs.job import LockstepJob
from backend.jobs.queues import CYCLE_QUEUE
from backend.storage import migrate
from backend.storage.engine import create_engine
from backend.storage.mailbox_tests import MailboxTests, MailboxTestState


@pytest.fixture
def settings(tmp_path: Path, redis_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """An installation that is connected to nothing, as the worker loads it."""
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LOCKSTEP_REDIS_URL", redis_server.url(redis_dir))
    loaded = config.load()
    migrate.upgrade(loaded.database_url)
    return loaded


def asked(settings: Config) -> MailboxTestState:
    """What is known after somebody asked for a test."""
    engine = create_engine(settings.database_url)
    assert connection_services(settings, engine, SystemClock()).begin_test("claire.dubois@example.com", ())
    state = MailboxTests(engine, SystemClock()).state()
    engine.dispose()
    assert state is not None
    return state


def test_a_worker_runs_it_and_says_what_stands_in_its_way(connection: Redis, settings: Config) -> None:
    assert asked(settings).running(SystemClock().now())
    SimpleWorker([CYCLE_QUEUE], connection=connection, job_class=LockstepJob).work(burst=True)
    engine = create_engine(settings.database_url)
    state = MailboxTests(engine, SystemClock()).state()
    engine.dispose()
    assert state is not None
    assert state.ended_at is not None
    assert "Salesforce is not connected." in state.problem


def test_without_redis_it_ends_at_once_with_the_reason(settings: Config, tmp_path: Path) -> None:
    away = settings.model_copy(update={"redis_url": f"unix://{tmp_path / 'nothing.sock'}"})
    state = asked(away)
    assert (state.ended_at is not None, state.problem) == (True, REDIS_AWAY)
