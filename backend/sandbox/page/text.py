"""How the page writes numbers, times and names."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from markupsafe import Markup, escape

from backend.sandbox.page.shelf import Entry


def count(number: int) -> str:
    """184206 -> '184,206'."""
    return f"{number:,}"


def initials(name: str) -> str:
    """'Ines Okoye' -> 'IO', 'ana' -> 'A'."""
    words = name.partition("@")[0].split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if words[1:] else words)).upper()


def short_day(day: date) -> str:
    """'24 Nov'."""
    return f"{day.day} {day:%b}"


def weekday(day: date) -> str:
    """'Tue'."""
    return f"{day:%a}"


def clock(moment: datetime) -> str:
    """'09:42'."""
    return f"{moment:%H:%M}"


def when(entry: Entry) -> str:
    """Day and hours, such as Tue with 09:00 to 10:00; 'Tue, all day'; 'Tue 24 Nov to Fri 27 Nov, all day'."""
    first, last = weekday(entry.start), weekday(entry.last_day)
    if entry.all_day:
        span = first if entry.start.date() == entry.last_day else f"{_dated(entry.start)} to {_dated(entry.last_day)}"
        return f"{span}, all day"
    if entry.start.date() == entry.end.date():
        return f"{first} {clock(entry.start)}\N{EN DASH}{clock(entry.end)}"
    if (entry.end - entry.start).days < 6:
        return f"{first} {clock(entry.start)} to {last} {clock(entry.end)}"
    return f"{_dated(entry.start)} {clock(entry.start)} to {_dated(entry.end)} {clock(entry.end)}"


def _dated(day: date) -> str:
    return f"{weekday(day)} {short_day(day)}"


def shift(seconds: float) -> str:
    """'+0 h', '+1 h', '-2 days', '+1 day 3 h'."""
    hours = round(abs(seconds) / 3600)
    days, hours = divmod(hours, 24)
    parts = [f"{days} day{'s' if days > 1 else ''}"] if days else []
    parts += [f"{hours} h"] if hours or not days else []
    return ("-" if seconds < 0 else "+") + " ".join(parts)


def breakable(text: str) -> Markup:
    """An address that may break after @ and nowhere inside a word."""
    return Markup("@<wbr>").join(escape(part) for part in text.split("@"))


def trace(content: str) -> str:
    """A short hash of a piece of the page: it differs when anything in it does."""
    return hashlib.blake2b(content.encode(), digest_size=6).hexdigest()
