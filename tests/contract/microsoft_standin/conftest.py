"""One sandbox for all tests of the Microsoft stand-in; every test gets it empty, with two users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from backend.sandbox import microsoft
from backend.sandbox.microsoft.web import GraphService
from backend.sandbox.server import Sandbox
from backend.sandbox.world import World
from tests.fakes.graph_client import GraphClient


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    world = World()
    with Sandbox(world, services=[microsoft.create(world)]) as running:
        yield running


@pytest.fixture(scope="session")
def ca_file(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(sandbox.ca_pem)
    return path


@pytest.fixture
def graph(sandbox: Sandbox, ca_file: Path) -> Iterator[GraphClient]:
    sandbox.reset("empty")
    service = sandbox.services["microsoft"]
    assert isinstance(service, GraphService)
    with requests.Session() as session:
        session.verify = str(ca_file)
        session.trust_env = False  # a CA named in the environment would win over ours
        yield GraphClient(service, session)
