"""What every test may rely on; fixtures of one part of the project live in `tests/fakes` or beside their tests.

With CI set nothing is skipped: a skipped test is a failed one. Tests marked `postgres` are left out, not skipped,
where the suite runs on SQLite.
"""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from tests.fakes import chromium

HERE = Path(__file__).parent
IN_CI = bool(os.environ.get("CI"))

pytest_plugins = [name for name in ("tests.fakes.databases",) if (HERE / "fakes" / "databases.py").exists()]

# No test depends on wall time, so no example has a deadline; the numbers are histories of the property machines.
settings.register_profile("here", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), max_examples=200, derandomize=True)
settings.register_profile("prove", parent=settings.get_profile("here"), max_examples=10_000)
settings.load_profile("ci" if IN_CI else "here")


class ByFile(LoadFileScheduling):
    """A worker for each file, but one for each part of a property machine."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith("tests/property/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Parts of a property machine are shared by the workers where files are."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs PostgreSQL when the suite does not run on it; skip what needs a missing browser."""
    if os.environ.get("LOCKSTEP_TEST_DATABASE") != "postgres":
        left_out = [item for item in items if item.get_closest_marker("postgres")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if chromium.find() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=chromium.INSTALL))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip is a failure that says what was missing."""
    report = yield
    if IN_CI and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"not run in CI: {reason}"
    return report
