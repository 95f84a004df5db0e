"""Numbers and durations for people: exact, with separators, never shortened (look and feel, 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from babel import Locale
from babel.numbers import format_decimal, format_percent

from backend.web.words import say

LOCALE: Final = Locale("en", "GB")
UNKNOWN: Final = "\N{EN DASH}"


def count(number: int | None) -> str:
    """184206 -> '184,206'; a number that is not known is a dash."""
    return UNKNOWN if number is None else format_decimal(number, locale=LOCALE)


def share(part: int, whole: int) -> str:
    """A percentage, for use beside its count only."""
    return format_percent(part / whole if whole else 0, locale=LOCALE)


def took(length: timedelta | None) -> str:
    """A duration in a column: '0:02', '4:12', '1:04:09'."""
    if length is None:
        return UNKNOWN
    seconds = round(length.total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def spell(length: timedelta) -> str:
    """A duration in a sentence: '12 s', '2 min', '3 h 5 min', '4 days'."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return say("%(n)s s", n=seconds)
    if seconds < 3600:
        return say("%(n)s min", n=round(seconds / 60))
    if seconds < 86400:
        hours, rest = divmod(round(seconds / 60), 60)
        return say("%(h)s h %(m)s min", h=hours, m=rest) if rest else say("%(h)s h", h=hours)
    return say("%(n)s days", n=count(seconds // 86400))
