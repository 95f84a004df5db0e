"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored in UTC. Refuses naive values; SQLite hands back naive ones, which are UTC here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the library's signature
    ) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive time must not be stored: {value!r}")
        return value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """The same in one step for SQLite, where times are text: commits are full of them."""
        return _sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - the library's signature
    ) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


_latest: tuple[datetime | None, str | None] = (None, None)
"""The last time that was made text: the rows of a commit mostly bear the same one."""


def _sqlite_text(value: datetime | None) -> str | None:
    global _latest  # noqa: PLW0603 - one pair, replaced as a whole
    known, text = _latest
    if value is known:
        return text
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a naive time must not be stored: {value!r}")
    text = value.astimezone(UTC).isoformat(" ", "microseconds")[:26]
    _latest = (value, text)
    return text


Key = String(36)
"""A UUID as text: one form in both databases, and in SQL typed by hand."""
