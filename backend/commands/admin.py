"""`lockstep admin …`: local accounts, for the first sign-in."""

import sys

import click

from backend.commands import output, settings
from backend.commands.database import opened
from backend.commands.output import Failure


@click.group()
def admin() -> None:
    """Local accounts."""


@admin.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Take the password from standard input instead of making one.")
@output.as_json
def create(email: str, password_stdin: bool, as_json: bool) -> None:
    """Make an account that may do everything, or give an existing one a new password."""
    from backend.storage.accounts import AccountRefused, create_admin
    from backend.wiring import SystemClock

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    with opened(settings.load().database_url) as engine:
        try:
            chosen = create_admin(engine, SystemClock(), email, password)
        except AccountRefused as error:
            raise Failure(str(error)) from None
    shown = {"email": email} if password_stdin else {"email": email, "password": chosen}
    output.facts(shown, as_json, lambda: (f"{name}: {value}" for name, value in shown.items()))
