"""`lockstep demo`: the whole of Lockstep beside the sandbox, on throw-away data."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from backend import config
from backend.commands import family, settings
from backend.jobs.folder_lock import exclusive
from backend.jobs.supervisor import Program, Supervisor

CYCLE_SECONDS = 2  # a person who edits the sandbox's page watches for the result


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the pages; a free one near the default if not given."
)
def demo(port: int | None) -> None:
    """Run Lockstep and the sandbox together until Ctrl-C; needs no accounts, leaves nothing behind."""
    with data_folder() as folder:
        overrides = _overrides(folder, port)
        with exclusive(folder), Supervisor() as supervisor:
            try:
                credentials = start_sandbox(supervisor, overrides)
                overrides |= addresses(credentials, folder)
                loaded = settings.load(**overrides)
                family.start(supervisor, loaded, config.environment(overrides))
                click.echo(f"Lockstep: {loaded.public_url}")
                click.echo(f"Sandbox:  {credentials['control']}")
                supervisor.watch()
            except KeyboardInterrupt:
                click.echo("Stopping.", err=True)


@contextmanager
def data_folder() -> Iterator[Path]:
    """The folder named by LOCKSTEP_DATA_DIR, or a temporary one that is removed at the end."""
    given = config.Config()
    if config.origin("data_dir", given) != "default":
        given.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield given.data_dir
        return
    with tempfile.TemporaryDirectory(prefix="lockstep-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def start_sandbox(supervisor: Supervisor, overrides: dict[str, object]) -> dict[str, Any]:
    """Start the sandbox with its seeded world; returns what its control door says that a client needs."""
    control = f"http://127.0.0.1:{overrides['sandbox_port']}"
    program = Program(
        "sandbox",
        (*family.LOCKSTEP, "sandbox", "--seed", "demo"),
        ready=family.answers(f"{control}/_sandbox/health"),
        environment=config.environment(overrides),
    )
    supervisor.start([program])
    with family.opener.open(f"{control}/_sandbox/credentials", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def addresses(credentials: dict[str, Any], folder: Path) -> dict[str, object]:
    """The settings that send all services' traffic to the sandbox and trust its certificate authority."""
    authority = folder / "sandbox-ca.pem"
    authority.write_text(credentials["ca_pem"], encoding="ascii")
    salesforce, microsoft = credentials["salesforce"], credentials["microsoft"]
    return {
        "salesforce_login_url": salesforce["login_url"],
        "salesforce_audience": salesforce["login_url"],
        "microsoft_login_url": microsoft["login_url"],
        "graph_url": microsoft["graph_url"],
        "ca_bundle": authority,
    }


def _overrides(folder: Path, port: int | None) -> dict[str, object]:
    defaults = config.Config(data_dir=folder)
    if port is not None:
        settings.require_free(defaults.host, port, "--port")
    pages = port or settings.free_port(defaults.host, defaults.port)
    sandbox = settings.free_port(defaults.host, defaults.sandbox_port)
    return {
        "data_dir": folder,
        "database_url": f"sqlite:///{folder / 'lockstep.db'}",
        "port": pages,
        "public_url": f"http://{defaults.host}:{pages}",
        "sandbox_port": sandbox,
        "cycle_seconds": CYCLE_SECONDS,
    }
