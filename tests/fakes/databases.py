"""Databases for tests: a migrated one per test, made from a template.

`LOCKSTEP_TEST_DATABASE` chooses: `sqlite` (the default) or `postgres`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from backend.domain.configuration import Configuration
from backend.ports.clock import Clock
from backend.storage import tables
from backend.storage.configuration_codec import encode_configuration
from backend.storage.engine import create_engine
from backend.storage.sync_store import SqlSyncStore
from tests.fakes.world import FakeClock

EVERYTHING = Configuration("Everything")


def seed_people(engine: sa.Engine, users: int = 1, settings: Configuration = EVERYTHING) -> None:
    """People 1 to `users`, all of whom sync by one configuration."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(tables.configuration),
            {
                "id": 1, "name": settings.name, "active": True, "version": 1,
                "settings": encode_configuration(settings), "updated_at": now,
            },
        )  # fmt: skip
        connection.execute(sa.insert(tables.person), [_person(number) for number in range(1, users + 1)])
        connection.execute(
            sa.insert(tables.user_state),
            [
                {"user_id": number, "configuration_id": 1, "config_version": 1, "assigned_at": now}
                for number in range(1, users + 1)
            ],
        )


def _person(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "crm_user_id": f"005{number:015d}",
        "username": f"user{number}@example.com.crm",
        "name": f"User {number}",
        "address": f"user{number}@example.com",
        "profile": "Standard User",
        "active": True,
        "zone": "Europe/Berlin",
    }


def fresh_store(users: int = 1, clock: Clock | None = None, settings: Configuration = EVERYTHING) -> SqlSyncStore:
    """An empty store in memory for `users` people; one connection, so one thread."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    tables.metadata.create_all(engine)
    seed_people(engine, users, settings)
    return SqlSyncStore(engine, clock or FakeClock())


__all__ = ["EVERYTHING", "fresh_store", "replace", "seed_people"]
