"""`lockstep stop` and `lockstep resume`: the switch that every worker obeys within seconds."""

from __future__ import annotations

import getpass

import click

from backend.commands import output


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.as_json
def stop(yes: bool, as_json: bool) -> None:
    """Stop everything: nothing is read or written by any worker until `lockstep resume`."""
    from backend.commands.connect import installation
    from backend.storage.audit import Audit

    if not yes:
        click.confirm("Nothing is read or written until `lockstep resume`. Stop everything?", abort=True, err=True)
    with installation() as lockstep:
        lockstep.organisation.stop(getpass.getuser())
        Audit(lockstep.database, lockstep.clock).record(getpass.getuser(), "everything stopped", "", _THROUGH)
    output.facts({"stopped": True}, as_json, lambda: iter(["Everything stands still."]))


@click.command()
@output.as_json
def resume(as_json: bool) -> None:
    """Let everything go on after `lockstep stop`."""
    from backend.commands.connect import installation
    from backend.storage.audit import Audit

    with installation() as lockstep:
        lockstep.organisation.resume()
        Audit(lockstep.database, lockstep.clock).record(getpass.getuser(), "everything goes on", "", _THROUGH)
    output.facts({"stopped": False}, as_json, lambda: iter(["Everything goes on."]))


_THROUGH = {"through": "command line"}
