"""The organisation's daily API allowance, read from every answer (SF-012, LS-190)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from backend.ports.clock import Clock
from backend.ports.errors import BudgetSpent

SOFT_LIMIT: Final = 0.70
HARD_LIMIT: Final = 0.85
_READING_IS_GOOD_FOR: Final = timedelta(minutes=15)
_USAGE: Final = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class Budget:
    """Calls used of the rolling 24 hours, for one organisation; shared by all its sessions in this process.

    A reading counts for 15 minutes: after that one call may go out to learn whether the window has freed calls.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read_at: datetime | None = None
        self.used = 0
        self.maximum = 0

    @property
    def share(self) -> float:
        """Share of the allowance that is used, 0.0 while nothing is known."""
        return self.used / self.maximum if self.maximum else 0.0

    def read(self, header: str | None) -> None:
        """Takes over a `Sforce-Limit-Info` header, such as `api-usage=18/15000`."""
        found = _USAGE.search(header or "")
        if found:
            self.used, self.maximum = int(found[1]), int(found[2])
            self._read_at = self._clock.now()

    def check(self, *, urgent: bool) -> None:
        """Raises BudgetSpent at 70 % of the allowance for work that can wait, at 85 % for everything."""
        limit = HARD_LIMIT if urgent else SOFT_LIMIT
        if self._read_at is None or self.share < limit:
            return
        if self._clock.now() - self._read_at < _READING_IS_GOOD_FOR:
            raise BudgetSpent(
                f"Salesforce calls of the last 24 hours have reached {self.used} of {self.maximum}; Lockstep stops at "
                f"{limit:.0%} and goes on by itself when the window frees calls.",
                code="LOCKSTEP_LIMIT",
                service="salesforce",
            )
