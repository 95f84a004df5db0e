"""A browser, the pages in it, and what to do where there is no browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.e2e.browser import launched, served
from tests.fakes import chromium
from tests.fakes.page_connections import RESULTS
from tests.fakes.page_services import World, make_app, make_world
from tests.fakes.page_world import fill


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser. Without one: skipped with the command that installs it, which CI fails."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if chromium.find() is None:
                item.add_marker(pytest.mark.skip(reason=chromium.INSTALL))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A filled world for tests that only look, with few people, because axe looks at every element."""
    world = make_world(tmp_path_factory.mktemp("shown"))
    fill(world.engine, people=12)
    world.connections.fill(RESULTS)
    return world


@pytest.fixture(scope="session")
def shown_address(shown: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the world of `shown` is served."""
    with served(make_app(shown, tmp_path_factory.mktemp("shown-data"))) as address:
        yield address


@pytest.fixture(scope="session")
def bare_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an empty installation is served."""
    folder = tmp_path_factory.mktemp("bare")
    with served(make_app(make_world(folder), folder)) as address:
        yield address


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A filled world of a test's own."""
    made = make_world(tmp_path)
    fill(made.engine)
    return made


@pytest.fixture
def app(world: World, tmp_path: Path) -> Flask:
    """The application over it."""
    return make_app(world, tmp_path)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where it is served."""
    with served(app) as found:
        yield found
