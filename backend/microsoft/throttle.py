"""Keeping below Microsoft's limits: a token bucket per mailbox and one for all, and few requests at a time.

Limits per app and mailbox: 10,000 requests in 10 minutes and 4 at a time (MS-097, MS-098); requests inside a batch
count one by one. Buckets live in this process: several workers serve different mailboxes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from backend.microsoft.errors import SERVICE, Throttled

LONGEST_WAIT: Final = 60.0
"""Seconds that we wait ourselves; beyond that the pass ends and is taken up again later."""

MAILBOX_BURST: Final = 2_000
MAILBOX_RATE: Final = 12.0
"""Burst and refill together stay below 10,000 in any 10 minutes: 2,000 + 600 x 12 = 9,200."""
MAILBOX_CONCURRENCY: Final = 4
GLOBAL_BURST: Final = 2_000
GLOBAL_RATE: Final = 500.0


class TokenBucket:
    """Lets `burst` requests pass at once and `rate` a second after that."""

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._level = burst
        self._at = clock()
        self._lock = threading.Lock()

    def reserve(self, count: int) -> float:
        """Takes `count` requests and says how many seconds to wait before sending them.

        Raises Throttled, and takes nothing, if that were longer than LONGEST_WAIT.
        """
        with self._lock:
            now = self._clock()
            self._level = min(self._burst, self._level + (now - self._at) * self._rate)
            self._at = now
            wait = max(0.0, (count - self._level) / self._rate)
            if wait > LONGEST_WAIT:
                raise Throttled(
                    "Our own limit of requests to this mailbox is reached; the pass goes on later.",
                    code="own_limit",
                    service=SERVICE,
                    retry_after=wait,
                )
            self._level -= count
            return wait


class Gate:
    """What a request passes on its way: the bucket of all mailboxes, the mailbox's own, and its four places."""

    def __init__(
        self,
        everyone: TokenBucket | None = None,
        *,
        own: TokenBucket | None = None,
        places: int = MAILBOX_CONCURRENCY,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._buckets = tuple(
            bucket for bucket in (own or TokenBucket(MAILBOX_BURST, MAILBOX_RATE), everyone) if bucket is not None
        )
        self._places = threading.BoundedSemaphore(places)
        self._sleep = sleep

    @contextmanager
    def passing(self, count: int) -> Iterator[None]:
        """Holds a place while `count` requests are on their way. Raises Throttled instead of waiting for long."""
        wait = max(bucket.reserve(count) for bucket in self._buckets)
        if wait > 0:
            self._sleep(wait)
        with self._places:
            yield
