"""How many histories the property machines draw, and in how many parts, so that several workers share them.

LOCKSTEP_TEST_HISTORIES: histories of each machine, all parts together. Every part has its own seed and is checked for
its reach by itself.
"""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.fakes.reach import ENOUGH, Reach

HISTORIES: Final = int(os.environ.get("LOCKSTEP_TEST_HISTORIES", "500"))
PARTS: Final = range(max(1, min(4, HISTORIES // ENOUGH)))
"""Each is large enough for its shares to mean something."""


def run_part(
    machine: type[RuleBasedStateMachine], part: int, rules: set[str], steps: int, rare: frozenset[str] = frozenset()
) -> None:
    """Draws this part's share of the histories. Raises what the machine finds, AssertionError if it starved."""
    reach = Reach()
    # The name is part of the seed: each part draws histories of its own, also where draws are repeatable.
    named: Any = type(f"{machine.__name__}{part}", (machine,), {"reach": reach})
    run_state_machine_as_test(
        named,
        settings=settings(
            max_examples=max(1, HISTORIES // len(PARTS)),
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    reach.check(rules, rare)
