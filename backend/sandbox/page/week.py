"""A week of a calendar as a grid: days, hours, and a lane for each of the events that overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from backend.sandbox.page.shelf import Entry

FIRST_HOUR, LAST_HOUR = 8, 17
"""Shown always; earlier and later hours where something takes place."""
LANES = 4
_DAY = timedelta(days=1)
_LEAST = 2  # quarters of an hour: less is too low for a word, and for a finger


@dataclass(frozen=True)
class Placed:
    """An event in its day's column: quarters of an hour from midnight, and a lane of those side by side."""

    entry: Entry
    start: int
    length: int
    lane: int
    lanes: int = 1

    @property
    def end(self) -> int:
        """The first quarter after it."""
        return self.start + self.length


@dataclass(frozen=True)
class Day:
    """A column: what fills days above, what has its hours below."""

    day: date
    is_today: bool
    all_day: list[Entry]
    timed: list[Placed]


@dataclass(frozen=True)
class Week:
    """Monday to Friday, or to Sunday where the weekend has something; hours from `first` up to `last`."""

    monday: date
    days: list[Day]
    first: int
    last: int

    @property
    def hours(self) -> range:
        """The hours that are shown."""
        return range(self.first, self.last)

    @property
    def is_empty(self) -> bool:
        """Whether nothing takes place."""
        return not any(day.all_day or day.timed for day in self.days)


def lay_out(monday: date, entries: Sequence[Entry], today: date) -> Week:
    """The week that begins on that Monday."""
    weekend = any(each.last_day > monday + 4 * _DAY for each in entries)
    days = [_day(monday + number * _DAY, entries, today) for number in range(7 if weekend else 5)]
    timed = [placed for day in days for placed in day.timed]
    first = min([FIRST_HOUR, *(placed.start // 4 for placed in timed)])
    last = max([LAST_HOUR, *(-(-placed.end // 4) for placed in timed)])
    return Week(monday, days, first, last)


def _day(day: date, entries: Sequence[Entry], today: date) -> Day:
    here = [each for each in entries if each.start.date() <= day <= each.last_day]
    above = [each for each in here if each.all_day or each.end - each.start >= _DAY]
    placed: list[Placed] = []
    for each in here:
        if each in above:
            continue
        found = _place(each, day, placed)
        if found is None:
            above.append(each)
        else:
            placed.append(found)
    return Day(day, day == today, above, list(_side_by_side(placed)))


def _side_by_side(placed: Sequence[Placed]) -> Iterator[Placed]:
    """The same, each told how many lanes there are where it stands: as many as its chain of overlaps needs."""
    chain: list[Placed] = []
    for each in [*placed, None]:
        if each is None or (chain and each.start >= max(other.end for other in chain)):
            lanes = max((other.lane for other in chain), default=1)
            yield from (replace(other, lanes=lanes) for other in chain)
            chain = []
        if each is not None:
            chain.append(each)


def _place(entry: Entry, day: date, taken: Sequence[Placed]) -> Placed | None:
    """The event in the first lane that is free; None where all are taken."""
    start = max(0, _quarters(entry.start, day))
    end = min(96, max(_quarters(entry.end, day, up=True), start + _LEAST))
    start = min(start, end - _LEAST)
    for lane in range(1, LANES + 1):
        if all(end <= each.start or start >= each.end for each in taken if each.lane == lane):
            return Placed(entry, start, end - start, lane)
    return None


def _quarters(moment: datetime, day: date, *, up: bool = False) -> int:
    seconds = (moment - datetime.combine(day, time())).total_seconds()
    return int(-(-seconds // 900)) if up else int(seconds // 900)
