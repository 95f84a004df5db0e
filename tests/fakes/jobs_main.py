"""`python -m tests.fakes.jobs_main worker|scheduler`: the real process around the fake engine."""

import sys

from backend import config, logs
from backend.jobs import parent, schedule, tasks, worker
from tests.fakes.engine import FakeEngine


def main(role: str) -> None:
    """Run the role until it is told to stop; settings come from the environment as always."""
    parent.die_with_starter()
    settings = config.load()
    logs.configure(settings.log_level)
    tasks.open_engine = lambda loaded: FakeEngine(loaded.data_dir)
    worker.preload = lambda _config: None
    {"worker": worker.run, "scheduler": schedule.run}[role](settings)


if __name__ == "__main__":
    main(sys.argv[1])
