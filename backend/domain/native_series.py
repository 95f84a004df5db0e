"""Which repeating events Salesforce can keep as an event series, and by which pattern (LS-152, LS-155, E-10).

A pattern can be given once and never changed (SF-101), knows no exceptions, and is reckoned in the time zone of the
user who makes it. So it names just the occurrences that are to be made now, and it is written only if its expansion
is exactly these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from dateutil.rrule import rrulestr

from backend.domain.recurrence import Series, rule_parts
from backend.domain.timezones import UnknownZone, zone

MOST: Final = 999
"""Occurrences of one pattern (SF-100)."""

_MOST_INTERVAL: Final = {"DAILY": 999, "WEEKLY": 99, "MONTHLY": 99, "YEARLY": 1}
_WEEKDAYS: Final = frozenset({"MO", "TU", "WE", "TH", "FR"})
_WEEKEND: Final = frozenset({"SA", "SU"})
_DAY_SETS: Final = (_WEEKDAYS, _WEEKEND, _WEEKDAYS | _WEEKEND)
_POSITIONS: Final = frozenset({"1", "2", "3", "4", "-1"})
_LAST_DAY: Final = "28,29,30,31"
"""How a rule of ours says the last day of a month that is too short; Salesforce says 31 (SF-100)."""

WHOLE_DAYS: Final = "whole days could slip, since Salesforce reckons a series in the time zone of its owner"
EXCEPTIONS: Final = "some of its meetings were moved, changed or cancelled, and a Salesforce series has no exceptions"
TOO_FEW: Final = "only one of its meetings lies in the days that are synced"
TOO_MANY: Final = f"a Salesforce series has {MOST} meetings at most"
OTHER_HOURS: Final = "its hours differ from those of such a series in the time zone of the Salesforce user"
NO_SUCH_RULE: Final = "Salesforce has no such repetition"


class NotNative(ValueError):
    """It cannot be a Salesforce series; the message is the reason, half a sentence for people."""


def pattern(series: Series, starts: Sequence[datetime], owner_zone: str) -> str:
    """The pattern text whose occurrences are exactly `starts` (aware, ascending), for an owner in this IANA zone.

    Raises NotNative.
    """
    if series.all_day:
        raise NotNative(WHOLE_DAYS)
    if len(starts) < 2:
        raise NotNative(TOO_FEW)
    if len(starts) > MOST:
        raise NotNative(TOO_MANY)
    text = _text(rule_parts(series.rule), len(starts))
    if not makes(text, starts, owner_zone):
        raise NotNative(OTHER_HOURS)
    return text


def makes(text: str, starts: Sequence[datetime], owner_zone: str) -> bool:
    """Whether a pattern that begins with the first of these starts has just them, in a zone whose hours shift."""
    try:
        place = zone(owner_zone)
    except UnknownZone:
        return False
    rule = text.removeprefix("RRULE:")
    if "FREQ=MONTHLY" in rule:  # a yearly rule leaves a short month out
        rule = rule.replace("BYMONTHDAY=31", f"BYMONTHDAY={_LAST_DAY};BYSETPOS=-1")
    first = starts[0].astimezone(place).replace(tzinfo=None)
    made = (local.replace(tzinfo=place).astimezone(UTC) for local in rrulestr(rule, dtstart=first))
    return list(islice(made, len(starts) + 1)) == [start.astimezone(UTC) for start in starts]


def _text(parts: Mapping[str, str], count: int) -> str:
    frequency = parts.get("FREQ", "")
    interval = int(parts.get("INTERVAL", "1"))
    if frequency not in _MOST_INTERVAL or not 1 <= interval <= _MOST_INTERVAL[frequency]:
        raise NotNative(NO_SUCH_RULE)
    days = _days(frequency, parts)
    return ";".join([f"RRULE:FREQ={frequency}", *days, f"INTERVAL={interval}", f"COUNT={count}"])


def _days(frequency: str, parts: Mapping[str, str]) -> list[str]:
    """The parts that say on which days; those of the subset only (SF-100)."""
    given = parts.keys() - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
    if frequency == "DAILY":
        return _only(given, set())
    if frequency == "WEEKLY":
        week = [f"WKST={parts['WKST']}"] if "WKST" in parts else []
        return [*_only(given, {"BYDAY"}), f"BYDAY={parts['BYDAY']}", *week]
    month = [f"BYMONTH={parts.get('BYMONTH')}"] if frequency == "YEARLY" else []
    _only(given - ({"BYMONTH"} if month else set()), *_MONTHLY)
    return [*month, *_day_of_month(parts)]


_MONTHLY: Final = ({"BYMONTHDAY"}, {"BYMONTHDAY", "BYSETPOS"}, {"BYDAY", "BYSETPOS"})


def _only(given: set[str], *allowed: set[str]) -> list[str]:
    if given not in allowed:
        raise NotNative(NO_SUCH_RULE)
    return []


def _day_of_month(parts: Mapping[str, str]) -> list[str]:
    days, position = parts.get("BYDAY"), parts.get("BYSETPOS")
    if days is None:
        return [f"BYMONTHDAY={_day_number(parts['BYMONTHDAY'], position)}"]
    named = frozenset(days.split(","))
    if (len(named) > 1 and named not in _DAY_SETS) or position not in _POSITIONS:
        raise NotNative(NO_SUCH_RULE)
    return [f"BYDAY={days}", f"BYSETPOS={position}"]


def _day_number(days: str, position: str | None) -> str:
    if position is None and days.isdigit():
        return days
    if position == "-1" and days == _LAST_DAY:
        return "31"
    raise NotNative(NO_SUCH_RULE)


__all__ = ["EXCEPTIONS", "MOST", "NotNative", "makes", "pattern"]
