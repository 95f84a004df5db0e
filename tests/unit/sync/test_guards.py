"""Each guard trips, and does not trip one below (sync.md B.9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.values import Kind, Side, Values
from backend.ports.answers import Op
from backend.sync.guards import MASS_BLANK, MASS_DELETE, MASS_UPDATE, guarded, trusted
from backend.sync.plan import Plan, Step, Verb
from backend.sync.state import Intent, IntentState
from tests.fakes.stored import intent_of, line_of, link_of


def step(number: int, op: Op, values: Values, side: Side = Side.CRM, unit: str = "") -> Step:
    link = link_of(1, line_of(f"003{number}"), f"item{number}")
    verb = Verb.DELETE_RECORD if op is Op.DELETE else Verb.WRITE
    one: Intent = replace(intent_of(link, f"{side}:{number}"), op=op, side=side, values=values)
    return Step(verb, Kind.CONTACT, link=link, intents=(one,), unit=unit or str(number))


def holds(steps: list[Step], links: int) -> list[str]:
    """Why each write is held after the guards looked; empty for those that go."""
    plan = guarded(Plan(Kind.CONTACT, tuple(steps)), links)
    found = [one for each in plan.steps for one in each.intents]
    assert all((one.state is IntentState.HELD) == bool(one.hold) for one in found)
    return [one.hold for one in found]


@pytest.mark.parametrize(
    ("deletes", "links", "held"), [(10, 20, False), (11, 20, True), (20, 100, False), (21, 100, True)]
)
def test_more_than_ten_deletions_and_a_fifth_of_the_links_are_held(deletes: int, links: int, held: bool) -> None:
    steps = [step(number, Op.DELETE, {}) for number in range(deletes)]
    assert holds(steps, links) == [MASS_DELETE if held else ""] * deletes


def test_a_mass_deletion_on_one_side_holds_neither_the_other_side_nor_other_writes() -> None:
    steps = [step(number, Op.DELETE, {}) for number in range(11)]
    steps += [step(20, Op.DELETE, {}, Side.MAILBOX), step(21, Op.UPDATE, {"title": "x"})]
    assert holds(steps, 20) == [MASS_DELETE] * 11 + ["", ""]


def test_e9_the_occurrences_of_one_series_count_once() -> None:
    steps = [step(number, Op.DELETE, {}, unit="one series") for number in range(50)]
    assert holds(steps, 20) == [""] * 50


@pytest.mark.parametrize(
    ("updates", "links", "held"), [(100, 200, False), (101, 200, True), (300, 1000, False), (301, 1000, True)]
)
def test_more_than_a_hundred_updates_and_three_tenths_of_the_links_are_held(
    updates: int, links: int, held: bool
) -> None:
    steps = [step(number, Op.UPDATE, {"title": "x"}) for number in range(updates)]
    assert holds(steps, links) == [MASS_UPDATE if held else ""] * updates


@pytest.mark.parametrize(("blanks", "held"), [(20, False), (21, True)])
def test_one_field_emptied_on_more_than_a_fifth_of_the_links_is_held(blanks: int, held: bool) -> None:
    steps = [step(number, Op.UPDATE, {"phone": None}) for number in range(blanks)]
    steps += [step(99, Op.UPDATE, {"phone": "1"}), step(98, Op.UPDATE, {"title": None})]
    assert holds(steps, 100) == [MASS_BLANK if held else ""] * blanks + ["", ""]


@pytest.mark.parametrize(
    ("listed", "mirrored", "unverified", "expected"),
    [
        (0, 0, 0, True),
        (70, 100, 30, True),
        (69, 100, 31, False),
        (69, 100, 1, False),
        (69, 100, 0, True),
        (0, 100, 1, False),
        (0, 100, 0, True),
    ],
)
def test_a_listing_that_shrank_beyond_three_tenths_counts_only_if_every_loss_was_verified(
    listed: int, mirrored: int, unverified: int, expected: bool
) -> None:
    assert trusted(listed, mirrored, unverified) is expected
