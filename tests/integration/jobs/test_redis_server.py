"""The embedded Redis as a real process: start, take-over, stop, and never outliving its starter."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from backend.jobs import redis_server
from backend.jobs.parent import marked_environment
from backend.jobs.redis_server import RedisServer, RedisServerError
from tests.fakes.processes import no_leftovers, running, wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    running_server = RedisServer.start(tmp_path)
    yield running_server
    running_server.stop()


def test_server_answers_on_a_private_socket_only(server: RedisServer, tmp_path: Path) -> None:
    client = redis.Redis.from_url(redis_server.url(tmp_path))
    assert client.ping()
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert redis_server.socket_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert server.note == f"started {redis_server.find_program()} (process {server.pid})"


def test_keys_survive_a_killed_server(tmp_path: Path) -> None:
    first = RedisServer.start(tmp_path)
    client = redis.Redis.from_url(redis_server.url(tmp_path))
    client.config_set("appendfsync", "always")
    client.set("kept", "yes")
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: not first.alive(), "the server to be gone")
    second = RedisServer.start(tmp_path)
    try:
        assert redis.Redis.from_url(redis_server.url(tmp_path)).get("kept") == b"yes"
    finally:
        second.stop()


def test_server_of_an_earlier_start_is_taken_over_and_stopped(server: RedisServer, tmp_path: Path) -> None:
    again = RedisServer.start(tmp_path)
    assert again.pid == server.pid
    assert again.note == f"took over the Redis server of an earlier start (process {server.pid})"
    again.stop()
    wait_until(lambda: not server.alive(), "the server to be gone")
    assert not redis_server.answers(tmp_path)


def test_unresponsive_leftover_is_stopped_and_replaced(server: RedisServer, tmp_path: Path) -> None:
    redis_server.socket_path(tmp_path).unlink()
    again = RedisServer.start(tmp_path)
    try:
        assert again.pid != server.pid
        assert not server.alive()
        assert again.note.startswith(f"stopped an unresponsive one (process {server.pid}) and started ")
    finally:
        again.stop()


def test_stale_pid_file_never_stops_a_process_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "redis.pid").write_text(f'{{"pid": {os.getpid()}, "created": 1.0}}')
    server = RedisServer.start(tmp_path)
    try:
        assert server.note.startswith("started ")
    finally:
        server.stop()


def test_deep_data_folder_gets_a_short_private_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    path = redis_server.socket_path(deep)
    assert len(os.fsencode(path)) <= 100
    server = RedisServer.start(deep)
    try:
        assert redis.Redis.from_url(redis_server.url(deep)).ping()
        assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
        path.parent.rmdir()


def test_folder_prepared_by_somebody_else_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("c" * 60) / ("d" * 60)
    deep.mkdir(parents=True)
    folder = redis_server.socket_path(deep).parent
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    try:
        with pytest.raises(RedisServerError, match="belongs to somebody else"):
            RedisServer.start(deep)
    finally:
        folder.rmdir()


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(RedisServerError, match=r"The Redis server did not start: .+appendonlydir"):
        RedisServer.start(tmp_path)


def keeper(data_dir: Path) -> list[str]:
    return [sys.executable, "-m", "backend.jobs.redis_keeper", str(data_dir)]


def test_keeper_stops_the_server_on_sigterm(tmp_path: Path) -> None:
    with no_leftovers() as pids:
        process = subprocess.Popen(keeper(tmp_path), stderr=subprocess.PIPE, text=True)
        pids.append(process.pid)
        wait_until(lambda: redis_server.answers(tmp_path), "the server")
        [server] = psutil.Process(process.pid).children()
        process.terminate()
        assert process.wait(10) == 0
        assert running([server]) == []
        assert process.stderr is not None
        assert process.stderr.read().startswith("started ")


def test_keeper_ends_when_its_server_dies(tmp_path: Path) -> None:
    with no_leftovers() as pids:
        process = subprocess.Popen(keeper(tmp_path), stderr=subprocess.DEVNULL)
        pids.append(process.pid)
        wait_until(lambda: redis_server.answers(tmp_path), "the server")
        [server] = psutil.Process(process.pid).children()
        server.kill()
        assert process.wait(10) == 1


def test_keeper_and_server_end_when_the_starter_is_killed(tmp_path: Path) -> None:
    starter_code = (
        "import subprocess, sys, os; from backend.jobs.parent import marked_environment;"
        "subprocess.Popen(sys.argv[1:], env=marked_environment(dict(os.environ))).wait()"
    )
    with no_leftovers() as pids:
        starter = subprocess.Popen([sys.executable, "-c", starter_code, *keeper(tmp_path)])
        pids.append(starter.pid)
        wait_until(lambda: redis_server.answers(tmp_path), "the server")
        family = psutil.Process(starter.pid).children(recursive=True)
        assert len(family) == 2
        pids += [process.pid for process in family]
        starter.kill()
        starter.wait()
        wait_until(lambda: running(family) == [], "keeper and server to be gone", 10)


def test_keeper_started_by_a_dead_process_leaves_at_once(tmp_path: Path) -> None:
    environment = marked_environment(dict(os.environ)) | {"_LOCKSTEP_PARENT": "999999999"}
    assert subprocess.run(keeper(tmp_path), env=environment, stderr=subprocess.DEVNULL, timeout=20).returncode == 0
    assert not redis_server.answers(tmp_path)
