"""Connections to services: settings that may be shown, and a secret that goes in and is never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.ports.clock import Clock
from backend.storage.engine import reading
from backend.storage.secrets import Vault
from backend.storage.statements import upsert
from backend.storage.tables import connection


@dataclass(frozen=True, slots=True)
class Connection:
    """A service that we are connected to. `identity`: organisation or tenant id, once somebody answered with it."""

    service: str
    settings: Mapping[str, Any]
    has_secret: bool
    identity: str | None
    checked_at: datetime | None
    problem: str
    updated_at: datetime


class Connections:
    """The connections of this installation."""

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
            "updated_at": self._clock.now(),
        }
        if secret is not None:
            row["secret"] = self._vault.close(secret)
        with self._engine.begin() as transaction:
            upsert(transaction, connection, [row])

    def load(self, service: str) -> Connection | None:
        """The connection without its secret."""
        return next((one for one in self.all() if one.service == service), None)

    def all(self) -> tuple[Connection, ...]:
        """Every connection without its secret, by name of the service."""
        columns = [column for column in connection.c if column.name != "secret"]
        has_secret = connection.c.secret.is_not(None).label("has_secret")
        with reading(self._engine).begin() as transaction:
            rows = transaction.execute(sa.select(*columns, has_secret).order_by(connection.c.service)).all()
        return tuple(
            Connection(
                row.service, row.settings, row.has_secret, row.identity, row.checked_at, row.problem, row.updated_at
            )
            for row in rows
        )

    def secret(self, service: str) -> dict[str, Any]:
        """The secret, for the adapter that signs in with it; empty where none is stored. Raises SecretUnreadable."""
        query = sa.select(connection.c.secret).where(connection.c.service == service)
        with reading(self._engine).begin() as transaction:
            stored = transaction.execute(query).scalar()
        return {} if stored is None else self._vault.open(bytes(stored), service)

    def checked(self, service: str, *, problem: str = "", identity: str | None = None) -> None:
        """Notes how a test of the connection went; `identity` if somebody answered."""
        found: dict[str, Any] = {"checked_at": self._clock.now(), "problem": problem}
        if identity is not None:
            found["identity"] = identity
        with self._engine.begin() as transaction:
            transaction.execute(sa.update(connection).where(connection.c.service == service).values(found))

    def remove(self, service: str) -> None:
        """Forgets a connection with its secret."""
        with self._engine.begin() as transaction:
            transaction.execute(sa.delete(connection).where(connection.c.service == service))

    def renew_secrets(self) -> int:
        """Closes every secret with the newest key; how many. Raises SecretUnreadable, having changed nothing."""
        query = sa.select(connection.c.service, connection.c.secret).where(connection.c.secret.is_not(None))
        with self._engine.begin() as transaction:
            rows = transaction.execute(query).all()
            for row in rows:
                renewed = self._vault.renewed(bytes(row.secret), row.service)
                transaction.execute(
                    sa.update(connection).where(connection.c.service == row.service).values(secret=renewed)
                )
        return len(rows)
