"""Times for people: relative within the hour, then by the clock of the viewer's own zone (look and feel, 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date, format_datetime, format_time
from flask import g, request
from markupsafe import Markup

from backend.domain.values import AllDay, Timed, When
from backend.web.numbers import LOCALE, spell
from backend.web.services import services
from backend.web.words import say

ZONE_COOKIE: Final = "lockstep_zone"
TAG: Final = Markup('<time datetime="{}" title="{}">{}</time>')
NO_TIME: Final = Markup("\N{EN DASH}")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class Times:
    """How one viewer reads time: his zone and the moment of this answer."""

    zone: ZoneInfo
    now: datetime

    def short(self, instant: datetime) -> str:
        """'12 s ago', '2 min ago', '09:31', 'Mon 17:20', '4 Nov', '4 Nov 2025'; the future likewise with 'in'."""
        away = self.now - instant
        if abs(away) < timedelta(hours=1):
            length = spell(abs(away))
            return say("%(length)s ago", length=length) if away >= timedelta(0) else say("in %(length)s", length=length)
        local, today = instant.astimezone(self.zone), self.today
        if local.date() == today:
            return self.clock(instant)
        if timedelta(0) < today - local.date() <= timedelta(days=6):
            return format_datetime(local, "EEE HH:mm", locale=LOCALE)
        return self.day(local.date())

    def clock(self, instant: datetime, *, seconds: bool = False) -> str:
        """'09:31' or '09:31:18'."""
        pattern = "HH:mm:ss" if seconds else "HH:mm"
        return format_time(instant.astimezone(self.zone), pattern, locale=LOCALE)

    def exact(self, instant: datetime) -> str:
        """For lists in order of time: '09:31:18' today, '4 Nov 09:31' before, with the year when it is another."""
        local = instant.astimezone(self.zone)
        if local.date() == self.today:
            return self.clock(instant, seconds=True)
        return f"{self.day(local.date())} {self.clock(instant)}"

    def full(self, instant: datetime) -> str:
        """Everything, with the zone: 'Thursday, 26 November 2026, 09:31:18 Europe/Stockholm'."""
        local = instant.astimezone(self.zone)
        return f"{format_datetime(local, 'EEEE, d MMMM y, HH:mm:ss', locale=LOCALE)} {self.zone.key}"

    def day(self, day: date) -> str:
        """'4 Nov', with the year when it is not this one."""
        return format_date(day, "d MMM" if day.year == self.today.year else "d MMM y", locale=LOCALE)

    def span(self, when: When, zone: str | None = None) -> str:
        """When something happens: 'Thu 26 Nov, 14:00 to 15:30 Europe/Stockholm', whole days without a zone."""
        if isinstance(when, AllDay):
            return self._days(when)
        return self._timed(when, zone)

    @property
    def today(self) -> date:
        """The viewer's date."""
        return self.now.astimezone(self.zone).date()

    def midnight(self) -> datetime:
        """When the viewer's day began, in UTC."""
        return datetime.combine(self.today, datetime.min.time(), self.zone).astimezone(UTC)

    def _weekday(self, day: date) -> str:
        return f"{format_date(day, 'EEE', locale=LOCALE)} {self.day(day)}"

    def _days(self, when: AllDay) -> str:
        last = when.end - timedelta(days=1)
        if last <= when.first:
            return say("%(day)s, all day", day=self._weekday(when.first))
        return say("%(first)s to %(last)s, all day", first=self._weekday(when.first), last=self._weekday(last))

    def _timed(self, when: Timed, zone: str | None) -> str:
        place = ZoneInfo(zone) if zone in _zones() else self.zone
        start, end = when.start.astimezone(place), when.end.astimezone(place)
        begins, ends = (format_time(moment, "HH:mm", locale=LOCALE) for moment in (start, end))
        if end.date() != start.date():
            ends = f"{self._weekday(end.date())}, {ends}"
        return say(
            "%(day)s, %(start)s to %(end)s %(zone)s",
            day=self._weekday(start.date()), start=begins, end=ends, zone=place.key,
        )  # fmt: skip


def times() -> Times:
    """The times of this request: the zone that the browser told us, else UTC."""
    if "times" not in g:
        named = request.cookies.get(ZONE_COOKIE, "")
        g.times = Times(ZoneInfo(named if named in _zones() else "UTC"), services().now())
    made: Times = g.times
    return made


def time_tag(instant: datetime | None, form: str = "short") -> Markup:
    """`<time>` with the moment for machines, its text for people and the full time as title."""
    if instant is None:
        return NO_TIME
    text = getattr(times(), form)(instant)
    machine = instant.astimezone(UTC).isoformat(timespec="seconds")
    return TAG.format(machine, times().full(instant), text)
