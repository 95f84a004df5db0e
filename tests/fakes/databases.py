"""Databases for tests, made from a migrated template.

`LOCKSTEP_TEST_DATABASE` chooses: `sqlite` (the default) or `postgres`. Fixtures: `database_url` (an address, for
tests that start processes), `database` (an engine on it), `sync_store` (the engine's memory with two people).
`fresh_store` makes many small stores quickly, for property machines.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from backend.domain.configuration import Configuration
from backend.ports.clock import Clock
from backend.storage import migrate, tables
from backend.storage.configuration_codec import encode_configuration
from backend.storage.engine import create_engine
from backend.storage.sync_store import SqlSyncStore
from tests.fakes import postgres
from tests.fakes.world import START, FakeClock, Person

EVERYTHING = Configuration("Everything")


def on_postgres() -> bool:
    """Whether this run is on PostgreSQL."""
    return os.environ.get("LOCKSTEP_TEST_DATABASE") == "postgres"


# --- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a migrated, empty database."""
    if on_postgres():
        with postgres.lent() as url:
            yield url
    else:
        path = tmp_path / "lockstep.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a migrated, empty database."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still unless it is moved."""
    return FakeClock()


@pytest.fixture
def sync_store(database: sa.Engine, clock: FakeClock) -> SqlSyncStore:
    """The engine's memory with two people who sync everything both ways."""
    seed_people(database, 2)
    return SqlSyncStore(database, clock)


# --- people ----------------------------------------------------------------------------------------------------------


def people(number: int) -> list[Person]:
    """As many people as `FakeWorld.of(number)` has, with the same ids and addresses."""
    return [Person(user_id, f"user{user_id}@example.com", f"005{user_id:015d}") for user_id in range(1, number + 1)]


def seed_people(engine: sa.Engine, users: int | Sequence[Person] = 1, settings: Configuration = EVERYTHING) -> None:
    """People who all sync by one configuration (id 1), as a reading of Salesforce and an admin would leave them."""
    chosen = people(users) if isinstance(users, int) else list(users)
    state = {
        "configuration_id": 1,
        "syncs": settings.active,
        "config_version": 1,
        "assigned_at": START,
        "applied": encode_configuration(settings),
    }
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.configuration), _configuration_row(settings))
        connection.execute(sa.insert(tables.person), [_person_row(person) for person in chosen])
        connection.execute(
            sa.insert(tables.assignment),
            [{"configuration_id": 1, "username": f"{person.address}.crm"} for person in chosen],
        )
        connection.execute(sa.insert(tables.user_state), [{"user_id": person.user_id} | state for person in chosen])


def _configuration_row(settings: Configuration) -> dict[str, Any]:
    return {
        "id": 1,
        "name": settings.name,
        "active": settings.active,
        "version": settings.version,
        "settings": encode_configuration(settings),
        "updated_at": START,
    }


def _person_row(person: Person) -> dict[str, Any]:
    return {
        "id": person.user_id,
        "crm_user_id": person.crm_user_id,
        "username": f"{person.address}.crm",
        "name": f"User {person.user_id}",
        "address": person.address,
        "profile": "Standard User",
        "active": True,
        "zone": "Europe/Berlin",
    }


# --- many small stores -----------------------------------------------------------------------------------------------


def fresh_store(
    users: int | Sequence[Person] = 1, clock: Clock | None = None, settings: Configuration = EVERYTHING
) -> SqlSyncStore:
    """An empty store for so many people; one connection, so for one thread.

    SQLite in memory (about two milliseconds), or an emptied PostgreSQL database. Engines are used again as soon as
    nothing refers to their store any more, so that compiled statements are kept.
    """
    engine = fresh_engine()
    seed_people(engine, users, settings)
    return SqlSyncStore(engine, clock or FakeClock())


def fresh_engine() -> sa.Engine:
    """An engine on an empty migrated database of its own, for one thread."""
    owner = _idle.pop() if _idle else (_new_postgres() if on_postgres() else _new_memory())
    if on_postgres():
        _empty(owner)
    else:
        with owner.connect() as connection:
            _driver(connection).deserialize(_memory_template())
    handle = owner.execution_options()
    weakref.finalize(handle, _idle.append, owner)
    return handle


_idle: list[sa.Engine] = []


def _new_memory() -> sa.Engine:
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


@cache
def _memory_template() -> bytes:
    engine = _new_memory()
    with engine.begin() as connection:
        migrate.upgrade_on(connection)
    with engine.connect() as connection:
        return _driver(connection).serialize()


def _new_postgres() -> sa.Engine:
    """Its commits do not wait for the disk: what dies in these tests is a pass, never the server."""
    options = {"options": "-c synchronous_commit=off"}
    return create_engine(postgres.clone(), poolclass=StaticPool, connect_args=options)


def _empty(engine: sa.Engine) -> None:
    """Deletes what was written; faster than TRUNCATE for tables of a few rows."""
    with engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(sa.delete(table))
