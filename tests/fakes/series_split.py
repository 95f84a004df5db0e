"""People who change "this and following": the client cuts the old series and makes a new one, in either order (E-4).

Nothing links the two. Written down is which record has to go on with the new one, where the design promises it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Final

from backend.domain.recurrence import Occurrence, Window, expand, local_date
from tests.fakes.account import Thing
from tests.fakes.series_people import SeriesPeople, Shape, definition

ALL_DAYS: Final = Window(date(2026, 1, 1), date(2027, 1, 1))
"""The days of any history."""


@dataclass(frozen=True)
class Rest:
    """What somebody makes of "this and following": so many meetings (0: for ever), perhaps at another hour."""

    times: int
    hour: int | None
    renamed: bool


@dataclass
class Split:
    """One series that is being split before a day. `before`: meetings it keeps · `going`: what has to go on."""

    people: SeriesPeople
    thing: Thing
    day: date
    before: int
    rest: Rest
    going: dict[str, tuple[str, date]]
    new: str = ""
    is_cut: bool = False

    def cut(self) -> None:
        """The old series ends; what was changed or cancelled from the day on goes with it."""
        people, old, id = self.people, definition(self.thing), self.thing.id
        shape = people.shapes[id] = replace(people.shapes[id], times=self.before)
        kept = {start: one for start, one in old.exceptions.items() if local_date(old, start) < self.day}
        cancelled = frozenset(day for day in old.cancelled if day < self.day)
        self.thing.series = replace(old, exceptions=kept, cancelled=cancelled)
        people.goes_on = {
            crm_id: going for crm_id, going in people.goes_on.items() if going[0] != id or going[1] < self.day
        }
        people.moved.add(id)
        people.account.shorten(id, shape.rule(old.start.date()))
        self.is_cut = True
        self._hand_over()

    def create(self) -> None:
        """The new series, from the day on."""
        people, old = self.people, definition(self.thing)
        start = datetime.combine(self.day, time(old.start.hour if self.rest.hour is None else self.rest.hour))
        subject = people.text("Renamed") if self.rest.renamed else str(self.thing.values["subject"])
        shape = replace(people.shapes[self.thing.id], times=self.rest.times)
        shape = replace(shape, second=_other_weekday(shape, old.start.date(), self.day))
        self.new = people.make(shape, start, old.zone, subject)
        people.heirs[self.new] = self.thing.id
        people.moved.add(self.new)
        self._hand_over()

    def _hand_over(self) -> None:
        if self.new and self.is_cut:
            self.people.goes_on |= {crm_id: (self.new, day) for crm_id, (_, day) in self.going.items()}


def split(people: SeriesPeople, thing: Thing, meeting: Occurrence, rest: Rest) -> Split | None:
    """Somebody is about to split a series from a meeting on; None at its first one, where it is just changed."""
    old, day = definition(thing), meeting.local_date
    days = [one.local_date for one in expand(replace(old, cancelled=frozenset(), exceptions={}), {}, ALL_DAYS).values()]
    before = sum(other < day for other in days)
    if before == 0 or day not in days:
        return None
    going = people.going_on(thing, 0) if _certain(people, thing, rest) else {}
    going = {crm_id: goes for crm_id, goes in going.items() if goes[1] >= day}
    return Split(people, thing, day, before, rest, going)


def _certain(people: SeriesPeople, thing: Thing, rest: Rest) -> bool:
    """Whether the new series can only be the rest of this one: another name and another hour is a new series (E-4)."""
    moved = rest.hour is not None and rest.hour != definition(thing).start.hour
    if rest.renamed and moved:
        return False
    mine = people.shapes[thing.id]
    others = {
        id
        for id, shape in people.shapes.items()
        if id != thing.id and (shape.weekly, shape.days) == (mine.weekly, mine.days)
    }
    linked = {pair.link.mailbox_id for pair in people.lab.pairs()}
    return not others or (not rest.renamed and not moved and others <= linked)


def _other_weekday(shape: Shape, first: date, day: date) -> int:
    """How many days after the new first one the other weekday of a series lies."""
    other = first.weekday() if first.weekday() != day.weekday() else first.weekday() + shape.second
    return (other - day.weekday()) % 7
