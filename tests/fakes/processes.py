"""Starting, watching and killing real processes in tests; always by the id of a process the test started."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Return as soon as `condition()` holds; fail naming `what` when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


def tree(pid: int) -> list[psutil.Process]:
    """Process `pid` and all that descend from it, as they are now."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of `processes` that still run (a dead child that nobody fetched does not count)."""
    return [process for process in processes if _runs(process)]


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL each of them at once."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


@contextmanager
def no_leftovers() -> Iterator[list[int]]:
    """Yields a list for the ids of started processes; whatever descends from them is killed at the end."""
    pids: list[int] = []
    known: list[psutil.Process] = []
    try:
        yield pids
    finally:
        for pid in pids:
            if psutil.pid_exists(pid):
                known += tree(pid)
        kill(known)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def listening() -> Iterator[int]:
    """A port on loopback that is taken inside the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
