"""A stage for whole runs: the sandbox in this process, a fresh installation connected to it, workers as processes.

Used by `python -m tests.torture` and `python -m benchmarks`; everything between the two goes over https.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend import config
from backend.domain.configuration import Configuration
from backend.jobs.parent import marked_environment
from backend.sandbox.server import Sandbox
from backend.sandbox.world import Person, World
from backend.storage import migrate
from backend.wiring import MICROSOFT, SALESFORCE, Lockstep

EVERYTHING = Configuration("Everything")
ENOUGH_CALLS = 10_000_000
FOLDER = "Salesforce_Sync"


@dataclass
class Stage:
    """A running sandbox and the installation in `folder`. `overrides`: settings of the installation."""

    sandbox: Sandbox
    folder: Path
    overrides: dict[str, Any]

    @property
    def world(self) -> World:
        """Faults, calls, outbox and people of the sandbox."""
        return self.sandbox.world

    @property
    def org(self) -> Any:
        """What the administrator and people at Salesforce do."""
        return self.sandbox.services["salesforce"].org  # type: ignore[attr-defined]  # a Service by type

    @property
    def tenant(self) -> Any:
        """What the administrator and the mailboxes' owners at Microsoft do."""
        return self.sandbox.services["microsoft"].tenant  # type: ignore[attr-defined]  # a Service by type

    @property
    def config(self) -> config.Config:
        """The installation's settings."""
        return config.load(self.overrides)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a child process of this one load the same settings."""
        return marked_environment(os.environ | config.environment(self.overrides))

    def hire(self, number: int, zone: str = "Europe/Berlin") -> list[Person]:
        """So many more people with a Salesforce user and a mailbox each; `zone` is the mailbox's, an IANA name."""
        with self.world.lock:
            first = len(self.world.people) + 1
            return [self._hire(position, zone) for position in range(first, first + number)]

    def _hire(self, position: int, zone: str) -> Person:
        address = f"person{position}@stage.example"
        username, name = f"{address}.crm", f"Person Number{position}"
        crm_id = self.org.add_user(username, name, email=address)
        user = self.tenant.add_user(name, address, zone)
        person = Person(f"person{position}", name, address, username, crm_id, user.id, zone)
        self.world.people.append(person)
        return person

    def mailbox(self, person: Person) -> Any:
        """A person's mailbox, as its owner uses it."""
        return self.tenant.mailbox(person.microsoft_id)

    def contact_folder(self, person: Person) -> Any:
        """The synced contact folder of a person, made if it is missing."""
        mailbox = self.mailbox(person)
        found = [one for one in mailbox.folders.values() if one.kind == "contacts" and one.name == FOLDER]
        return found[0] if found else mailbox.add_contact_folder(FOLDER)

    def configure(self, settings: Configuration = EVERYTHING) -> None:
        """Migrates the database, connects both services, and assigns the settings to everybody hired so far."""
        migrate.upgrade(self.config.database_url)
        with closing(Lockstep.open(self.config)) as lockstep:
            _connect(lockstep, self.sandbox.credentials())
            with lockstep.configurations.editing() as editor:
                editor.save(settings)
                editor.assign(settings.name, usernames=[one.salesforce_username for one in self.world.people])

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Starts `python -m command…` on this installation, its standard input and output connected to us."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@contextmanager
def stage(folder: Path, people: int = 1, *, seed: int = 1, **settings: Any) -> Iterator[Stage]:
    """A stage in `folder` with so many people; `settings` are fields of `backend.config.Config`."""
    with Sandbox(World(seed)) as sandbox:
        authority = folder / "sandbox-ca.pem"
        authority.write_text(sandbox.ca_pem, encoding="ascii")
        overrides = {"data_dir": folder, "ca_bundle": authority, "log_level": "WARNING", **settings}
        opened = Stage(sandbox, folder, overrides)
        opened.org.settings.api_calls_a_day = ENOUGH_CALLS
        opened.hire(people)
        yield opened


def _connect(lockstep: Lockstep, credentials: Mapping[str, Any]) -> None:
    salesforce, microsoft = credentials["salesforce"], credentials["microsoft"]
    lockstep.connections.save(
        SALESFORCE,
        {
            "login_url": salesforce["login_url"],
            "audience": salesforce["login_url"],
            "consumer_key": salesforce["client_id"],
            "username": salesforce["integration_username"],
        },
        {"private_key": salesforce["private_key"]},
    )
    lockstep.connections.save(
        MICROSOFT,
        {
            "login_url": microsoft["login_url"],
            "graph_url": microsoft["graph_url"],
            "tenant": microsoft["tenant_id"],
            "client_id": microsoft["client_id"],
        },
        {"secret": microsoft["client_secret"]},
    )
