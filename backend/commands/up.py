"""`lockstep up`: everything on one machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from backend import config
from backend.commands import family, settings
from backend.jobs.folder_lock import exclusive
from backend.jobs.supervisor import Supervisor


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the pages (LOCKSTEP_PORT).")
def up(port: int | None) -> None:
    """Run Redis, pages, worker and scheduler together until Ctrl-C."""
    overrides: dict[str, object] = {} if port is None else {"port": port}
    loaded = settings.load(**overrides)
    settings.require_free(loaded.host, loaded.port, "LOCKSTEP_PORT or --port")
    with running(loaded, overrides) as supervisor:
        click.echo(f"Lockstep answers at {loaded.public_url}; Ctrl-C stops it.")
        supervisor.watch()


@contextmanager
def running(loaded: config.Config, overrides: dict[str, object]) -> Iterator[Supervisor]:
    """Start the whole family on `loaded` and stop it at the end; a signal ends the block quietly.

    Raises FolderInUseError or SupervisorError.
    """
    with exclusive(loaded.data_dir):
        try:
            with Supervisor(config.environment(overrides)) as supervisor:
                supervisor.start(family.before_the_database(loaded))
                supervisor.run(family.DATABASE)
                supervisor.start(family.services(loaded))
                yield supervisor
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
