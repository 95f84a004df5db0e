"""`lockstep db …`: the database's schema."""

import click

from backend.commands import settings


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; several processes may do this at once."""
    from backend.storage import migrate

    migrate.upgrade(settings.load().database_url)
