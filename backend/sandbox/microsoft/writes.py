"""What every write of an existing item goes through."""

from __future__ import annotations

from backend.sandbox.microsoft import errors
from backend.sandbox.microsoft.graph import Request


def check_collision(request: Request) -> None:
    """Lose against another writer where a test asked for it (MS-047). Raises GraphError 409 or 412."""
    if request.mailbox.collisions:
        raise errors.conflict(request.mailbox.collisions.pop(0))
