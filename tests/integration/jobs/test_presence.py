"""Who is at work, told from what real workers and schedulers leave in Redis."""

import time

from redis import Redis
from rq import Queue, SimpleWorker
from rq.cron_scheduler_registry import get_registry_key

from backend.jobs import schedule
from backend.jobs.presence import Presence, look
from backend.jobs.queues import CYCLE_QUEUE, USERS_QUEUE, Doorbell
from tests.fakes.engine import FakeEngine


def test_nobody_is_at_work_in_an_empty_redis(connection: Redis) -> None:
    assert look(connection) == Presence(workers=0, scheduler=False, waiting={"cycle": 0, "users": 0})


def test_workers_schedulers_and_waiting_jobs_are_counted(connection: Redis, engine: FakeEngine) -> None:
    workers = [SimpleWorker([CYCLE_QUEUE, USERS_QUEUE], connection=connection) for _ in range(2)]
    for worker in workers:
        worker.register_birth()
    schedule.build(connection, 15).register_birth()
    engine.add_user(7)
    Doorbell(connection, engine).ring(7, "hook")
    Queue(CYCLE_QUEUE, connection=connection).enqueue("backend.jobs.tasks.organisation_cycle")
    assert look(connection) == Presence(workers=2, scheduler=True, waiting={"cycle": 1, "users": 1})


def test_worker_whose_registration_ran_out_and_a_silent_scheduler_do_not_count(connection: Redis) -> None:
    worker = SimpleWorker([USERS_QUEUE], connection=connection)
    worker.register_birth()
    connection.delete(worker.key)
    connection.zadd(get_registry_key(), {"old": time.time() - 61})
    assert look(connection) == Presence(workers=0, scheduler=False, waiting={"cycle": 0, "users": 0})


def test_redis_that_does_not_answer_is_told_apart_from_an_empty_one() -> None:
    assert look(Redis(unix_socket_path="/nowhere/redis.sock")) is None
