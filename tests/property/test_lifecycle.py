"""Histories of one user's life with Lockstep: unassigned, assigned, reset, moved to another mailbox, at any moment.

Everything that people do in `test_sync_machine` goes on meanwhile, and each of the four may come at any step of a
running pass. Judged when settled: INV-3, INV-5, INV-6, INV-8, INV-20, INV-29.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from backend.domain.configuration import DeletionChoice, StartRule
from backend.domain.values import Kind, Side
from backend.storage import tables
from backend.storage.reset import reset_user
from backend.sync.store import LeaseLost
from tests.fakes.account import Thing
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.histories import PARTS, run_part
from tests.fakes.lab import Lab
from tests.fakes.lineage import EDITABLE, IDENTITY, People, mark_of
from tests.fakes.oracle import Judge, Watch
from tests.fakes.org import Row
from tests.fakes.reach import Reach

AT_REST = ("reset", "switch", "away")
STEPS = 20

some = st.integers(0, 11)
kinds = st.sampled_from(Kind)
turns = st.sampled_from(["leave", "enter", "reset", "switch"])


def rehouse(people: People) -> dict[str, str]:
    """A new mailbox at the same address, as a migration leaves it: all ids are new, our tags are gone, UIDs stay.

    The old one is still there for a pass that has opened it.
    """
    old = people.account
    renamed = {id: f"{id}+" for id in old.things}
    new = replace(old, things={}, changed=[renamed.get(id, id) for id in old.changed], held=set(old.held))
    for id, thing in old.things.items():
        new.things[renamed[id]] = replace(deepcopy(thing), id=renamed[id], tag=None)
    new.cursor_epoch += 1
    people.lab.world.accounts[old.address] = people.account = new
    return renamed


class LifeMachine(RuleBasedStateMachine):
    """One user, both kinds, both ways, who comes and goes."""

    reach = Reach()

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    @initialize(
        choice=st.sampled_from(DeletionChoice), stock=st.lists(st.tuples(kinds, st.booleans()), min_size=1, max_size=5)
    )
    def begin(self, choice: DeletionChoice, stock: list[tuple[Kind, bool]]) -> None:
        """Things on both sides that nobody has paired yet."""
        contacts = replace(EVERYTHING.contacts, deletion=choice)
        events = replace(EVERYTHING.events, deletion=choice)
        # What was made in Salesforce while he was away would wait for an edit else (F-6).
        self.settings = replace(EVERYTHING, contacts=contacts, events=events, start=StartRule.ALL)
        self.lab = Lab(1, self.settings)
        self.people = People(self.lab)
        self.watch = Watch(self.lab, self.people, self.settings)
        for kind, in_mailbox in stock:
            self.people.create_item(kind) if in_mailbox else self.people.create_record(kind)

    def did(self, name: str) -> None:
        """A rule had an effect."""
        self.seen.add(name)

    # --- people -------------------------------------------------------------------------------------------------

    @rule(kind=kinds, in_mailbox=st.booleans())
    def create(self, kind: Kind, in_mailbox: bool) -> None:
        """Somebody makes something on one side."""
        self.people.create_item(kind) if in_mailbox else self.people.create_record(kind)
        self.did("create")

    @rule(index=some, group=some, in_mailbox=st.booleans())
    def edit(self, index: int, group: int, in_mailbox: bool) -> None:
        """Somebody edits on one side."""
        self._edit(index, group, in_mailbox)

    @rule(index=some, in_mailbox=st.booleans())
    def delete(self, index: int, in_mailbox: bool) -> None:
        """Somebody deletes on one side."""
        self._delete(index, in_mailbox)

    # --- life ---------------------------------------------------------------------------------------------------

    @rule(turn=turns)
    def turn(self, turn: str) -> None:
        """The admin, or the move of a mailbox, between two passes."""
        self._turn(turn)
        self.did(turn)

    @rule(turn=turns, nth=st.integers(1, 25), index=some, group=some, in_mailbox=st.booleans())
    def turn_in_a_pass(self, turn: str, nth: int, index: int, group: int, in_mailbox: bool) -> None:
        """The same at any step of a running pass that has something to do."""
        self.lab.leave(1) if turn == "enter" else self.lab.enter(1)
        self._edit(index, group, in_mailbox)
        done: list[bool] = []

        def slip() -> None:
            done.append(True)
            self._turn(turn)

        self.lab.revive()
        self.lab.world.fuel.slip(1 + nth % 5 if turn == "enter" else nth, slip)
        with suppress(LeaseLost):
            self.lab.cycle()
        self.lab.revive()
        if done:
            self.did(f"{turn}_in_a_pass")

    @rule(of=st.sampled_from(["crm.write", "mailbox.write"]), moment=st.sampled_from(Moment), kind=kinds)
    def reset_after_a_kill(self, of: str, moment: Moment, kind: Kind) -> None:
        """A pass dies over a create, and instead of resuming it somebody resets (C22)."""
        self.people.create_item(kind) if of == "crm.write" else self.people.create_record(kind)
        self.lab.world.fuel.kill_at(1, moment, of)
        crash = self.lab.crashing(self.lab.cycle)
        if crash is not None:
            self.reach.kills += 1
            self.reach.kills_in_flight += crash.in_flight
            self._turn("reset")
            self.did("reset_after_a_kill")

    @rule()
    def run(self) -> None:
        """A cycle."""
        self.lab.cycle()
        self.did("run")

    @rule(at_rest=st.sampled_from(["", *AT_REST]))
    def settle(self, at_rest: str) -> None:
        """The world comes to rest and is judged; then one of the four at rest writes nothing (INV-29)."""
        self._settle()
        written = len(self.lab.world.writes)
        if at_rest == "away":
            self.lab.leave(1)
            self.lab.cycle()
        elif at_rest:
            self._turn(at_rest)
        if at_rest:
            agreed = not self.people.twice and not self.lab.count(tables.conflict)
            self._settle()
            if agreed:
                since = self.lab.world.writes[written:]
                assert since == [], f"INV-29: {at_rest} of somebody whose pairs agree wrote {since}"
                self.did(f"{at_rest}_at_rest")
        self.did("settle")

    def _settle(self) -> None:
        self.lab.enter(1)
        self.lab.settle()
        Judge(self.lab, self.people, self.settings).check(self.watch)
        self.people.edits.clear()

    # --- what happens -------------------------------------------------------------------------------------------

    def _turn(self, turn: str) -> None:
        turns: dict[str, Callable[[], object]] = {
            "leave": lambda: self.lab.leave(1),
            "enter": lambda: self.lab.enter(1),
            "reset": self._reset,
            "switch": self._switch,
        }
        turns[turn]()

    def _reset(self) -> None:
        """What nobody has seen deleted cannot be told from what was never paired, nor what lost its name."""
        seen = self.lab.thought_gone()
        self.people.deleted = {half: id for half, id in self.people.deleted.items() if id in seen}
        things: dict[str, Thing | Row] = {**self.people.account.things, **self.people.org.rows}
        lost = {mark_of(things[edit.id]) for edit in self.people.edits if edit.group in IDENTITY}
        self._lose(lost)
        reset_user(self.lab.database, 1)

    def _lose(self, lost: set[str]) -> None:
        """What is no longer known by what it was known by may be made again on the other side."""
        self.people.twice |= {(side, mark) for side in Side for mark in lost}
        for thing in self.people.account.things.values():
            thing.made_with = None if mark_of(thing) in lost else thing.made_with
        for row in self.people.org.rows.values():
            row.by_api = row.by_api and mark_of(row) not in lost

    def _switch(self) -> None:
        self._reset()
        renamed = rehouse(self.people)
        self.people.edits = [replace(edit, id=renamed.get(edit.id, edit.id)) for edit in self.people.edits]
        told = self.people.deleted.items()
        self.people.deleted = {renamed.get(half, half): renamed.get(id, id) for half, id in told}

    def _edit(self, index: int, group: int, in_mailbox: bool) -> None:
        found: list[Thing] | list[Row] = self.people.things() if in_mailbox else self.people.rows()
        if not found:
            return
        one = found[index % len(found)]
        name = EDITABLE[one.kind][group % len(EDITABLE[one.kind])]
        linked = {id for pair in self.lab.pairs() for id in (pair.link.mailbox_id, pair.line.crm_id)}
        if name in IDENTITY and one.id not in linked:
            self._lose({mark_of(one)})
        if isinstance(one, Row):
            self.people.edit_record(one, name)
        else:
            self.people.edit_item(one, name)
        self.did("edit")

    def _delete(self, index: int, in_mailbox: bool) -> None:
        things, rows = self.people.things(), self.people.rows()
        if in_mailbox and things:
            self.people.delete_item(things[index % len(things)])
            self.did("delete")
        elif rows and not in_mailbox:
            self.people.delete_record(rows[index % len(rows)])
            self.did("delete")

    def teardown(self) -> None:
        """Every history ends settled and judged, and with one of the three at rest, unless it failed already."""
        if sys.exc_info()[0] is None and hasattr(self, "lab"):
            self.settle(AT_REST[len(self.people.account.things) % len(AT_REST)])
            self.reach.close(self.seen)


RULES = {
    "create", "edit", "delete", "leave", "enter", "reset", "switch", "leave_in_a_pass", "enter_in_a_pass",
    "reset_in_a_pass", "switch_in_a_pass", "reset_after_a_kill", "run", "settle", "reset_at_rest", "switch_at_rest",
    "away_at_rest",
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_inv3_inv5_inv6_inv8_inv20_inv29_hold_whatever_happens_to_a_user(part: int) -> None:
    run_part(LifeMachine, part, RULES, STEPS)
