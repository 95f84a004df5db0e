"""The doorbell: ask for a user's pass without piling up jobs, whatever state an earlier job was left in.

RQ refuses a unique job as long as a job hash of that id exists, also when the worker that ran it was killed. What
such a job is worth is decided here by the queue's list and the database lease, never by RQ's own registries.
"""

from enum import Enum
from typing import Protocol

import structlog
from redis import Redis, RedisError
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import JobStatus

from backend.jobs.job import LockstepJob, LockstepQueue

CYCLE_QUEUE = "cycle"
USERS_QUEUE = "users"
QUEUES = (CYCLE_QUEUE, USERS_QUEUE)  # workers take from them in turn
JOB_SECONDS = 3600  # a first sync of a very large mailbox; a pass goes on where the one before was cut
ATTEMPTS = 3

log = structlog.get_logger(__name__)


class Leases(Protocol):
    """What the doorbell asks the database about a user's pass."""

    def lease_alive(self, user_id: int) -> bool:
        """Whether some process holds the user's lease now."""

    def want_again(self, user_id: int) -> None:
        """Note durably that the user is to get a pass after the present one."""


class Rung(Enum):
    """What ringing for a user came to."""

    QUEUED = "a job was put into the queue"
    WAITING = "a job is waiting in the queue already"
    NOTED = "a pass is running; the user gets another one after it"
    UNREACHABLE = "Redis does not answer; the wish is noted in the database"


class Doorbell:
    """Rings for users' passes; `leases` answers for the database."""

    def __init__(self, connection: Redis, leases: Leases) -> None:
        self._queue = LockstepQueue(USERS_QUEUE, connection=connection)
        self._leases = leases

    def ring(self, user_id: int, cause: str) -> Rung:
        """See to it that a pass of this user starts after this call; `cause` is shown with the run.

        Never raises for an unreachable Redis: the next cycle finds the wish in the database.
        """
        try:
            for _ in range(ATTEMPTS):
                outcome = self._try(user_id, cause)
                if outcome is not None:
                    return outcome
        except RedisError as error:
            log.warning("the doorbell is out of order", user=user_id, reason=str(error))
            self._leases.want_again(user_id)
            return Rung.UNREACHABLE
        self._leases.want_again(user_id)  # others delete and ring at the same time; one of them got through
        return Rung.NOTED

    def _try(self, user_id: int, cause: str) -> Rung | None:
        try:
            self._queue.enqueue_call(
                "backend.jobs.tasks.sync_user",
                args=(user_id, cause),
                timeout=JOB_SECONDS,
                result_ttl=0,  # a kept result or failure would block the id
                failure_ttl=0,
                job_id=job_id(user_id),
                unique=True,
            )
        except DuplicateJobError:
            return self._judge(user_id)
        return Rung.QUEUED

    def _judge(self, user_id: int) -> Rung | None:
        """What the job in the way is worth; None when it was worthless and is gone now."""
        if self._queue.get_job_position(job_id(user_id)) is not None:
            return Rung.WAITING
        self._leases.want_again(user_id)
        if self._status(user_id) in (JobStatus.QUEUED, JobStatus.STARTED) and self._leases.lease_alive(user_id):
            return Rung.NOTED
        # Its worker died before it started or while it ran, or it is finishing this moment.
        self._delete(user_id)
        return None

    def _status(self, user_id: int) -> JobStatus | None:
        try:
            return LockstepJob(job_id(user_id), connection=self._queue.connection).get_status()
        except InvalidJobOperation:  # gone by now, or a remnant without a status
            return None

    def _delete(self, user_id: int) -> None:
        connection = self._queue.connection
        try:
            LockstepJob.fetch(job_id(user_id), connection=connection).delete()
        except NoSuchJobError:  # gone by now, or a remnant that RQ cannot read; it is the hash that blocks the id
            connection.delete(LockstepJob.key_for(job_id(user_id)))


def request_mailbox_test(connection: Redis) -> None:
    """Have the test of mailboxes run that is noted in the database; a second job finds nothing to do.

    It stands with the cycle, so that it need not wait for everybody's passes. Raises RedisError.
    """
    queue = LockstepQueue(CYCLE_QUEUE, connection=connection)
    queue.enqueue_call("backend.jobs.tasks.run_mailbox_test", timeout=JOB_SECONDS, result_ttl=0, failure_ttl=0)


def job_id(user_id: int) -> str:
    """RQ's id of the user's pass; RQ allows letters, digits, `_` and `-` only."""
    return f"sync-{user_id}"


def ring_rehearsal(connection: Redis, number: int) -> bool:
    """Puts the rehearsal of this number into the queue; False if Redis does not answer."""
    queue = LockstepQueue(USERS_QUEUE, connection=connection)
    try:
        queue.enqueue_call(
            "backend.jobs.tasks.rehearse", args=(number,), timeout=JOB_SECONDS, result_ttl=0, failure_ttl=0,
            job_id=f"rehearsal-{number}",
        )  # fmt: skip
    except RedisError as error:
        log.warning("the doorbell is out of order", rehearsal=number, reason=str(error))
        return False
    return True
