"""Histories of meetings in two or three mailboxes, with an organiser who does not sync among them.

Invitations and updates lag, guests delete their copies, organisers cancel, people change the record in Salesforce,
users are assigned and unassigned, passes die and are overtaken. Judged when settled: INV-3, INV-5 to INV-8, INV-12,
INV-17, INV-18, INV-19, INV-27.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from backend.domain.configuration import Direction
from backend.domain.values import Kind
from tests.fakes.account import Account, Thing
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.histories import PARTS, run_part
from tests.fakes.lab import Lab
from tests.fakes.lineage import EDITABLE, Edit, People
from tests.fakes.meeting_oracle import MeetingJudge, MeetingWatch
from tests.fakes.reach import Reach

STEPS = 25
LAPS = 5
"""Passes with work until everything rests: a meeting may wait once for its organiser and once for its leader."""
EVENTS = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.OFF))
"""Nobody has contacts here, so no pass need look for any."""
OUTSIDER = "boss@elsewhere.example"

some = st.integers(0, 11)
who = st.integers(0, 3)


class MeetingsMachine(RuleBasedStateMachine):
    """Two or three users and an outsider."""

    reach = Reach()

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    @initialize(
        users=st.integers(2, 3),
        stock=st.lists(st.tuples(who, st.integers(1, 7)), max_size=3),
        met=st.booleans(),
    )
    def begin(self, users: int, stock: list[tuple[int, int]], met: bool) -> None:
        """Everybody syncs both ways; some meetings are called, and perhaps everybody knows of them."""
        self.lab = Lab(users, EVENTS)
        numbers = count(1)
        edits: list[Edit] = []
        self.everybody = {user: People(self.lab, user, numbers, edits) for user in self.lab.users}
        self.outsider = self.lab.world.account(OUTSIDER)
        self.watch = MeetingWatch(self.lab, self.everybody)
        for organizer, mask in stock:
            self._call(self._account(organizer), mask)
        if met:
            for people in self.everybody.values():
                people.account.deliver()
            self.lab.cycle()

    def did(self, name: str) -> None:
        """A rule had an effect."""
        self.seen.add(name)

    def _account(self, index: int) -> Account:
        accounts = [*(people.account for people in self.everybody.values()), self.outsider]
        return accounts[index % len(accounts)]

    def _person(self, index: int) -> People:
        return self.everybody[1 + index % len(self.everybody)]

    def _addresses(self, mask: int, without: Account) -> list[str]:
        accounts = [people.account for people in self.everybody.values()]
        others = [account.address for account in accounts if account.address != without.address]
        chosen = [address for number, address in enumerate(others) if mask >> number & 1]
        return chosen or others[mask % len(others) :][:1]

    def _call(self, account: Account, mask: int) -> None:
        guests = self._addresses(mask, account)
        account.create(Kind.EVENT, self._person(0).new_values(Kind.EVENT), guests=guests)

    def _outside(self, which: int) -> Thing:
        """A meeting of the outsider's; he calls one if there is none."""
        if not self.outsider.living(Kind.EVENT):
            self._call(self.outsider, 1 + which % 7)
        things = self.outsider.living(Kind.EVENT)
        return things[which % len(things)]

    def _organised(self, person: People) -> list[Thing]:
        return [thing for thing in person.things() if thing.organizer == person.account.address]

    # --- people -------------------------------------------------------------------------------------------------

    @rule(organizer=who, mask=st.integers(1, 7))
    def meet(self, organizer: int, mask: int) -> None:
        """Somebody calls a meeting."""
        self._call(self._account(organizer), mask)
        self.did("meet")

    @rule(index=who)
    def create_record(self, index: int) -> None:
        """Somebody makes an event in Salesforce."""
        self._person(index).create_record(Kind.EVENT)
        self.did("create_record")

    @rule(index=who, which=some, mask=st.integers(1, 7))
    def invite(self, index: int, which: int, mask: int) -> None:
        """Somebody adds guests to an event of his own, perhaps one that came from Salesforce."""
        person = self._person(index)
        if not self._organised(person):
            person.create_item(Kind.EVENT)
        mine = self._organised(person)
        person.account.invite(mine[which % len(mine)].id, self._addresses(mask, person.account))
        self.did("invite")

    @rule(index=who, number=st.integers(1, 3))
    def deliver(self, index: int, number: int) -> None:
        """Some of the mail arrives."""
        waiting = [people.account for people in self.everybody.values() if people.account.post]
        if waiting and waiting[index % len(waiting)].deliver(number):
            self.did("deliver")

    @rule(index=who, which=some, group=some)
    def edit_item(self, index: int, which: int, group: int) -> None:
        """An organiser changes his meeting."""
        self._edit_item(index, which, group)

    @rule(which=some, group=some)
    def edit_by_outsider(self, which: int, group: int) -> None:
        """The outsider changes his meeting."""
        thing = self._outside(which)
        name = EDITABLE[Kind.EVENT][group % len(EDITABLE[Kind.EVENT])]
        self.outsider.edit(thing.id, {name: self._person(0).new_value(Kind.EVENT, name, thing.values.get(name))})
        self.did("edit_by_outsider")

    @rule(which=some, group=some)
    def edit_record(self, which: int, group: int) -> None:
        """Somebody changes a record."""
        self._edit_record(which, group)

    @rule(index=who, which=some)
    def delete_item(self, index: int, which: int) -> None:
        """An organiser cancels, or a guest deletes his copy."""
        self._delete_item(index, which)

    @rule(which=some)
    def cancel_by_outsider(self, which: int) -> None:
        """The outsider cancels."""
        self.outsider.delete(self._outside(which).id)
        self.did("cancel_by_outsider")

    @rule(which=some)
    def delete_record(self, which: int) -> None:
        """Somebody deletes a record."""
        rows = self._person(0).rows()
        if rows:
            self._person(0).delete_record(rows[which % len(rows)])
            self.did("delete_record")

    @rule(index=who)
    def leave_or_enter(self, index: int) -> None:
        """A user is unassigned, or assigned again."""
        user = self._person(index).user_id
        self.lab.leave(user) if user in self.lab.syncing() else self.lab.enter(user)
        self.did("leave_or_enter")

    # --- the engine ---------------------------------------------------------------------------------------------

    @rule(index=who, read=st.booleans())
    def run(self, index: int, read: bool) -> None:
        """A pass of one user."""
        if read:
            self.lab.read()
        self.lab.sync(self._person(index).user_id)
        self.did("run")

    @rule(
        index=who,
        which=some,
        group=some,
        nth=st.integers(1, 30),
        of=st.sampled_from(["", "store.commit", "crm.write", "mailbox.write"]),
        moment=st.sampled_from(Moment),
    )
    def run_killed(self, index: int, which: int, group: int, nth: int, of: str, moment: Moment) -> None:
        """Somebody changes something, and the cycle that follows is killed."""
        if not self._edit_item(index, which, group):
            self._person(index).create_record(Kind.EVENT)
        self.lab.world.fuel.kill_at(1 if "write" in of else nth, moment, of)
        crash = self.lab.crashing(self.lab.cycle)
        if crash is not None:
            self.reach.kills += 1
            self.reach.kills_in_flight += crash.in_flight
            self.did("run_killed")

    @rule(nth=st.integers(1, 40), what=some, index=who, which=some, group=some)
    def run_overtaken(self, nth: int, what: int, index: int, which: int, group: int) -> None:
        """Something happens in the middle of a cycle."""
        actions: list[Callable[[], object]] = [
            lambda: self._edit_item(index, which, group),
            lambda: self._edit_record(which, group),
            lambda: self._delete_item(index, which),
            lambda: self._person(index).account.deliver(),
            lambda: self.meet(index, group),
            lambda: self.cancel_by_outsider(which),
        ]
        done: list[bool] = []

        def slip() -> None:
            done.append(True)
            actions[what % len(actions)]()

        self.lab.revive()
        self.lab.world.fuel.slip(nth, slip)
        self.lab.cycle()
        self.lab.revive()
        if done:
            self.did("run_overtaken")

    @rule()
    def settle(self) -> None:
        """All mail arrives, the world comes to rest, and the judge looks."""
        for people in self.everybody.values():
            people.account.deliver()
        self.lab.settle(LAPS)
        MeetingJudge(self.lab, self.everybody, EVENTS).check(self.watch)
        for people in self.everybody.values():
            people.edits.clear()
        self.did("settle")

    # --- what people do ------------------------------------------------------------------------------------------

    def _edit_item(self, index: int, which: int, group: int) -> bool:
        person = self._person(index)
        mine = self._organised(person)
        if mine:
            person.edit_item(mine[which % len(mine)], EDITABLE[Kind.EVENT][group % len(EDITABLE[Kind.EVENT])])
            self.did("edit_item")
        return bool(mine)

    def _edit_record(self, which: int, group: int) -> None:
        rows = self._person(0).rows()
        if rows:
            row = rows[which % len(rows)]
            self._person(0).edit_record(row, EDITABLE[Kind.EVENT][group % len(EDITABLE[Kind.EVENT])])
            self.did("edit_record")

    def _delete_item(self, index: int, which: int) -> None:
        person = self._person(index)
        things = person.things()
        if things:
            person.delete_item(things[which % len(things)])
            self.did("delete_item")

    def teardown(self) -> None:
        """Every history ends settled and judged, unless it failed already."""
        if sys.exc_info()[0] is None and hasattr(self, "lab"):
            self.settle()
            self.reach.close(self.seen)


RULES = {
    "meet", "create_record", "invite", "deliver", "edit_item", "edit_by_outsider", "edit_record", "delete_item",
    "cancel_by_outsider", "delete_record", "leave_or_enter", "run", "run_killed", "run_overtaken", "settle",
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_inv17_inv18_inv19_inv27_and_the_rest_hold_for_drawn_meetings(part: int) -> None:
    run_part(MeetingsMachine, part, RULES, STEPS)
