"""Runs a family of processes as one program: starts them in order, restarts those that die, stops all of them.

The children stand in sessions of their own, so Ctrl-C reaches only the supervisor, which stops them in order. They
watch their parent, so even kill -9 of the supervisor leaves nothing behind. Their output comes out on stderr, each
line with the name of the program in front.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import IO, Self

import psutil

from backend.jobs.parent import marked_environment

EXIT_CONFIG = 78  # sysexits.h EX_CONFIG: starting again would not help
READY_SECONDS = 60.0
GRACE_SECONDS = 4.0  # for passes and requests under way; what is cut off goes on at the next start
LOOK_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a program that ran this long is not failing over and over
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SupervisorError(Exception):
    """A program cannot be started; the message names it."""


@dataclass(frozen=True)
class Program:
    """One member of the family."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool] | None = None  # waited for before the next program is started
    outlives: bool = False  # stopped only after all programs without this mark
    environment: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's own


class _Child:
    """A started program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.failures = 0
        self.start()

    def start(self) -> None:
        """Start (again); must be called from the main thread, whose end the kernel tells the child about."""
        self.began = time.monotonic()
        self.restart_at: float | None = None
        self.process, _copier = _spawn(self.program)

    def tree(self) -> list[psutil.Process]:
        """The process and its descendants, as far as they live."""
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        return []


class Supervisor:
    """Use as a context manager around `start` and `watch`; leaving the block stops every process.

    SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt inside the block; a further one while stopping kills at once.
    """

    def __init__(self) -> None:
        self._children: list[_Child] = []
        self._stopping = False
        self._hurry = False
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._stop([child for child in self._children if not child.program.outlives])
        self._stop([child for child in self._children if child.program.outlives])
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal() itself returned

    def run(self, program: Program) -> None:
        """Run `program` to its end. Raises SupervisorError when it fails."""
        process, copier = _spawn(program)
        code = process.wait()
        copier.join()
        if code != 0:
            raise SupervisorError(f"{program.name} failed; the line above says why.")

    def start(self, programs: Sequence[Program]) -> None:
        """Start the programs in order, each once the one before is ready.

        Raises SupervisorError when one ends or is not ready within READY_SECONDS.
        """
        for program in programs:
            child = _Child(program)
            self._children.append(child)
            if program.ready is not None:
                _await_ready(child, program.ready)

    def watch(self) -> None:
        """Restart what dies until a signal comes (KeyboardInterrupt).

        Raises SupervisorError when a program says that its settings cannot work (EXIT_CONFIG).
        """
        while True:
            for child in self._children:
                self._look_after(child)
            time.sleep(LOOK_SECONDS)

    def _look_after(self, child: _Child) -> None:
        code = child.process.poll()
        now = time.monotonic()
        if code is None:
            return
        if code == EXIT_CONFIG:
            raise SupervisorError(f"{child.program.name} cannot work with these settings; its last line says why.")
        if child.restart_at is None:
            child.failures = 0 if now - child.began > STEADY_SECONDS else child.failures + 1
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** max(0, child.failures - 1))
            child.restart_at = now + pause
            _say(child.program.name, f"ended ({_ending(code)}); starting it again in {pause:g} s")
        elif now >= child.restart_at:
            child.start()

    def _stop(self, children: list[_Child]) -> None:
        family = [process for child in children for process in child.tree()]
        for child in children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(_runs(process) for process in family) and time.monotonic() < deadline and not self._hurry:
            for child in children:
                child.process.poll()
            time.sleep(LOOK_SECONDS)
        family += [process for child in children for process in child.tree()]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for child in children:
            child.process.wait()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            self._hurry = True
        else:
            raise KeyboardInterrupt


def _spawn(program: Program) -> tuple[subprocess.Popen[bytes], threading.Thread]:
    process = subprocess.Popen(  # noqa: S603  # the commands are our own, no shell
        program.command,
        env=marked_environment(os.environ | program.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    copier = threading.Thread(target=_copy, args=(program.name, process.stdout), daemon=True)
    copier.start()
    return process, copier


def _await_ready(child: _Child, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if child.process.poll() is not None:
            raise SupervisorError(f"{child.program.name} did not start; its last line says why.")
        if time.monotonic() > deadline:
            raise SupervisorError(f"{child.program.name} was not ready within {READY_SECONDS:g} s.")
        time.sleep(LOOK_SECONDS)


def _copy(name: str, output: IO[bytes] | None) -> None:
    for line in _lines(output):
        _say(name, line)


def _lines(output: IO[bytes] | None) -> Iterator[str]:
    if output is not None:
        with output:
            for line in output:
                yield line.decode(errors="replace").rstrip()


def _say(name: str, text: str) -> None:
    sys.stderr.write(f"{name:<9} | {text}\n")  # one write per line: lines of several threads do not mix
    sys.stderr.flush()


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
