"""One sandbox for all tests of the Salesforce stand-in; each test gets a fresh organisation in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import requests

from backend.sandbox import salesforce
from backend.sandbox.salesforce.org import Org
from backend.sandbox.server import Sandbox
from backend.sandbox.world import World
from tests.fakes.salesforce_client import Api, Standin


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    world = World()
    service = salesforce.create(world)
    with Sandbox(world, services=[service]) as sandbox:
        authority = tmp_path_factory.mktemp("authority") / "ca.pem"
        authority.write_text(sandbox.ca_pem)
        http = requests.Session()
        http.trust_env = False
        http.verify = str(authority)
        yield Standin(service, http, str(authority))


@pytest.fixture
def sf(running: Standin) -> Standin:
    """The stand-in with an empty organisation and a world at rest."""
    running.world.reset()
    running.service.reset()
    return running


@pytest.fixture
def org(sf: Standin) -> Org:
    return sf.org


@pytest.fixture
def admin(sf: Standin) -> Api:
    """The administrator: sees and changes everything."""
    return sf.api("admin@lockstep.sandbox")


@pytest.fixture
def ada(sf: Standin, org: Org) -> str:
    """The id of an ordinary user."""
    return org.add_user("ada@example.com", "Ada Lovelace", time_zone="America/New_York")


@pytest.fixture
def bob(sf: Standin, org: Org) -> str:
    """The id of another ordinary user, in no hierarchy with the first."""
    return org.add_user("bob@example.com", "Bob Hope")


@pytest.fixture
def as_ada(sf: Standin, ada: str) -> Api:
    return sf.api("ada@example.com")


@pytest.fixture
def as_bob(sf: Standin, bob: str) -> Api:
    return sf.api("bob@example.com")


@pytest.fixture
def tomorrow(sf: Standin) -> Callable[[str], str]:
    """A time tomorrow, such as "09:00", as the API takes it."""
    day = time.strftime("%Y-%m-%d", time.gmtime(sf.world.clock.now().timestamp() + 86_400))
    return lambda clock: f"{day}T{clock}:00Z"
