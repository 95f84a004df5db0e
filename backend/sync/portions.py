"""A large pass in portions: memory must not grow with the mailbox (docs/decisions/passes-in-portions.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from backend.domain.values import Side
from backend.sync.state import EVERYTHING, Todo

PORTION: Final = 2_000
"""Marked things that are planned and written together."""


def portions(marks: Sequence[Todo], everything: Callable[[], Sequence[Todo]]) -> list[Sequence[Todo]]:
    """The marks in portions. What belongs together is found from any part of it, so nothing depends on the cuts.

    everything: what the mark of that name stands for; it is in no portion itself unless all fit into one.
    """
    rest = [mark for mark in marks if mark.side != EVERYTHING]
    if len(rest) < len(marks):
        known = {(mark.side, mark.ref) for mark in rest}
        rest += [mark for mark in everything() if (mark.side, mark.ref) not in known]
    if len(rest) <= PORTION:
        return [marks]
    rest.sort(key=lambda mark: mark.side == Side.CRM)  # items before the records that they may be (D-14)
    return [rest[first : first + PORTION] for first in range(0, len(rest), PORTION)]
