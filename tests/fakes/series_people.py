"""People with repeating meetings: what they do to series in their calendar, and to single meetings in Salesforce.

Written down on the way: which record has to go on as which meeting after a series was moved (E-3), from the design's
table and the dates alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final

import sqlalchemy as sa

from backend.domain.recurrence import Occurrence, Series, Window, expand, local_date
from backend.domain.timezones import zone
from backend.domain.values import Kind, ShowAs, Timed, Values
from backend.storage import tables
from backend.storage.reading_rows import to_series
from backend.sync.state import LinkState
from tests.fakes.account import Place, Thing
from tests.fakes.lab import Lab
from tests.fakes.org import Row

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Shape:
    """How a series repeats. `second`: a second weekday, so many days after the first · `times` 0: for ever."""

    weekly: bool
    interval: int
    second: int
    times: int

    @property
    def days(self) -> int:
        """Length of one interval."""
        return self.interval * (7 if self.weekly else 1)

    def rule(self, first: date) -> str:
        """The rule of a series that begins on a day."""
        text = f"FREQ={'WEEKLY' if self.weekly else 'DAILY'};INTERVAL={self.interval}"
        if self.weekly:
            days = sorted({first.weekday(), (first.weekday() + self.second) % 7})
            text += ";BYDAY=" + ",".join(WEEKDAYS[day] for day in days)
        return text + (f";COUNT={self.times}" if self.times else "")


@dataclass
class SeriesPeople:
    """One user and the colleagues who see his records."""

    lab: Lab
    numbers: count[int] = field(default_factory=lambda: count(1))
    shapes: dict[str, Shape] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    """Series whose times were changed at some time: what was over by then is not made anew (E-6)."""
    goes_on: dict[str, tuple[str, date]] = field(default_factory=dict)
    """Record id -> the series, and the date of the meeting that it has to stand for."""
    heirs: dict[str, str] = field(default_factory=dict)
    """Series that were split off -> the ones they were split from, since the world last came to rest."""

    def __post_init__(self) -> None:
        self.account = self.lab.world.mailbox_of(1)
        self.org = self.lab.world.org

    @property
    def today(self) -> date:
        """The present day."""
        return self.lab.world.clock.now().date()

    def text(self, what: str) -> str:
        """Something that nobody has typed yet."""
        return f"{what} {next(self.numbers)}"

    # --- what there is ------------------------------------------------------------------------------------------

    def series(self) -> list[Thing]:
        """Series in the calendar."""
        return [thing for thing in self.account.living(Kind.EVENT) if thing.series is not None]

    def rows(self) -> list[Row]:
        """Records."""
        return self.org.living(Kind.EVENT)

    def standing(self, thing: Thing) -> list[Occurrence]:
        """Meetings of a series from yesterday on, two weeks ahead."""
        window = Window(self.today - timedelta(days=1), self.today + timedelta(days=14))
        return list(expand(definition(thing), thing.values, window).values())

    # --- series -------------------------------------------------------------------------------------------------

    def create(self, shape: Shape, days: int, hour: int, name: str) -> None:
        """Somebody makes a series that begins in so many days."""
        self.make(shape, datetime.combine(self.today + timedelta(days=days), time(hour)), name, self.text("Series"))

    def make(self, shape: Shape, start: datetime, name: str, subject: str) -> str:
        """A series with its first meeting at a local time; its id."""
        series = Series(shape.rule(start.date()), start, name, 3600)
        instant = start.replace(tzinfo=zone(name))
        when = Timed(instant, instant + timedelta(hours=1), name)
        values: Values = {"subject": subject, "when": when, "show_as": ShowAs.BUSY}
        id = self.account.create(Kind.EVENT, values, series=series)
        self.shapes[id] = shape
        return id

    def edit(self, thing: Thing) -> None:
        """Somebody changes the text of a series; exceptions keep theirs."""
        self.account.edit(thing.id, {"description": self.text("Agenda")})

    def shift_time(self, thing: Thing, hour: int) -> None:
        """Another time of day."""
        old = definition(thing)
        self._reschedule(thing, replace(old, start=old.start.replace(hour=hour)), 0)

    def shift_days(self, thing: Thing, days: int) -> None:
        """The first day, and with it all others, moved by days."""
        old, shape = definition(thing), self.shapes[thing.id]
        start = old.start + timedelta(days=days)
        moved = replace(old, start=start, rule=shape.rule(start.date()))
        self._reschedule(thing, moved, days if abs(days) < shape.days else 0)

    def reshape(self, thing: Thing, shape: Shape) -> None:
        """Another interval, frequency or weekday."""
        old = definition(thing)
        self.shapes[thing.id] = shape
        self._forget(thing)
        self.moved.add(thing.id)
        self.account.reschedule(thing.id, replace(old, rule=shape.rule(old.start.date())))

    def resize(self, thing: Thing, times: int) -> None:
        """Shorter or longer."""
        shape = self.shapes[thing.id] = replace(self.shapes[thing.id], times=times)
        self._forget(thing)
        self.moved.add(thing.id)
        self.account.shorten(thing.id, shape.rule(definition(thing).start.date()))

    def delete(self, thing: Thing) -> None:
        """The whole series."""
        self._forget(thing)
        self.account.delete(thing.id)

    def restore(self, thing: Thing) -> None:
        """… and back."""
        self._forget(thing)
        self.account.restore(thing.id)

    def binned(self) -> list[Thing]:
        """Deleted series."""
        return [thing for thing in self.account.things.values() if thing.place is Place.BIN]

    def _reschedule(self, thing: Thing, new: Series, days: int) -> None:
        going_on = self.going_on(thing, days)
        self._forget(thing)
        self.goes_on |= going_on
        self.moved.add(thing.id)
        self.account.reschedule(thing.id, new)

    def going_on(self, thing: Thing, days: int) -> dict[str, tuple[str, date]]:
        """What has to go on, if the engine knows the series as it was until now. What is near may be over by then."""
        old = definition(thing)
        known = self.lab.rows(sa.select(tables.series).where(tables.series.c.mailbox_id == thing.id))
        if not known or (seen := to_series(known[0]).definition).rule != old.rule or seen.start != old.start:
            return {}
        standing = expand(old, thing.values, Window(self.today, self.today + timedelta(days=60)))
        found: dict[str, tuple[str, date]] = {}
        for pair in self.lab.pairs():
            link, crm_id = pair.link, pair.line.crm_id
            if link.mailbox_id != thing.id or link.state is not LinkState.LINKED or crm_id is None:
                continue
            day = local_date(old, link.original_start)
            if link.original_start in standing and day > self.today + timedelta(days=1) and self.org.rows[crm_id].alive:
                found[crm_id] = (thing.id, day + timedelta(days=days))
        return found

    def _forget(self, thing: Thing, day: date | None = None) -> None:
        """Nothing is asked of a series any more, nor of what was split from it; or of one day of it."""
        heirs = set() if day else {new for new, old in self.heirs.items() if old == thing.id}
        self.goes_on = {
            id: going
            for id, going in self.goes_on.items()
            if going[0] not in heirs and (going[0] != thing.id or (day and going[1] != day))
        }

    # --- one meeting of a series --------------------------------------------------------------------------------

    def change(self, thing: Thing, occurrence: Occurrence, **values: str) -> None:
        """Somebody changes the text of one meeting."""
        self.account.edit_occurrence(thing.id, occurrence.original_start, {**occurrence.values, **values})

    def move(self, thing: Thing, occurrence: Occurrence, minutes: int) -> None:
        """Somebody moves one meeting a little."""
        moved = {**occurrence.values, "when": later(occurrence.values, minutes)}
        self.account.edit_occurrence(thing.id, occurrence.original_start, moved)

    def cancel(self, thing: Thing, occurrence: Occurrence) -> None:
        """Somebody deletes one meeting."""
        self._forget(thing, occurrence.local_date)
        self.account.cancel_occurrence(thing.id, occurrence.original_start)

    def take_back(self, thing: Thing) -> bool:
        """A deleted meeting stands again; whether there was one."""
        series = definition(thing)
        if series.cancelled:
            thing.series = replace(series, cancelled=series.cancelled - {max(series.cancelled)})
            self.account.touch(thing)
        return bool(series.cancelled)

    # --- Salesforce ---------------------------------------------------------------------------------------------

    def edit_record(self, row: Row) -> None:
        """Somebody changes the text of a record."""
        self.org.edit(row.id, {"description": self.text("Written")})

    def move_record(self, row: Row, minutes: int) -> None:
        """Somebody moves a record a little."""
        self.org.edit(row.id, {"when": later(row.values, minutes)})

    def annotate(self, row: Row) -> None:
        """Somebody writes a note that no mapping knows, or relates the record to something."""
        self.org.annotate(row.id, self.text("Note"))

    def delete_record(self, row: Row) -> None:
        """Somebody deletes a record."""
        self.goes_on.pop(row.id, None)
        self.org.delete(row.id)


def definition(thing: Thing) -> Series:
    """The series that a thing is."""
    if thing.series is None:
        raise ValueError(f"{thing.id} is no series")
    return thing.series


def later(values: Values, minutes: int) -> Timed:
    """The time of a meeting, moved."""
    when = values["when"]
    if not isinstance(when, Timed):
        raise TypeError("whole days are not moved by minutes")
    by = timedelta(minutes=minutes)
    return Timed(when.start + by, when.end + by, when.zone)
