"""Limits per application and mailbox: requests in flight, and requests in ten minutes (MS-097..MS-100, MS-133)."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.world import Clock

Key = tuple[str, str]  # application id, mailbox id

_MESSAGE = {
    "MailboxConcurrency": "Application is over its MailboxConcurrency limit.",
    "RequestCount": "Application is over its Request limit.",
}


@dataclass
class Limits:
    """The limits in force. `status` and `retry_after` say how a refusal looks; None sends no Retry-After."""

    in_flight: int = 4
    requests: int = 10_000
    window_seconds: float = 600.0
    status: int = 429
    retry_after: str | None = "10"


class Throttle:
    """Counts what an application does to a mailbox. Safe to use from many threads."""

    def __init__(self, clock: Clock) -> None:
        self.limits = Limits()
        self._clock = clock
        self._lock = threading.Lock()
        self._in_flight: Counter[Key] = Counter()
        self._times: dict[Key, deque[float]] = {}

    def enter(self, key: Key, wanted: int = 1) -> int:
        """Take places for requests in flight; answers how many of those wanted were free."""
        with self._lock:
            taken = max(0, min(wanted, self.limits.in_flight - self._in_flight[key]))
            self._in_flight[key] += taken
            return taken

    def leave(self, key: Key, places: int) -> None:
        """Give places back."""
        with self._lock:
            self._in_flight[key] -= places

    @contextmanager
    def occupied(self, app_id: str, mailbox_id: str, places: int) -> Iterator[None]:
        """As if so many other requests were in flight."""
        taken = self.enter((app_id, mailbox_id), places)
        try:
            yield
        finally:
            self.leave((app_id, mailbox_id), taken)

    def spend(self, app_id: str, mailbox_id: str, requests: int) -> None:
        """As if so many requests had been made just now."""
        with self._lock:
            now = self._clock.now().timestamp()
            self._times.setdefault((app_id, mailbox_id), deque()).extend([now] * requests)

    def count(self, key: Key) -> None:
        """Count a request, also one that is refused (MS-100). Raises GraphError when over the budget."""
        with self._lock:
            now = self._clock.now().timestamp()
            times = self._times.setdefault(key, deque())
            while times and times[0] <= now - self.limits.window_seconds:
                times.popleft()
            times.append(now)
            if len(times) <= self.limits.requests:
                return
        raise self.refusal("RequestCount")

    def refusal(self, limit: str) -> GraphError:
        """The answer to a request over a limit."""
        headers = {} if self.limits.retry_after is None else {"Retry-After": self.limits.retry_after}
        return GraphError(self.limits.status, "ApplicationThrottled", _MESSAGE[limit], headers=headers)
