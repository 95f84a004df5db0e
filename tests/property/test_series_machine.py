"""Histories of one user's series, drawn by Hypothesis, over the real planner, executor and SQL store.

Series are made, moved, lengthened, shortened, and split ("this and following"); single meetings are moved twice,
cancelled and taken back; people write notes on records that no mapping knows; days pass; passes die and are overtaken.
Judged when settled: INV-3, INV-7, INV-8, INV-22 to INV-25. A cut row waits for two complete readings, then the
deletion choice applies (E-4).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.recurrence import Occurrence
from backend.domain.values import Kind, Values
from tests.fakes.account import Thing
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.histories import PARTS, run_part
from tests.fakes.lab import Lab
from tests.fakes.org import Row
from tests.fakes.reach import Reach
from tests.fakes.series_oracle import SeriesJudge, SeriesWatch
from tests.fakes.series_people import SeriesPeople, Shape, definition
from tests.fakes.series_split import Rest, split

STEPS = 20
LAPS = 6
"""A cut or vanished series waits (INV-8)."""

some = st.integers(0, 11)
hours = st.integers(0, 22)
minutes = st.integers(-150, 150).filter(bool)
zones = st.sampled_from(["Europe/Berlin", "UTC", "America/Los_Angeles"])
shapes = st.builds(
    Shape, st.booleans(), st.integers(1, 2), st.sampled_from([0, 1, 2, 3]), st.sampled_from([0, 2, 3, 5, 8])
)


def refused(_kind: Kind, values: Values) -> str | None:
    """A validation rule of the organisation."""
    return "Needs an agenda." if str(values.get("subject")).startswith("Refused") else None


class SeriesMachine(RuleBasedStateMachine):
    """One user with a few series."""

    reach = Reach()

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    @initialize(
        choice=st.sampled_from([DeletionChoice.DELETE, DeletionChoice.STOP]),
        shape=shapes, days=st.integers(-3, 5), hour=hours, zone=zones, paired=st.booleans(),
    )  # fmt: skip
    def begin(self, choice: DeletionChoice, shape: Shape, days: int, hour: int, zone: str, paired: bool) -> None:
        """A calendar with a series, perhaps in step already; a short window, so that days that pass matter."""
        events = replace(EVERYTHING.events, deletion=choice)
        contacts = replace(EVERYTHING.contacts, direction=Direction.OFF)
        self.settings = replace(EVERYTHING, events=events, contacts=contacts, days_back=7, days_ahead=14)
        self.lab = Lab(1, self.settings)
        self.lab.world.org.rules.append(refused)
        self.people = SeriesPeople(self.lab)
        self.watch = SeriesWatch(self.lab)
        self.people.create(shape, days, hour, zone)
        if paired:
            self.lab.cycle()

    def did(self, name: str) -> None:
        """A rule had an effect."""
        self.seen.add(name)

    def _one(self, index: int) -> Thing | None:
        things = self.people.series()
        return things[index % len(things)] if things else None

    def _meeting(self, index: int) -> tuple[Thing, Occurrence] | None:
        meetings = [(thing, one) for thing in self.people.series() for one in self.people.standing(thing)]
        return meetings[index % len(meetings)] if meetings else None

    def _row(self, index: int) -> Row | None:
        rows = self.people.rows()
        return rows[index % len(rows)] if rows else None

    # --- series -------------------------------------------------------------------------------------------------

    @rule(shape=shapes, days=st.integers(-3, 5), hour=hours, zone=zones)
    def create(self, shape: Shape, days: int, hour: int, zone: str) -> None:
        """Another series; three are enough."""
        if len(self.people.series()) < 3:
            self.people.create(shape, days, hour, zone)
            self.did("create")

    @rule(index=some, hour=hours)
    def shift_time(self, index: int, hour: int) -> None:
        """Another time of day."""
        thing = self._one(index)
        if thing is not None:
            self.people.shift_time(thing, hour)
            self.did("shift_time")

    @rule(index=some, days=st.sampled_from([-3, -2, -1, 1, 2, 3]))
    def shift_days(self, index: int, days: int) -> None:
        """Another first day."""
        thing = self._one(index)
        if thing is not None:
            self.people.shift_days(thing, days)
            self.did("shift_days")

    @rule(index=some, shape=shapes)
    def reshape(self, index: int, shape: Shape) -> None:
        """Another interval, frequency or weekday."""
        thing = self._one(index)
        if thing is not None:
            self.people.reshape(thing, shape)
            self.did("reshape")

    @rule(index=some, times=st.sampled_from([0, 1, 2, 4, 6, 9]))
    def resize(self, index: int, times: int) -> None:
        """Shorter or longer."""
        thing = self._one(index)
        if thing is not None:
            self.people.resize(thing, times)
            self.did("resize")

    @rule(index=some, back=st.booleans(), seen=st.integers(0, 3))
    def delete(self, index: int, back: bool, seen: int) -> None:
        """A series is deleted, and perhaps taken back after some passes."""
        thing = self._one(index)
        if thing is not None:
            self.people.delete(thing)
            self.did("delete")
            for _ in range(seen):
                self.lab.cycle()
            if back:
                self.people.restore(thing)
                self.did("restore")

    @rule(index=some)
    def edit(self, index: int) -> None:
        """The text of a series."""
        thing = self._one(index)
        if thing is not None:
            self.people.edit(thing)
            self.did("edit")

    @rule(
        index=some, new_first=st.booleans(), passes=st.integers(0, 2), nth=st.integers(0, 30), inside=st.booleans(),
        rest=st.builds(Rest, st.sampled_from([0, 2, 4, 8]), st.none() | hours, st.booleans()),
        known=st.sampled_from([True, True, False]), judged=st.booleans(),
    )  # fmt: skip
    def split(
        self, index: int, new_first: bool, passes: int, nth: int, inside: bool, rest: Rest, known: bool, judged: bool
    ) -> None:
        """ "This and following": cut and made anew in either order, passes in between, some of them killed.

        Inside: the second step happens in the middle of the last of these passes. A cut row waits for two readings.
        Known: a pass saw the series as it was before. Judged: nothing else happens before the judge looks.
        """
        if known:
            self.lab.cycle()
        meetings = [
            (thing, one)
            for thing in self.people.series()
            for one in self.people.standing(thing)
            if one.local_date > definition(thing).start.date()
        ]
        if not meetings or len(self.people.series()) > 3:
            return
        halves = split(self.people, *meetings[index % len(meetings)], rest)
        if halves is None:
            return
        first, second = (halves.create, halves.cut) if new_first else (halves.cut, halves.create)
        first()
        done = False
        for number in range(passes):
            if inside and number == passes - 1:
                done = self._pass_with(nth, second)
            else:
                self._perhaps_killed(nth)
        if not done:
            second()
        self.did("split_new_first" if new_first else "split_cut_first")
        if judged:
            self.settle()

    def _perhaps_killed(self, nth: int) -> None:
        if nth:
            self.lab.world.fuel.kill_at(nth)
        self.lab.crashing(self.lab.cycle)

    def _pass_with(self, nth: int, action: Callable[[], object]) -> bool:
        """A pass in the middle of which somebody does something; whether it took so many steps."""
        done: list[bool] = []

        def slip() -> None:
            done.append(True)
            action()

        self.lab.revive()
        self.lab.world.fuel.slip(nth, slip)
        self.lab.cycle()
        self.lab.revive()
        return bool(done)

    # --- single meetings ----------------------------------------------------------------------------------------

    @rule(index=some, by=minutes, again=minutes, seen=st.booleans())
    def move_twice(self, index: int, by: int, again: int, seen: bool) -> None:
        """One meeting is moved, and moved once more."""
        found = self._meeting(index)
        if found is not None:
            thing, meeting = found
            self.people.move(thing, meeting, by)
            if seen:
                self.lab.cycle()
            self.people.move(thing, meeting, again)
            self.did("move_twice")

    @rule(index=some, bad=st.booleans())
    def change(self, index: int, bad: bool) -> None:
        """The text of one meeting, perhaps such that Salesforce refuses it."""
        self._change(index, bad=bad)

    @rule(index=some, back=st.booleans(), seen=st.integers(0, 2))
    def cancel(self, index: int, back: bool, seen: int) -> None:
        """One meeting is cancelled, and perhaps taken back."""
        found = self._meeting(index)
        if found is not None:
            self.people.cancel(*found)
            self.did("cancel")
            for _ in range(seen):
                self.lab.cycle()
            if back and self.people.take_back(found[0]):
                self.did("take_back")

    @rule(index=some, by=minutes, text=st.booleans())
    def edit_record(self, index: int, by: int, text: bool) -> None:
        """Somebody changes one record."""
        row = self._row(index)
        if row is not None:
            self.people.edit_record(row) if text else self.people.move_record(row, by)
            self.did("edit_record")

    @rule(index=some)
    def delete_record(self, index: int) -> None:
        """Somebody deletes one record."""
        row = self._row(index)
        if row is not None:
            self.people.delete_record(row)
            self.did("delete_record")

    @rule()
    def annotate(self) -> None:
        """Somebody writes notes on all records."""
        for row in self.people.rows():
            self.people.annotate(row)
            self.did("annotate")

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        """The window rolls on."""
        self.lab.wait(timedelta(days=days))
        self.did("days_pass")

    # --- the engine ---------------------------------------------------------------------------------------------

    @rule(read=st.booleans())
    def run(self, read: bool) -> None:
        """A pass, with or without a fresh reading of Salesforce."""
        self.lab.cycle() if read else self.lab.sync()
        self.did("run")

    @rule(
        index=some, hour=hours, what=st.integers(0, 2), nth=st.integers(1, 30),
        of=st.sampled_from(["", "store.commit", "crm.write", "mailbox.write"]), moment=st.sampled_from(Moment),
    )  # fmt: skip
    def run_killed(self, index: int, hour: int, what: int, nth: int, of: str, moment: Moment) -> None:
        """Something changes, and the pass that follows is killed."""
        if of == "mailbox.write":
            self.edit_record(index, 30, text=True)
        else:
            [self.shift_time, self.edit, self._change][what](*([index, hour] if what == 0 else [index]))
        self.lab.world.fuel.kill_at(1 if "write" in of else nth, moment, of)
        crash = self.lab.crashing(self.lab.cycle)
        if crash is not None:
            self.reach.kills += 1
            self.reach.kills_in_flight += crash.in_flight
            self.did("run_killed")

    @rule(nth=st.integers(1, 30), what=some, index=some, hour=hours)
    def run_overtaken(self, nth: int, what: int, index: int, hour: int) -> None:
        """Something happens in the middle of a pass."""
        actions: list[Callable[[], object]] = [
            lambda: self.shift_time(index, hour),
            lambda: self.shift_days(index, 1),
            lambda: self._change(index),
            lambda: self.cancel(index, back=False, seen=0),
            lambda: self.resize(index, 2),
            lambda: self.delete(index, back=False, seen=0),
            lambda: self.edit_record(index, 30, text=True),
            lambda: self.delete_record(index),
        ]
        if self._pass_with(nth, lambda: actions[what % len(actions)]()):
            self.did("run_overtaken")

    @rule()
    def settle(self) -> None:
        """The world comes to rest, and the judge looks."""
        self.lab.settle(LAPS)
        judge = SeriesJudge(self.lab, self.people, self.settings)
        judge.check()
        if judge.continued & self.people.heirs.keys():
            self.did("went_over")
        self.people.goes_on.clear()
        self.people.heirs.clear()
        self.did("settle")

    def _change(self, index: int, *, bad: bool = False) -> None:
        found = self._meeting(index)
        if found is not None:
            self.people.change(*found, subject=self.people.text("Refused" if bad else "Special"))
            self.did("change")

    def teardown(self) -> None:
        """Every history ends settled and judged, unless it failed already."""
        if sys.exc_info()[0] is None and hasattr(self, "lab"):
            self.settle()
            self.reach.close(self.seen)


RULES = {
    "create", "shift_time", "shift_days", "reshape", "resize", "delete", "restore", "edit", "move_twice", "change",
    "cancel", "take_back", "edit_record", "delete_record", "annotate", "days_pass", "run", "run_killed",
    "run_overtaken", "settle", "split_cut_first", "split_new_first",
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_inv3_inv7_inv8_inv22_inv23_inv24_inv25_hold_in_drawn_histories_of_series(part: int) -> None:
    run_part(SeriesMachine, part, RULES, STEPS, rare=frozenset({"went_over"}))
