"""A sandbox with one tiny stand-in, so that the frame is tested by itself over real https."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from backend.sandbox.server import Sandbox
from backend.sandbox.world import World
from tests.fakes.notebook import Notebook, notebook_service


@dataclass
class Bench:
    """A running sandbox and a client that trusts its CA."""

    sandbox: Sandbox
    notebook: Notebook
    session: requests.Session

    @property
    def url(self) -> str:
        return self.sandbox.services["notebook"].addresses["base"]

    @property
    def control(self) -> str:
        return f"{self.sandbox.control_url}/_sandbox"

    @property
    def world(self) -> World:
        return self.sandbox.world


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    world, notebook = World(), Notebook()
    with Sandbox(world, services=[notebook_service(world, notebook)]) as sandbox:
        authority: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
        authority.write_text(sandbox.ca_pem)
        session = requests.Session()
        session.trust_env = False
        session.verify = str(authority)
        yield Bench(sandbox, notebook, session)


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.sandbox.reset("empty")
    return running
