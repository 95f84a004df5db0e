"""The `lockstep` command: puts the groups together and turns known failures into one sentence and an exit code."""

import click

from backend.commands.admin import admin
from backend.commands.adopt import adopt
from backend.commands.alerts import alerts
from backend.commands.configure import configure
from backend.commands.connect import connect
from backend.commands.database import db
from backend.commands.demo import demo
from backend.commands.differing import differences
from backend.commands.doctor import doctor
from backend.commands.output import Failure
from backend.commands.salesforce import salesforce
from backend.commands.sandbox import sandbox
from backend.commands.serve import scheduler, web, worker
from backend.commands.standstill import resume, stop
from backend.commands.sync import reset, status, sync
from backend.commands.up import up
from backend.config import ConfigError
from backend.jobs.folder_lock import FolderInUseError
from backend.jobs.parent import die_with_starter
from backend.jobs.redis_server import RedisServerError
from backend.jobs.supervisor import EXIT_CONFIG, SupervisorError

EXPECTED = (FolderInUseError, RedisServerError, SupervisorError)


class Lockstep(click.Group):
    """Failures that people can mend are sentences, never tracebacks."""

    def invoke(self, context: click.Context) -> object:
        """Run the command; ConfigError ends with EXIT_CONFIG, the other known failures with 1."""
        try:
            return super().invoke(context)
        except ConfigError as error:
            raise Failure(str(error), EXIT_CONFIG) from error
        except EXPECTED as error:
            raise Failure(str(error)) from error


@click.group(cls=Lockstep, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lockstep", prog_name="lockstep")
def cli() -> None:
    """Keep Contacts and Events in step between Salesforce and Microsoft 365."""


for command in (
    demo,
    up,
    web,
    worker,
    scheduler,
    sandbox,
    db,
    admin,
    doctor,
    connect,
    salesforce,
    configure,
    adopt,
    sync,
    status,
    reset,
    differences,
    stop,
    resume,
    alerts,
):
    cli.add_command(command)


def main() -> None:
    """Entry point of the `lockstep` script."""
    die_with_starter()
    cli(prog_name="lockstep")


if __name__ == "__main__":
    main()
