"""The schedule: one periodic job, by RQ's cron. Any number of schedulers may run.

RQ's cron elects no leader, so two schedulers enqueue the cycle twice; the cycle takes the organisation's lease and
leaves when it was served. It runs more often than Salesforce is read, because it also rings for users whose retry
is due or whose pass was cut off.
"""

import time
from contextlib import suppress
from types import FrameType

import structlog
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from rq.cron import CronScheduler
from rq.exceptions import StopRequested

from backend.config import Config
from backend.jobs import tasks
from backend.jobs.connection import connect
from backend.jobs.queues import CYCLE_QUEUE

LONGEST_TICK_SECONDS = 15
CYCLE_JOB_SECONDS = 1800
QUEUED_SECONDS = 60  # a tick that nobody took in this time is forgotten; the next one does the same
RECONNECT_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Scheduler(CronScheduler):
    """RQ's cron, which also remembers that it was asked to stop: its good-bye to Redis may fail."""

    stop_requested = False

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stop_requested = True
        super()._request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ leaves it unannotated


def run(config: Config) -> None:
    """Enqueue the cycle until SIGTERM or SIGINT, and go on when Redis was away."""
    scheduler = build(connect(config), tick_seconds(config))
    while not scheduler.stop_requested:
        with suppress(StopRequested):  # also during the pause
            try:
                scheduler.start()  # type: ignore[no-untyped-call]  # RQ leaves it unannotated
            except RedisConnectionError as error:
                log.warning("Redis does not answer; trying again", reason=str(error))
                time.sleep(RECONNECT_SECONDS)


def build(connection: Redis, seconds: int) -> Scheduler:
    """RQ's cron with the one job of the schedule, every `seconds`."""
    scheduler = Scheduler(connection=connection, logging_level="WARNING")
    scheduler.register(
        tasks.organisation_cycle,
        CYCLE_QUEUE,
        interval=seconds,
        job_timeout=CYCLE_JOB_SECONDS,
        ttl=QUEUED_SECONDS,
        result_ttl=0,
        failure_ttl=0,
    )
    return scheduler


def tick_seconds(config: Config) -> int:
    """How often the cycle job runs: every cycle, and at least every 15 seconds."""
    return min(LONGEST_TICK_SECONDS, config.cycle_seconds)
