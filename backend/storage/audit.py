"""Who changed what: one line per act of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.ports.clock import Clock
from backend.storage.engine import reading
from backend.storage.tables import audit


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the audit."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


class Audit:
    """The audit of this installation; nothing in it is ever changed. Details must not hold secrets."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def record(self, actor: str, action: str, subject: str, detail: Mapping[str, object]) -> None:
        """Adds a line: who, what ('configuration.changed'), to whom or what, and the particulars."""
        row = {
            "at": self._clock.now(),
            "actor": actor[:320],
            "action": action[:64],
            "subject": subject[:320],
            "detail": dict(detail),
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(audit).values(row))

    def latest(self, limit: int = 100) -> tuple[Act, ...]:
        """The newest lines, newest first."""
        query = sa.select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
        with reading(self._engine).begin() as connection:
            rows = connection.execute(query).all()
        return tuple(Act(row.at, row.actor, row.action, row.subject, row.detail) for row in rows)
