"""`lockstep db …`: the database's schema."""

import click

from backend import logs
from backend.commands import settings
from backend.commands.output import Failure


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


def unreachable(error: Exception) -> str:
    """The sentence for a database that does not answer; `error` is SQLAlchemy's."""
    reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
    return f"The database does not answer ({logs.mask_text(reason)}): start it, or correct LOCKSTEP_DATABASE_URL."
