"""A filled world, its app, and a browserless client that can sign in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from backend.web.sign_in import limiter
from tests.fakes.page_services import World, make_app, make_world
from tests.fakes.page_world import fill
from tests.fakes.visitor import Visitor as Visitor


@pytest.fixture
def empty_world(tmp_path: Path) -> Iterator[World]:
    """Tables without rows."""
    world = make_world(tmp_path)
    yield world
    world.engine.dispose()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the organisation of `tests.fakes.page_world`, filled once and copied for each test."""
    folder = tmp_path_factory.mktemp("filled")
    world = make_world(folder)
    fill(world.engine)
    with world.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    world.engine.dispose()
    return folder


@pytest.fixture
def world(filled: Path, tmp_path: Path) -> Iterator[World]:
    """The organisation, of a test's own."""
    shutil.copy(filled / "pages.db", tmp_path / "pages.db")
    world = make_world(tmp_path)
    yield world
    world.engine.dispose()


@pytest.fixture
def app(world: World, tmp_path: Path) -> Flask:
    """The application over the filled world."""
    made = make_app(world, tmp_path)
    with made.app_context():
        limiter.reset()
    return made


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(app.test_client())


@pytest.fixture
def admin(app: Flask) -> Visitor:
    """A signed-in admin."""
    visitor = Visitor(app.test_client())
    visitor.sign_in()
    return visitor


@pytest.fixture
def viewer(app: Flask) -> Visitor:
    """Somebody signed in who may look only."""
    visitor = Visitor(app.test_client())
    visitor.sign_in("ruth.baptiste@example.com")
    return visitor
