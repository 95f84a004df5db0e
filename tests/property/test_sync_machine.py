"""Histories of one user drawn by Hypothesis, over the real planner, executor and SQL store.

People create, edit, delete, restore, copy and move things on either side while passes run, die at any step, meet
lost answers, or are overtaken by people. When the world has settled, the judge looks (INV-1 to INV-9, INV-11, INV-12,
INV-15, INV-20, INV-21). After each part it is asserted that every rule did something in enough histories, and that
enough kills hit open writes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from backend.domain.configuration import ConflictRule, DeletionChoice
from backend.domain.values import Kind, Side, Timed
from tests.fakes.account import Place
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.histories import PARTS, run_part
from tests.fakes.lab import Lab
from tests.fakes.lineage import EDITABLE, People
from tests.fakes.oracle import Judge, Watch
from tests.fakes.reach import Reach
from tests.fakes.world import START, Fault

STEPS = 25

some = st.integers(0, 11)
"""Which one of what there is, modulo their number."""
kinds = st.sampled_from(Kind)
sides = st.sampled_from(Side)


class SyncMachine(RuleBasedStateMachine):
    """One user, both kinds, both ways."""

    reach = Reach()

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    @initialize(
        choice=st.sampled_from(DeletionChoice),
        conflict=st.sampled_from(ConflictRule),
        stock=st.lists(st.tuples(kinds, sides), max_size=4),
        paired=st.booleans(),
    )
    def begin(
        self, choice: DeletionChoice, conflict: ConflictRule, stock: list[tuple[Kind, Side]], paired: bool
    ) -> None:
        """A world with a configuration, and with things that are perhaps in step already."""
        contacts = replace(EVERYTHING.contacts, deletion=choice, conflict=conflict)
        events = replace(EVERYTHING.events, deletion=choice, conflict=conflict)
        self.settings = replace(EVERYTHING, contacts=contacts, events=events)
        self.lab = Lab(1, self.settings)
        self.people = People(self.lab)
        self.watch = Watch(self.lab, self.people, self.settings)
        for kind, side in stock:
            self.people.create_item(kind) if side is Side.MAILBOX else self.people.create_record(kind)
        if paired:
            self.lab.cycle()

    def did(self, name: str) -> None:
        """A rule had an effect."""
        self.seen.add(name)

    # --- people -------------------------------------------------------------------------------------------------

    @rule(kind=kinds)
    def create_item(self, kind: Kind) -> None:
        """Somebody makes something in the mailbox."""
        self.people.create_item(kind)
        self.did("create_item")

    @rule(kind=kinds)
    def create_record(self, kind: Kind) -> None:
        """Somebody makes something in Salesforce."""
        self.people.create_record(kind)
        self.did("create_record")

    @rule(kind=kinds, differing=st.booleans())
    def create_both(self, kind: Kind, differing: bool) -> None:
        """The same thing is made on both sides by hand."""
        values = self.people.new_values(kind)
        self.people.create_item(kind, values)
        group = "title" if kind is Kind.CONTACT else "description"
        other = {**values, group: "by hand"} if differing else values
        self.people.create_record(kind, other)
        self.did("create_both")

    @rule(index=some, group=some)
    def edit_item(self, index: int, group: int) -> None:
        """Somebody edits in the mailbox."""
        self._edit_item(index, group)

    @rule(index=some, group=some, late=st.booleans())
    def edit_record(self, index: int, group: int, late: bool) -> None:
        """Somebody edits in Salesforce, or a slow process does."""
        self._edit_record(index, group, late=late)

    @rule(index=some, group=some)
    def edit_pair(self, index: int, group: int) -> None:
        """Somebody edits the same field on both sides."""
        pairs = [pair for pair in self.lab.pairs() if pair.link.mailbox_id and pair.line.crm_id]
        if pairs:
            pair = pairs[index % len(pairs)]
            thing = self.people.account.things[pair.link.mailbox_id or ""]
            row = self.people.org.rows[pair.line.crm_id or ""]
            if thing.alive and row.alive:
                name = EDITABLE[thing.kind][group % len(EDITABLE[thing.kind])]
                self.people.edit_item(thing, name)
                self.people.edit_record(row, name)
                self.did("edit_pair")

    @rule(index=some)
    def delete_item(self, index: int) -> None:
        """Somebody deletes in the mailbox."""
        self._delete_item(index)

    @rule(index=some)
    def delete_record(self, index: int) -> None:
        """Somebody deletes in Salesforce."""
        self._delete_record(index)

    @rule(index=some, seen=st.booleans())
    def restore_item(self, index: int, seen: bool) -> None:
        """Somebody takes back what he deleted; if nothing was, he deletes first, and perhaps a pass sees that."""
        if not self.people.binned():
            self._delete_item(index)
            if seen:
                self.lab.cycle()
        self._restore_item(index)

    @rule(index=some, seen=st.booleans())
    def restore_record(self, index: int, seen: bool) -> None:
        """Somebody takes back a record; if none was deleted, he deletes first, and perhaps a pass sees that."""
        if not self.people.binned_rows():
            self._delete_record(index)
            if seen:
                self.lab.cycle()
        self._restore_record(index)

    @rule(index=some)
    def copy_item(self, index: int) -> None:
        """Somebody copies in the mailbox."""
        things = self.people.things()
        if things:
            self.people.copy_item(things[index % len(things)])
            self.did("copy_item")

    @rule(index=some)
    def copy_record(self, index: int) -> None:
        """Somebody clones a record."""
        rows = self.people.rows()
        if rows:
            self.people.copy_record(rows[index % len(rows)])
            self.did("copy_record")

    @rule(index=some)
    def move_out(self, index: int) -> None:
        """Somebody moves an item to another folder, or an event to last year; or back."""
        things = self.people.things()
        if not things:
            return
        thing = things[index % len(things)]
        when = thing.values.get("when")
        if index % 2 and isinstance(when, Timed) and thing.place is Place.CONTAINER:
            back = when.start < START
            shift = timedelta(days=400 if back else -400)
            self.people.edit_item(thing, "when", Timed(when.start + shift, when.end + shift, when.zone))
        else:
            self.people.move_item(thing)
        self.did("move_out")

    @rule()
    def expire(self) -> None:
        """The services forget their cursors and their deletion log."""
        self.people.account.expire_cursors()
        self.people.org.forget_deletions()
        self.did("expire")

    @rule()
    def time_passes(self) -> None:
        """Twenty minutes: what was committed late is older than the mark."""
        self.lab.wait(timedelta(minutes=20))
        self.did("time_passes")

    # --- the engine ---------------------------------------------------------------------------------------------

    @rule()
    def read_organisation(self) -> None:
        """Salesforce is read, and nobody has a pass."""
        self.lab.read()
        self.did("read_organisation")

    @rule(read=st.booleans())
    def run(self, read: bool) -> None:
        """A pass, with or without a fresh reading of Salesforce."""
        self.lab.cycle() if read else self.lab.sync()
        self.watch.check_monotone()
        self.did("run")

    @rule(
        index=some,
        group=some,
        side=st.booleans(),
        nth=st.integers(1, 30),
        of=st.sampled_from(["", "", "store.commit", "crm.write", "mailbox.write"]),
        moment=st.sampled_from(Moment),
    )
    def run_killed(self, index: int, group: int, side: bool, nth: int, of: str, moment: Moment) -> None:
        """Somebody edits or makes something, and the pass that follows is killed."""
        edited = self._edit_item(index, group) if side else self._edit_record(index, group)
        if not edited:
            self.people.create_item(Kind.CONTACT if side else Kind.EVENT)
        self.lab.world.fuel.kill_at(1 if "write" in of else nth, moment, of)
        crash = self.lab.crashing(self.lab.cycle)
        if crash is not None:
            self.reach.kills += 1
            self.reach.kills_in_flight += crash.in_flight
            self.did("run_killed")
        self.watch.check_monotone()

    @rule(nth=st.integers(1, 30), what=some, index=some, group=some)
    def run_overtaken(self, nth: int, what: int, index: int, group: int) -> None:
        """Somebody does something in the middle of a pass."""
        actions: list[Callable[[], object]] = [
            lambda: self._edit_item(index, group),
            lambda: self._edit_record(index, group),
            lambda: self._delete_item(index),
            lambda: self._delete_record(index),
            lambda: self._restore_item(index),
            lambda: self._restore_record(index),
            lambda: self.create_item(Kind.CONTACT),
            lambda: self.copy_item(index),
            lambda: self.move_out(index),
        ]
        done: list[bool] = []

        def slip() -> None:
            done.append(True)
            self.people.in_a_pass = True
            actions[what % len(actions)]()
            self.people.in_a_pass = False

        self.lab.revive()
        self.lab.world.fuel.slip(nth, slip)
        self.lab.cycle()
        self.lab.revive()
        self.watch.check_monotone()
        if done:
            self.did("run_overtaken")

    @rule(
        operation=st.sampled_from(["mailbox.write", "crm.write", "mailbox.fetch", "mailbox.changes", "crm.find_like"]),
        kind=st.sampled_from(["lost", "unsent", "half", "busy"]),
        index=some,
    )
    def run_with_fault(self, operation: str, kind: str, index: int) -> None:
        """A service is busy, or its answer is lost, while it is needed."""
        if operation == "mailbox.fetch":
            self._delete_item(index)
        elif operation.startswith("crm"):
            self.people.create_item(Kind.CONTACT)
        else:
            self.people.create_record(Kind.EVENT)
        fault = Fault(operation, kind)
        self.lab.world.faults.append(fault)
        self.lab.cycle()
        if fault not in self.lab.world.faults:
            self.did("run_with_fault")
        self.lab.world.faults.clear()
        self.watch.check_monotone()

    @rule()
    def settle(self) -> None:
        """The world comes to rest, and the judge looks."""
        self.lab.settle()
        self.watch.check_monotone()
        Judge(self.lab, self.people, self.settings).check(self.watch)
        self.people.edits.clear()
        self.did("settle")

    # --- what people do, with a number for the one it is done to -----------------------------------------------

    def _edit_item(self, index: int, group: int) -> bool:
        things = self.people.things()
        if not things:
            return False
        thing = things[index % len(things)]
        self.people.edit_item(thing, EDITABLE[thing.kind][group % len(EDITABLE[thing.kind])])
        self.did("edit_item")
        return True

    def _edit_record(self, index: int, group: int, *, late: bool = False) -> bool:
        rows = self.people.rows()
        if not rows:
            return False
        row = rows[index % len(rows)]
        self.people.edit_record(row, EDITABLE[row.kind][group % len(EDITABLE[row.kind])], late=late)
        self.did("edit_record")
        return True

    def _delete_item(self, index: int) -> None:
        things = self.people.things()
        if things:
            self.people.delete_item(things[index % len(things)])
            self.did("delete_item")

    def _delete_record(self, index: int) -> None:
        rows = self.people.rows()
        if rows:
            self.people.delete_record(rows[index % len(rows)])
            self.did("delete_record")

    def _restore_item(self, index: int) -> None:
        binned = self.people.binned()
        if binned:
            self.people.restore_item(binned[index % len(binned)])
            self.did("restore_item")

    def _restore_record(self, index: int) -> None:
        binned = self.people.binned_rows()
        if binned:
            self.people.restore_record(binned[index % len(binned)])
            self.did("restore_record")

    def teardown(self) -> None:
        """Every history ends settled and judged, unless it failed already."""
        if sys.exc_info()[0] is None and hasattr(self, "lab"):
            self.settle()
            self.reach.close(self.seen)


RULES = {
    "create_item", "create_record", "create_both", "edit_item", "edit_record", "edit_pair", "delete_item",
    "delete_record", "restore_item", "restore_record", "copy_item", "copy_record", "move_out", "expire",
    "time_passes", "read_organisation", "run", "run_killed", "run_overtaken", "run_with_fault", "settle",
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_inv1_inv3_inv5_inv6_inv7_inv8_inv9_inv11_inv12_inv15_inv20_inv21_hold_in_drawn_histories(part: int) -> None:
    run_part(SyncMachine, part, RULES, STEPS)
