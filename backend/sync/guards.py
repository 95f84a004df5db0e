"""Mass effects have mass causes: they stop and ask (sync.md B.9). Pure functions over a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from backend.domain.attendees import ATTENDEES
from backend.domain.values import Side
from backend.ports.answers import Op
from backend.sync.plan import Plan, Step
from backend.sync.state import Intent, IntentState

MASS_DELETE: Final = "mass_delete"
MASS_UPDATE: Final = "mass_update"
MASS_BLANK: Final = "mass_blank"
MASS_SERIES: Final = "mass_series"
MASS: Final = frozenset({MASS_DELETE, MASS_UPDATE, MASS_BLANK, MASS_SERIES})
"""Holds of many writes together."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one thing a pass may do without asking; shares are of the user's live links of that kind."""

    deletes: int = 10
    delete_share: float = 0.2
    updates: int = 100
    update_share: float = 0.3
    blank_share: float = 0.2
    shrink_share: float = 0.7
    of_one_series: int = 20
    """Meetings of one series that a single reading of it may have deleted (E-9)."""

    def most_deletes(self, links: int) -> float:
        """Deletions on one side beyond this are held."""
        return max(self.deletes, self.delete_share * links)

    def most_updates(self, links: int) -> float:
        """Updates on one side beyond this are held."""
        return max(self.updates, self.update_share * links)

    def most_blanks(self, links: int) -> float:
        """Emptyings of one field beyond this are held."""
        return max(self.deletes, self.blank_share * links)


@dataclass
class Load:
    """What a pass is about to do, as far as the guards count it. A series counts once (E-9), a pair too."""

    deletes: set[tuple[Side, str]] = field(default_factory=set)
    updates: set[tuple[Side, str]] = field(default_factory=set)
    blanks: set[tuple[Side, str, UUID]] = field(default_factory=set)
    dropped: set[tuple[str, UUID]] = field(default_factory=set)
    """Records that are to go because their series does not show the meeting any more, by series."""

    def add(self, plan: Plan) -> None:
        """Counts a plan, or another part of it, in; what was counted already counts once."""
        for step in plan.steps:
            for one in step.intents:
                if one.state is not IntentState.PLANNED:
                    continue
                unit = (one.side, step.unit or str(one.link_id))
                if one.op is Op.DELETE:
                    self.deletes.add(unit)
                    if step.of_standing_series:
                        self.dropped.add((step.unit, one.link_id))
                elif _rewrites(one):
                    self.updates.add(unit)
                    blank = (group for group, value in one.values.items() if value is None)
                    self.blanks |= {(one.side, group, one.link_id) for group in blank}


def guarded(plan: Plan, links: int, limits: Limits | None = None, *, load: Load | None = None) -> Plan:
    """The plan with its mass effects held; everything else goes on.

    load: counted of the other parts of the pass, if this plan is one of several; this one is counted in.
    """
    limits = limits or Limits()
    load = load or Load()
    load.add(plan)
    blanks = Counter((side, group) for side, group, _ in load.blanks)
    many_deletes = _beyond(load.deletes, limits.most_deletes(links))
    many_updates = _beyond(load.updates, limits.most_updates(links))
    many_blanks = {key for key, count in blanks.items() if count > limits.most_blanks(links)}

    lost = Counter(series for series, _ in load.dropped)
    shrunk = {series for series, count in lost.items() if count > limits.of_one_series}

    def reason(step: Step, one: Intent) -> str:
        if one.op is Op.DELETE and one.side in many_deletes:
            return MASS_DELETE
        if one.op is Op.DELETE and step.of_standing_series and step.unit in shrunk:
            return MASS_SERIES
        if not _rewrites(one):
            return ""
        if any((one.side, group) in many_blanks for group, value in one.values.items() if value is None):
            return MASS_BLANK
        return MASS_UPDATE if one.side in many_updates else ""

    return replace(plan, steps=tuple(_held(step, reason) for step in plan.steps))


def _rewrites(one: Intent) -> bool:
    """Whether a write changes something that was there; guests that Salesforce is told of do not, be they many."""
    return one.op is Op.UPDATE and (one.side is Side.MAILBOX or one.values.keys() != {ATTENDEES})


def _beyond(units: set[tuple[Side, str]], limit: float) -> set[Side]:
    counts = Counter(side for side, _ in units)
    return {side for side, count in counts.items() if count > limit}


def _held(step: Step, reason: Callable[[Step, Intent], str]) -> Step:
    held = tuple(
        replace(one, state=IntentState.HELD, hold=why)
        if one.state is IntentState.PLANNED and (why := reason(step, one))
        else one
        for one in step.intents
    )
    return step if held == step.intents else replace(step, intents=held)


def trusted(listed: int, mirrored: int, unverified: int, limits: Limits | None = None) -> bool:
    """Whether a full listing may replace the mirror: it did not shrink beyond reason, or every loss was verified.

    `listed`: items in scope that it showed · `unverified`: mirrored ids that it did not show, and that a direct look
    found neither in place nor gone nor outside.
    """
    limits = limits or Limits()
    return not unverified or listed >= limits.shrink_share * mirrored
