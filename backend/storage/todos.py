"""Marks of what a user's next pass must look at (D-11). A repeated mark raises its stamp, so that a pass that has not
seen the repetition cannot clear it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.values import Kind
from backend.storage.statements import run_many
from backend.storage.tables import todo
from backend.sync.state import Todo

MAILBOX, CRM, MEETING, EVERYTHING = "mailbox", "crm", "meeting", "all"

_KEY = ("user_id", "kind", "side", "ref")
_DONE = sa.delete(todo).where(
    todo.c.user_id == sa.bindparam("u"),
    todo.c.kind == sa.bindparam("k"),
    todo.c.side == sa.bindparam("s"),
    todo.c.ref == sa.bindparam("r"),
    todo.c.stamp == sa.bindparam("seen"),
)


def mark(connection: sa.Connection, marks: Iterable[tuple[int, str, str, str]]) -> None:
    """Adds marks (user, kind, side, ref), always in one order, so that commits do not wait for each other in turn."""
    rows = [dict(zip(_KEY, entry, strict=True)) for entry in sorted(set(marks))]
    run_many(connection, _mark(connection.dialect.name), rows)


def mark_everything(connection: sa.Connection, users: Iterable[int], kinds: Iterable[Kind] = Kind) -> None:
    """Has the next pass of these users look at everything."""
    chosen = tuple(kinds)
    mark(connection, ((user, kind.value, EVERYTHING, "") for user in users for kind in chosen))


def clear(connection: sa.Connection, done: Iterable[Todo]) -> None:
    """Removes marks that were not repeated since they were read."""
    rows = [
        {"u": entry.user_id, "k": entry.kind.value, "s": entry.side, "r": entry.ref, "seen": entry.stamp}
        for entry in done
    ]
    run_many(connection, _DONE, rows)


@cache
def _mark(dialect: str) -> sa.Insert:
    insert = postgresql.insert(todo) if dialect == "postgresql" else sqlite.insert(todo)
    return insert.values({name: sa.bindparam(name) for name in _KEY}).on_conflict_do_update(
        index_elements=_KEY, set_={"stamp": todo.c.stamp + 1}
    )
