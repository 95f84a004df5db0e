"""The schema that migrations make is the one that the code describes, on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from backend.storage import migrate, tables
from backend.storage.engine import create_engine
from tests.fakes import databases, postgres


@pytest.fixture
def blank_url(tmp_path: Path) -> Iterator[str]:
    if databases.on_postgres():
        with postgres.blank() as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path / 'blank.db'}"


def test_migrations_and_tables_agree(database: sa.Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_an_upgrade_names_the_revision_it_reached_and_can_be_repeated(blank_url: str) -> None:
    assert migrate.current(blank_url) is None
    reached = migrate.upgrade(blank_url)
    assert migrate.current(blank_url) == reached == migrate.latest()
    assert migrate.upgrade(blank_url) == reached


def test_a_failed_upgrade_leaves_nothing_behind(blank_url: str) -> None:
    engine = create_engine(blank_url)

    def upgrade_and_fail() -> None:
        with engine.begin() as connection:
            migrate.upgrade_on(connection)
            connection.execute(sa.text("SELECT nothing FROM nowhere"))

    with pytest.raises(sa.exc.DBAPIError):
        upgrade_and_fail()
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_three_processes_that_start_at_once_migrate_once(blank_url: str) -> None:
    program = "import sys; from backend.storage import migrate; print(migrate.upgrade(sys.argv[1]))"
    started = [
        subprocess.Popen([sys.executable, "-c", program, blank_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60)[0].strip() for process in started]
    assert answers == [migrate.latest()] * 3
    engine = create_engine(blank_url)
    assert set(sa.inspect(engine).get_table_names()) == {*tables.metadata.tables, "alembic_version"}
    engine.dispose()


def test_every_migration_can_be_taken_back(blank_url: str) -> None:
    migrate.upgrade(blank_url)
    engine = create_engine(blank_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
