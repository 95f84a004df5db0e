"""What the jobs need of the sync engine, so that they can be tried without it."""

from typing import Protocol

from backend.jobs.queues import Leases


class CycleReport(Protocol):
    """The outcome of an organisation cycle."""

    @property
    def due_users(self) -> tuple[int, ...]:
        """Users who need a pass now: changed, due for a retry, wanted again, or cut off in the middle."""

    @property
    def read(self) -> int | None:
        """Rows that Salesforce reported, None if it was not read."""


class Engine(Leases, Protocol):
    """An opened sync engine."""

    def cycle(self, cause: str) -> CycleReport:
        """One pass for the whole organisation; leaves at once when this cycle was served already."""

    def sync_user(self, user_id: int, cause: str) -> object:
        """One pass of one user; leaves at once when another process holds the user's lease."""

    def close(self) -> None:
        """Give back connections."""
