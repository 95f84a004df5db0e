"""The switches of the Faults card: which faults are on, and putting others in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from backend.sandbox.faults import FaultKind, Rule
from backend.sandbox.page.refusals import Refusal
from backend.sandbox.page.stage import Stage

SALESFORCE, MICROSOFT = "salesforce", "microsoft"
SERVICES: Final = (("both", "both services"), (SALESFORCE, "Salesforce"), (MICROSOFT, "Graph"))
NEXT: Final = "next"
RATES: Final = (
    (NEXT, "the next call"), ("5", "5 % of calls"), ("10", "10 % of calls"), ("25", "25 % of calls"),
    ("50", "50 % of calls"), ("100", "every call"),
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One switch. `settings` are those of its rules; `patterns` narrow it to some operations of a service."""

    kind: FaultKind
    title: str
    meaning: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=lambda: {SALESFORCE: "*", MICROSOFT: "*"})

    @property
    def services(self) -> list[tuple[str, str]]:
        """The choices of its service."""
        return [each for each in SERVICES if each[0] in self.patterns or (each[0] == "both" and len(self.patterns) > 1)]


FAULTS: Final = (
    Fault("503", "Service away, 503", "The call is not applied."),
    Fault("lost_answer", "Lost answer", "The write is applied, then the line is cut.", {"only": "write"}),
    Fault("429", "Too many calls, 429", "Refused, with 5 s to wait.", {"seconds": 5.0}),
    # By name: every operation but the token endpoints "POST oauth2/token" and "token".
    Fault("401", "Token refused, 401", "A new token helps.", patterns={SALESFORCE: "* [!o]*", MICROSOFT: "[!t]*"}),
    Fault("410", "Cursor expired, 410", "Everything is read again.", patterns={MICROSOFT: "*delta*"}),
    Fault("slow", "Slow, 4 s", "Applied and answered, late.", {"seconds": 4.0}),
    Fault("malformed", "Malformed answer", "Half of the answer arrives."),
    Fault("timeout", "No answer, 20 s", "Not applied, then the line is cut.", {"seconds": 20.0}),
)


@dataclass(frozen=True)
class Setting:
    """How a switch stands, and how often its fault struck."""

    on: bool = False
    service: str = "both"
    rate: str = "10"
    struck: int = 0


class Switchboard:
    """The page's own rules among those in force; rules of others are left as they are."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._faults = stage.world.faults
        self._own: dict[str, tuple[Setting, list[Rule]]] = {}
        self._removed = 0
        self._org = stage.org

    def settings(self) -> dict[str, Setting]:
        """How every switch stands; one for the next call is off again when that call came."""
        self._follow_reset()
        in_force = {id(rule) for rule in self._faults.rules()}
        shown: dict[str, Setting] = {}
        for fault in FAULTS:
            setting, rules = self._own.get(fault.kind, (_first(fault), []))
            waiting = any(id(rule) in in_force and not _is_spent(rule) for rule in rules)
            struck = sum(rule.fired for rule in rules)
            shown[fault.kind] = Setting(waiting, setting.service, setting.rate, struck)
        return shown

    def others(self) -> int:
        """How many rules somebody put in force through the control door."""
        own = {id(rule) for _, rules in self._own.values() for rule in rules}
        return sum(id(rule) not in own for rule in self._faults.rules())

    def struck(self) -> int:
        """How often any fault struck since the start."""
        self._follow_reset()
        own = [rule for _, rules in self._own.values() for rule in rules]
        known = {id(rule): rule for rule in (*own, *self._faults.rules())}
        return self._removed + sum(rule.fired for rule in known.values())

    def set(self, values: Mapping[str, str]) -> int:
        """Put in force what the form says; how many switches are on. Raises Refusal."""
        self._follow_reset()
        before = self.settings()
        wanted = {fault.kind: _wanted(fault, values) for fault in FAULTS}
        own = {id(rule) for _, rules in self._own.values() for rule in rules}
        rules = [rule for rule in self._faults.rules() if id(rule) not in own]
        for fault in FAULTS:
            setting = wanted[fault.kind]
            present = before[fault.kind]
            if (setting.on, setting.service, setting.rate) != (present.on, present.service, present.rate):
                self._removed += present.struck
                self._own[fault.kind] = (setting, _rules(fault, setting))
            if setting.on:
                rules += self._own[fault.kind][1]
        self._faults.replace(rules)
        return sum(setting.on for setting in wanted.values())

    def clear(self) -> None:
        """Take every rule out of force, those of the control door too."""
        self._removed, self._own = self.struck(), {}
        self._faults.clear()

    def _follow_reset(self) -> None:
        """Start over when the sandbox did."""
        if self._org is not self._stage.org:
            self._org, self._removed, self._own = self._stage.org, 0, {}


def _first(fault: Fault) -> Setting:
    return Setting(service=fault.services[0][0], rate=NEXT if fault.kind in ("401", "410", "malformed") else "10")


def _is_spent(rule: Rule) -> bool:
    return rule.remaining is not None and rule.fired >= rule.remaining


def _wanted(fault: Fault, values: Mapping[str, str]) -> Setting:
    service, rate = values.get(f"service-{fault.kind}", ""), values.get(f"rate-{fault.kind}", "")
    if service not in dict(fault.services):
        raise Refusal({f"service-{fault.kind}": f"{fault.title}: choose a service from the list."})
    if rate not in dict(RATES):
        raise Refusal({f"rate-{fault.kind}": f"{fault.title}: choose a rate from the list."})
    return Setting(bool(values.get(f"on-{fault.kind}")), service, rate)


def _rules(fault: Fault, setting: Setting) -> list[Rule]:
    if not setting.on:
        return []
    chance: dict[str, Any] = {"remaining": 1} if setting.rate == NEXT else {"probability": int(setting.rate) / 100}
    return [
        # A cursor may expire in a request inside a batch, which counts as a service of its own.
        Rule(fault.kind, f"{service}*" if fault.kind == "410" else service, pattern, **fault.settings, **chance)
        for service, pattern in fault.patterns.items()
        if setting.service in ("both", service)
    ]
