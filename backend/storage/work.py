"""What the steps of one commit share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from backend.domain.values import Values, differing
from backend.storage.stored_values import Encoder
from backend.sync.state import LinkState
from backend.sync.store import Changes


@dataclass
class Work:
    """One commit in progress: its transaction, whose it is, what it brings, and the marks it gathers on the way."""

    connection: sa.Connection
    user_id: int
    changes: Changes
    now: datetime
    encode: Encoder = field(default_factory=Encoder)
    marks: set[tuple[int, str, str, str]] = field(default_factory=set)


def agrees(link_state: str, shadow: Values | None, values: Values) -> bool:
    """Whether values are what a living link already holds for that side: our own write coming back (INV-7)."""
    return link_state == LinkState.LINKED and shadow is not None and not differing(shadow, values)
