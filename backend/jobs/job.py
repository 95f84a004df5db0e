"""RQ's job, which can also be deleted when the execution of a killed worker has expired before its entry.

RQ keeps an execution for its heartbeat and the entry that names it a minute longer. In between it can neither end nor
delete a job of that id: a pass that went well would be recorded as failed.
"""

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
