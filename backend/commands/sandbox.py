"""`lockstep sandbox`: stand-ins for the services, with a page to look at."""

import signal
import threading
from typing import Literal

import click

from backend.commands import output, settings


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the page and control door (LOCKSTEP_SANDBOX_PORT)."
)
@click.option("--seed", type=click.Choice(["demo", "empty"]), default="demo", show_default=True, help="First content.")
@output.as_json
def sandbox(port: int | None, seed: Literal["demo", "empty"], as_json: bool) -> None:
    """Run stand-ins for Salesforce and Microsoft 365 on this machine until Ctrl-C."""
    from backend.sandbox.server import Sandbox

    loaded = settings.load(sandbox_port=port)
    settings.require_free("127.0.0.1", loaded.sandbox_port, "LOCKSTEP_SANDBOX_PORT or --port")
    leave = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    with Sandbox(seed=seed, ports={"control": loaded.sandbox_port}) as running:
        page = running.control_url
        output.facts({"page": page, "control": f"{page}/_sandbox/"}, as_json, lambda: iter([f"The sandbox: {page}"]))
        leave.wait()
