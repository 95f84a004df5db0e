"""SOQL text: what simple-salesforce's formatter does not do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from simple_salesforce.format import format_soql

LIST_LENGTH: Final = 200
"""Values in one IN list."""
LIST_CHARACTERS: Final = 12_000
"""Characters in one IN list; a whole statement may have 100,000."""


def instant(moment: datetime) -> str:
    """A datetime literal in UTC; milliseconds are kept, since stamps are compared for equality (SF-080)."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds' if utc.microsecond else 'seconds')}Z"


def quoted(value: str) -> str:
    """A string literal, escaped (SF-075)."""
    return format_soql("{}", value)


def any_of(field: str, values: Iterable[str]) -> str:
    """`field IN ('a','b')`."""
    return f"{field} IN ({','.join(quoted(value) for value in values)})"


def portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values in portions that fit one IN list, by number and by length."""
    portion: list[str] = []
    length = 0
    for value in values:
        size = len(quoted(value)) + 1
        if portion and (len(portion) == LIST_LENGTH or length + size > LIST_CHARACTERS):
            yield portion
            portion, length = [], 0
        portion.append(value)
        length += size
    if portion:
        yield portion


def select(fields: Sequence[str], sobject: str, where: str = "", order: str = "") -> str:
    """A whole statement."""
    parts = ["SELECT", ", ".join(fields), "FROM", sobject]
    if where:
        parts += ["WHERE", where]
    if order:
        parts += ["ORDER BY", order]
    return " ".join(parts)
