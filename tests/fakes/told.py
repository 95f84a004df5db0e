"""What people are told of a real installation: by the pages and by the command line, in the same surroundings."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask

from backend import app as pages
from backend.app import create_app
from backend.cli import cli
from backend.config import environment
from backend.sandbox.world import Person
from backend.storage.accounts import create_admin
from tests.fakes.installation import Installation
from tests.fakes.page_services import AT_WORK, COMPILED
from tests.fakes.visitor import Visitor

ADMIN = "admin@stage.example"


@dataclass
class Told:
    """The pages as a signed-in admin sees them, and the `lockstep` command."""

    installation: Installation
    visitor: Visitor
    folder: Path
    password: str

    def page(self, path: str) -> str:
        """Text of a page; who was away for days signs in again first."""
        if self.visitor.get(path).status_code == 302:
            self.visitor.sign_in(ADMIN, self.password)
        return self.visitor.text(path)

    @property
    def status(self) -> str:
        """Text of Sync Status."""
        return self.page("/")

    @property
    def refused(self) -> str:
        """Text of the list of refused items."""
        return self.page("/refused")

    def person(self, person: Person) -> str:
        """Text of a person's page."""
        return self.page(f"/people/{self.installation.id_of(person)}")

    def run(self, *arguments: str) -> Result:
        """Runs `lockstep ARGUMENTS…` on this installation."""
        overrides = {**self.installation.stage.overrides, "log_level": "ERROR"}
        return CliRunner().invoke(cli, arguments, env=dict(environment(overrides)))

    def command(self, *arguments: str) -> str:
        """What a command that succeeds prints, in one line."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    def refusal(self, *arguments: str) -> str:
        """What a command that fails says."""
        result = self.run(*arguments)
        assert result.exit_code == 1, (result.exit_code, result.output, result.exception)
        assert "Traceback" not in result.output
        return " ".join(result.stderr.split())

    def write(self, name: str, **content: Any) -> str:
        """A YAML file with this content; its path."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)


def told(installation: Installation, folder: Path) -> Told:
    """The pages and commands of an installation."""
    config = installation.stage.config
    lockstep = installation.lockstep
    password = create_admin(lockstep.database, lockstep.clock, ADMIN)
    services = replace(
        pages.Installation(config).services(),
        processes=lambda: AT_WORK,
        now=lockstep.clock.now,
        limits_storage="memory://",
    )
    app: Flask = create_app(config, services)
    app.config.update(TESTING=True)
    app.jinja_env.bytecode_cache = COMPILED
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(ADMIN, password).status_code == 302
    return Told(installation, visitor, folder, password)
