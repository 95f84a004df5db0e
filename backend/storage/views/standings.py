"""What everybody's sync is up to, for the command line."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from backend.storage.engine import reading
from backend.storage.tables import link, person, user_state

_LINKED = sa.select(sa.func.count()).where(link.c.user_id == person.c.id, link.c.state == "linked").scalar_subquery()
_PEOPLE = (
    sa.select(
        person.c.name,
        person.c.address,
        user_state.c.state,
        user_state.c.reason,
        user_state.c.remedy,
        user_state.c.syncs,
        user_state.c.because,
        user_state.c.last_ok_at,
        user_state.c.due_at,
        _LINKED.label("linked"),
    )
    .join(user_state, user_state.c.user_id == person.c.id)
    .order_by(person.c.name, person.c.id)
)


def standings(engine: sa.Engine, user_id: int | None = None) -> list[dict[str, Any]]:
    """One row per person; times in UTC."""
    query = _PEOPLE if user_id is None else _PEOPLE.where(person.c.id == user_id)
    with reading(engine).begin() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]
