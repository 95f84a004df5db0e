"""Database engines for SQLite and PostgreSQL.

SQLite: WAL, and every writing transaction begins with BEGIN IMMEDIATE, since a transaction that reads first and
writes then fails at once when another process wrote meanwhile, whatever the busy timeout. A reading engine begins
plainly and waits for nobody.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from backend.storage.stored_values import serialize

_PRAGMAS = (
    "busy_timeout=30000",  # milliseconds; first, since going to WAL may have to wait already
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "cache_size=-32000",  # KiB; the default holds the indexes of a few hundred items only
    "wal_autocheckpoint=4000",  # pages; pages that every commit touches are copied back less often
    "temp_store=MEMORY",
)


def create_engine(url: str, **options: Any) -> sa.Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://…`; `options` go to SQLAlchemy."""
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        return sa.create_engine(address, json_serializer=serialize, pool_pre_ping=True, **options)
    engine = sa.create_engine(address, json_serializer=serialize, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


_handed_down: dict[str, sa.Engine] = {}


def hand_down(url: str, engine: sa.Engine) -> None:
    """Before a fork: has children open this database with what the engine has learned of it and compiled.

    Its connections are closed, since none may cross a fork.
    """
    engine.dispose()
    _handed_down[url] = engine


def opened(url: str) -> sa.Engine:
    """An engine for the database: the one that was handed down, else a new one."""
    engine = _handed_down.get(url)
    if engine is None:
        return create_engine(url)
    renew_after_fork(engine)
    return engine


def reading(engine: sa.Engine) -> sa.Engine:
    """The same database for reading only: one consistent view per transaction, and no waiting for writers."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.execution_options(read_only=True)


def renew_after_fork(engine: sa.Engine) -> None:
    """To be called in a forked child: forgets the parent's connections without closing them."""
    engine.dispose(close=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: _begin_sqlite does
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    read_only = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
