"""Brings a database to the present schema. Several processes may start at once: one migrates, the others wait."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from backend.storage.engine import create_engine, reading

_LOCK: Final = 0x10C6_57E9
"""Number of the PostgreSQL advisory lock; any number, but always this one."""


def upgrade(url: str) -> str:
    """Applies every missing migration in one transaction and returns the revision then reached."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            upgrade_on(connection)
        return latest()
    finally:
        engine.dispose()


def upgrade_on(connection: sa.Connection) -> None:
    """As `upgrade`, in a transaction of the caller's. On SQLite that transaction holds the write lock by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def current(url: str) -> str | None:
    """The database's revision; None where nothing was ever migrated."""
    engine = create_engine(url)
    try:
        with reading(engine).begin() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def latest() -> str:
    """The newest revision that this version of Lockstep knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("No migrations are installed: the package is incomplete, install Lockstep again.")
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
