"""What will happen, drawn before it begins: which processes are killed at which request, and which calls fail."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from backend.sandbox.faults import Access, FaultKind, Moment, Rule

MODES: Final = {"tree": 26, "zombie": 6, "pool": 7, "worker": 6, "horse": 5}
"""Who is killed, in parts of fifty.

tree: supervisor, scheduler, pool, workers and horses at once · pool, worker: that parent alone · horse: the child that
does the work · zombie: the tree is frozen, others take over, it wakes up and goes on for a while, then it is killed.
"""
AIMS: Final = (
    ("microsoft", "batch", "write", 3),
    ("salesforce", "POST composite", "write", 2),
    ("microsoft", "*.*", None, 10),
    ("microsoft", "batch", "write", 1),
    ("salesforce", "POST composite", "read", 8),
    ("salesforce", "POST composite", "write", 3),
    ("microsoft", "batch", "read", 6),
)
"""Service, operation and access that a shot is aimed at, and how many such requests it may let pass at most.

Requests for tokens and those inside a batch trigger nothing.
"""

FAULT_SHARE: Final = 0.1
_KINDS: Final[tuple[tuple[FaultKind, Moment | None, float], ...]] = (
    ("lost_answer", None, 0.2),
    ("429", None, 0.2),
    ("503", None, 0.2),
    ("410", None, 0.1),
    ("401", None, 0.1),
    ("timeout", "before", 0.1),
    ("timeout", "after", 0.1),
)
_SECONDS: Final = {"429": 1.0, "503": 1.0, "timeout": 0.3}
_ACCESS: Final[tuple[Access, ...]] = ("read", "write")


@dataclass(frozen=True)
class Shot:
    """The `nth` request that fits triggers it, before the request is applied, or after and before it is answered."""

    mode: str
    moment: Moment
    service: str
    operation: str
    only: Access | None
    nth: int


def draw(kills: int, chance: random.Random) -> list[Shot]:
    """So many shots, the modes in their proportion and in any order."""
    shots = [_shot(mode, position, chance) for position, mode in enumerate(_modes(kills))]
    chance.shuffle(shots)
    return shots


def _modes(kills: int) -> list[str]:
    modes = [mode for mode, parts in MODES.items() for _ in range(round(kills * parts / 50))]
    return (modes + ["tree"] * kills)[:kills]


def _shot(mode: str, position: int, chance: random.Random) -> Shot:
    service, operation, only, furthest = AIMS[position % len(AIMS)]
    # What a sleeper has asked for is applied at once: held back for so long, no service would still apply it.
    moment: Moment = "after" if mode == "zombie" else chance.choice(("before", "after"))
    return Shot(mode, moment, service, operation, only, chance.randint(1, furthest))  # type: ignore[arg-type]  # literals


def faults() -> list[Rule]:
    """Rules by which one call in ten fails, reads and writes alike, requests inside a batch too."""
    return [
        Rule(kind, only=only, probability=FAULT_SHARE * share, when=when, seconds=_SECONDS.get(kind, 0.0))
        for kind, when, share in _KINDS
        for only in _ACCESS
    ]


def fired(rules: Iterable[Rule]) -> dict[str, dict[str, int]]:
    """How often each kind of fault struck reads and writes."""
    counts: dict[str, dict[str, int]] = {}
    for rule in rules:
        if rule.kind != "hook":
            by_access = counts.setdefault(rule.kind, dict.fromkeys(_ACCESS, 0))
            by_access[rule.only or "read"] += rule.fired
    return counts
