"""The torture's verdict can fail: every way in which a sync hurts people is noticed, and named."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from backend.sandbox.world import Person
from tests.torture.gallows import Kill
from tests.torture.game import Outcomes
from tests.torture.judge import Verdict, judge
from tests.torture.ledger import CONTACT, EVENT, FIELDS, MAILBOX, MEETING, OCCURRENCE, SALESFORCE, SIDES, Ledger, Thing
from tests.torture.reader import Copy
from tests.torture.report import complaints
from tests.torture.shots import FAULT_SHARE, draw, faults

ADA = Person("ada", "Ada", "ada@stage.example", "ada@stage.example.crm", "005A", "guid", "UTC")

BOB = Person("bob", "Bob", "bob@stage.example", "bob@stage.example.crm", "005B", "guid2", "UTC")


@pytest.fixture
def event() -> Thing:
    """An event whose fields were all typed in the mailbox."""
    thing = Ledger().add(EVENT, ADA, MAILBOX)
    for name in FIELDS[EVENT]:
        thing.type(MAILBOX, name, thing.marker if name == "subject" else f"{name} 1")
    return thing


def copies(thing: Thing) -> list[Copy]:
    """How it stands on both sides when all is well."""
    fields = {name: next(iter(thing.allowed(name))) for name in FIELDS[thing.kind]}
    return [Copy(side, thing.kind, thing.person.key, dict(fields)) for side in SIDES]


def changed(copy: Copy, **fields: str) -> Copy:
    return replace(copy, fields=copy.fields | fields)


def test_world_in_step_has_no_faults(event: Thing) -> None:
    verdict = judge([event], copies(event))
    assert (verdict.faults, verdict.compared) == ([], 1)


def test_duplicate_is_noticed(event: Thing) -> None:
    mailbox, salesforce = copies(event)
    assert judge([event], [mailbox, salesforce, salesforce]).duplicates == [
        "salesforce: event 'Review 0001' (made in the mailbox) is there 2 times"
    ]


@pytest.mark.parametrize("side", SIDES)
def test_loss_is_noticed(event: Thing, side: str) -> None:
    left = [copy for copy in copies(event) if copy.side != side]
    assert judge([event], left).losses == [f"{side}: event 'Review 0001' (made in the mailbox) is missing"]


def test_sides_that_differ_in_one_field_are_noticed(event: Thing) -> None:
    mailbox, salesforce = copies(event)
    assert judge([event], [changed(mailbox, location="Elsewhere"), salesforce]).differences == [
        "event 'Review 0001': location is 'Elsewhere' in the mailbox and 'location 1' in Salesforce"
    ]


def test_inv6_edit_that_was_undone_on_both_sides_is_noticed(event: Thing) -> None:
    before = copies(event)
    event.type(MAILBOX, "location", "location 2")
    [difference] = judge([event], before).differences
    assert "location is 'location 1' on both sides" in difference


def test_contested_field_may_end_with_either_sides_last_value_and_no_earlier_one(event: Thing) -> None:
    event.type(SALESFORCE, "when", "when 2")
    event.type(MAILBOX, "when", "when 3")
    verdicts = {
        when: judge([event], [changed(copy, when=when) for copy in copies(event)]).differences
        for when in ("when 1", "when 2", "when 3")
    }
    assert [bool(verdicts[when]) for when in ("when 1", "when 2", "when 3")] == [True, False, False]


def test_thing_in_somebody_elses_hands_is_noticed(event: Thing) -> None:
    mailbox, salesforce = copies(event)
    [difference] = judge([event], [replace(mailbox, owner="bob"), salesforce]).differences
    assert "belongs to bob and ada instead of ada" in difference


def test_deleted_thing_that_stands_again_and_thing_made_by_nobody_are_noticed(event: Thing) -> None:
    deleted = copies(event)
    event.deleted = True
    assert len(judge([event], deleted).risen) == 2
    assert judge([event], []).faults == []
    assert len(judge([], deleted).strangers) == 2


# --- what several people have ---------------------------------------------------------------------------------------


@pytest.fixture
def card() -> Thing:
    """A contact that Ada and Bob both have in their mailboxes."""
    thing = Ledger().add(CONTACT, ADA, MAILBOX, fellows=(BOB,))
    for name in FIELDS[CONTACT]:
        thing.type(MAILBOX, name, thing.marker if name == "last" else f"{name} 1")
    return thing


def in_both(thing: Thing) -> list[Copy]:
    mailbox, salesforce = copies(thing)
    return [mailbox, replace(mailbox, owner="bob"), salesforce]


@pytest.mark.parametrize("owner", ["ada", "bob"])
def test_shared_card_stands_in_each_mailbox_and_its_one_record_belongs_to_any_of_them(card: Thing, owner: str) -> None:
    ada, bob, salesforce = in_both(card)
    verdict = judge([card], [ada, bob, replace(salesforce, owner=owner)])
    assert (verdict.faults, verdict.compared) == ([], 2)


def test_shared_card_that_a_mailbox_lacks_or_a_stranger_has_or_salesforce_has_twice_is_noticed(card: Thing) -> None:
    ada, bob, salesforce = in_both(card)
    assert judge([card], [ada, salesforce]).losses == [
        "mailbox of bob: contact 'Quist 0001' (made in the mailbox) is missing"
    ]
    assert len(judge([card], [ada, bob, replace(ada, owner="eve"), salesforce]).faults) == 1
    assert len(judge([card], [ada, bob, salesforce, salesforce]).duplicates) == 1


def test_shared_card_that_differs_in_one_mailbox_alone_is_noticed(card: Thing) -> None:
    ada, bob, salesforce = in_both(card)
    assert judge([card], [ada, changed(bob, title="title 0"), salesforce]).differences == [
        "contact 'Quist 0001': title is 'title 0' in the mailbox and 'title 1' in Salesforce"
    ]


def test_inv22_an_occurrence_that_stands_at_its_old_time_is_missing_at_the_new_one() -> None:
    thing = Ledger().add(OCCURRENCE, ADA, MAILBOX, subject="Weekly 0000")
    for name in FIELDS[OCCURRENCE]:
        thing.type(MAILBOX, name, "Weekly 0000" if name == "subject" else f"{name} 1")
    before = copies(thing)
    assert judge([thing], before).faults == []
    thing.type(MAILBOX, "when", "when 2")
    verdict = judge([thing], [changed(before[0], when="when 2"), before[1]])
    assert (len(verdict.losses), len(verdict.strangers), len(verdict.faults)) == (1, 1, 2)


def test_meeting_whose_customer_is_tied_twice_or_not_at_all_is_noticed() -> None:
    thing = Ledger().add(MEETING, ADA, MAILBOX, fellows=(BOB,))
    for name in FIELDS[MEETING]:
        thing.type(MAILBOX, name, thing.marker if name == "subject" else f"{name} 1")
    ada, bob, salesforce = in_both(thing)
    assert judge([thing], [ada, bob, salesforce]).faults == []
    for guest in ("", "guest 1, guest 1"):
        assert judge([thing], [ada, bob, changed(salesforce, guest=guest)]).differences


# --- whether it hit hard enough ------------------------------------------------------------------------------------


def outcomes(kills: int, open_runs: int, in_flight: int) -> Outcomes:
    """A torture in which all went well, and so many kills hit so much."""
    [shot] = draw(1, random.Random(1))
    hits = [
        Kill(shot, "microsoft", "batch", True, 5, int(number < open_runs), int(number < in_flight))
        for number in range(kills)
    ]
    struck: dict[str, dict[str, int]] = {rule.kind: {"read": 1, "write": 1} for rule in faults()}
    return Outcomes(1, kills=hits, settled=True, faults=struck, verdict=Verdict(compared=10))


@pytest.mark.parametrize(
    ("kills", "open_runs", "in_flight", "passes"),
    [(50, 40, 15, True), (50, 39, 15, False), (50, 40, 14, False), (49, 49, 49, False)],
)
def test_too_few_hits_fail(kills: int, open_runs: int, in_flight: int, passes: bool) -> None:
    assert (complaints(outcomes(kills, open_runs, in_flight), 50) == []) is passes


def test_kill_at_a_read_is_no_hit_on_a_write_in_flight_whatever_others_had_sent() -> None:
    whole = outcomes(50, 50, 50)
    at_reads = [replace(kill, write=False) for kill in whole.kills]
    assert complaints(replace(whole, kills=at_reads), 50) == ["Only 0 kills hit a write in flight."]


@pytest.mark.parametrize(
    ("kills", "struck", "fails"),
    [(50, {"read": 1, "write": 0}, True), (10, {"read": 1, "write": 0}, False), (10, {"read": 0, "write": 0}, True)],
)
def test_kind_of_fault_that_never_struck_fails(kills: int, struck: dict[str, int], fails: bool) -> None:
    whole = outcomes(kills, kills, kills)
    assert bool(complaints(replace(whole, faults=whole.faults | {"410": struck}), kills)) is fails


def test_half_of_the_shots_are_aimed_at_writes_of_both_services() -> None:
    for kills in (10, 50):
        aimed = [shot.service for shot in draw(kills, random.Random(7)) if shot.only == "write"]
        assert len(aimed) >= kills / 2
        assert set(aimed) == {"microsoft", "salesforce"}


@pytest.mark.parametrize(
    "flaw", [{"settled": False}, {"mails": 1}, {"writes_after_settling": 1}, {"held": ["held: too long"]}]
)
def test_each_flaw_fails(flaw: dict[str, Any]) -> None:
    assert complaints(replace(outcomes(50, 50, 50), **flaw), 50)


def test_one_call_in_ten_fails_on_reads_and_writes_alike() -> None:
    for access in ("read", "write"):
        rules = [rule for rule in faults() if rule.only == access]
        assert sum(rule.probability or 0 for rule in rules) == pytest.approx(FAULT_SHARE)
        assert {rule.kind for rule in rules} == {"lost_answer", "429", "503", "410", "401", "timeout"}


def test_ledger_numbers_things_of_a_kind() -> None:
    ledger = Ledger()
    markers = [ledger.add(kind, ADA, MAILBOX).marker for kind in (CONTACT, EVENT, CONTACT)]
    assert markers == ["Quist 0001", "Review 0001", "Quist 0002"]
