"""What the page can do with events and contacts, the same on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

Values = dict[str, str]


@dataclass(frozen=True)
class Entry:
    """An event in the week: naive local times of the person's zone; the end of an all-day event is exclusive."""

    id: str
    title: str
    start: datetime
    end: datetime
    all_day: bool
    fresh: bool
    place: str = ""
    private: bool = False
    repeats: bool = False
    cancelled: bool = False
    guests: int = 0
    note: str = ""
    who: str = ""
    what: str = ""
    on_both: bool = False

    @property
    def last_day(self) -> date:
        """The last day that it reaches."""
        return max(self.start, self.end - timedelta(microseconds=1)).date()


@dataclass(frozen=True)
class Card:
    """A contact in a list."""

    id: str
    name: str
    company: str
    reach: str
    fresh: bool
    modified: datetime
    words: str
    on_both: bool = False


@dataclass(frozen=True)
class Form:
    """An item as it stands in the form. `about` says what it is; `series` is the id of the series it belongs to."""

    values: Values
    about: str = ""
    series: str = ""
    choices: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What was done to an item: its name, the day to show, and the id by which a deletion can be undone."""

    name: str
    day: date | None = None
    undo: str = ""
    changed: bool = True


class Shelf(Protocol):
    """Events or contacts of one person on one side. Everything is done as that person, without tokens.

    Every method raises Gone when the item is no longer there, and Refusal when the service does not take it.
    """

    def blank(self, day: date) -> Form:
        """The form of a new item; an event's on that day."""

    def load(self, item_id: str) -> Form:
        """The form of an item."""

    def create(self, values: Values) -> Done:
        """Make an item."""

    def change(self, item_id: str, values: Values, changed: set[str]) -> Done:
        """Write the fields that were changed in the form; what a sync wrote meanwhile into the others stays."""

    def delete(self, item_id: str) -> Done:
        """Delete an item the way people do: it can be brought back."""

    def restore(self, item_id: str) -> Done:
        """Bring a deleted item back."""
