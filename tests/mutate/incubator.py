"""Runs pytest again and again in fresh children of a process that has loaded the libraries already.

A program of its own, started in the copy: it must know nothing of the code that is changed between two runs. Reads
one JSON list of arguments per line, answers with one JSON object {code, output} per line.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

LIBRARIES = ("pytest", "hypothesis.stateful", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql",
             "alembic.command", "pydantic", "icalendar", "recurring_ical_events")  # fmt: skip


def run(arguments: list[str]) -> tuple[int, str]:
    """One run of pytest in a child of its own: exit code and what it said."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        child = os.fork()
        if child == 0:
            _be_pytest(arguments, said.fileno())
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read()


def _be_pytest(arguments: list[str], said: int) -> None:
    code = 3
    try:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(said, stream.fileno())
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        code = int(importlib.import_module("pytest").main(arguments))
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        result = dict(zip(("code", "output"), run(json.loads(line)), strict=True))
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
