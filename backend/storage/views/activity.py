"""Writes that took effect, counted by person, kind and side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from backend.domain.values import Kind, Side
from backend.storage.tables import intent, link


@dataclass(frozen=True, slots=True)
class Writes:
    """Numbers of writes by kind and side; a pair that is missing had none."""

    by_kind_and_side: Mapping[tuple[Kind, Side], int]

    def of(self, kind: Kind, side: Side) -> int:
        """Writes of one kind towards one side."""
        return self.by_kind_and_side.get((kind, side), 0)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_kind_and_side.values())


NONE = Writes({})


def writes_since(connection: sa.Connection, users: Iterable[int], since: datetime) -> dict[int, Writes]:
    """What was written for these people from `since` on; people without writes are missing."""
    query = (
        sa.select(intent.c.user_id, intent.c.kind, intent.c.side, sa.func.count())
        .where(intent.c.user_id.in_(list(users)), intent.c.state == "done", intent.c.updated_at >= since)
        .group_by(intent.c.user_id, intent.c.kind, intent.c.side)
    )
    found: dict[int, dict[tuple[Kind, Side], int]] = {}
    for user_id, kind, side, number in connection.execute(query):
        found.setdefault(user_id, {})[Kind(kind), Side(side)] = number
    return {user_id: Writes(numbers) for user_id, numbers in found.items()}


def linked(connection: sa.Connection, users: Iterable[int]) -> dict[int, int]:
    """How many pairs are linked, by person."""
    query = (
        sa.select(link.c.user_id, sa.func.count())
        .where(link.c.user_id.in_(list(users)), link.c.state == "linked")
        .group_by(link.c.user_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def refused(connection: sa.Connection, users: Iterable[int]) -> dict[int, int]:
    """How many pairs a side refused to take as they are, by person."""
    query = (
        sa.select(link.c.user_id, sa.func.count())
        .where(link.c.user_id.in_(list(users)), link.c.state == "held")
        .group_by(link.c.user_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
