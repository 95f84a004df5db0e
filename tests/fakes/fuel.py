"""Stopping a run at any step, and letting somebody in between: every I/O and every commit is one step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, cast

from backend.sync.store import SyncStore

_LOOKED = ("fetch", "find_like", "find_tagged", "find_elsewhere")
_LOOKS = frozenset(f"{side}.{look}" for side in ("mailbox", "crm") for look in _LOOKED)
_READS = _LOOKS | {"mailbox.changes", "mailbox.container", "organisation.changes", "organisation.fetch"}


class Killed(BaseException):
    """The process died here. Not an Exception: nothing may catch it and go on."""


class Moment(StrEnum):
    """Whether the k-th step had its effect before the process died (a lost answer) or not."""

    BEFORE = "before"
    AFTER = "after"


class Fuel:
    """Counts steps by name (`mailbox.write`, `store.commit`, …) and kills the run at a chosen one.

    A killed run stays dead: what it still tries (a `finally` that gives back its lease) dies too, until `revive`.
    """

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.died_at: str | None = None
        self._limit: tuple[int, str, Moment] | None = None
        self._slips: dict[int, list[Callable[[], None]]] = defaultdict(list)
        self._before: dict[str, list[Callable[[], object]]] = defaultdict(list)
        self._slipping = False

    def kill_at(self, nth: int, moment: Moment = Moment.BEFORE, of: str = "") -> None:
        """Dies at the nth step from now (counted from 1) whose name begins with `of`."""
        self.revive()
        self._limit = (nth, of, moment)

    def slip(self, nth: int, action: Callable[[], None]) -> None:
        """Somebody does `action` just before the nth step from now, or as soon after as it can be noticed.

        Not between the last look and the write that follows it: deletions, creations and Salesforce's collections
        have no precondition, and that round trip is the residual window that INV-6 grants (sync.md B.6).
        """
        self._slips[len(self.steps) + nth].append(action)

    def slip_before(self, name: str, action: Callable[[], object]) -> None:
        """Somebody does `action` just before the next step of this name."""
        self._before[name].append(action)

    def revive(self) -> None:
        """A new process: no limit, no pending slips, counting starts again."""
        self.steps.clear()
        self.died_at = None
        self._limit = None
        self._slips.clear()
        self._before.clear()

    @property
    def dead(self) -> bool:
        """Whether the run was killed."""
        return self.died_at is not None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step of a run; its body is the effect."""
        if self._slipping:
            yield
            return
        if self.dead:
            raise Killed(self.died_at)
        self.steps.append(name)
        self._let_in(name)
        self._perhaps_die(name, Moment.BEFORE)
        try:
            yield
        finally:
            # A refusal is an answer too, and one may die of it being lost.
            self._perhaps_die(name, Moment.AFTER)

    def _let_in(self, name: str) -> None:
        actions: list[Callable[[], object]] = self._before.pop(name, [])
        if not self._between_look_and_write(name):
            for nth in sorted(nth for nth in self._slips if nth <= len(self.steps)):
                actions += self._slips.pop(nth)
        self._slipping = True
        try:
            for action in actions:
                action()
        finally:
            self._slipping = False

    def _between_look_and_write(self, name: str) -> bool:
        if name in _READS:
            return False
        calls = [step for step in self.steps[:-1] if not step.startswith("store.")]
        return bool(calls) and calls[-1] in _LOOKS

    def _perhaps_die(self, name: str, moment: Moment) -> None:
        if self._limit is None or self._limit[2] is not moment:
            return
        nth, of, _ = self._limit
        if name.startswith(of) and sum(step.startswith(of) for step in self.steps) == nth:
            self.died_at = f"{moment} {name}"
            raise Killed(self.died_at)


_STEPS = frozenset({"acquire", "renew", "release", "commit", "reset_stream"})


class _FuelledStore:
    def __init__(self, store: SyncStore, fuel: Fuel) -> None:
        self._store = store
        self._fuel = fuel

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in _STEPS:
            return method

        def counted(*args: Any, **options: Any) -> Any:
            with self._fuel.step(f"store.{name}"):
                return method(*args, **options)

        return counted


def fuelled_store(store: SyncStore, fuel: Fuel) -> SyncStore:
    """The store with every write of it counted as a step; reads are free, since dying in one changes nothing."""
    return cast(SyncStore, _FuelledStore(store, fuel))
