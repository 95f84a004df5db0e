"""`lockstep up`: everything on one machine."""

import click

from backend import config
from backend.commands import family, settings
from backend.jobs.folder_lock import exclusive
from backend.jobs.supervisor import Supervisor


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the pages (LOCKSTEP_PORT).")
def up(port: int | None) -> None:
    """Run Redis, pages, worker and scheduler together until Ctrl-C."""
    loaded = settings.load(port=port)
    settings.require_free(loaded.host, loaded.port, "LOCKSTEP_PORT or --port")
    with exclusive(loaded.data_dir), Supervisor() as supervisor:
        try:
            family.start(supervisor, loaded, config.environment({"port": loaded.port}))
            click.echo(f"Lockstep answers at {loaded.public_url}; Ctrl-C stops it.")
            supervisor.watch()
        except KeyboardInterrupt:
            click.echo("Stopping.", err=True)
