"""`lockstep salesforce …`: what an admin deploys into the Salesforce organisation."""

from pathlib import Path

import click

from backend.commands.output import Failure


@click.group()
def salesforce() -> None:
    """What Salesforce needs from us."""


@salesforce.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def package(out: Path) -> None:
    """Write the metadata package (key fields and permission set), ready to deploy, to the zip file OUT."""
    from backend.salesforce.package import archive

    try:
        out.write_bytes(archive())
    except OSError as error:
        raise Failure(f"{out} cannot be written ({error.strerror}): give a path in a folder of yours.") from None
    click.echo(f"{out} is ready: sf project deploy start --metadata-dir {out}")
