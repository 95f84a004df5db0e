"""What a write has to do with a Salesforce event series: the marks that intents carry (E-10)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

PATTERN: Final = "RRULE:"
"""Begins the mark of the create that makes the series: its pattern text."""
ROW: Final = "row:"
"""Begins the mark of the create of any other occurrence: the line of the one that makes the series, and the pattern."""
WHOLE: Final = "whole"
"""Update of one occurrence that is meant for all of them (SF-102)."""
PAST: Final = "past"
"""Update of an occurrence that is over, which Salesforce changes alone."""
REPLACED: Final = "replaced"
"""Deletion of an occurrence that is to stand as a single event instead, since it no longer is like the others."""


def row(head: UUID, pattern: str) -> str:
    """The mark of an occurrence that Salesforce makes along with the line `head`."""
    return f"{ROW}{head}|{pattern}"


def head_of(mark: str) -> UUID | None:
    """The line that makes the series of an occurrence."""
    return UUID(mark.removeprefix(ROW).partition("|")[0]) if mark.startswith(ROW) else None


def pattern_of(mark: str) -> str:
    """The pattern in a mark, '' if there is none."""
    if mark.startswith(PATTERN):
        return mark
    return mark.partition("|")[2] if mark.startswith(ROW) else ""
