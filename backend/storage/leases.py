"""The right to commit for one user: a row with a token that only grows (sync.md B.8, INV-10)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from backend.storage.statements import database_time, insert_missing
from backend.storage.tables import organisation, sync_lease
from backend.sync.state import Lease
from backend.sync.store import LeaseLost

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = sa.bindparam("ttl", type_=sa.Float)
_NOW = database_time(sa.literal(0.0))
_OURS = (sync_lease.c.user_id == sa.bindparam("user"), sync_lease.c.token == sa.bindparam("current"))

_STANDSTILL = sa.exists().where(organisation.c.stopped)
_ACQUIRE = (
    sa.update(sync_lease)
    .where(sync_lease.c.user_id == sa.bindparam("user"), sync_lease.c.expires_at <= _NOW, ~_STANDSTILL)
    .values(token=sync_lease.c.token + 1, holder=sa.bindparam("name"), expires_at=database_time(_SECONDS))
    .returning(sync_lease.c.token)
)
_RENEW = sa.update(sync_lease).where(*_OURS).values(expires_at=database_time(_SECONDS))
_RELEASE = sa.update(sync_lease).where(*_OURS).values(expires_at=_NEVER)
_TOUCH = sa.update(sync_lease).where(*_OURS).values(holder=sync_lease.c.holder)
_FENCE = (
    sa.update(sync_lease)
    .where(sync_lease.c.user_id == sa.bindparam("user"))
    .values(token=sync_lease.c.token + 1, expires_at=_NEVER)
)


def acquire(connection: sa.Connection, user_id: int, holder: str, ttl: float) -> Lease | None:
    """The lease, if nobody holds a living one and not everything stands still; `ttl` in seconds of the database."""
    free = {"user_id": user_id, "token": 0, "holder": "", "expires_at": _NEVER}
    insert_missing(connection, sync_lease, [free])
    token = connection.execute(_ACQUIRE, {"user": user_id, "name": holder, "ttl": ttl}).scalar()
    return None if token is None else Lease(user_id, token, holder)


def renew(connection: sa.Connection, lease: Lease, ttl: float) -> None:
    """Prolongs a lease by `ttl` seconds from now. Raises LeaseLost."""
    _require_row(connection.execute(_RENEW, {**_identity(lease), "ttl": ttl}), lease)


def release(connection: sa.Connection, lease: Lease) -> None:
    """Gives a lease back; nothing happens if it was lost."""
    connection.execute(_RELEASE, _identity(lease))


def require(connection: sa.Connection, lease: Lease) -> None:
    """First statement of every commit. The row stays locked, so nobody can take the lease before it ends.

    Raises LeaseLost.
    """
    _require_row(connection.execute(_TOUCH, _identity(lease)), lease)


def fence(connection: sa.Connection, user_id: int) -> None:
    """Takes the right to commit from whoever holds it (reset of a user, G-2)."""
    connection.execute(_FENCE, {"user": user_id})


def fence_everybody(connection: sa.Connection) -> None:
    """Takes the right to commit from all passes: none of them writes anything more."""
    connection.execute(sa.update(sync_lease).values(token=sync_lease.c.token + 1, expires_at=_NEVER))


def _identity(lease: Lease) -> dict[str, int]:
    return {"user": lease.user_id, "current": lease.token}


def _require_row(result: sa.CursorResult[tuple[()]], lease: Lease) -> None:
    if result.rowcount != 1:
        raise LeaseLost(f"The lease {lease.token} of user {lease.user_id} was taken over by somebody else.")
