"""Runs mutants: each is applied to a copy of the tree, never to the tree itself, and its tests must fail there."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.mutate.mutant import DoesNotApply, Edit, Mutant

COPIED: Final = ("backend", "gmail_addon", "tests", "pyproject.toml", "wsgi.py", "requirements")
INCUBATOR: Final = Path(__file__).with_name("incubator.py")
TOO_LONG: Final = 300
"""Seconds after which a run is given up: the mutant made the engine turn for ever."""
TESTS_FAILED: Final = 1
"""pytest's exit code for tests that ran and did not pass."""
_FAILED: Final = re.compile(r"^FAILED (\S+?\.py::.*?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant. `noticed_by`: the first test that failed; empty if it survived or could not run."""

    mutant: Mutant
    noticed_by: str = ""
    problem: str = ""
    seconds: float = 0.0


class Laboratory:
    """A copy of a tree in which mutants live, one at a time."""

    def __init__(self, tree: Path, copy: Path) -> None:
        self.copy = copy
        self._process: subprocess.Popen[str] | None = None
        self._moments = itertools.count(int(time.time()) + 1)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".pytest_cache", ".hypothesis")
        for name in COPIED:
            source = tree / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=ignored)
            elif source.is_file():
                shutil.copy2(source, copy / name)

    def complaint(self, mutants: Iterable[Mutant]) -> str:
        """Why the named tests cannot judge anything: one of them fails without any mutation. Empty if all pass."""
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        code, output = self._pytest(tests)
        return "" if code == 0 else output

    def try_out(self, mutant: Mutant) -> Verdict:
        """Applies a mutant, runs its tests, and puts everything back."""
        began = time.monotonic()
        try:
            with self._applied(mutant.edits):
                code, output = self._pytest(mutant.tests)
        except DoesNotApply as error:
            return Verdict(mutant, problem=f"does not apply: {error}")
        except TimeoutError:
            return Verdict(mutant, problem=f"did not end within {TOO_LONG} s", seconds=time.monotonic() - began)
        seconds = time.monotonic() - began
        if code == 0:
            return Verdict(mutant, problem="survived: no test noticed", seconds=seconds)
        failed = _FAILED.search(output)
        if code != TESTS_FAILED or failed is None:
            last = output.strip().splitlines()[-1:] or ["no output"]
            return Verdict(mutant, problem=f"its tests could not run: {last[0]}", seconds=seconds)
        return Verdict(mutant, noticed_by=failed[1], seconds=seconds)

    @contextmanager
    def _applied(self, edits: Sequence[Edit]) -> Iterator[None]:
        originals = {path: path.read_bytes() for edit in edits if (path := self.copy / edit.file).is_file()}
        try:
            for edit in edits:
                edit.apply(self.copy)
            self._stamp(originals)
            yield
        finally:
            for path, original in originals.items():
                path.write_bytes(original)
            self._stamp(originals)

    def _stamp(self, paths: Iterable[Path]) -> None:
        """Compiled modules are told apart by whole seconds and length only: each state gets a second of its own."""
        moment = next(self._moments)
        for path in paths:
            os.utime(path, (moment, moment))

    def _pytest(self, tests: Sequence[str]) -> tuple[int, str]:
        """Exit code and words of pytest in the copy. Raises TimeoutError."""
        process = self._incubator()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the incubator has no pipes")
        arguments = ["-q", "-x", "--tb=line", "-p", "no:cacheprovider", *tests]
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], TOO_LONG)[0]:
            self.close()
            raise TimeoutError
        answer = json.loads(process.stdout.readline())
        return answer["code"], answer["output"]

    def _incubator(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = os.environ | {"PYTHONPATH": str(self.copy), "LOCKSTEP_TEST_DATABASE": "sqlite"}
            self._process = subprocess.Popen(
                [sys.executable, str(INCUBATOR)],
                cwd=self.copy,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        return self._process

    def close(self) -> None:
        """Ends whatever still runs in the copy."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None


@contextmanager
def laboratory(tree: Path) -> Iterator[Laboratory]:
    """A laboratory with a copy of `tree`, removed at the end."""
    with TemporaryDirectory(prefix="lockstep-mutants-") as folder:
        lab = Laboratory(tree, Path(folder))
        try:
            yield lab
        finally:
            lab.close()
