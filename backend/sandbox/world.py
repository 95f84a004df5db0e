"""The state that all stand-ins share: time, the people in it, faults, and what was asked and mailed."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from backend.sandbox.faults import Faults

MailKind = Literal["invitation", "update", "cancellation", "response"]
LATEST_CALLS = 500


class Clock:
    """The services' own clock: it follows the machine's, with an offset, or stands still for a test."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The services' time, aware, in UTC."""
        return (self._frozen or datetime.now(UTC)) + self._offset

    @property
    def offset_seconds(self) -> float:
        """How far the services' clock is ahead of where it started from, in seconds."""
        return self._offset.total_seconds()

    def shift(self, seconds: float) -> None:
        """Set the clock ahead, or back with a negative number, as an administrator would."""
        self._offset += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError for a negative number: time does not run backwards."""
        if seconds < 0:
            raise ValueError(f"time cannot advance by {seconds} seconds; use shift to set the clock back")
        self.shift(seconds)

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still at an aware time (default: now) until `run`; shift and advance still move it."""
        self._frozen = (at or self.now()).astimezone(UTC)
        self._offset = timedelta()

    def run(self) -> None:
        """Follow the machine's clock again, without an offset."""
        self._frozen = None
        self._offset = timedelta()


@dataclass(frozen=True)
class Call:
    """One HTTP request. `status` is 0 where the connection was cut; `inner` counts requests it carried."""

    at: datetime
    service: str
    operation: str
    status: int
    inner: int = 0
    fault: str | None = None


@dataclass(frozen=True)
class CallCount:
    """A row of the call table: HTTP requests, and requests carried inside a batch, of one kind."""

    service: str
    operation: str
    status: int
    calls: int
    inner: int


class CallLog:
    """Counts calls by service, operation and status, and keeps the latest ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], list[int]] = {}
        self._latest: deque[Call] = deque(maxlen=LATEST_CALLS)

    def record(self, call: Call, inner: list[tuple[str, int]]) -> None:
        """Add a call and the (operation, status) pairs of the requests that it carried."""
        with self._lock:
            self._latest.append(call)
            self._row(call.service, call.operation, call.status)[0] += 1
            for operation, status in inner:
                self._row(call.service, operation, status)[1] += 1

    def _row(self, service: str, operation: str, status: int) -> list[int]:
        return self._counts.setdefault((service, operation, status), [0, 0])

    def counts(self) -> list[CallCount]:
        """The table, sorted."""
        with self._lock:
            return [CallCount(*key, *numbers) for key, numbers in sorted(self._counts.items())]

    def total(self, service: str, operation: str = "") -> int:
        """HTTP requests of a service, of all operations or of one."""
        return sum(row.calls for row in self.counts() if row.service == service and operation in ("", row.operation))

    def latest(self) -> list[Call]:
        """The latest calls, oldest first."""
        with self._lock:
            return list(self._latest)

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._counts.clear()
            self._latest.clear()


@dataclass(frozen=True)
class Mail:
    """A message about a meeting that a provider would have sent."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    kind: MailKind
    subject: str


@dataclass(frozen=True)
class Person:
    """Someone with a Salesforce user and a mailbox. `time_zone` is an IANA name."""

    key: str
    name: str
    address: str
    salesforce_username: str
    salesforce_id: str
    microsoft_id: str
    time_zone: str

    def as_json(self) -> dict[str, str]:
        """The person as a flat JSON object."""
        return asdict(self)


class World:
    """What the stand-ins have in common. Hold `lock` while reading or changing several things at once."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self.random = random.Random(seed)  # noqa: S311 - repeatable chance, not a secret
        self.clock = Clock()
        self.calls = CallLog()
        self.faults = Faults(self.random)
        self.outbox: list[Mail] = []
        self.people: list[Person] = []
        self.lockstep_url: str | None = None  # where an admin registered Lockstep's pages, if anywhere

    def reset(self) -> None:
        """Back to the beginning: no people, faults, calls or mail, and the same chances again."""
        with self.lock:
            self.random.seed(self.seed)
            self.clock.run()
            self.calls.clear()
            self.faults.clear()
            self.outbox.clear()
            self.people.clear()
