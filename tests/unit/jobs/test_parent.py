"""A child does not outlive its parent, by the kernel's word or by looking at the parent's id."""

import os
import subprocess
import sys

import psutil
import pytest

from backend.jobs.parent import PARENT_VARIABLE, marked_environment
from tests.fakes.processes import kill, running, wait_until

CHILD = """
import os, sys, time
sys.platform = sys.argv[1]
from backend.jobs import parent
parent.die_with_starter()
print(os.getpid(), flush=True)
time.sleep(120)
"""
STARTER = """
import os, subprocess, sys
from backend.jobs.parent import marked_environment
subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], env=marked_environment(dict(os.environ))).wait()
"""


@pytest.mark.parametrize("platform", [sys.platform, "darwin"])
def test_child_dies_with_a_killed_parent(platform: str) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, CHILD, platform], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    child = psutil.Process(int(starter.stdout.readline()))
    starter.kill()
    starter.wait()
    try:
        wait_until(lambda: running([child]) == [], "the child to be gone", 10)
    finally:
        kill(running([child]))


def test_child_whose_parent_is_gone_already_leaves_at_once() -> None:
    environment = os.environ | {PARENT_VARIABLE: "999999999"}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, sys.platform], env=environment, capture_output=True, timeout=30
    )
    assert (child.returncode, child.stdout) == (1, b"")


def test_process_started_by_a_person_watches_nobody() -> None:
    environment = {name: value for name, value in os.environ.items() if name != PARENT_VARIABLE}
    code = "from backend.jobs.parent import die_with_starter; die_with_starter(); print('alive')"
    child = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)
    assert child.stdout == "alive\n"


def test_marked_environment_names_this_process() -> None:
    assert marked_environment({"A": "b"}) == {"A": "b", PARENT_VARIABLE: str(os.getpid())}
