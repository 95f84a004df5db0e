"""One sandbox for all tests here; each test gets it empty, with an installation of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from backend.microsoft import auth
from tests.fakes.installation import Installation
from tests.fakes.stage import ENOUGH_CALLS, Stage, stage
from tests.fakes.told import Told
from tests.fakes.told import told as told_by


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage"), people=0) as running:
        yield running


@pytest.fixture
def empty(
    _running: Stage, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Installation]:
    """An empty sandbox, and an installation that is connected to nothing."""
    # A sandbox that was emptied repeats its names, and msal remembers tokens of the earlier one.
    monkeypatch.setattr(auth, "_applications", {})
    logging.getLogger().setLevel(logging.ERROR)
    _running.sandbox.reset("empty")
    _running.org.settings.api_calls_a_day = ENOUGH_CALLS
    overrides = {**_running.overrides, "data_dir": tmp_path, "database_url": database_url}
    opened = Installation(Stage(_running.sandbox, _running.folder, overrides))
    yield opened
    opened.lockstep.close()


@pytest.fixture
def installation(empty: Installation) -> Installation:
    """Connected to both services; nobody works here yet."""
    empty.connect_salesforce()
    empty.connect_microsoft()
    return empty


@pytest.fixture
def told(installation: Installation, tmp_path: Path) -> Iterator[Told]:
    """Pages and commands of the installation."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield told_by(installation, tmp_path)
    root.handlers[:], root.level = before
    structlog.reset_defaults()
