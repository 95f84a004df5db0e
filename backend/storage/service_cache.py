"""What services answered and all processes of an installation share, encrypted at rest: tokens, field layouts.

A row belongs to the connection it was made with: the owner's fingerprint is sealed in with the content, so that
what was made with former credentials, or copied from another row, opens as nothing. Every change counts up
`version`, and is made only on the version that was read: of several processes that ask at once, one stores (C10).
No transaction is open while a service is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from backend.ports.cache import Entry
from backend.ports.clock import Clock
from backend.ports.errors import Transient
from backend.storage.engine import reading
from backend.storage.secrets import SecretUnreadable, Vault
from backend.storage.statements import insert_missing
from backend.storage.tables import service_cache

LONGEST_PAUSE: Final = timedelta(minutes=5)
"""A service that asks for more is asked again all the same: one wrong header must not stop everybody for a day."""
_FORMAT: Final = 1
"""To be raised when an adapter stores its answers in another shape."""

_ROW = sa.select(service_cache.c.version, service_cache.c.sealed, service_cache.c.expires_at).where(
    service_cache.c.service == sa.bindparam("of_service"), service_cache.c.subject == sa.bindparam("about")
)


def look(connection: sa.Connection, service: str, subject: str) -> sa.Row[Any, Any, Any] | None:
    """Version, sealed content and end of one answer, if there is one."""
    return connection.execute(_ROW, {"of_service": service, "about": subject}).one_or_none()


def fingerprint(*facts: Any) -> str:
    """A name for all that makes up a connection, secrets included; no way leads back from it. Facts are JSON values."""
    return hashlib.sha256(json.dumps([_FORMAT, *facts], sort_keys=True).encode()).hexdigest()


class SqlServiceCache:
    """Implements `ports.cache.ServiceCache`. `owner`: the fingerprint of the connection."""

    def __init__(self, engine: sa.Engine, vault: Vault, clock: Clock, service: str, owner: str) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._service = service
        self._owner = owner

    def get(self, subject: str, ask: Callable[[], Entry]) -> Entry:
        """See ServiceCache."""
        version, content, left = self._read(subject)
        if "text" in content:
            return Entry(content["text"], left)
        if "pause" in content:
            raise _pausing(content["pause"], left)
        try:
            fresh = ask()
        except Transient as error:
            self._note_pause(subject, version, error)
            raise
        if not self._store(subject, version, {"text": fresh.text}, fresh.lasts):
            _, content, left = self._read(subject)
            return Entry(content["text"], left) if "text" in content else fresh
        return fresh

    def forget(self, subject: str, text: str | None = None) -> None:
        """See ServiceCache."""
        version, content, _ = self._read(subject)
        if "text" in content and text in (None, content["text"]):
            self._store(subject, version, None, None)

    def _read(self, subject: str) -> tuple[int, Mapping[str, Any], timedelta | None]:
        """The row's version (0 without one), its content (empty if it is of no use), and how long that lasts."""
        with reading(self._engine).begin() as transaction:
            row = look(transaction, self._service, subject)
        if row is None:
            return 0, {}, None
        left = None if row.expires_at is None else row.expires_at - self._clock.now()
        if row.sealed is None or (left is not None and left <= timedelta()):
            return row.version, {}, None
        return row.version, self._opened(subject, bytes(row.sealed)), left

    def _opened(self, subject: str, sealed: bytes) -> Mapping[str, Any]:
        try:
            content = self._vault.open(sealed, self._service)
        except SecretUnreadable:
            return {}
        return content if content.get("of") == self._mark(subject) else {}

    def _store(self, subject: str, known: int, content: Mapping[str, Any] | None, lasts: timedelta | None) -> bool:
        """Replaces the version that was read; False if another process was faster."""
        now: datetime = self._clock.now()
        row = {
            "sealed": None if content is None else self._vault.close({**content, "of": self._mark(subject)}),
            "expires_at": None if lasts is None else now + lasts,
            "version": known + 1,
            "updated_at": now,
        }
        key = {"service": self._service, "subject": subject}
        with self._engine.begin() as transaction:
            if known == 0:
                insert_missing(transaction, service_cache, [{**key, "version": 0, "updated_at": now}])
            unchanged = (*self._row(subject), service_cache.c.version == known)
            return transaction.execute(sa.update(service_cache).where(*unchanged).values(row)).rowcount == 1

    def _note_pause(self, subject: str, version: int, error: Transient) -> None:
        if error.retry_after:
            pause = {"message": error.message, "code": error.code, "service": error.service}
            wanted = timedelta(seconds=error.retry_after)
            self._store(subject, version, {"pause": pause}, min(wanted, LONGEST_PAUSE))

    def _row(self, subject: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return service_cache.c.service == self._service, service_cache.c.subject == subject

    def _mark(self, subject: str) -> list[str]:
        return [self._service, subject, self._owner]


def _pausing(pause: Mapping[str, str], left: timedelta | None) -> Transient:
    return Transient(**pause, retry_after=None if left is None else left.total_seconds())
