"""The machine's own clock."""

from datetime import UTC, datetime


class SystemClock:
    """`backend.ports.clock.Clock` as the operating system tells it."""

    def now(self) -> datetime:
        """Now, aware, in UTC."""
        return datetime.now(UTC)
