"""`lockstep sandbox`: stand-ins for the services, with a page to look at."""

import contextlib
import os
import signal
import threading
from typing import Literal

import click
import psutil

from backend.commands import output, settings


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the page and control door (LOCKSTEP_SANDBOX_PORT)."
)
@click.option("--seed", type=click.Choice(["demo", "empty"]), default="demo", show_default=True, help="First content.")
@click.option("--lockstep-url", metavar="URL", help="Pages of a Lockstep beside it, for the link to them.")
@click.option("--stops-workers", is_flag=True, hidden=True, help="The page may kill workers that our parent started.")
@output.as_json
def sandbox(
    port: int | None, seed: Literal["demo", "empty"], lockstep_url: str | None, stops_workers: bool, as_json: bool
) -> None:
    """Run stand-ins for Salesforce and Microsoft 365 on this machine until Ctrl-C."""
    from backend.sandbox.server import Sandbox

    loaded = settings.load(sandbox_port=port)
    settings.require_free("127.0.0.1", loaded.sandbox_port, "LOCKSTEP_SANDBOX_PORT or --port")
    leave = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    kill = kill_worker if stops_workers else None
    ports = {"control": loaded.sandbox_port}
    with Sandbox(seed=seed, ports=ports, kill_worker=kill, lockstep_url=lockstep_url) as running:
        page = running.control_url
        output.facts({"page": page, "control": f"{page}/_sandbox/"}, as_json, lambda: iter([f"The sandbox: {page}"]))
        leave.wait()


def beside_us() -> list[psutil.Process]:
    """What our parent has running, ourselves included."""
    return psutil.Process(os.getppid()).children()


def kill_worker() -> str:
    """Kills (-9) a worker beside us with all that it started; a sentence that says so."""
    try:
        worker = next((one for one in beside_us() if one.cmdline()[-2:] == ["backend.cli", "worker"]), None)
        family = [worker, *worker.children(recursive=True)] if worker else []
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    except psutil.Error:
        family = []
    if not family:
        return "No worker runs at this moment; another one is being started."
    return f"Worker {family[0].pid} was killed in the middle of its work; another one takes over within a minute."
