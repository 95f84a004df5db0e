"""Ringing for a user, whatever an earlier job of the same id left behind in Redis (sync.md B.8)."""

from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.exceptions import DuplicateJobError
from rq.executions import Execution
from rq.job import Job, JobStatus

from backend.config import Config
from backend.jobs import redis_server, tasks
from backend.jobs.job import LockstepJob
from backend.jobs.queues import CYCLE_QUEUE, QUEUES, USERS_QUEUE, Doorbell, Rung, job_id, ring_rehearsal
from backend.jobs.worker import LockstepWorker, pool
from tests.fakes.engine import FakeEngine

USER = 7


@pytest.fixture
def doorbell(connection: Redis, engine: FakeEngine) -> Doorbell:
    engine.add_user(USER)
    return Doorbell(connection, engine)


@pytest.fixture
def work(
    connection: Redis, engine: FakeEngine, redis_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimpleWorker:
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LOCKSTEP_REDIS_URL", redis_server.url(redis_dir))
    monkeypatch.setattr(tasks, "open_engine", lambda settings: FakeEngine(settings.data_dir))
    return SimpleWorker([CYCLE_QUEUE, USERS_QUEUE], connection=connection, job_class=LockstepJob)


def queued(connection: Redis) -> list[str]:
    return Queue(USERS_QUEUE, connection=connection).job_ids


def pop_as_started(connection: Redis) -> Job:
    """What a worker does when it takes a job, up to the moment where it runs it."""
    taken = Queue.dequeue_any([Queue(USERS_QUEUE, connection=connection)], None, connection)
    assert taken is not None
    job, _queue = taken
    job.prepare_for_execution("a-worker", connection)
    return job


def pool_worker(connection: Redis) -> LockstepWorker:
    """A worker as the pool makes it, in this process."""
    made = pool(connection, 1)
    worker = made.worker_class(
        made.queues, connection=connection, job_class=made.job_class, queue_class=made.queue_class
    )
    assert isinstance(worker, LockstepWorker)
    return worker


def expire_execution(job: Job, connection: Redis) -> None:
    """What RQ finds a while after the worker was killed: an execution's entries, and no execution."""
    with connection.pipeline() as pipeline:
        execution = Execution.create(job, ttl=15, pipeline=pipeline)
        pipeline.execute()
    connection.delete(execution.key)
    connection.zadd(job.started_job_registry.key, {execution.composite_key: 1})


def test_first_ring_queues_one_job_with_ids_only(doorbell: Doorbell, connection: Redis) -> None:
    assert doorbell.ring(USER, "hook") is Rung.QUEUED
    [job] = Queue(USERS_QUEUE, connection=connection).jobs
    assert (job.id, job.func_name, job.args, job.kwargs) == ("sync-7", "backend.jobs.tasks.sync_user", (7, "hook"), {})


def test_second_ring_finds_the_job_waiting(doorbell: Doorbell, connection: Redis, engine: FakeEngine) -> None:
    doorbell.ring(USER, "hook")
    assert doorbell.ring(USER, "hook") is Rung.WAITING
    assert queued(connection) == ["sync-7"]
    assert not engine.due(USER)


def test_done_job_leaves_its_id_free_at_once(
    doorbell: Doorbell, connection: Redis, engine: FakeEngine, work: SimpleWorker
) -> None:
    doorbell.ring(USER, "first")
    work.work(burst=True)
    assert not connection.exists(Job.key_for(job_id(USER)))
    assert doorbell.ring(USER, "second") is Rung.QUEUED
    work.work(burst=True)
    assert engine.passes(USER) == ["first", "second"]


def test_failed_job_leaves_its_id_free_at_once(
    doorbell: Doorbell, connection: Redis, work: SimpleWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: object) -> FakeEngine:
        raise OSError("database gone")

    monkeypatch.setattr(tasks, "open_engine", broken)
    doorbell.ring(USER, "first")
    work.work(burst=True)
    assert doorbell.ring(USER, "second") is Rung.QUEUED


def test_started_job_with_a_live_lease_is_noted_for_another_pass(
    doorbell: Doorbell, connection: Redis, engine: FakeEngine
) -> None:
    doorbell.ring(USER, "hook")
    pop_as_started(connection)
    engine.database.execute("UPDATE users SET lease_until = 9e9, token = 1, open = 1")
    assert doorbell.ring(USER, "hook") is Rung.NOTED
    assert engine.due(USER)
    assert queued(connection) == []


def test_started_job_with_an_expired_lease_is_deleted_and_rung_again(doorbell: Doorbell, connection: Redis) -> None:
    doorbell.ring(USER, "hook")
    pop_as_started(connection)
    assert doorbell.ring(USER, "schedule") is Rung.QUEUED
    [job] = Queue(USERS_QUEUE, connection=connection).jobs
    assert (job.get_status(), job.args) == (JobStatus.QUEUED, (7, "schedule"))


def test_job_whose_worker_died_between_taking_and_starting_does_not_block_the_user(
    doorbell: Doorbell, connection: Redis
) -> None:
    doorbell.ring(USER, "hook")
    connection.lpop(Queue(USERS_QUEUE, connection=connection).key)
    assert Job.fetch(job_id(USER), connection=connection).get_status() is JobStatus.QUEUED
    assert doorbell.ring(USER, "schedule") is Rung.QUEUED
    assert queued(connection) == ["sync-7"]


@pytest.mark.parametrize("status", [JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED])
def test_job_kept_in_a_final_state_does_not_block_the_user(
    status: JobStatus, doorbell: Doorbell, connection: Redis
) -> None:
    doorbell.ring(USER, "hook")
    job = pop_as_started(connection)
    job.set_status(status)
    assert doorbell.ring(USER, "schedule") is Rung.QUEUED


def test_remnant_hash_without_a_status_does_not_block_the_user(doorbell: Doorbell, connection: Redis) -> None:
    connection.hset(Job.key_for(job_id(USER)), "last_heartbeat", "2026-01-01T00:00:00Z")
    assert doorbell.ring(USER, "schedule") is Rung.QUEUED
    assert queued(connection) == ["sync-7"]


def test_started_job_whose_execution_expired_with_its_worker_does_not_block_the_user(
    doorbell: Doorbell, connection: Redis
) -> None:
    """RQ keeps an execution for its heartbeat, its entries a minute longer; in between it cannot delete the job."""
    doorbell.ring(USER, "hook")
    job = pop_as_started(connection)
    expire_execution(job, connection)
    with pytest.raises(ValueError, match="not found in Redis"):
        job.delete()
    assert doorbell.ring(USER, "schedule") is Rung.QUEUED
    assert queued(connection) == ["sync-7"]
    assert connection.zrange(job.started_job_registry.key, 0, -1) == []


def test_worker_outlives_upkeep_that_meets_a_job_whose_execution_expired(doorbell: Doorbell, connection: Redis) -> None:
    doorbell.ring(USER, "hook")
    job = pop_as_started(connection)
    expire_execution(job, connection)
    with pytest.raises(ValueError, match="not found in Redis"):
        job.started_job_registry.cleanup()
    pool_worker(connection).clean_registries()  # type: ignore[no-untyped-call]  # RQ leaves it unannotated
    assert connection.zrange(job.started_job_registry.key, 0, -1) == []


def test_pass_ends_well_although_an_execution_of_the_killed_one_before_has_left_its_entry(
    doorbell: Doorbell, connection: Redis, engine: FakeEngine, work: SimpleWorker
) -> None:
    doorbell.ring(USER, "hook")
    job = pop_as_started(connection)
    expire_execution(job, connection)
    connection.delete(job.key)
    doorbell.ring(USER, "schedule")
    work.work(burst=True)
    assert engine.passes(USER) == ["schedule"]
    assert work.failed_job_count == 0
    assert not connection.exists(job.key, job.execution_registry.key)


def test_pass_ends_well_although_its_job_was_deleted_while_it_ran(
    doorbell: Doorbell, connection: Redis, engine: FakeEngine, work: SimpleWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(settings: Config) -> FakeEngine:
        connection.delete(Job.key_for(job_id(USER)))
        return FakeEngine(settings.data_dir)

    monkeypatch.setattr(tasks, "open_engine", forgetful)
    doorbell.ring(USER, "hook")
    work.work(burst=True)
    assert engine.passes(USER) == ["hook"]
    assert work.failed_job_count == 0
    assert not connection.exists(Job.key_for(job_id(USER)))


def test_users_get_their_turn_while_cycles_pile_up(
    doorbell: Doorbell, connection: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        Queue(CYCLE_QUEUE, connection=connection).enqueue(tasks.organisation_cycle)
    doorbell.ring(USER, "hook")
    worker = LockstepWorker(QUEUES, connection=connection)
    order: list[str] = []
    monkeypatch.setattr(worker, "execute_job", lambda _job, queue: order.append(queue.name))
    worker.work(burst=True)
    assert order == [CYCLE_QUEUE, USERS_QUEUE, CYCLE_QUEUE, CYCLE_QUEUE]


def test_ring_that_loses_every_race_is_noted_in_the_database(
    doorbell: Doorbell, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always_in_the_way(*_args: object, **_options: object) -> Job:
        raise DuplicateJobError

    monkeypatch.setattr(Queue, "enqueue_call", always_in_the_way)
    assert doorbell.ring(USER, "hook") is Rung.NOTED
    assert engine.due(USER)


def test_ring_without_redis_is_noted_in_the_database_and_does_not_fail(engine: FakeEngine) -> None:
    engine.add_user(USER)
    doorbell = Doorbell(Redis(unix_socket_path="/nowhere/redis.sock"), engine)
    assert doorbell.ring(USER, "hook") is Rung.UNREACHABLE
    assert engine.due(USER)


def test_ring_during_a_pass_is_served_by_the_next_cycle(
    doorbell: Doorbell, connection: Redis, engine: FakeEngine, work: SimpleWorker
) -> None:
    engine.want_again(USER)
    Queue(CYCLE_QUEUE, connection=connection).enqueue(tasks.organisation_cycle, result_ttl=0)
    work.work(burst=True)
    assert engine.passes(USER) == ["schedule"]
    assert not engine.due(USER)


def test_cycle_rings_for_due_users_only(connection: Redis, engine: FakeEngine, work: SimpleWorker) -> None:
    for user_id in (1, 2, 3):
        engine.add_user(user_id, due=user_id != 2)
    tasks.organisation_cycle()
    assert queued(connection) == ["sync-1", "sync-3"]


def test_a_rehearsal_goes_into_the_queue_under_its_own_number(
    connection: Redis, work: SimpleWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    monkeypatch.setattr("backend.rehearsing.run", lambda _config, number: ran.append(number))

    assert ring_rehearsal(connection, 3)
    assert queued(connection) == ["rehearsal-3"]
    work.work(burst=True)
    assert ran == [3]
