"""Repeating meetings: a rule, its exceptions, and the occurrences that follow from them (docs/sync.md E).

We expand, the provider does not (E-1): from one whole read of the master, in the series' own zone, so that nine
o'clock stays nine o'clock over a change to summer time (LS-162).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from dateutil.rrule import rrule, rrulestr

from backend.domain.timezones import zone
from backend.domain.values import EMPTY, AllDay, Timed, Values, When, end_instant, overlaid

WHOLE: Final = ""
"""Original start of a thing that is not one occurrence of a series: a single event or a whole series."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days (UTC): events that ended before `first` are out; occurrences are made up to `horizon`, exclusive."""

    first: date
    horizon: date


@dataclass(frozen=True, slots=True)
class Series:
    """A repeating event of a mailbox.

    rule: RRULE text without DTSTART, UNTIL as local date-time · start: local wall-clock time of the first occurrence,
    naive · days: length in whole days if it is an all-day series, else None · seconds: length otherwise ·
    cancelled: local dates · exceptions: original start key -> the whole values of the changed occurrence.
    """

    rule: str
    start: datetime
    zone: str
    seconds: int
    days: int | None = None
    cancelled: frozenset[date] = frozenset()
    exceptions: Mapping[str, Values] = field(default_factory=lambda: EMPTY_EXCEPTIONS)

    @property
    def all_day(self) -> bool:
        """Whether occurrences are whole days."""
        return self.days is not None


EMPTY_EXCEPTIONS: Mapping[str, Values] = {}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence: its stable original start key, its local date, and what it is at present."""

    original_start: str
    local_date: date
    values: Values


def start_key(when: When) -> str:
    """Original start as a key: an instant in UTC, or a date for whole days."""
    if isinstance(when, Timed):
        return when.start.astimezone(UTC).isoformat()
    return when.first.isoformat()


def _moment(series: Series, local: datetime) -> When:
    if series.days is not None:
        return AllDay(local.date(), local.date() + timedelta(days=series.days))
    instant = local.replace(tzinfo=zone(series.zone)).astimezone(UTC)
    return Timed(instant, instant + timedelta(seconds=series.seconds), zone(series.zone).key)


def _rule(series: Series) -> rrule:
    parsed = rrulestr(series.rule, dtstart=series.start)
    if not isinstance(parsed, rrule):
        raise TypeError(f"not a single rule: {series.rule}")
    return parsed


def _local_starts(series: Series, window: Window) -> Iterator[datetime]:
    length = timedelta(days=series.days) if series.days is not None else timedelta(seconds=series.seconds)
    first = datetime.combine(window.first, time.min) - length - timedelta(days=1)
    last = datetime.combine(window.horizon, time.max) + timedelta(days=1)
    for local in _rule(series).xafter(first, inc=True):
        if local > last:
            return
        yield local


def expand(series: Series, base: Values, window: Window) -> dict[str, Occurrence]:
    """The occurrences that touch the window by their original start, cancelled ones left out, in order of start.

    Exceptions take part wherever they were moved to (E-7). Raises UnknownZone, and ValueError for a broken rule.
    """
    found: dict[str, Occurrence] = {}
    for local in _local_starts(series, window):
        moment = _moment(series, local)
        if local.date() in series.cancelled or not touches(moment, window):
            continue
        key = start_key(moment)
        changed = series.exceptions.get(key)
        values = changed if changed is not None else overlaid(base, {"when": moment})
        found[key] = Occurrence(key, local.date(), values)
    for key, changed in series.exceptions.items():
        if key not in found and _moved_inside(changed, window):
            found[key] = Occurrence(key, local_date(series, key), changed)
    return found


def _moved_inside(values: Values, window: Window) -> bool:
    when = values.get("when")
    return isinstance(when, Timed | AllDay) and touches(when, window)


def local_date(series: Series, key: str) -> date:
    """The date of an original start in the series' own zone."""
    if "T" not in key:
        return date.fromisoformat(key)
    return datetime.fromisoformat(key).astimezone(zone(series.zone)).date()


def touches(when: When, window: Window) -> bool:
    """Whether something lies in the window: ended on or after its first day (LS-110), begins before its horizon."""
    start = when.first if isinstance(when, AllDay) else when.start.date()
    return end_instant(when) >= datetime.combine(window.first, time.min, UTC) and start < window.horizon


def ended(when: When, today: date) -> bool:
    """Whether something had ended when the day began."""
    return end_instant(when) <= datetime.combine(today, time.min, UTC)


def rule_parts(rule: str) -> dict[str, str]:
    """The parts of a rule by name."""
    return dict(part.split("=", 1) for part in rule.removeprefix("RRULE:").split(";") if "=" in part)


def same_rhythm(one: Series, other: Series) -> bool:
    """Whether two series repeat with the same frequency and interval."""
    rules = [rule_parts(series.rule) for series in (one, other)]
    rhythms = {(parts.get("FREQ"), parts.get("INTERVAL", "1")) for parts in rules}
    return len(rhythms) == 1 and one.all_day == other.all_day


__all__ = [
    "EMPTY", "WHOLE", "Occurrence", "Series", "Window", "ended", "expand", "local_date", "rule_parts", "same_rhythm",
    "start_key", "touches",
]  # fmt: skip
