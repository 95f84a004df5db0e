"""The adapter against the Salesforce stand-in, over https."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.ports.metering import CallCounter
from backend.salesforce.connection import SalesforceConnection, SalesforceSettings
from backend.salesforce.crm import SalesforceUser
from backend.salesforce.organisation import SalesforceOrganisation
from backend.sandbox import salesforce
from backend.sandbox.server import Sandbox
from backend.sandbox.world import World


@dataclass
class SandboxClock:
    """The services' clock, so that shifting it shifts ours."""

    world: World

    def now(self) -> datetime:
        """See Clock."""
        return self.world.clock.now()


@dataclass
class Bench:
    """A running stand-in, and our connection to it."""

    sandbox: Sandbox
    ca: Path
    org: Any = None
    meter: CallCounter = field(default_factory=CallCounter)
    connection: SalesforceConnection = field(init=False)

    def __post_init__(self) -> None:
        self.org = self.sandbox.services["salesforce"].org
        self.connect()

    def connect(self, **changes: Any) -> SalesforceConnection:
        """A connection as in a fresh process."""
        given = self.sandbox.credentials()["salesforce"]
        settings = {
            "login_url": given["login_url"],
            "audience": given["login_url"],
            "consumer_key": given["client_id"],
            "private_key": given["private_key"],
            "username": given["integration_username"],
            "ca": str(self.ca),
            "time_limits": (5.0, 10.0),
        }
        clock = SandboxClock(self.sandbox.world)
        self.connection = SalesforceConnection(
            SalesforceSettings(**{**settings, **changes}), clock, self.meter, _no_sleep
        )
        return self.connection

    def hire(self, username: str = "ada@acme.example", **options: Any) -> str:
        """One more user of the organisation; the id."""
        found: str = self.org.add_user(username, **options)
        return found

    def user(self, username: str = "ada@acme.example", **options: Any) -> SalesforceUser:
        """Salesforce as a new user of that name."""
        return self.connection.user(username, self.hire(username, **options))

    def organisation(self, events_since: date | None = None) -> SalesforceOrganisation:
        """The organisation as a fresh process reads it."""
        return self.connect().organisation(events_since=events_since)

    def row(self, record_id: str) -> dict[str, Any]:
        """A row as it is stored, deleted or not."""
        return dict(self.org.row(record_id))

    def clear_calls(self) -> None:
        """Forget the calls so far, on both ends."""
        self.sandbox.world.calls.clear()
        self.meter.calls.clear()

    def calls(self) -> int:
        """Data calls since the last clearing, as the stand-in counted them; our own count agrees."""
        counted = sum(
            row.calls
            for row in self.sandbox.world.calls.counts()
            if row.service == "salesforce" and "token" not in row.operation and "oauth" not in row.operation
        )
        assert counted == self.meter.calls["salesforce"]
        return counted


def _no_sleep(_seconds: float) -> None:
    """Tests wait for nothing."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    """One stand-in for a module's tests."""
    world = World()
    with Sandbox(world, services=[salesforce.create(world)]) as sandbox:
        ca = tmp_path_factory.mktemp("ca") / "ca.pem"
        ca.write_text(sandbox.ca_pem)
        yield sandbox, ca


@pytest.fixture
def bench(running: tuple[Sandbox, Path]) -> Bench:
    """A fresh organisation."""
    sandbox, ca = running
    sandbox.reset()
    return Bench(sandbox, ca)
