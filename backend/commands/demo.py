"""`lockstep demo`: the whole of Lockstep beside the sandbox, on throw-away data."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from backend import config
from backend.commands import family, output, settings
from backend.commands.output import Failure
from backend.jobs.folder_lock import exclusive
from backend.jobs.supervisor import Program, Supervisor

CYCLE_SECONDS = 2  # a person who edits the sandbox's page watches for the result


@click.command()
@click.option(
    "--provider",
    type=click.Choice(["microsoft", "exchange", "google"]),
    default="microsoft",
    show_default=True,
    help="Mail service to show.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the pages; a free one near the default if not given."
)
@click.option("--once", is_flag=True, help="Sync until the world has settled, print what was done, and stop.")
@output.as_json
def demo(provider: str, port: int | None, once: bool, as_json: bool) -> None:
    """Run Lockstep and the sandbox together until Ctrl-C; needs no accounts, leaves nothing behind."""
    if provider != "microsoft":
        raise Failure(f"The demo of {provider} is not yet available: leave out --provider, or choose microsoft.")
    with data_folder() as folder:
        overrides = _overrides(folder, port)
        with exclusive(folder), Supervisor() as supervisor:
            try:
                credentials = start_sandbox(supervisor, overrides, alone=once)
                overrides |= addresses(credentials, folder)
                loaded = settings.load(**overrides)
                password = _prepare(loaded, credentials)
                if once:
                    _settle(loaded, credentials["control"], as_json)
                else:
                    _run(supervisor, loaded, overrides, credentials, password)
            except KeyboardInterrupt:
                click.echo("Stopping.", err=True)


def _prepare(loaded: config.Config, credentials: dict[str, Any]) -> str:
    """A migrated database with the sandbox's connections, a configuration and an admin; the admin's password."""
    from backend.demo import prepare
    from backend.storage import migrate
    from backend.wiring import Lockstep

    migrate.upgrade(loaded.database_url)
    lockstep = Lockstep.open(loaded)
    try:
        return prepare(lockstep, credentials)
    finally:
        lockstep.close()


def _run(
    supervisor: Supervisor,
    loaded: config.Config,
    overrides: dict[str, object],
    credentials: dict[str, Any],
    password: str,
) -> None:
    """The whole family, until Ctrl-C."""
    from backend.demo import ADMIN

    family.start(supervisor, loaded, config.environment(overrides))
    click.echo(f"Lockstep: {loaded.public_url}")
    click.echo(f"Sign in:  {ADMIN}  {password}")
    click.echo(f"Sandbox:  {credentials['control']}")
    supervisor.watch()


def _settle(loaded: config.Config, control: str, as_json: bool) -> None:
    """Syncs until the world has settled and prints the totals. Raises Failure if it did not settle."""
    from backend.demo import settle
    from backend.wiring import Lockstep

    lockstep = Lockstep.open(loaded)
    try:
        with output.progress("Syncing the seeded world") as advance:
            totals = settle(lockstep, control, advance).as_json()
    finally:
        lockstep.close()
    output.facts(totals, as_json, lambda: _lines(totals))
    if not totals["settled"]:
        raise Failure(
            "The world did not settle: " + ("; ".join(totals["errors"][:3]) or "there was always more to do.")
        )


def _lines(totals: dict[str, Any]) -> Iterator[str]:
    yield f"Settled: {'yes' if totals['settled'] else 'no'}, {totals['passes']} passes of {totals['users']} people"
    for side, kinds in totals["written"].items():
        for kind, counts in kinds.items():
            yield f"{side}, {kind}s: " + ", ".join(f"{count} {word}" for word, count in counts.items())
    yield from (f"left out, {one['count']} times: {one['reason']}" for one in totals["skipped"])
    yield f"conflicts: {totals['conflicts']}, unresolved: {totals['unresolved']}"
    yield "API calls: " + ", ".join(f"{service} {count}" for service, count in totals["api_calls"].items())
    yield f"mails to guests: {totals['provider_mails']}"


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


def start_sandbox(supervisor: Supervisor, overrides: dict[str, object], *, alone: bool) -> dict[str, Any]:
    """Start the sandbox with its seeded world; returns what its control door says that a client needs.

    Unless it stays alone, its page links to ours and may kill our worker.
    """
    control = f"http://127.0.0.1:{overrides['sandbox_port']}"
    beside = () if alone else ("--lockstep-url", str(overrides["public_url"]), "--stops-workers")
    program = Program(
        "sandbox",
        (*family.LOCKSTEP, "sandbox", "--seed", "demo", *beside),
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
