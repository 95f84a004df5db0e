"""The jobs: thin, idempotent, with ids as their only arguments. They may run twice, late, or never.

Everything that must not be shared over a fork (database pool, HTTP sessions) is opened here, in the work-horse.
"""

from contextlib import closing

from backend import config, logs
from backend.jobs.connection import connect
from backend.jobs.engine import Engine
from backend.jobs.queues import Doorbell


def open_engine(settings: config.Config) -> Engine:
    """The engine of this installation."""
    from backend.wiring import Lockstep  # here, because the scheduler names these jobs without running them

    return Lockstep.open(settings)


def organisation_cycle() -> None:
    """Find out who has work and ring for them."""
    settings = config.load()
    with logs.correlated(job="cycle"), closing(open_engine(settings)) as engine:
        report = engine.cycle("schedule")
        with connect(settings) as connection:
            doorbell = Doorbell(connection, engine)
            for user_id in report.due_users:
                doorbell.ring(user_id, "schedule")
    from backend.alerting import watch  # here, because the scheduler names these jobs without running them

    watch(settings, cycle_served=report.read is not None)


def rehearse(number: int) -> None:
    """What a changed configuration would do; the job that runs twice finds the rehearsal taken."""
    from backend.rehearsing import run  # here, because the pages name this job without running it

    with logs.correlated(job="rehearsal", rehearsal=number):
        run(config.load(), number)


def sync_user(user_id: int, cause: str) -> None:
    """One pass of one user."""
    with logs.correlated(job="sync", user=user_id, cause=cause), closing(open_engine(config.load())) as engine:
        engine.sync_user(user_id, cause)


def run_mailbox_test() -> None:
    """The test of mailboxes that somebody asked for on the pages."""
    from backend.mailbox_testing import run
    from backend.wiring import Lockstep

    with logs.correlated(job="mailbox test"), closing(Lockstep.open(config.load())) as lockstep:
        run(lockstep)
