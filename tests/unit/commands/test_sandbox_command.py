"""The sandbox beside a Lockstep: its page may kill a worker, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backend.commands import sandbox
from backend.commands.sandbox import beside_us, kill_worker


@contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that waits; its command line ends with these words."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()", *words], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def started_by_our_parent(monkeypatch: pytest.MonkeyPatch, *processes: subprocess.Popen[bytes]) -> None:
    """Among all that our parent has running only these count: other tests' workers are not to be killed."""
    ours = {one.pid for one in processes}
    monkeypatch.setattr(os, "getppid", os.getpid)
    found = [one for one in beside_us() if one.pid in ours]
    monkeypatch.setattr(sandbox, "beside_us", lambda: found)


def test_a_worker_that_the_same_parent_started_is_killed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with child("backend.cli", "web") as web, child("backend.cli", "worker") as worker:
        started_by_our_parent(monkeypatch, web, worker)

        said = kill_worker()

        assert worker.wait(30) == -signal.SIGKILL
        assert web.poll() is None
        assert said.startswith(f"Worker {worker.pid} was killed")


def test_without_a_worker_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with child("backend.cli", "scheduler") as scheduler:
        started_by_our_parent(monkeypatch, scheduler)

        assert kill_worker() == "No worker runs at this moment; another one is being started."
        assert scheduler.poll() is None
