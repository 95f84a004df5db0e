"""Connections to services: settings that may be shown, and a secret that goes in and is never shown again.

A connection that is being prepared is a draft, in a table of its own: whoever replaces what works loses nothing of it
before the new one has signed in once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from backend.ports.clock import Clock
from backend.ports.readiness import Check
from backend.storage.engine import reading
from backend.storage.secrets import Vault
from backend.storage.statements import upsert
from backend.storage.tables import connection, connection_draft


@dataclass(frozen=True, slots=True)
class Connection:
    """A service that we are connected to. `identity`: organisation or tenant id, once somebody answered with it.

    checks: what was found at `checked_at`, one by one, where the service was checked in full.
    """

    service: str
    settings: Mapping[str, Any]
    has_secret: bool
    identity: str | None
    checked_at: datetime | None
    problem: str
    updated_at: datetime
    checks: tuple[Check, ...] = ()


class Connections:
    """The connections of this installation. `table`: where they are kept."""

    table = connection

    def __init__(self, engine: sa.Engine, vault: Vault, clock: Clock) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock

    def save(self, service: str, settings: Mapping[str, Any], secret: Mapping[str, Any] | None = None) -> None:
        """Stores a connection; without `secret` the stored one stays. What was known of its health is forgotten."""
        row: dict[str, Any] = {
            "service": service,
            "settings": dict(settings),
            "checked_at": None,
            "problem": "",
            "checks": None,
            "updated_at": self._clock.now(),
        }
        if secret is not None:
            row["secret"] = self._vault.close(secret)
        with self._engine.begin() as transaction:
            upsert(transaction, self.table, [row])

    def load(self, service: str) -> Connection | None:
        """The connection without its secret."""
        return next((one for one in self.all() if one.service == service), None)

    def all(self) -> tuple[Connection, ...]:
        """Every connection without its secret, by name of the service."""
        with reading(self._engine).begin() as transaction:
            return read(transaction, self.table)

    def secret(self, service: str) -> dict[str, Any]:
        """The secret, for the adapter that signs in with it; empty where none is stored. Raises SecretUnreadable."""
        with reading(self._engine).begin() as transaction:
            stored = transaction.execute(_secret(self.table), {"one": service}).scalar()
        return {} if stored is None else self._vault.open(bytes(stored), service)

    def checked(
        self, service: str, *, problem: str = "", identity: str | None = None, checks: Iterable[Check] | None = None
    ) -> None:
        """Notes how a test of the connection went; `identity` if somebody answered, `checks` if all was looked at."""
        found: dict[str, Any] = {"checked_at": self._clock.now(), "problem": problem}
        if checks is not None:
            found["checks"] = [check.as_json() for check in checks]
        if identity is not None:
            found["identity"] = identity
        with self._engine.begin() as transaction:
            transaction.execute(sa.update(self.table).where(self.table.c.service == service).values(found))

    def remove(self, service: str) -> None:
        """Forgets a connection with its secret."""
        with self._engine.begin() as transaction:
            transaction.execute(sa.delete(self.table).where(self.table.c.service == service))

    def renew_secrets(self) -> int:
        """Closes every secret with the newest key; how many. Raises SecretUnreadable, having changed nothing."""
        table = self.table
        query = sa.select(table.c.service, table.c.secret).where(table.c.secret.is_not(None))
        with self._engine.begin() as transaction:
            rows = transaction.execute(query).all()
            for row in rows:
                renewed = self._vault.renewed(bytes(row.secret), row.service)
                transaction.execute(sa.update(table).where(table.c.service == row.service).values(secret=renewed))
        return len(rows)


class Drafts(Connections):
    """Connections that are being prepared: what was typed, and a key pair that waits for its certificate's upload."""

    table = connection_draft


def read(transaction: sa.Connection, table: sa.Table = connection) -> tuple[Connection, ...]:
    """Every connection of a table without its secret, by name of the service."""
    rows = transaction.execute(_whole(table)).all()
    return tuple(
        Connection(
            row.service,
            row.settings,
            row.has_secret,
            row.identity,
            row.checked_at,
            row.problem,
            row.updated_at,
            tuple(Check(**check) for check in row.checks or ()),
        )
        for row in rows
    )


@cache
def _whole(table: sa.Table) -> sa.Select[Any]:
    columns = [column for column in table.c if column.name != "secret"]
    return sa.select(*columns, table.c.secret.is_not(None).label("has_secret")).order_by(table.c.service)


@cache
def _secret(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.secret).where(table.c.service == sa.bindparam("one"))
