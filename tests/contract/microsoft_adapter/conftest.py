"""One stand-in for all tests of the Microsoft adapter; every test gets it empty, with Ada and her boss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.microsoft import auth
from backend.sandbox import microsoft
from backend.sandbox.microsoft.web import GraphService
from backend.sandbox.server import Sandbox
from backend.sandbox.world import World
from tests.fakes.graph_bench import GraphBench


@pytest.fixture(scope="session")
def graph_service() -> Iterator[Sandbox]:
    world = World()
    with Sandbox(world, services=[microsoft.create(world)]) as running:
        yield running


@pytest.fixture(scope="session")
def graph_ca(graph_service: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(graph_service.ca_pem)
    return str(path)


@pytest.fixture
def graph_bench(graph_service: Sandbox, graph_ca: str, monkeypatch: pytest.MonkeyPatch) -> GraphBench:
    # A stand-in that was emptied repeats its names, and msal remembers tokens and refusals of the earlier one.
    monkeypatch.setattr(auth, "_applications", {})
    graph_service.reset("empty")
    service = graph_service.services["microsoft"]
    assert isinstance(service, GraphService)
    return GraphBench(service, graph_ca)
