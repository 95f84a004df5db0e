"""Which alerts somebody was told of, so that each is told once, and once more when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from backend.storage.statements import insert_missing
from backend.storage.tables import alert
from backend.storage.views.alerts import Alert


@dataclass(frozen=True, slots=True)
class Untold:
    """What is to be told: new things, and things that are over."""

    new: tuple[Alert, ...]
    over: tuple[Alert, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.over)


def compared(connection: sa.Connection, present: Sequence[Alert], now: datetime) -> Untold:
    """Notes what is wrong now; what nobody was told of yet. Things that ended before anybody knew are dropped."""
    rows = [{"key": one.key, "text": one.text, "since": now, "told_at": None} for one in present]
    insert_missing(connection, alert, rows)
    keys = [one.key for one in present]
    connection.execute(sa.delete(alert).where(alert.c.key.not_in(keys), alert.c.told_at.is_(None)))
    stored = connection.execute(sa.select(alert).order_by(alert.c.since, alert.c.key)).all()
    new = tuple(Alert(row.key, row.text) for row in stored if row.told_at is None)
    over = tuple(Alert(row.key, row.text) for row in stored if row.key not in set(keys))
    return Untold(new, over)


def told(connection: sa.Connection, untold: Untold, now: datetime) -> None:
    """They were told."""
    connection.execute(sa.update(alert).where(alert.c.key.in_([one.key for one in untold.new])).values(told_at=now))
    connection.execute(sa.delete(alert).where(alert.c.key.in_([one.key for one in untold.over])))
