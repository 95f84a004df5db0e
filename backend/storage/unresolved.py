"""Companies that no account stands for: kept until a person or Salesforce answers (H-3, LS-077)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend.domain.identity import folded
from backend.domain.values import Kind
from backend.ports.answers import NoAccount
from backend.storage import todos
from backend.storage.statements import IDS, look_up, run_many, upsert
from backend.storage.tables import link, spelling, unresolved
from backend.storage.work import Work
from backend.sync.unresolved import LookAgain, Standing, Unresolved

LONGEST = 255
_LIVING = unresolved.c.standing != Standing.CLOSED.value
_BY_LINK = sa.select(unresolved).where(unresolved.c.link_id.in_(IDS), _LIVING)
_OF_USER = sa.select(unresolved).where(
    unresolved.c.user_id == sa.bindparam("user"), unresolved.c.standing == sa.bindparam("standing")
)
_WAITING: sa.Select[Any] = (
    sa.select(unresolved.c.link_id, link.c.user_id, link.c.mailbox_id)
    .join(link, link.c.id == unresolved.c.link_id)
    .where(unresolved.c.standing.in_((Standing.NEW.value, Standing.OPEN.value)), link.c.state == "linked")
)
_NAMED = _WAITING.where(unresolved.c.folded.in_(IDS))
_AGAIN = sa.update(unresolved).where(unresolved.c.link_id == sa.bindparam("one")).values(standing=Standing.AGAIN.value)
_SPELLINGS = sa.select(spelling)
_SPELT = _SPELLINGS.where(spelling.c.user_id == sa.bindparam("user"))
_DROP = sa.delete(unresolved).where(unresolved.c.link_id == sa.bindparam("one"))


def by_link(connection: sa.Connection, link_ids: Iterable[UUID]) -> dict[UUID, Unresolved]:
    """Living items by link."""
    return {item.link_id: item for item in map(_value, look_up(connection, _BY_LINK, map(str, link_ids)))}


def of_user(connection: sa.Connection, user_id: int, standing: Standing) -> tuple[Unresolved, ...]:
    """A user's items of one standing."""
    rows = connection.execute(_OF_USER, {"user": user_id, "standing": standing.value})
    return tuple(map(_value, rows))


def spellings(connection: sa.Connection, user_id: int | None = None) -> dict[int, dict[str, str]]:
    """Accounts that people chose for companies: by user, by folded text; of everybody, or of one."""
    found: dict[int, dict[str, str]] = {}
    rows = connection.execute(_SPELLINGS) if user_id is None else connection.execute(_SPELT, {"user": user_id})
    for row in rows:
        found.setdefault(row.user_id, {})[row.folded] = row.account_id
    return found


def store(work: Work) -> None:
    """Upserts `Changes.unresolved`, forgets those of dropped links, and marks what is to be looked up again."""
    changes, connection = work.changes, work.connection
    run_many(connection, _DROP, [{"one": str(one)} for one in changes.dropped_links])
    latest = {item.link_id: item for item in changes.unresolved if item.link_id not in set(changes.dropped_links)}
    upsert(connection, unresolved, [_row(work, item) for item in latest.values()], keep=("opened_at",))
    told = {(user_id, text[:LONGEST]): account for user_id, text, account in changes.spellings}
    rows = [{"user_id": user_id, "folded": text, "account_id": account} for (user_id, text), account in told.items()]
    upsert(connection, spelling, rows)
    if changes.look_again is not None:
        found = list(_found(connection, changes.look_again))
        run_many(connection, _AGAIN, [{"one": row.link_id} for row in found])
        work.marks.update(
            (row.user_id, Kind.CONTACT.value, todos.MAILBOX, row.mailbox_id) for row in found if row.mailbox_id
        )


def _found(connection: sa.Connection, wanted: LookAgain) -> Iterator[sa.Row[Any]]:
    if wanted.names is None:
        yield from connection.execute(_WAITING).all()
    else:
        yield from look_up(connection, _NAMED, wanted.names)


def _value(row: sa.Row[Any]) -> Unresolved:
    return Unresolved(UUID(row.link_id), row.user_id, row.text, NoAccount(row.why), Standing(row.standing), row.answer)


def _row(work: Work, item: Unresolved) -> dict[str, Any]:
    return {
        "link_id": str(item.link_id),
        "user_id": item.user_id,
        "text": item.text[:LONGEST],
        "folded": folded(item.text)[:LONGEST],
        "why": item.why.value,
        "standing": item.standing.value,
        "answer": item.answer,
        "opened_at": work.now,
        "changed_at": work.now,
    }
