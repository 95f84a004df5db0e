"""Workers: a pool of forking RQ workers whose horses never outlive them and whose silence is noticed in seconds."""

import gc
import importlib
import os
from typing import Any, ClassVar

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.worker import RoundRobinWorker
from rq.worker_pool import WorkerPool

from backend.config import Config
from backend.jobs.connection import connect
from backend.jobs.job import LockstepJob, LockstepQueue
from backend.jobs.parent import die_with
from backend.jobs.queues import QUEUES

MONITORING_SECONDS = 5  # RQ's default of 30 and its heartbeat of 90 would keep a dead job "started" for long
HEARTBEAT_SECONDS = 15
MAINTENANCE_SECONDS = 30
IDLE_SECONDS = 30  # how long an idle worker's registration lives
RECONNECT_SECONDS = 5.0


class LockstepWorker(RoundRobinWorker):
    """RQ's forking worker with short intervals, no job scheduler of its own, and a watch on its parent.

    It takes from the queues in turn: cycles that come faster than they are done must not keep users from their passes.
    """

    max_connection_wait_time = RECONNECT_SECONDS
    log_result_lifespan = False
    pool_pid: ClassVar[int] = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        options |= {
            "job_monitoring_interval": MONITORING_SECONDS,
            "maintenance_interval": MAINTENANCE_SECONDS,
            "worker_ttl": IDLE_SECONDS,
            "log_job_description": False,
        }
        super().__init__(*args, **options)

    def bootstrap(self, *_args: Any, **_options: Any) -> None:
        """Start watching the pool; RQ's own chatter stays out of the log."""
        if self.pool_pid:
            die_with(self.pool_pid)
        super().bootstrap("WARNING")

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Runs in the horse: a horse without its worker would go on writing with nobody watching it."""
        if self.pid is not None:
            die_with(self.pid)
        super().main_work_horse(job, queue)

    def get_heartbeat_ttl(self, *_args: Any, **_options: Any) -> int:
        """Seconds after which a started job counts as abandoned (RQ adds 60 to the monitoring interval)."""
        return HEARTBEAT_SECONDS

    def _start_scheduler(self, *_args: Any, **_options: Any) -> None:
        """No process for RQ's delayed jobs: nothing is ever enqueued for later."""


def run(config: Config) -> None:
    """Work until SIGTERM or SIGINT: running passes end, then the workers do. A second signal kills them."""
    LockstepWorker.pool_pid = os.getpid()
    preload(config)
    pool(connect(config), config.workers).start(logging_level="WARNING")


def pool(connection: Redis, workers: int) -> WorkerPool:
    """That many workers on all queues."""
    return WorkerPool(
        list(QUEUES),
        connection=connection,
        num_workers=workers,
        worker_class=LockstepWorker,
        job_class=LockstepJob,
        queue_class=LockstepQueue,
    )


def preload(config: Config) -> None:
    """Import and warm up before the first fork: a horse then starts in milliseconds and shares the memory."""
    importlib.import_module("backend.warm_up").warm_up(config)
    gc.collect()
    gc.set_threshold(20_000, 20, 100)  # jobs make many objects and live for seconds
    gc.freeze()  # a collection in a horse would copy every page that it shares with its worker
