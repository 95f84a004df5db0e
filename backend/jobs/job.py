"""RQ's job, which also ends well where a killed worker or an impatient doorbell has left less of it than RQ expects.

RQ keeps an execution for its heartbeat and the entry that names it a minute longer: in between it can neither end nor
delete a job of that id. And it cannot end a job that was deleted while it ran. Both are usual here, because every pass
of a person has the same id.
"""

from redis.client import Pipeline
from rq import Queue
from rq.exceptions import InvalidJobOperation
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job


class _Executions(ExecutionRegistry):
    """The executions of a job, those included of which only the entry is left."""

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        """See ExecutionRegistry."""
        return [self._execution(name) for name in self.get_execution_ids(start, end)]

    def _execution(self, name: str) -> Execution:
        try:
            return Execution.fetch(name, self.job_id, self.connection)
        except ValueError:  # expired: what its id tells is enough to delete it everywhere
            return Execution(name, self.job_id, self.connection)


class LockstepJob(Job):
    """The job class of queues and workers."""

    @property
    def execution_registry(self) -> ExecutionRegistry:
        """See Job."""
        return _Executions(self.id, connection=self.connection)

    def delete(
        self, pipeline: Pipeline | None = None, remove_from_queue: bool = True, delete_dependents: bool = False
    ) -> None:
        """See Job; a job that is gone by now leaves nothing behind either."""
        try:
            super().delete(pipeline, remove_from_queue, delete_dependents)
        except InvalidJobOperation:  # it has no status any more
            self.execution_registry.delete(self, pipeline or self.connection)  # type: ignore[arg-type]  # as RQ does
            (pipeline or self.connection).delete(self.key)


class LockstepQueue(Queue):
    """A queue of such jobs; RQ's pool gives its job class to the workers only."""

    job_class = LockstepJob
