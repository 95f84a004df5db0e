"""Settings where our default differs from Lightning Sync: both choices, told as stories that end settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import (
    Condition,
    Configuration,
    ConflictRule,
    ConflictScope,
    ContactFilter,
    DeletionChoice,
    Direction,
    KindSettings,
    OneWay,
    Operator,
    Ownership,
    StartRule,
    Which,
)
from backend.domain.field_choices import FieldChoice, FieldMap
from backend.domain.values import Kind, Name, ShowAs, Side, Timed, Values
from backend.storage import tables
from backend.sync.context import Context
from backend.sync.differences import Difference, sent, standing
from backend.sync.scope import window_of
from backend.sync.state import EVERYTHING as EVERYTHING_MARK
from backend.sync.state import Todo
from backend.sync.store import Changes
from tests.fakes.databases import EVERYTHING
from tests.fakes.fake_mailbox import FakeMailbox
from tests.fakes.fake_salesforce import FakeCrm, FakeOrganisation
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


# --- a leg is switched on --------------------------------------------------------------------------------------------


def change(lab: Lab, settings: Configuration) -> None:
    """The admin saves the configuration."""
    lab.settings = settings
    with lab.configurations.editing() as editor:
        editor.save(settings)


def directed(kind: Kind, direction: Direction) -> Configuration:
    return only(kind, direction=direction)


@pytest.mark.parametrize("kind", list(Kind))
def test_f9_a_leg_that_is_switched_on_agrees_to_the_differences_it_finds(kind: Kind) -> None:
    values, group = (ADA, "title") if kind is Kind.CONTACT else ({}, "description")
    lab = Lab(1, directed(kind, Direction.TO_CRM))
    item, record = paired(lab, kind, values or meeting(lab, description="Countess"))
    lab.world.org.edit(record, {group: "typed in Salesforce"})
    lab.settle()

    change(lab, directed(kind, Direction.BOTH))
    reports = lab.settle()
    assert both(lab, item, record, group) == ("Countess", "typed in Salesforce")
    assert sum(report.agreed for report in reports) == 1

    lab.world.org.edit(record, {group: "typed later"})
    lab.settle()
    assert both(lab, item, record, group) == ("typed later", "typed later")


def test_f9_the_other_leg_agrees_too() -> None:
    lab = Lab(1, directed(Kind.CONTACT, Direction.TO_MAILBOX))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.world.mailbox_of(1).edit(item, {"title": "typed in the mailbox"})
    lab.settle()

    change(lab, directed(Kind.CONTACT, Direction.BOTH))
    lab.world.mailbox_of(1).edit(item, {"phone": "typed after the change"})
    lab.settle()

    assert both(lab, item, record, "title") == ("typed in the mailbox", "Countess")
    assert both(lab, item, record, "phone") == ("typed after the change", "typed after the change")


def test_f9_what_the_source_changed_before_the_leg_was_switched_on_still_flows() -> None:
    lab = Lab(1, directed(Kind.CONTACT, Direction.TO_CRM))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.world.mailbox_of(1).edit(item, {"title": "from the source"})
    lab.world.org.edit(record, {"department": "on the target"})
    lab.read()

    change(lab, directed(Kind.CONTACT, Direction.BOTH))
    lab.settle()

    assert both(lab, item, record, "title") == ("from the source", "from the source")
    assert both(lab, item, record, "department") == (None, "on the target")


def test_f9_a_kind_that_did_not_sync_agrees_to_what_both_sides_became() -> None:
    lab = Lab(1, directed(Kind.CONTACT, Direction.BOTH))
    item, record = paired(lab, Kind.CONTACT, ADA)
    change(lab, directed(Kind.CONTACT, Direction.OFF))
    lab.world.mailbox_of(1).edit(item, {"title": "mailbox"})
    lab.world.org.edit(record, {"department": "Salesforce"})
    lab.settle()

    change(lab, directed(Kind.CONTACT, Direction.BOTH))
    lab.settle()

    assert both(lab, item, record, "title") == ("mailbox", "Countess")
    assert both(lab, item, record, "department") == (None, "Salesforce")


def test_narrowing_needs_nothing_and_widening_back_agrees() -> None:
    lab = Lab(1, directed(Kind.CONTACT, Direction.BOTH))
    item, record = paired(lab, Kind.CONTACT, ADA)
    change(lab, directed(Kind.CONTACT, Direction.TO_CRM))
    lab.world.mailbox_of(1).edit(item, {"title": "goes on"})
    lab.settle()
    assert both(lab, item, record, "title") == ("goes on", "goes on")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("source", list(Side))
def test_f9_differences_that_stayed_are_sent_when_somebody_asks_for_it(kind: Kind, source: Side) -> None:
    """F-9: one way, by the usual rules; what did not differ is not touched, and nothing is journalled as lost."""
    values, group = (ADA, "title") if kind is Kind.CONTACT else ({}, "description")
    lab = Lab(1, directed(kind, Direction.TO_CRM))
    item, record = paired(lab, kind, values or meeting(lab, description="Countess"))
    lab.world.org.edit(record, {group: "typed in Salesforce"})
    lab.settle()
    change(lab, directed(kind, Direction.BOTH))
    lab.settle()
    (one,) = left_different(lab, kind)
    assert one.groups == (group,)

    link, agreed = sent(one, source)
    lease = lab.store.acquire(1, "a person", 30)
    assert lease is not None
    changes = Changes(links=[link], meetings=[agreed] if agreed else [], item_user=1, item_kind=kind)
    changes.todos = [Todo(1, kind, Side.MAILBOX.value, item)]
    lab.store.commit(lease, changes)
    lab.store.release(lease)
    before = len(lab.world.writes)
    lab.settle()

    won = "Countess" if source is Side.MAILBOX else "typed in Salesforce"
    assert both(lab, item, record, group) == (won, won)
    assert len(lab.world.writes) == before + 1
    assert list(left_different(lab, kind)) == []
    assert lab.count(tables.conflict) == 0


def left_different(lab: Lab, kind: Kind) -> list[Difference]:
    user = lab.store.user(1)
    assert user is not None
    today = lab.world.clock.now().date()
    snapshot = lab.store.snapshot(1, kind, [Todo(1, kind, EVERYTHING_MARK, "")])
    window = window_of(user.configuration, today)
    return list(standing(Context(user, kind, snapshot, window, today, snapshot.links, snapshot.meetings)))


def test_g1_a_rehearsal_counts_what_will_stay_and_stores_nothing() -> None:
    lab = Lab(1, directed(Kind.CONTACT, Direction.TO_CRM))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.world.org.edit(record, {"title": "typed in Salesforce"})
    lab.settle()
    change(lab, directed(Kind.CONTACT, Direction.BOTH))

    for _ in range(2):
        report = lab.engine.sync_user(1, FakeMailbox.of(lab.world, 1), FakeCrm.of(lab.world, 1), dry_run=True)
        assert (report.agreed, report.planned) == (1, 0)
    lab.settle()
    assert both(lab, item, record, "title") == ("Countess", "typed in Salesforce")


def test_ls034_a_person_who_is_assigned_again_agrees_to_nothing_new() -> None:
    lab = Lab(1, directed(Kind.CONTACT, Direction.BOTH))
    item, record = paired(lab, Kind.CONTACT, ADA)
    lab.leave(1)
    lab.world.org.edit(record, {"title": "while he was away"})
    lab.cycle()
    lab.enter(1)
    lab.settle()
    assert both(lab, item, record, "title") == ("while he was away", "while he was away")
    assert len(lab.world.org.living(Kind.CONTACT)) == len(lab.world.mailbox_of(1).living(Kind.CONTACT)) == 1


# --- private events --------------------------------------------------------------------------------------------------


def private(switch: bool) -> Configuration:
    return replace(only(Kind.EVENT), private=switch)


def test_ls151_a_private_event_from_before_the_switch_syncs_when_it_is_next_changed() -> None:
    lab = Lab(1, private(switch=False))
    old = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab, private=True))
    lab.settle()
    lab.wait(timedelta(hours=1))
    change(lab, private(switch=True))
    lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab, subject="New", private=True))
    lab.settle()
    assert [row.values["subject"] for row in lab.world.org.living(Kind.EVENT)] == ["New"]

    lab.world.mailbox_of(1).edit(old, {"location": "Room 2"})
    lab.settle()
    assert sorted(str(row.values["subject"]) for row in lab.world.org.living(Kind.EVENT)) == ["New", "Review"]


def test_ls150_with_the_switch_turned_off_both_copies_stay_and_no_update_follows() -> None:
    lab = Lab(1, private(switch=True))
    item = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab, private=True))
    lab.settle()
    record = lab.world.org.living(Kind.EVENT)[0].id

    change(lab, private(switch=False))
    lab.settle()
    (kept,) = lab.rows(sa.select(tables.mailbox_item).where(tables.mailbox_item.c.mailbox_id == item))
    assert (kept.presence, kept._mapping["values"]) == ("outside", None)

    lab.world.mailbox_of(1).edit(item, {"location": "Room 2"})
    lab.settle()
    assert both(lab, item, record, "location") == ("Room 2", None)
    assert (lab.world.org.read(record) or {})["subject"] == "Review"


def test_ls150_with_the_switch_turned_on_again_the_pair_goes_on() -> None:
    lab = Lab(1, private(switch=True))
    item = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab, private=True))
    lab.settle()
    record = lab.world.org.living(Kind.EVENT)[0].id
    change(lab, private(switch=False))
    lab.settle()
    change(lab, private(switch=True))
    lab.settle()
    lab.world.mailbox_of(1).edit(item, {"location": "Room 3"})
    lab.settle()
    assert both(lab, item, record, "location") == ("Room 3", "Room 3")
    assert len(lab.world.org.living(Kind.EVENT)) == 1


# --- field map -------------------------------------------------------------------------------------------------------


def without(*rows: str) -> Configuration:
    return only(Kind.CONTACT, field_map=FieldMap(tuple(FieldChoice(row, None) for row in rows)))


def test_ls087_a_field_that_is_not_mapped_is_neither_made_nor_changed_on_either_side() -> None:
    lab = Lab(1, without("title"))
    lab.world.org.create(Kind.CONTACT, ADA, lab.world.people[1].crm_user_id)
    lab.settle()
    (card,) = lab.world.mailbox_of(1).living(Kind.CONTACT)
    assert card.values.get("title") is None
    (row,) = lab.world.org.living(Kind.CONTACT)

    lab.world.mailbox_of(1).edit(card.id, {"title": "Lady", "phone": "1"})
    lab.world.org.edit(row.id, {"department": "Numbers"})
    lab.settle()

    assert both(lab, card.id, row.id, "title") == ("Lady", "Countess")
    assert both(lab, card.id, row.id, "phone") == ("1", "1")
    assert both(lab, card.id, row.id, "department") == ("Numbers", "Numbers")


def test_g_a_field_that_is_mapped_again_agrees_to_the_differences_it_finds() -> None:
    lab = Lab(1, only(Kind.CONTACT))
    item, record = paired(lab, Kind.CONTACT, ADA)
    change(lab, without("title"))
    lab.settle()
    lab.world.mailbox_of(1).edit(item, {"title": "Lady"})
    lab.world.org.edit(record, {"title": "Dr"})
    lab.settle()

    change(lab, only(Kind.CONTACT))
    reports = lab.settle()
    assert both(lab, item, record, "title") == ("Lady", "Dr")
    assert sum(report.agreed for report in reports) == 1

    lab.world.mailbox_of(1).edit(item, {"title": "Baroness"})
    lab.settle()
    assert both(lab, item, record, "title") == ("Baroness", "Baroness")


def test_g_what_was_agreed_about_a_field_that_is_switched_off_is_forgotten() -> None:
    """G: also of pairs that nobody touches; a field that was equal and comes back with an edit is no conflict."""
    lab = Lab(1, only(Kind.CONTACT))
    item, record = paired(lab, Kind.CONTACT, ADA)
    before = len(lab.world.writes)
    change(lab, without("title"))
    lab.settle()
    (pair,) = lab.pairs()
    for shadow in (pair.link.shadow_mailbox, pair.link.shadow_crm):
        assert shadow is not None
        assert "title" not in shadow
        assert shadow["email"] == ADA["email"]
    assert len(lab.world.writes) == before

    change(lab, only(Kind.CONTACT))
    lab.world.mailbox_of(1).edit(item, {"title": "Baroness"})
    lab.settle()
    assert both(lab, item, record, "title") == ("Baroness", "Baroness")
    assert lab.count(tables.conflict) == 0


# --- followed contacts -----------------------------------------------------------------------------------------------

NOBODY = Condition("Level__c", Operator.EQUALS, "VIP")
"""A condition that no contact of these stories fulfils."""
EVERYBODY = Condition("Level__c", Operator.NOT_EQUALS, "VIP")


def of_two_people(contact_filter: ContactFilter) -> tuple[Lab, str]:
    """Contacts of the user and of a colleague; the user follows one of the colleague's: its id."""
    lab = Lab(2, replace(only(Kind.CONTACT), contact_filter=contact_filter))
    lab.leave(2)
    mine, theirs = lab.world.people[1].crm_user_id, lab.world.people[2].crm_user_id
    lab.world.org.create(Kind.CONTACT, {"name": Name("My", "Own")}, mine)
    followed = lab.world.org.create(Kind.CONTACT, {"name": Name("The", "Followed")}, theirs)
    lab.world.org.create(Kind.CONTACT, {"name": Name("The", "Other")}, theirs)
    lab.world.org.followed[mine, followed] = lab.world.clock.now()
    lab.settle()
    return lab, followed


def cards(lab: Lab) -> list[str]:
    names = [thing.values["name"] for thing in lab.world.mailbox_of(1).living(Kind.CONTACT)]
    return sorted(str(name.last) for name in names if isinstance(name, Name))


@pytest.mark.parametrize(
    ("contact_filter", "expected"),
    [
        pytest.param(ContactFilter(followed=True), ["Followed", "Own"], id="ls041"),
        pytest.param(ContactFilter(conditions=(NOBODY,), followed=True), ["Followed"], id="ls042"),
        pytest.param(ContactFilter(Ownership.ALL, followed=True), ["Followed", "Other", "Own"], id="ls043"),
        pytest.param(ContactFilter(Ownership.ALL), ["Followed", "Other", "Own"], id="ls043-off"),
        pytest.param(ContactFilter(Ownership.ALL, (NOBODY,), followed=True), ["Followed"], id="ls044"),
        pytest.param(ContactFilter(conditions=(EVERYBODY,)), ["Own"], id="ls040"),
        pytest.param(ContactFilter(Ownership.SELECTED, followed=True), [], id="ls037"),
    ],
)
def test_ls040_ls041_ls042_ls043_ls044_followed_contacts_come_on_top(
    contact_filter: ContactFilter, expected: list[str]
) -> None:
    lab, _ = of_two_people(contact_filter)
    assert cards(lab) == expected


def test_ls041_a_contact_comes_when_it_is_followed_though_nobody_touched_it() -> None:
    lab, _ = of_two_people(ContactFilter(followed=True))
    other = next(row.id for row in lab.world.org.living(Kind.CONTACT) if row.values["name"] == Name("The", "Other"))
    lab.wait(timedelta(hours=1))
    lab.world.org.followed[lab.world.people[1].crm_user_id, other] = lab.world.clock.now()
    lab.settle()
    assert cards(lab) == ["Followed", "Other", "Own"]


def test_ls041_a_contact_no_longer_followed_stays_and_is_parked_after_the_nightly_reading() -> None:
    lab, followed = of_two_people(ContactFilter(followed=True))
    del lab.world.org.followed[lab.world.people[1].crm_user_id, followed]
    lab.engine.read_organisation(FakeOrganisation(lab.world), full=True)
    lab.settle()
    lab.world.org.edit(followed, {"title": "Later"})
    lab.settle()
    assert cards(lab) == ["Followed", "Own"]
    titles = [thing.values.get("title") for thing in lab.world.mailbox_of(1).living(Kind.CONTACT)]
    assert titles == [None, None]


def test_ls041_the_switch_alone_brings_what_was_followed_before() -> None:
    lab, _ = of_two_people(ContactFilter())
    assert cards(lab) == ["Own"]
    change(lab, replace(lab.settings, contact_filter=ContactFilter(followed=True)))
    lab.settle()
    assert cards(lab) == ["Followed", "Own"]


# --- other changes of a configuration --------------------------------------------------------------------------------


def events(**settings: object) -> Configuration:
    return replace(only(Kind.EVENT), **settings)  # type: ignore[arg-type]  # names are the setting's own


def subjects(lab: Lab) -> list[str]:
    return sorted(str(row.values["subject"]) for row in lab.world.org.living(Kind.EVENT))


def test_g_from_all_events_to_selected_ones_parks_the_rest_and_forgets_their_content() -> None:
    lab = Lab(1, events())
    mailbox = lab.world.mailbox_of(1)
    kept = mailbox.create(Kind.EVENT, meeting(lab, subject="Selected"))
    left = mailbox.create(Kind.EVENT, meeting(lab, subject="Left"))
    lab.world.org.create(Kind.EVENT, meeting(lab, subject="From Salesforce"), lab.world.people[1].crm_user_id)
    lab.settle()
    with lab.database.begin() as connection:
        chosen = {"user_id": 1, "uid": mailbox.things[kept].uid, "original_start": ""}
        connection.execute(sa.insert(tables.selection), chosen | {"created_at": lab.world.clock.now()})

    change(lab, events(which=Which.SELECTED))
    lab.settle()
    row = tables.mailbox_item.c
    seen = sa.select(row.mailbox_id, row.presence, row["values"].label("held"))
    stored = {one.mailbox_id: one for one in lab.rows(seen)}
    assert (stored[left].presence, stored[left].held) == ("outside", None)
    assert [one.presence for id_, one in stored.items() if id_ != left] == ["here", "here"]
    mailbox.edit(left, {"location": "Room 2"})
    mailbox.edit(kept, {"location": "Room 3"})
    lab.settle()
    rooms = {str(one.values["subject"]): one.values.get("location") for one in lab.world.org.living(Kind.EVENT)}
    assert rooms == {"Selected": "Room 3", "Left": None, "From Salesforce": None}

    change(lab, events(which=Which.ALL))
    lab.settle()
    assert subjects(lab) == ["From Salesforce", "Left", "Selected"]
    assert len(mailbox.living(Kind.EVENT)) == 3


def test_g_a_longer_window_takes_up_what_was_outside_and_a_shorter_one_parks_it() -> None:
    lab = Lab(1, events(days_back=10))
    start = (lab.world.clock.now() - timedelta(days=20)).replace(microsecond=0)
    past = meeting(lab, when=Timed(start, start + timedelta(hours=1)))
    item = lab.world.mailbox_of(1).create(Kind.EVENT, past)
    lab.settle()
    assert subjects(lab) == []

    change(lab, events(days_back=30))
    lab.settle()
    assert subjects(lab) == ["Review"]

    change(lab, events(days_back=10))
    lab.settle()
    lab.world.mailbox_of(1).edit(item, {"location": "Room 2"})
    lab.settle()
    (row,) = lab.world.org.living(Kind.EVENT)
    assert row.values.get("location") is None
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == 1


@pytest.mark.parametrize("whole", [Ownership.OWN, Ownership.ALL])
def test_g_a_record_that_leaves_the_filter_is_parked_and_its_copy_stays(whole: Ownership) -> None:
    lab = Lab(1, replace(only(Kind.CONTACT), contact_filter=ContactFilter(whole)))
    record = lab.world.org.create(Kind.CONTACT, ADA, lab.world.people[1].crm_user_id)
    lab.settle()
    change(lab, replace(lab.settings, contact_filter=ContactFilter(whole, (NOBODY,))))
    lab.settle()
    lab.world.org.edit(record, {"title": "Later"})
    lab.settle()
    assert [card.values["title"] for card in lab.world.mailbox_of(1).living(Kind.CONTACT)] == ["Countess"]

    change(lab, replace(lab.settings, contact_filter=ContactFilter(whole)))
    lab.settle()
    assert [card.values["title"] for card in lab.world.mailbox_of(1).living(Kind.CONTACT)] == ["Later"]


def test_g_a_record_outside_the_filter_goes_on_if_the_user_put_its_card_in_the_container() -> None:
    lab = Lab(1, replace(only(Kind.CONTACT), contact_filter=ContactFilter(conditions=(NOBODY,))))
    item = lab.world.mailbox_of(1).create(Kind.CONTACT, ADA)
    lab.settle()
    (row,) = lab.world.org.living(Kind.CONTACT)
    lab.world.org.edit(row.id, {"title": "Lady"})
    lab.settle()
    assert both(lab, item, row.id, "title") == ("Lady", "Lady")


@pytest.mark.parametrize("choice", [DeletionChoice.RECREATE, DeletionChoice.DELETE])
def test_f2_a_change_of_the_deletion_choice_does_not_touch_what_is_stopped(choice: DeletionChoice) -> None:
    lab = Lab(1, only(Kind.CONTACT, deletion=DeletionChoice.STOP))
    item, _ = paired(lab, Kind.CONTACT, ADA)
    lab.world.mailbox_of(1).delete(item)
    lab.settle()
    change(lab, only(Kind.CONTACT, deletion=choice))
    lab.settle()
    assert lab.world.mailbox_of(1).living(Kind.CONTACT) == []
    assert len(lab.world.org.living(Kind.CONTACT)) == 1


def kept_by_two(choice: DeletionChoice) -> tuple[Lab, str]:
    """One contact in the mailboxes of two people, both of whom take all contacts: its record."""
    settings = replace(only(Kind.CONTACT, deletion=choice), contact_filter=ContactFilter(Ownership.ALL))
    lab = Lab(2, settings)
    record = lab.world.org.create(Kind.CONTACT, ADA, lab.world.people[1].crm_user_id)
    lab.settle()
    assert [len(lab.world.mailbox_of(user).living(Kind.CONTACT)) for user in (1, 2)] == [1, 1]
    return lab, record


@pytest.mark.parametrize(("choice", "records"), [(DeletionChoice.RECREATE, 1), (DeletionChoice.STOP, 0)])
def test_ls100_a_contact_deleted_in_salesforce_and_kept_in_mailboxes_comes_back_once_or_stays_deleted(
    choice: DeletionChoice, records: int
) -> None:
    lab, record = kept_by_two(choice)
    lab.world.org.delete(record)
    lab.settle()
    assert len(lab.world.org.living(Kind.CONTACT)) == records
    assert [len(lab.world.mailbox_of(user).living(Kind.CONTACT)) for user in (1, 2)] == [1, 1]


def test_ls100_also_where_one_of_the_two_deleted_his_card_before() -> None:
    lab, record = kept_by_two(DeletionChoice.STOP)
    change(lab, replace(lab.settings, contacts=replace(lab.settings.contacts, deletion=DeletionChoice.RECREATE)))
    (card,) = lab.world.mailbox_of(1).living(Kind.CONTACT)
    lab.world.mailbox_of(1).delete(card.id)
    lab.world.org.delete(record)
    lab.settle()
    assert len(lab.world.org.living(Kind.CONTACT)) == 1
    assert len(lab.world.mailbox_of(2).living(Kind.CONTACT)) == 1
