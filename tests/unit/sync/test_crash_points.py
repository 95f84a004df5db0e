"""Dying at every step of a pass, one after the other, and coming to the same end (INV-2, INV-3, INV-4; C0 to C11).

Dying after a step is dying before the next one: what was answered and not stored is lost either way. So every k is
tried once, from the first step of the pass to the one after its last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest

from backend.domain.configuration import Configuration, DeletionChoice, Direction
from backend.domain.values import FieldValue, Kind, Side
from backend.storage import tables
from backend.sync.state import IntentState
from backend.sync.store import LeaseLost
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.lab import Crash, Lab
from tests.fakes.lineage import People
from tests.fakes.oracle import Judge, Watch
from tests.fakes.org import Row


def settings(kind: Kind, choice: DeletionChoice = DeletionChoice.DELETE) -> Configuration:
    """One kind only, so that a pass is short."""
    contacts = replace(EVERYTHING.contacts, deletion=choice)
    events = replace(EVERYTHING.events, deletion=choice)
    if kind is Kind.CONTACT:
        return replace(EVERYTHING, contacts=contacts, events=replace(events, direction=Direction.OFF))
    return replace(EVERYTHING, contacts=replace(contacts, direction=Direction.OFF), events=events)


@dataclass(frozen=True)
class Scenario:
    """What people did before the pass: once settled, and since."""

    name: str
    before: Callable[[People, Kind], None]
    since: Callable[[People, Kind], None]
    choice: DeletionChoice = DeletionChoice.DELETE


def _nothing(people: People, kind: Kind) -> None:
    pass


def _items(people: People, kind: Kind) -> None:
    for _ in range(3):
        people.create_item(kind)


def _records(people: People, kind: Kind) -> None:
    for _ in range(3):
        people.create_record(kind)


def _both(people: People, kind: Kind) -> None:
    values = people.new_values(kind)
    people.create_item(kind, values)
    group = "title" if kind is Kind.CONTACT else "description"
    people.create_record(kind, {**values, group: "by hand"})


def _edits(people: People, kind: Kind) -> None:
    """Different groups of one pair on both sides: a merge in two legs; the others on one side each."""
    first, second, third = people.account.living(kind)
    groups = ("title", "phone") if kind is Kind.CONTACT else ("description", "when")
    people.edit_item(first, groups[0])
    people.edit_record(_row_of(people, first.id), groups[1])
    people.edit_item(second, groups[1])
    people.edit_record(_row_of(people, third.id), groups[0])


def _row_of(people: People, mailbox_id: str) -> Row:
    pair = next(pair for pair in people.lab.pairs() if pair.link.mailbox_id == mailbox_id)
    return people.org.rows[pair.line.crm_id or ""]


def _deletions(people: People, kind: Kind) -> None:
    first, second, third = people.account.living(kind)
    people.delete_record(_row_of(people, second.id))
    people.delete_item(first)
    people.delete_record(_row_of(people, third.id))
    people.delete_item(third)


def _expiry(people: People, kind: Kind) -> None:
    """Everything is listed again; one item is gone, one has moved, one is new."""
    first, second, _ = people.account.living(kind)
    people.account.expire_cursors()
    people.org.forget_deletions()
    people.delete_item(first)
    people.move_item(second)
    people.create_item(kind)


SCENARIOS = [
    Scenario("new in the mailbox", _nothing, _items),
    Scenario("new in Salesforce", _nothing, _records),
    Scenario("edits on both sides", _items, _edits),
    Scenario("deletions on both sides", _records, _deletions),
    Scenario("the same on both sides", _nothing, _both),
    Scenario("deletions that stop", _items, _deletions, DeletionChoice.STOP),
    Scenario("deletions that are made again", _items, _deletions, DeletionChoice.RECREATE),
    Scenario("everything listed again", _items, _expiry),
]
CASES = [
    *((scenario.name, Kind.CONTACT) for scenario in SCENARIOS),
    *((scenario.name, Kind.EVENT) for scenario in SCENARIOS[:4]),
]
"""Contacts in every scenario; events in those where their creates, keys and meetings make a difference."""


Outcome = list[tuple[str, dict[str, FieldValue], str]]


class Trial:
    """A scenario up to the pass that may die."""

    def __init__(self, scenario: Scenario, kind: Kind) -> None:
        self.kind = kind
        self.settings = settings(kind, scenario.choice)
        self.lab = Lab(1, self.settings)
        self.people = People(self.lab)
        self.watch = Watch(self.lab, self.people, self.settings)
        scenario.before(self.people, kind)
        self.lab.settle()
        self.people.edits.clear()
        scenario.since(self.people, kind)

    def outcome(self) -> Outcome:
        """What lives on each side in the end.

        Seen through the mailbox's autocorrection: if the answer to a write is lost, what the mailbox made of the text
        is taken for a person's change, and Salesforce gets it too.
        """
        account, org = self.people.account, self.people.org
        things = [("mailbox", thing.values, thing.place.value) for thing in account.living(self.kind)]
        rows = [("crm", row.values, "") for row in org.living(self.kind)]
        seen = [(side, account.rewritten(self.kind, values), place) for side, values, place in [*things, *rows]]
        return sorted(seen, key=repr)

    def end(self) -> Outcome:
        """Settles, lets the judge look, and tells the outcome."""
        self.lab.settle()
        self.watch.check_monotone()
        Judge(self.lab, self.people, self.settings).check(self.watch)
        return self.outcome()


@dataclass(frozen=True)
class Death:
    """One run that died: the step it died before, the one before that, and the memory it left."""

    number: int
    crash: Crash
    before: str
    done: tuple[str, ...]


@cache
def deaths(name: str, kind: Kind) -> tuple[Death, ...]:
    """Every death of a scenario's pass, each followed by a check that the world comes to the uncrashed end."""
    scenario = next(one for one in SCENARIOS if one.name == name)
    uncrashed = Trial(scenario, kind)
    uncrashed.lab.revive()
    uncrashed.lab.cycle()
    steps = tuple(uncrashed.lab.world.fuel.steps)
    wanted = uncrashed.end()
    return tuple(_deaths(scenario, kind, steps, wanted))


def _deaths(scenario: Scenario, kind: Kind, steps: tuple[str, ...], wanted: Outcome) -> Iterator[Death]:
    for number, step in enumerate(steps, 1):
        trial = Trial(scenario, kind)
        trial.lab.world.fuel.kill_at(number, Moment.BEFORE)
        crash = trial.lab.crashing(trial.lab.cycle)
        assert crash is not None, f"the pass of {scenario.name} has no step {number}"
        yield Death(number, crash, step, steps[: number - 1])
        assert trial.end() == wanted, f"{scenario.name}: died before step {number} ({step})"


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_inv2_inv3_inv4_dying_at_any_step_changes_nothing_in_the_end(name: str, kind: Kind) -> None:
    assert deaths(name, kind)


def _where(condition: Callable[[Death], bool], *names: str) -> list[Death]:
    return [death for case in CASES if case[0] in names for death in deaths(*case) if condition(death)]


def _last_call(death: Death) -> str:
    calls = [step for step in death.done if not step.startswith("store.")]
    return calls[-1] if calls else ""


def test_c0_a_delta_was_answered_and_not_stored() -> None:
    assert _where(lambda d: d.before == "store.commit" and _last_call(d) == "mailbox.changes", "new in the mailbox")


def test_c1_a_plan_was_stored_and_nothing_marked_sent() -> None:
    looks = ("crm.find_like", "mailbox.find_like")
    found = _where(lambda d: d.before in looks and not d.crash.in_flight, "new in the mailbox", "new in Salesforce")
    assert found


def test_c2_c3_a_write_was_marked_sent_and_never_arrived() -> None:
    writes = ("crm.write", "mailbox.write")
    found = _where(lambda d: d.before in writes, "new in the mailbox", "new in Salesforce", "deletions on both sides")
    assert found
    assert all(death.crash.in_flight for death in found)


def test_c4_a_write_was_applied_and_its_answer_lost() -> None:
    found = _where(
        lambda d: bool(d.done) and d.done[-1] in ("crm.write", "mailbox.write"),
        "new in the mailbox", "new in Salesforce", "edits on both sides", "deletions on both sides",
    )  # fmt: skip
    assert found
    assert all(death.crash.in_flight for death in found)


def test_c5_some_answers_were_stored_and_the_rest_not() -> None:
    found = _where(
        lambda d: d.crash.in_flight and [step for step in d.done[:-1] if step.endswith(".write")] != [],
        "edits on both sides",
    )
    assert found


def test_c6_the_first_leg_of_a_merge_was_stored_and_the_second_not() -> None:
    assert _where(lambda d: "crm.write" in d.done and d.before == "mailbox.write", "edits on both sides")


def test_c7_a_full_listing_was_half_done() -> None:
    found = _where(lambda d: d.before == "mailbox.changes" and "mailbox.changes" in d.done, "everything listed again")
    assert found


def test_c8_a_link_and_its_tombstone_go_in_one_transaction() -> None:
    for kind in Kind:
        scenario = next(one for one in SCENARIOS if one.name == "deletions on both sides")
        steps = len(deaths(scenario.name, kind))
        for number in range(1, steps + 1):
            trial = Trial(scenario, kind)
            pairs = len(trial.lab.pairs())
            trial.lab.world.fuel.kill_at(number)
            trial.lab.crashing(trial.lab.cycle)
            assert pairs - len(trial.lab.pairs()) == trial.lab.count(tables.tombstone)


@pytest.mark.parametrize("kind", list(Kind))
def test_c9_a_pass_that_lost_its_lease_commits_nothing_more_inv10(kind: Kind) -> None:
    trial = Trial(SCENARIOS[0], kind)
    trial.lab.read()

    def somebody_takes_over() -> None:
        with trial.lab.database.begin() as connection:
            connection.execute(tables.sync_lease.update().values(token=tables.sync_lease.c.token + 1))

    calls = _steps_of(SCENARIOS[0], kind)
    trial.lab.world.fuel.revive()
    trial.lab.world.fuel.slip(calls.index("crm.write") + 2, somebody_takes_over)
    with pytest.raises(LeaseLost):
        trial.lab.sync()
    sent = tables.intent.c.state == IntentState.SENT.value
    assert trial.lab.count(tables.intent, sent) == 3
    assert len(trial.people.org.living(kind)) == 3
    trial.lab.revive()
    trial.end()
    assert len(trial.people.org.living(kind)) == 3


def _steps_of(scenario: Scenario, kind: Kind) -> list[str]:
    """Steps of the user's pass alone."""
    trial = Trial(scenario, kind)
    trial.lab.read()
    trial.lab.revive()
    trial.lab.sync()
    return list(trial.lab.world.fuel.steps)


@pytest.mark.parametrize("kind", list(Kind))
def test_c11_what_the_organisation_read_is_found_by_the_users_later_pass(kind: Kind) -> None:
    trial = Trial(SCENARIOS[1], kind)
    trial.lab.read()
    marks = tables.todo.c.side == Side.CRM.value
    assert trial.lab.count(tables.todo, marks) == 3
    assert trial.lab.crashing(lambda: _dies_at_once(trial.lab)) is not None
    assert trial.lab.count(tables.todo, marks) == 3
    trial.lab.sync()
    assert len(trial.people.account.living(kind)) == 3


def _dies_at_once(lab: Lab) -> None:
    lab.world.fuel.kill_at(1)
    lab.sync()
