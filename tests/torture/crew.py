"""`python -m tests.torture.crew`: supervisor, scheduler and worker pool of an installation, without its pages.

The real supervisor over the real programs; the embedded Redis belongs to whoever started this. Settings come from the
environment.
"""

from __future__ import annotations

from backend.commands.family import LOCKSTEP, MACOS_FORKING
from backend.jobs.parent import die_with_starter
from backend.jobs.supervisor import Program, Supervisor


def main() -> None:
    """Run until a signal comes."""
    die_with_starter()
    with Supervisor() as family:
        try:
            family.start([
                Program("worker", (*LOCKSTEP, "worker"), environment=MACOS_FORKING),
                Program("scheduler", (*LOCKSTEP, "scheduler")),
            ])  # fmt: skip
            family.watch()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
