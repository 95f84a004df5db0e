"""Rules that make a service fail: which call, when, and how."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

FaultKind = Literal["429", "503", "410", "401", "timeout", "lost_answer", "reset", "slow", "malformed", "hook"]
Access = Literal["read", "write"]
Moment = Literal["before", "after"]

KINDS: tuple[str, ...] = get_args(FaultKind)
REFUSALS = ("429", "503", "410", "401")
# What each kind does to the request unless the rule says otherwise: refuse it unapplied, or spoil its answer.
_USUAL_MOMENT: dict[str, Moment] = {"lost_answer": "after", "malformed": "after"}
_SETTINGS = ("service", "operation", "kind", "only", "nth", "probability", "remaining", "seconds", "when")


@dataclass(frozen=True)
class Target:
    """The call that a rule is held against."""

    service: str
    operation: str
    write: bool


@dataclass
class Rule:
    """One fault. Of `nth` (1-based, among matching calls), `probability` and `remaining`, those set must agree.

    `service` and `operation` are shell patterns. `seconds` is the Retry-After of a refusal, the length of a
    `slow` or `timeout` call. `when` says whether the request is applied first. A `hook` is called with the
    target and the world goes on; it may raise `backend.sandbox.service.Cut` to cut the connection there.
    """

    kind: FaultKind
    service: str = "*"
    operation: str = "*"
    only: Access | None = None
    nth: int | None = None
    probability: float | None = None
    remaining: int | None = None
    seconds: float = 1.0
    when: Moment | None = None
    hook: Callable[[Target], None] | None = None
    seen: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)

    @property
    def moment(self) -> Moment:
        """When the fault strikes: before the request is applied, or after."""
        return self.when or _USUAL_MOMENT.get(self.kind, "before")

    def matches(self, target: Target) -> bool:
        """Whether the rule speaks of this call, leaving chance and counts aside."""
        if self.only and target.write != (self.only == "write"):
            return False
        return fnmatchcase(target.service, self.service) and fnmatchcase(target.operation, self.operation)

    def strikes(self, chance: random.Random) -> bool:
        """Count a matching call and decide whether this one fails."""
        self.seen += 1
        if self.remaining is not None and self.fired >= self.remaining:
            return False
        if self.nth is not None and self.seen != self.nth:
            return False
        if self.probability is not None and chance.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """The rule as the control door shows it."""
        shown = {name: getattr(self, name) for name in _SETTINGS if getattr(self, name) is not None}
        return shown | {"seen": self.seen, "fired": self.fired}


class Faults:
    """The rules in force. The first rule that strikes wins; a rule without count or chance always strikes."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force, after those already there."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put exactly these rules in force."""
        with self._lock:
            self._rules = list(rules)

    def clear(self) -> None:
        """No more faults."""
        self.replace(())

    def rules(self) -> list[Rule]:
        """The rules in force, in order."""
        with self._lock:
            return list(self._rules)

    def draw(self, target: Target) -> Rule | None:
        """The rule that strikes this call, if any."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(target) and rule.strikes(self._chance):
                    return rule
        return None


class BadInput(Exception):
    """The control door was given something wrong; the text is one sentence that names the place."""


def rule_from_json(data: object, place: str) -> Rule:
    """A rule from the control door. Raises BadInput."""
    if not isinstance(data, Mapping):
        raise BadInput(f"{place} must be an object with at least 'kind'")
    unknown = sorted(set(data) - set(_SETTINGS))
    if unknown:
        raise BadInput(f"{place}.{unknown[0]} is not a setting; use one of {', '.join(_SETTINGS)}")
    if data.get("kind") not in KINDS or data["kind"] == "hook":
        raise BadInput(f"{place}.kind must be one of {', '.join(k for k in KINDS if k != 'hook')}")
    for name, allowed in (("only", get_args(Access)), ("when", get_args(Moment))):
        if data.get(name) not in (None, *allowed):
            raise BadInput(f"{place}.{name} must be {' or '.join(allowed)}")
    for name in ("service", "operation"):
        if not isinstance(data.get(name, "*"), str):
            raise BadInput(f"{place}.{name} must be text, a pattern such as '*'")
    _check_numbers(data, place)
    return Rule(**data)


def _check_numbers(data: Mapping[str, object], place: str) -> None:
    for name in ("nth", "remaining"):
        value = data.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise BadInput(f"{place}.{name} must be a whole number of at least 1")
    for name, most in (("probability", 1.0), ("seconds", 600.0)):
        value = data.get(name)
        if value is None and name not in data:
            continue
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
            raise BadInput(f"{place}.{name} must be a number from 0 to {most:g}")
