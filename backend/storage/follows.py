"""Who follows which contact in Chatter, as last read (LS-041 to LS-044)."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from backend.storage.statements import run_many, upsert
from backend.storage.tables import followed
from backend.sync.store import Follows

_FOLLOWED = sa.select(followed.c.crm_user_id, followed.c.crm_id)
_BY_ONE = _FOLLOWED.where(followed.c.crm_user_id == sa.bindparam("who"))
_NO_LONGER = sa.delete(followed).where(
    followed.c.crm_user_id == sa.bindparam("who"), followed.c.crm_id == sa.bindparam("what")
)


def by_user(connection: sa.Connection, crm_user_id: str | None = None) -> dict[str, frozenset[str]]:
    """Followed contacts by Salesforce user id; of everybody, or of one."""
    rows = connection.execute(_FOLLOWED if crm_user_id is None else _BY_ONE, {"who": crm_user_id})
    found: dict[str, set[str]] = {}
    for who, what in rows:
        found.setdefault(who, set()).add(what)
    return {who: frozenset(whats) for who, whats in found.items()}


def store(connection: sa.Connection, follows: Follows) -> None:
    """Adds what is new; takes out what is no longer there if all was read."""
    stored = set(_pairs(by_user(connection)))
    if follows.complete:
        run_many(connection, _NO_LONGER, [{"who": who, "what": what} for who, what in sorted(stored - follows.pairs)])
    new = sorted(follows.pairs - stored)
    upsert(connection, followed, [{"crm_user_id": who, "crm_id": what} for who, what in new])


def _pairs(follows: dict[str, frozenset[str]]) -> Iterable[tuple[str, str]]:
    return ((who, what) for who, whats in follows.items() for what in whats)
