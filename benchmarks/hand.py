"""`python -m benchmarks.hand`: does passes as a worker does, each command in a fresh child, and tells what it cost.

Reads one JSON command per line: {"users": [ids]} for passes of these users in turn, {"cycle": true} for a reading of
the organisation. Answers one JSON line: what was written, and CPU seconds (user + system) and peak memory of the child.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from typing import Any

from backend import config, logs, wiring
from backend.jobs import worker

EXIT_BROKEN = 1
KIB_IN_MIB = 1024
BYTES_IN_MIB = 1024 * 1024


def main() -> None:
    """Until the end of the input."""
    settings = config.load()
    logs.configure(settings.log_level)
    worker.preload(settings)
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(_in_child(settings, json.loads(line)))}\n")
        sys.stdout.flush()


def _in_child(settings: config.Config, command: dict[str, Any]) -> dict[str, Any]:
    """As a work-horse: forked from a process that has rehearsed and opened nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = EXIT_BROKEN
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(_work(settings, command), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"the child ended with status {status}")
    scale = BYTES_IN_MIB if sys.platform == "darwin" else KIB_IN_MIB
    return {
        **json.loads(told),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / scale,
    }


def _work(settings: config.Config, command: dict[str, Any]) -> dict[str, Any]:
    with closing(wiring.Lockstep.open(settings)) as lockstep:
        if command.get("cycle"):
            rows = lockstep.read_organisation()
            users = [user.user_id for user in lockstep.store.users()]
            problem = lockstep.organisation.state().problem
            return {"rows": rows, "users": users, "problem": problem, "ours": dict(lockstep.meter.calls)}
        reports = [lockstep.sync_user(user_id, "bench") for user_id in command["users"]]
        return {
            "written": sum(report.written for report in reports),
            "planned": sum(report.planned for report in reports),
            "problems": sorted({report.problem for report in reports if report.problem}),
            "ours": dict(lockstep.meter.calls),
        }


if __name__ == "__main__":
    main()
