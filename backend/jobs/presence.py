"""Who is at work, as Redis knows it: for the status page, `/ready` and `lockstep status`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from redis import Redis, RedisError
from rq import Queue, Worker
from rq.cron_scheduler_registry import get_registry_key

from backend.jobs.queues import QUEUES

SCHEDULER_SILENCE_SECONDS = 60  # a live one reports at least every 15 s


@dataclass(frozen=True, slots=True)
class Presence:
    """Number of live workers, whether a scheduler is alive, and jobs waiting by queue."""

    workers: int
    scheduler: bool
    waiting: Mapping[str, int]


def look(connection: Redis) -> Presence | None:
    """Who is at work now; None when Redis does not answer. A killed worker counts for up to 90 s more."""
    try:
        names = Worker.all_keys(connection)
        alive = connection.exists(*names) if names else 0
        recent = connection.zcount(get_registry_key(), time.time() - SCHEDULER_SILENCE_SECONDS, "+inf")
        waiting = {name: Queue(name, connection=connection).count for name in QUEUES}
    except RedisError:
        return None
    return Presence(workers=int(alive), scheduler=recent > 0, waiting=waiting)
