"""One embedded Redis for the tests of this folder, emptied before each; and an engine in the test's folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from backend.jobs import redis_server
from backend.jobs.redis_server import RedisServer
from tests.fakes.engine import FakeEngine


@pytest.fixture(scope="module")
def redis_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("redis")
    server = RedisServer.start(folder)
    yield folder
    server.stop()


@pytest.fixture
def connection(redis_dir: Path) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url(redis_dir)) as client:
        client.flushall()
        yield client


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    fake = FakeEngine(tmp_path)
    yield fake
    fake.close()
