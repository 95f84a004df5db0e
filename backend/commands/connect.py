"""`lockstep connect …`: the credentials of the services."""

import click

from backend.commands.output import Failure


@click.group()
def connect() -> None:
    """Store and test the credentials of a service."""


def _not_yet(name: str, title: str) -> click.Command:
    def refuse() -> None:
        raise Failure(f"{title} is not yet available; Microsoft 365 is: `lockstep connect microsoft`.")

    return click.Command(name, callback=refuse, help=f"{title} (not yet available).")


connect.add_command(_not_yet("google", "Google Workspace"))
connect.add_command(_not_yet("exchange", "Exchange on your own servers"))
