"""Which settings have no effect under which others, and what rules them (LS 2.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.configuration import (
    Condition,
    Configuration,
    ContactFilter,
    Direction,
    Operator,
    Ownership,
    SeriesRule,
)
from backend.domain.configuration_rules import idle
from backend.domain.configuration_words import SETTINGS
from backend.domain.presets import PRESETS
from backend.domain.values import Kind

BOTH = Configuration("Sales")


def directed(kind: Kind, direction: Direction) -> Configuration:
    group = f"{kind.value}s"
    return replace(BOTH, **{group: replace(BOTH.of(kind), direction=direction)})


def test_ls052_from_salesforce_only_which_events_and_relating_have_no_effect() -> None:
    found = idle(directed(Kind.EVENT, Direction.TO_MAILBOX))
    for key in ("events.which", "events.relate", "events.attendees", "events.invite_users"):
        assert found[key].reason == "No mailbox event goes to Salesforce at present."
        assert found[key].ruled_by == "events.direction"
    assert "events.guests" not in found


def test_to_salesforce_only_filters_have_nothing_to_choose() -> None:
    found = idle(directed(Kind.CONTACT, Direction.TO_CRM))
    filters = {key for key in found if key.startswith("contacts.filter.")}
    assert filters == {"contacts.filter.owner", "contacts.filter.followed", "contacts.filter.conditions"}
    assert "contacts.company_moves" not in found


def test_conflicts_take_two_sides_and_one_way_takes_one() -> None:
    both, one = idle(BOTH), idle(directed(Kind.CONTACT, Direction.TO_MAILBOX))
    assert "contacts.conflicts" not in both
    assert "contacts.one_way" in both
    assert {"contacts.conflicts", "contacts.conflict_scope"} <= one.keys()
    assert "contacts.one_way" not in one


def test_ls043_following_makes_no_difference_where_every_contact_is_taken() -> None:
    everything = replace(BOTH, contact_filter=ContactFilter(Ownership.ALL))
    limited = replace(BOTH, contact_filter=ContactFilter(Ownership.ALL, (Condition("City", Operator.EQUALS, "Ulm"),)))
    assert "contacts.filter.followed" in idle(everything)
    assert "contacts.filter.followed" not in idle(limited)


def test_smaller_settings_follow_larger_ones() -> None:
    found = idle(replace(BOTH, attendees=False, series=SeriesRule.OFF))
    assert found["events.invite_users"].ruled_by == "events.attendees"
    assert found["events.days_ahead"].ruled_by == "events.series"


@pytest.mark.parametrize("kind", Kind)
def test_what_is_off_has_one_setting_left(kind: Kind) -> None:
    found = idle(directed(kind, Direction.OFF))
    group = f"{kind.value}s."
    left = {one.key for one in SETTINGS if one.key.startswith(group)} - found.keys()
    assert left == {f"{group}direction"}


@pytest.mark.parametrize("settings", [*PRESETS.values(), directed(Kind.EVENT, Direction.TO_CRM)])
def test_a_ruler_is_a_setting_with_an_effect_of_its_own(settings: Configuration) -> None:
    found = idle(settings)
    known = {one.key for one in SETTINGS}
    for one in found.values():
        assert one.ruled_by in known - found.keys()
        assert one.reason.endswith(".")
