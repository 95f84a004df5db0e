"""`lockstep db …`: the database's schema; and how other commands open the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from backend import logs
from backend.commands import settings
from backend.commands.output import Failure

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; several processes may do this at once."""
    from sqlalchemy.exc import OperationalError

    from backend.storage import migrate

    url = settings.load().database_url
    try:
        revision = migrate.upgrade(url)
    except OperationalError as error:
        raise Failure(unreachable(error)) from None
    click.echo(f"The database is at revision {revision}.")


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine on an up-to-date database. Raises Failure when it does not answer or its schema is another."""
    from sqlalchemy.exc import OperationalError

    from backend.storage import migrate
    from backend.storage.engine import create_engine

    try:
        if migrate.current(url) != migrate.latest():
            raise Failure("The database is not up to date: run `lockstep db upgrade` first.")
    except OperationalError as error:
        raise Failure(unreachable(error)) from None
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def unreachable(error: Exception) -> str:
    """The sentence for a database that does not answer; `error` is SQLAlchemy's."""
    reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
    return f"The database does not answer ({logs.mask_text(reason)}): start it, or correct LOCKSTEP_DATABASE_URL."
