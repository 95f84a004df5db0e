"""The jobs themselves: they open what they need after the fork, and give it back whatever happens."""

from pathlib import Path

import pytest

from backend.config import Config
from backend.jobs import schedule, tasks
from backend.jobs.connection import redis_url


class Recorder:
    """An engine that records what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def sync_user(self, user_id: int, cause: str) -> None:
        self.asked.append((user_id, cause))
        if cause == "broken":
            raise ValueError(cause)

    def close(self) -> None:
        self.asked.append("closed")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Recorder]:
    engines: list[Recorder] = []

    def open_engine(_settings: Config) -> Recorder:
        engines.append(Recorder())
        return engines[-1]

    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(tasks, "open_engine", open_engine)
    return engines


def test_each_job_opens_an_engine_of_its_own_and_closes_it(opened: list[Recorder]) -> None:
    tasks.sync_user(7, "hook")
    tasks.sync_user(8, "schedule")
    assert [engine.asked for engine in opened] == [[(7, "hook"), "closed"], [(8, "schedule"), "closed"]]


def test_failing_job_closes_its_engine_too(opened: list[Recorder]) -> None:
    with pytest.raises(ValueError, match="broken"):
        tasks.sync_user(7, "broken")
    assert [engine.asked for engine in opened] == [[(7, "broken"), "closed"]]


@pytest.mark.parametrize(("cycle", "tick"), [(300, 15), (15, 15), (2, 2)])
def test_cycle_job_runs_at_least_every_15_seconds(cycle: int, tick: int, tmp_path: Path) -> None:
    assert schedule.tick_seconds(Config(data_dir=tmp_path, cycle_seconds=cycle)) == tick


def test_given_redis_wins_over_the_embedded_one(tmp_path: Path) -> None:
    assert redis_url(Config(data_dir=tmp_path, redis_url="redis://queue:6379/0")) == "redis://queue:6379/0"
    assert redis_url(Config(data_dir=tmp_path)) == f"unix://{tmp_path}/redis.sock"
