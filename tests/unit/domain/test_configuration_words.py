"""Settings in words, presets and differences: nothing can be set that a person could not read about."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, get_type_hints

import pytest

from backend.domain import configuration
from backend.domain.configuration import (
    CompanyRule,
    Condition,
    Configuration,
    ConflictScope,
    ContactFilter,
    DeletionChoice,
    Direction,
    GuestRule,
    MovedRule,
    OneWay,
    Operator,
    Ownership,
    SeriesRule,
    StartRule,
)
from backend.domain.configuration_words import SETTINGS, WORDS, differences, in_words, warnings
from backend.domain.field_choices import FieldChoice, FieldMap
from backend.domain.presets import AS_LIGHTNING_SYNC, PRESETS, RECOMMENDED, Preset

DEFAULT = Configuration("Sales")


def leaves(kind: type[Any], place: str = "") -> set[str]:
    """Dotted names of all settings of a dataclass; a field map is one setting."""
    hints = get_type_hints(kind)
    found: set[str] = set()
    for one in fields(kind):
        inner = hints[one.name]
        name = f"{place}{one.name}"
        found |= leaves(inner, f"{name}.") if is_dataclass(inner) and inner is not FieldMap else {name}
    return found


def test_ls025_every_setting_has_a_name_and_one_sentence() -> None:
    assert {setting.attribute for setting in SETTINGS} == leaves(Configuration) - {"name", "version"}
    for setting in SETTINGS:
        assert setting.meaning.endswith(".")
        assert setting.meaning.count(". ") == 0
        assert in_words(setting.read(DEFAULT))
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)


def test_every_choice_has_words_of_its_own() -> None:
    choices = [
        choice
        for kind in vars(configuration).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__module__ == configuration.__name__
        for choice in kind
        if not isinstance(choice, Operator)
    ]
    assert set(WORDS) == {(type(choice), choice) for choice in choices}
    assert len(choices) > 30


def test_values_of_different_kinds_that_are_spelt_alike_have_their_own_words() -> None:
    assert in_words(Direction.OFF) == "don't sync"
    assert in_words(SeriesRule.OFF) == "leave repeating events alone"
    assert in_words(Ownership.ALL) == "every contact that the person can read"


def test_nothing_is_no_difference() -> None:
    assert differences(DEFAULT, replace(DEFAULT, name="Other", version=9)) == ()


def test_differences_name_the_setting_and_both_values() -> None:
    chosen = FieldMap((FieldChoice("department", None), FieldChoice("title", "Job__c")))
    after = replace(
        DEFAULT,
        private=True,
        days_back=7,
        contacts=replace(DEFAULT.contacts, direction=Direction.TO_MAILBOX, field_map=chosen),
        contact_filter=ContactFilter(conditions=(Condition("City", Operator.EQUALS, "Ulm"),)),
    )
    assert differences(DEFAULT, after) == (
        "Contacts, Direction: both ways → Salesforce to mailbox",
        "Contacts, Conditions: none → City is Ulm",
        "Contacts, Field map: standard → Department not mapped; Title in Job__c",
        "Events, Private events: off → on",
        "Events, Days back: 30 → 7",
    )


# --- presets ---------------------------------------------------------------------------------------------------------


def test_the_recommended_preset_is_what_a_new_configuration_has() -> None:
    assert replace(RECOMMENDED, name="") == Configuration("")
    assert set(PRESETS) == set(Preset)


def test_the_lightning_preset_answers_the_rows_that_our_defaults_answer_otherwise() -> None:
    """LS-080, LS-091, LS-092, LS-096, LS-097, LS-100, LS-114, LS-123, LS-125, LS-128, LS-152, LS-169, LS-170 (F.4)."""
    ours, theirs = RECOMMENDED, AS_LIGHTNING_SYNC
    assert (ours.company, theirs.company) == (CompanyRule.KEEP, CompanyRule.CLEAR)
    assert (ours.contacts.deletion, theirs.contacts.deletion) == (DeletionChoice.STOP, DeletionChoice.RECREATE)
    for kind in ("contacts", "events"):
        mine, its = getattr(ours, kind), getattr(theirs, kind)
        assert (mine.conflict_scope, its.conflict_scope) == (ConflictScope.FIELD, ConflictScope.RECORD)
        assert (mine.one_way, its.one_way) == (OneWay.KEEP, OneWay.REPLACE)
    assert (ours.series, theirs.series) == (SeriesRule.OCCURRENCES, SeriesRule.NATIVE)
    assert (ours.invite_users, theirs.invite_users) == (False, True)
    assert (ours.invite_guests, theirs.invite_guests) == (False, True)
    assert (ours.moved, theirs.moved) == (MovedRule.PARK, MovedRule.DELETED)


def test_no_preset_mails_anybody_without_a_question() -> None:
    assert {preset.guests for preset in PRESETS.values()} == {GuestRule.HOLD}


def test_ls106_both_presets_wait_for_an_edit() -> None:
    assert {preset.start for preset in PRESETS.values()} == {StartRule.EDITED}


# --- warnings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [Ownership.UNSET, Ownership.SELECTED, Ownership.RECORDS])
def test_ls037_a_filter_without_a_whole_choice_says_that_no_contacts_sync(half: Ownership) -> None:
    (sentence,) = warnings(replace(DEFAULT, contact_filter=ContactFilter(half, followed=True)))
    assert sentence.startswith("No Salesforce contacts sync")
    assert "Choose" in sentence


def test_invitations_from_salesforce_come_with_a_warning() -> None:
    (sentence,) = warnings(replace(DEFAULT, invite_guests=True))
    assert "mails them invitations" in sentence


def test_ls052_from_salesforce_only_the_choice_of_events_has_no_effect_and_says_so() -> None:
    one_way = replace(DEFAULT, events=replace(DEFAULT.events, direction=Direction.TO_MAILBOX))
    (sentence,) = warnings(one_way)
    assert "no effect" in sentence


def test_the_defaults_need_no_warning() -> None:
    assert list(warnings(DEFAULT)) == []
