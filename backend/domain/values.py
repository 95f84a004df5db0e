"""Field groups: the unit of comparing, merging and writing (sync.md B.5, step 2).

A contact or an event is, for the engine, a mapping from group name to group value. A group that is missing has
the value None. Coupled fields (start and end, name parts, an address) are one value and merge whole, never half.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from backend.domain.attendees import Attendees


class Kind(StrEnum):
    """What is kept in step; never mail, tasks or other folders (LS-018, LS-189)."""

    CONTACT = "contact"
    EVENT = "event"


class Side(StrEnum):
    """The two sides of a pair."""

    MAILBOX = "mailbox"
    CRM = "crm"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.CRM if self is Side.MAILBOX else Side.MAILBOX


class ShowAs(StrEnum):
    """Free/busy status. Salesforce knows the first three only (LS-118)."""

    BUSY = "busy"
    FREE = "free"
    OUT_OF_OFFICE = "oof"
    TENTATIVE = "tentative"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Name:
    """Parts of a person's name; one group."""

    first: str | None = None
    last: str | None = None
    middle: str | None = None
    salutation: str | None = None
    suffix: str | None = None

    @property
    def display(self) -> str:
        """The parts in reading order, without the missing ones."""
        parts = (self.salutation, self.first, self.middle, self.last, self.suffix)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; one group."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """A span between two instants in UTC, with the IANA zone it was made in where one is known."""

    start: datetime
    end: datetime
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a timed event needs aware datetimes")

    @property
    def duration(self) -> timedelta:
        """Length of the event."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class AllDay:
    """Whole days, floating: `first` inclusive, `end` exclusive. Never shifted to a zone (MS-057, SF-094)."""

    first: date
    end: date


When = Timed | AllDay
FieldValue = str | bool | date | ShowAs | Name | Address | Timed | AllDay | Attendees | None
Values = Mapping[str, FieldValue]
EMPTY: Values = MappingProxyType({})


def start_instant(when: When) -> datetime:
    """The start as an instant in UTC; whole days count from midnight UTC (for ordering and windows only)."""
    if isinstance(when, Timed):
        return when.start
    return datetime.combine(when.first, datetime.min.time(), UTC)


def end_instant(when: When) -> datetime:
    """The end as an instant in UTC; whole days end at the midnight UTC after the last day."""
    if isinstance(when, Timed):
        return when.end
    return datetime.combine(when.end, datetime.min.time(), UTC)


def differing(left: Values, right: Values, groups: Iterable[str] | None = None) -> frozenset[str]:
    """Names of the groups whose values differ; all groups of both mappings unless `groups` restricts them."""
    names = groups if groups is not None else left.keys() | right.keys()
    return frozenset(name for name in names if left.get(name) != right.get(name))


def picked(values: Values, groups: Collection[str]) -> Values:
    """The named groups, with None for those that are missing; the same object where nothing is to be left out."""
    if len(groups) == len(values) and all(name in values for name in groups):
        return values
    return {name: values.get(name) for name in groups}


def overlaid(values: Values, changes: Values) -> Values:
    """`values` with `changes` on top; groups that became None are left out. The changes themselves on nothing."""
    if not values and None not in changes.values():
        return changes
    merged = {**values, **changes}
    return {name: value for name, value in merged.items() if value is not None}
