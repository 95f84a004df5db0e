"""The engine's memory on the database that the run has chosen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from backend.storage.sync_store import SqlSyncStore
from tests.fakes.databases import seed_people
from tests.fakes.stored import Bench
from tests.fakes.world import FakeClock


@pytest.fixture
def bench(database: sa.Engine, clock: FakeClock) -> Bench:
    """A store with three people who sync everything both ways."""
    seed_people(database, 3)
    return Bench(SqlSyncStore(database, clock), database)
