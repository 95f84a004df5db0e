"""Settings where our default differs from Lightning Sync: both choices, told as stories that end settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain.configuration import (
    Configuration,
    ConflictRule,
    ConflictScope,
    ContactFilter,
    Direction,
    KindSettings,
    OneWay,
    Ownership,
    StartRule,
)
from backend.domain.values import Kind, Name, ShowAs, Timed, Values
from tests.fakes.databases import EVERYTHING
from tests.fakes.lab import Lab

ADA: Values = {"name": Name("Ada", "Lovelace"), "email": "ada@engine.example", "title": "Countess"}


def only(kind: Kind, **settings: object) -> Configuration:
    """One kind by these settings, the other off."""
    chosen: KindSettings = replace(EVERYTHING.of(kind), **settings)  # type: ignore[arg-type]  # names are the setting's own
    off = replace(EVERYTHING.contacts, direction=Direction.OFF)
    if kind is Kind.CONTACT:
        return replace(EVERYTHING, contacts=chosen, events=off)
    return replace(EVERYTHING, contacts=off, events=chosen)


def meeting(lab: Lab, **more: object) -> Values:
    start = (lab.world.clock.now() + timedelta(days=2)).replace(microsecond=0)
    values = {"subject": "Review", "when": Timed(start, start + timedelta(hours=1)), "show_as": ShowAs.BUSY}
    return {**values, **more}  # type: ignore[dict-item]  # field values


def paired(lab: Lab, kind: Kind, values: Values) -> tuple[str, str]:
    """One pair that agrees: its item and its record."""
    item = lab.world.mailbox_of(1).create(kind, values)
    lab.world.org.create(kind, values, lab.world.people[1].crm_user_id)
    lab.settle()
    (row,) = lab.world.org.living(kind)
    return item, row.id


def both(lab: Lab, item: str, record: str, group: str) -> tuple[object, object]:
    """A group as it stands in the mailbox and in Salesforce."""
    return (lab.world.mailbox_of(1).read(item) or {}).get(group), (lab.world.org.read(record) or {}).get(group)


# --- conflicts -------------------------------------------------------------------------------------------------------


def edited_on_both_sides(scope: ConflictScope, rule: ConflictRule) -> tuple[Lab, str, str]:
    """Both change the title, each side one more field; Salesforce changed last."""
    lab = Lab(1, only(Kind.CONTACT, conflict=rule, conflict_scope=scope))
    item, record = paired(lab, Kind.CONTACT, {**ADA, "phone": "1", "department": "Old"})
    lab.world.mailbox_of(1).edit(item, {"title": "from the mailbox", "phone": "2"})
    lab.wait(timedelta(minutes=5))
    lab.world.org.edit(record, {"title": "from Salesforce", "department": "New"})
    return lab, item, record


def test_ls091_whole_record_salesforce_wins_in_every_field_and_the_losers_are_journalled() -> None:
    lab, item, record = edited_on_both_sides(ConflictScope.RECORD, ConflictRule.CRM)
    reports = lab.settle()
    assert both(lab, item, record, "title") == ("from Salesforce", "from Salesforce")
    assert both(lab, item, record, "phone") == ("1", "1")
    assert both(lab, item, record, "department") == ("New", "New")
    assert sum(report.conflicts for report in reports) == 2


def test_ls092_whole_record_the_later_change_wins_in_every_field() -> None:
    lab, item, record = edited_on_both_sides(ConflictScope.RECORD, ConflictRule.RECENT)
    lab.settle()
    assert both(lab, item, record, "phone") == ("1", "1")
    assert both(lab, item, record, "department") == ("New", "New")


def test_ls170_the_rule_is_applied_to_the_whole_event() -> None:
    lab = Lab(1, only(Kind.EVENT, conflict=ConflictRule.MAILBOX, conflict_scope=ConflictScope.RECORD))
    item, record = paired(lab, Kind.EVENT, meeting(lab, location="Room 1", description="Plan"))
    lab.world.mailbox_of(1).edit(item, {"location": "Room 2"})
    lab.world.org.edit(record, {"location": "Room 3", "description": "Other plan"})
    reports = lab.settle()
    assert both(lab, item, record, "location") == ("Room 2", "Room 2")
    assert both(lab, item, record, "description") == ("Plan", "Plan")
    assert sum(report.conflicts for report in reports) == 2


def test_ls091_by_field_each_side_keeps_what_only_it_changed() -> None:
    lab, item, record = edited_on_both_sides(ConflictScope.FIELD, ConflictRule.CRM)
    reports = lab.settle()
    assert both(lab, item, record, "title") == ("from Salesforce", "from Salesforce")
    assert both(lab, item, record, "phone") == ("2", "2")
    assert both(lab, item, record, "department") == ("New", "New")
    assert sum(report.conflicts for report in reports) == 1


@pytest.mark.parametrize("scope", list(ConflictScope))
def test_without_a_true_conflict_the_scope_makes_no_difference(scope: ConflictScope) -> None:
    lab = Lab(1, only(Kind.CONTACT, conflict=ConflictRule.CRM, conflict_scope=scope))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.world.mailbox_of(1).edit(item, {"phone": "2", "title": "Same"})
    lab.world.org.edit(record, {"department": "New", "title": "Same"})
    reports = lab.settle()
    assert both(lab, item, record, "phone") == ("2", "2")
    assert both(lab, item, record, "department") == ("New", "New")
    assert sum(report.conflicts for report in reports) == 0


# --- one way ---------------------------------------------------------------------------------------------------------


def test_ls114_towards_salesforce_text_kept_only_there_is_replaced_and_journalled() -> None:
    lab = Lab(1, only(Kind.EVENT, direction=Direction.TO_CRM, one_way=OneWay.REPLACE))
    item, record = paired(lab, Kind.EVENT, meeting(lab, description="Agenda"))
    lab.world.org.edit(record, {"description": "Notes of the meeting"})
    reports = lab.settle()
    assert both(lab, item, record, "description") == ("Agenda", "Agenda")
    assert sum(report.conflicts for report in reports) == 1


def test_ls114_by_default_text_kept_only_in_salesforce_stays_until_the_calendar_changes_it() -> None:
    lab = Lab(1, only(Kind.EVENT, direction=Direction.TO_CRM))
    item, record = paired(lab, Kind.EVENT, meeting(lab, description="Agenda"))
    lab.world.org.edit(record, {"description": "Notes of the meeting"})
    lab.settle()
    assert both(lab, item, record, "description") == ("Agenda", "Notes of the meeting")

    lab.world.mailbox_of(1).edit(item, {"location": "Room 2"})
    lab.settle()
    assert both(lab, item, record, "description") == ("Agenda", "Notes of the meeting")

    lab.world.mailbox_of(1).edit(item, {"description": "New agenda"})
    reports = lab.settle()
    assert both(lab, item, record, "description") == ("New agenda", "New agenda")
    assert sum(report.conflicts for report in reports) == 1


@pytest.mark.parametrize(("choice", "kept"), [(OneWay.REPLACE, "Countess"), (OneWay.KEEP, "Lady")])
def test_ls062_towards_the_mailbox_text_typed_there_is_replaced_or_kept(choice: OneWay, kept: str) -> None:
    lab = Lab(1, only(Kind.CONTACT, direction=Direction.TO_MAILBOX, one_way=choice))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.world.mailbox_of(1).edit(item, {"title": "Lady"})
    lab.settle()
    assert both(lab, item, record, "title") == (kept, "Countess")


def test_both_ways_nothing_is_replaced() -> None:
    lab = Lab(1, only(Kind.CONTACT, one_way=OneWay.REPLACE))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.world.org.edit(record, {"title": "Lady"})
    lab.settle()
    assert both(lab, item, record, "title") == ("Lady", "Lady")


# --- start -----------------------------------------------------------------------------------------------------------


def joined_later(start: StartRule) -> Lab:
    """A Salesforce event that was there an hour before its owner was assigned."""
    lab = Lab(1, replace(only(Kind.EVENT), start=start))
    lab.leave(1)
    lab.world.org.create(Kind.EVENT, meeting(lab), lab.world.people[1].crm_user_id)
    lab.wait(timedelta(hours=1))
    lab.enter(1)
    lab.settle()
    return lab


@pytest.mark.parametrize(("start", "copies"), [(StartRule.EDITED, 0), (StartRule.ALL, 1)])
def test_ls106_what_was_in_salesforce_before_waits_or_comes_at_once(start: StartRule, copies: int) -> None:
    assert len(joined_later(start).world.mailbox_of(1).living(Kind.EVENT)) == copies


def test_ls107_what_waited_comes_when_the_configuration_wants_all_at_once() -> None:
    lab = joined_later(StartRule.EDITED)
    with lab.configurations.editing() as editor:
        editor.save(replace(lab.settings, start=StartRule.ALL))
    lab.settle()
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == 1


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [Ownership.UNSET, Ownership.SELECTED, Ownership.RECORDS])
def test_ls037_without_a_whole_choice_no_salesforce_contact_syncs(half: Ownership) -> None:
    lab = Lab(1, replace(only(Kind.CONTACT), contact_filter=ContactFilter(half, followed=True)))
    lab.world.org.create(Kind.CONTACT, ADA, lab.world.people[1].crm_user_id)
    lab.settle()
    assert lab.world.mailbox_of(1).living(Kind.CONTACT) == []
