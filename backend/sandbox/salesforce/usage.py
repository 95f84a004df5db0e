"""API calls of the last 24 hours, in minutes (SF-012, SF-013)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_WINDOW = timedelta(hours=24)


class Usage:
    """Counts calls in a rolling window."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._total = 0

    def add(self, now: datetime, calls: int = 1) -> None:
        """Count calls made now."""
        minute = now.replace(second=0, microsecond=0)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + calls)
        else:
            self._minutes.append((minute, calls))
        self._total += calls

    def used(self, now: datetime) -> int:
        """Calls within the 24 hours before now."""
        while self._minutes and self._minutes[0][0] <= now - _WINDOW:
            self._total -= self._minutes.popleft()[1]
        return self._total
