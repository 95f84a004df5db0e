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
from backend.storage.tables import crm_scope, line, link, mailbox_item, todo
from backend.sync.state import EVERYTHING, Todo

MAILBOX, CRM, MEETING = "mailbox", "crm", "meeting"

_OURS = {"user": sa.bindparam("user", type_=sa.BigInteger), "kind": sa.bindparam("of_kind", type_=sa.String)}
_MARKS = sa.select(todo.c.side, todo.c.ref, todo.c.stamp).where(
    todo.c.user_id == _OURS["user"], todo.c.kind == _OURS["kind"]
)
_ALL_ITEMS = sa.union(
    sa.select(mailbox_item.c.mailbox_id).where(
        mailbox_item.c.user_id == _OURS["user"], mailbox_item.c.kind == _OURS["kind"]
    ),
    sa.select(link.c.mailbox_id).where(
        link.c.user_id == _OURS["user"], link.c.kind == _OURS["kind"], link.c.mailbox_id.is_not(None)
    ),
)
_PAIRED = (
    sa.select(line.c.crm_id)
    .join(link, link.c.line_id == line.c.id)
    .where(link.c.user_id == _OURS["user"], link.c.kind == _OURS["kind"], line.c.crm_id.is_not(None))
)
_OTHER_RECORDS = sa.union(
    sa.select(crm_scope.c.crm_id).where(
        crm_scope.c.user_id == _OURS["user"],
        crm_scope.c.kind == _OURS["kind"],
        crm_scope.c.crm_id.not_in(_PAIRED.where(link.c.mailbox_id.is_not(None))),
    ),
    _PAIRED.where(link.c.mailbox_id.is_(None)),
)
"""Records in scope, and of links, that no item of the user leads to."""
_SIDES = (MAILBOX, MEETING, CRM, EVERYTHING)
"""In what order things are looked at: items before the records that they may be (D-14)."""

_KEY = ("user_id", "kind", "side", "ref")
_DONE = sa.delete(todo).where(
    todo.c.user_id == sa.bindparam("u"),
    todo.c.kind == sa.bindparam("k"),
    todo.c.side == sa.bindparam("s"),
    todo.c.ref == sa.bindparam("r"),
    todo.c.stamp == sa.bindparam("seen"),
)


def of_user(connection: sa.Connection, user_id: int, kind: Kind) -> tuple[Todo, ...]:
    """The user's marks; items before records."""
    rows = connection.execute(_MARKS, {"user": user_id, "of_kind": kind.value})
    marks = [Todo(user_id, kind, row.side, row.ref, row.stamp) for row in rows]
    return tuple(sorted(marks, key=lambda entry: (_SIDES.index(entry.side), entry.ref)))


def everything(connection: sa.Connection, user_id: int, kind: Kind) -> tuple[Todo, ...]:
    """All that the mark EVERYTHING stands for, thing by thing. These marks are not stored: their stamp is 0."""
    whose = {"user": user_id, "of_kind": kind.value}
    items = sorted(connection.execute(_ALL_ITEMS, whose).scalars())
    records = sorted(connection.execute(_OTHER_RECORDS, whose).scalars())
    return (
        *(Todo(user_id, kind, MAILBOX, ref) for ref in items),
        *(Todo(user_id, kind, CRM, ref) for ref in records),
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
