"""What a contact filter takes for one person, as an admin is shown it while he writes the filter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matches:
    """How many contacts and the names of a few of them.

    more: there are so many contacts that not all were looked at · hidden: fields that the person may not read.
    """

    person: str
    number: int
    more: bool
    sample: tuple[str, ...]
    hidden: tuple[str, ...] = ()
