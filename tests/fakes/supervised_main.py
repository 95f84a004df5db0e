"""`python -m tests.fakes.supervised_main`: the real supervisor over Redis, a worker pool and a scheduler.

The engine behind the jobs is the fake one; settings come from the environment.
"""

import sys

from backend import config
from backend.jobs import redis_server
from backend.jobs.supervisor import Program, Supervisor


def main() -> None:
    """Run until a signal comes."""
    data_dir = config.load().data_dir
    python = (sys.executable, "-m")
    with Supervisor() as family:
        try:
            family.start([
                Program(
                    "redis",
                    (*python, "backend.jobs.redis_keeper", str(data_dir)),
                    ready=lambda: redis_server.answers(data_dir),
                    outlives=True,
                ),
                Program("worker", (*python, "tests.fakes.jobs_main", "worker")),
                Program("scheduler", (*python, "tests.fakes.jobs_main", "scheduler")),
            ])  # fmt: skip
            family.watch()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
