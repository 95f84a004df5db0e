"""What a machine of histories really did: a machine that starves proves nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

ENOUGH: Final = 100
"""Histories from which on shares mean something."""


@dataclass
class Reach:
    """In how many histories each rule did something, and where the killed runs died."""

    histories: int = 0
    effective: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    kills_in_flight: int = 0

    def close(self, seen: set[str]) -> None:
        """One history is over."""
        self.histories += 1
        self.effective.update(seen)

    def check(self, rules: set[str], rare: frozenset[str] = frozenset()) -> None:
        """The machine did what it is for: every rule in 5 % of the histories, 30 % of the kills in open writes.

        A short run of fewer than 100 histories must have seen every rule at work, no more. `rare`: what needs several
        rules together, of which a long run has to see one case at least.
        """
        enough = self.histories >= ENOUGH
        share = 0.05 if enough else 1 / max(self.histories, 1)
        starved = {name: self.effective[name] for name in rules if self.effective[name] < share * self.histories}
        starved |= {name: 0 for name in rare if enough and not self.effective[name]}
        assert starved == {}, f"rules that did too little in {self.histories} histories: {starved}"
        least = 0.3 if enough else 0.1
        assert self.kills_in_flight >= least * self.kills, f"{self.kills_in_flight} of {self.kills} kills hit writes"
