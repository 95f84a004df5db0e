"""Contacts between a mailbox and Salesforce, told as stories. Each ends settled: a further pass writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import (
    Configuration,
    ConflictRule,
    ContactFilter,
    DeletionChoice,
    Direction,
    Ownership,
    Preference,
)
from backend.domain.values import Kind, Name, Values
from backend.storage import tables
from backend.storage.reset import reset_user
from tests.fakes.databases import EVERYTHING
from tests.fakes.lab import Lab

ADA: Values = {"name": Name("Ada", "Lovelace"), "email": "ada@engine.example", "title": "Countess"}


def configured(
    direction: Direction = Direction.BOTH,
    deletion: DeletionChoice = DeletionChoice.STOP,
    conflict: ConflictRule = ConflictRule.CRM,
    **more: object,
) -> Configuration:
    """Contacts by these settings, events as they are."""
    contacts = replace(EVERYTHING.contacts, direction=direction, deletion=deletion, conflict=conflict)
    return replace(EVERYTHING, contacts=contacts, **more)  # type: ignore[arg-type]  # keyword names are the setting's own


def in_salesforce(lab: Lab, owner: int = 1, values: Values = ADA) -> str:
    return lab.world.org.create(Kind.CONTACT, values, lab.world.people[owner].crm_user_id)


def in_mailbox(lab: Lab, user: int = 1, values: Values = ADA) -> str:
    return lab.world.mailbox_of(user).create(Kind.CONTACT, values)


def records(lab: Lab) -> list[Values]:
    return [row.values for row in lab.world.org.living(Kind.CONTACT)]


def cards(lab: Lab, user: int = 1) -> list[Values]:
    return [thing.values for thing in lab.world.mailbox_of(user).living(Kind.CONTACT)]


def test_ls069_a_contact_without_counterpart_is_made_on_the_other_side() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab)
    in_salesforce(lab, values={"name": Name("Grace", "Hopper"), "email": "grace@navy.example"})

    lab.settle()

    assert sorted(str(card["email"]) for card in cards(lab)) == ["ada@engine.example", "grace@navy.example"]
    assert sorted(str(row["email"]) for row in records(lab)) == ["ada@engine.example", "grace@navy.example"]


def test_ls061_towards_the_mailbox_contacts_appear_without_anybody_doing_anything() -> None:
    lab = Lab(1, configured(Direction.TO_MAILBOX))
    in_salesforce(lab)

    lab.settle()

    assert [card["email"] for card in cards(lab)] == ["ada@engine.example"]


def test_ls062_towards_the_mailbox_edits_in_the_mailbox_never_reach_salesforce() -> None:
    lab = Lab(1, configured(Direction.TO_MAILBOX))
    record = in_salesforce(lab)
    lab.settle()
    card = lab.world.mailbox_of(1).living(Kind.CONTACT)[0]

    lab.world.mailbox_of(1).edit(card.id, {"title": "Programmer"})
    lab.settle()

    assert (lab.world.org.read(record) or {})["title"] == "Countess"


def test_ls063_towards_salesforce_edits_in_salesforce_never_reach_the_mailbox() -> None:
    lab = Lab(1, configured(Direction.TO_CRM))
    card = in_mailbox(lab)
    lab.settle()
    record = lab.world.org.living(Kind.CONTACT)[0]

    lab.world.org.edit(record.id, {"title": "Programmer"})
    lab.settle()

    assert (lab.world.mailbox_of(1).read(card) or {})["title"] == "Countess"


def test_ls066_ls070_an_equal_address_pairs_two_contacts_whatever_their_names_also_later() -> None:
    lab = Lab(1, configured())
    lab.settle()
    in_salesforce(lab, values={"name": Name("A.", "King"), "email": "ada@engine.example"})
    in_mailbox(lab)

    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (1, 1)


def test_ls067_without_an_address_equal_name_and_company_pair_two_contacts() -> None:
    lab = Lab(1, configured())
    person: Values = {"name": Name("Ada", "Lovelace"), "company": "Engine Works"}
    in_salesforce(lab, values=person)
    in_mailbox(lab, values=person)

    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (1, 1)


def test_ls068_an_equal_name_with_another_company_does_not_pair() -> None:
    lab = Lab(1, configured())
    in_salesforce(lab, values={"name": Name("Ada", "Lovelace"), "company": "Engine Works"})
    in_mailbox(lab, values={"name": Name("Ada", "Lovelace"), "company": "Loom Mills"})

    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (2, 2)


@pytest.mark.parametrize(
    ("preference", "expected"),
    [(Preference.OLDEST, "first"), (Preference.UPDATED, "second")],
    ids=["ls073_oldest", "ls072_most_recently_updated"],
)
def test_several_records_with_the_address_are_chosen_from_by_preference(preference: Preference, expected: str) -> None:
    """LS-072, LS-073."""
    lab = Lab(1, configured(preference=preference, direction=Direction.TO_CRM))
    for title in ("first", "second"):
        in_salesforce(lab, values={**ADA, "title": title})
        lab.world.clock.advance(timedelta(hours=1))
    card = in_mailbox(lab, values={"name": Name("Ada", "Lovelace"), "email": "ada@engine.example"})
    lab.settle()

    lab.world.mailbox_of(1).edit(card, {"phone": "+44 1"})
    lab.settle()

    assert [row["title"] for row in records(lab) if row.get("phone") == "+44 1"] == [expected]


def test_ls074_addresses_are_compared_without_case_and_blanks() -> None:
    lab = Lab(1, configured())
    in_salesforce(lab)
    in_mailbox(lab, values={**ADA, "email": " ADA@Engine.Example "})

    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (1, 1)


def test_ls075_one_record_is_paired_with_one_card_of_a_mailbox_only() -> None:
    lab = Lab(1, configured())
    in_salesforce(lab)
    in_mailbox(lab)
    in_mailbox(lab, values={**ADA, "title": "Other card"})

    reports = lab.settle()

    assert (len(records(lab)), len(cards(lab)), len(lab.pairs())) == (1, 2, 1)
    assert any("same e-mail address" in note for report in reports for note in report.notes)


def test_ls083_contact_sync_makes_contacts_only() -> None:
    """LS-082, LS-083: neither accounts nor leads are made."""
    lab = Lab(1, configured())
    in_mailbox(lab, values={**ADA, "company": "Nobody's Company"})

    lab.settle()

    assert {row.kind for row in lab.world.org.living(Kind.CONTACT)} == {Kind.CONTACT}
    assert {write.kind for write in lab.world.writes} == {Kind.CONTACT}


def test_ls038_all_contacts_takes_those_of_others_too() -> None:
    lab = Lab(2, configured(Direction.TO_MAILBOX, contact_filter=ContactFilter(Ownership.ALL)))
    in_salesforce(lab, owner=2)

    lab.settle()

    assert (len(cards(lab, 1)), len(cards(lab, 2))) == (1, 1)


def test_ls039_own_records_takes_only_owned_contacts() -> None:
    """LS-037: without the ownership's owner nothing is taken."""
    lab = Lab(2, configured(Direction.TO_MAILBOX))
    in_salesforce(lab, owner=2)

    lab.settle()

    assert (len(cards(lab, 1)), len(cards(lab, 2))) == (0, 1)


def test_ls065_a_card_moved_out_of_the_folder_stops_and_deletes_nothing() -> None:
    lab = Lab(1, configured(deletion=DeletionChoice.DELETE))
    card = in_mailbox(lab)
    lab.settle()

    lab.world.mailbox_of(1).move_out(card)
    lab.settle()

    assert len(records(lab)) == 1


def test_ls059_a_card_moved_into_the_folder_is_made_in_salesforce() -> None:
    lab = Lab(1, configured())
    card = in_mailbox(lab)
    lab.world.mailbox_of(1).move_out(card)
    lab.settle()
    before = len(records(lab))

    lab.world.mailbox_of(1).move_back(card)
    lab.settle()

    assert (before, len(records(lab))) == (0, 1)


def test_ls090_ls089_a_refused_contact_is_tried_again_when_it_changes_and_stops_nobody() -> None:
    lab = Lab(1, configured())
    nameless = in_mailbox(lab, values={"name": Name("Ana"), "email": "ana@x.example"})
    in_mailbox(lab)
    lab.settle()
    alone = [row["email"] for row in records(lab)]

    lab.world.mailbox_of(1).edit(nameless, {"name": Name("Ana", "Silva")})
    lab.settle()

    assert alone == ["ada@engine.example"]
    assert sorted(str(row["email"]) for row in records(lab)) == ["ada@engine.example", "ana@x.example"]


def test_ls096_by_choice_a_contact_deleted_in_salesforce_is_made_again_there() -> None:
    lab = Lab(1, configured(deletion=DeletionChoice.RECREATE))
    in_mailbox(lab)
    lab.settle()

    lab.world.org.delete(lab.world.org.living(Kind.CONTACT)[0].id)
    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (1, 1)


def test_ls097_by_choice_a_contact_deleted_in_the_mailbox_is_made_again_there() -> None:
    lab = Lab(1, configured(deletion=DeletionChoice.RECREATE))
    in_salesforce(lab)
    lab.settle()

    lab.world.mailbox_of(1).delete(lab.world.mailbox_of(1).living(Kind.CONTACT)[0].id)
    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (1, 1)


def test_a_deleted_contact_stays_deleted_and_its_other_copy_stays() -> None:
    """LS-098: by default a deletion does not spread."""
    lab = Lab(1, configured())
    card = in_mailbox(lab)
    lab.settle()

    lab.world.mailbox_of(1).delete(card)
    lab.settle()

    assert (len(records(lab)), len(cards(lab))) == (1, 0)


def test_ls099_deleted_on_both_sides_is_gone_for_good() -> None:
    lab = Lab(1, configured(deletion=DeletionChoice.RECREATE))
    card = in_mailbox(lab)
    lab.settle()

    lab.world.mailbox_of(1).delete(card)
    lab.world.org.delete(lab.world.org.living(Kind.CONTACT)[0].id)
    lab.settle()

    assert (records(lab), cards(lab), lab.pairs()) == ([], [], [])


def test_ls185_what_sync_wrote_does_not_come_back_as_a_change() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab)
    lab.cycle()
    writes = len(lab.world.writes)

    lab.cycle()
    lab.cycle()

    assert len(lab.world.writes) == writes


@pytest.mark.parametrize(
    ("rule", "expected"), [(ConflictRule.CRM, "from Salesforce"), (ConflictRule.MAILBOX, "from the mailbox")]
)
def test_both_sides_edited_goes_by_the_rule_and_the_loser_is_journalled(rule: ConflictRule, expected: str) -> None:
    """LS-091, LS-092 per field group; INV-6."""
    lab = Lab(1, configured(conflict=rule))
    card = in_mailbox(lab)
    lab.settle()
    record = lab.world.org.living(Kind.CONTACT)[0].id
    lab.world.mailbox_of(1).edit(card, {"title": "from the mailbox", "phone": "+44 7"})
    lab.world.org.edit(record, {"title": "from Salesforce", "department": "Numbers"})

    reports = lab.settle()

    merged = lab.world.org.read(record) or {}
    assert (merged["title"], merged["phone"], merged["department"]) == (expected, "+44 7", "Numbers")
    assert (lab.world.mailbox_of(1).read(card) or {})["title"] == expected
    assert sum(report.conflicts for report in reports) == 1


def test_ls179_after_a_reset_copies_and_reused_cards_keep_their_own_records() -> None:
    """INV-29: our keys name what belongs together, though a copy carries the tag of its original."""
    lab = Lab(1, configured())
    in_salesforce(lab, values={"name": Name("Ada", "Lovelace")})
    lab.settle()
    box = lab.world.mailbox_of(1)
    copy = box.copy(box.living(Kind.CONTACT)[0].id)
    box.edit(copy, {"company": "Loom Mills"})
    reused = in_mailbox(lab, values={"name": Name("Charles", "Babbage"), "company": "Engine Works"})
    lab.settle()
    box.edit(reused, {"name": Name("Mary", "Somerville")})
    lab.settle()
    before, written = {pair.link.mailbox_id: pair.line.crm_id for pair in lab.pairs()}, len(lab.world.writes)

    reset_user(lab.database, 1)
    lab.settle()

    assert {pair.link.mailbox_id: pair.line.crm_id for pair in lab.pairs()} == before
    assert len(before) == 3
    assert len(lab.world.writes) == written


def test_ls179_after_a_reset_a_card_without_its_company_in_salesforce_finds_its_record_by_our_key() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, values={"name": Name("Annie", "Easley"), "company": "Lewis"})
    lab.settle()
    lab.world.org.edit(lab.world.org.living(Kind.CONTACT)[0].id, {"company": "Glenn"})

    reset_user(lab.database, 1)
    lab.settle()

    assert (len(records(lab)), len(cards(lab)), len(lab.pairs())) == (1, 1, 1)


def test_ls074_addresses_that_differ_in_capitals_only_are_no_conflict() -> None:
    lab = Lab(1, configured())
    in_salesforce(lab)
    in_mailbox(lab, values={**ADA, "email": "ADA@ENGINE.EXAMPLE", "title": "Programmer"})

    lab.settle()

    assert [row[0] for row in lab.rows(sa.select(tables.conflict.c.group))] == ["title"]


@pytest.mark.parametrize("side", ["mailbox", "salesforce"])
def test_ls094_contacts_beyond_the_limit_wait_and_are_taken_up_in_the_order_they_were_seen(
    monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    monkeypatch.setattr("backend.sync.limit.MOST", 2)
    lab = Lab(1, configured())
    make = in_mailbox if side == "mailbox" else in_salesforce

    def arrives(last: str) -> str:
        made = make(lab, values={"name": Name("Ann", last), "email": f"{last}@engine.example".casefold()})
        lab.settle()
        return made

    first = arrives("First")
    arrives("Second")
    arrives("Third")
    arrives("Fourth")

    def taken() -> list[str]:
        other = records(lab) if side == "mailbox" else cards(lab)
        return sorted(name.last or "" for values in other if isinstance(name := values["name"], Name))

    assert taken() == ["First", "Second"]
    told = lab.rows(tables.note.select().where(tables.note.c.code == "limit"))
    assert sorted(row.title for row in told) == ["Ann Fourth", "Ann Third"]

    if side == "mailbox":
        lab.world.mailbox_of(1).delete(first)
    else:
        lab.world.org.delete(first)
    lab.settle()
    assert taken() == ["First", "Second", "Third"]
    told = lab.rows(tables.note.select().where(tables.note.c.code == "limit"))
    assert [row.title for row in told] == ["Ann Fourth"]


@pytest.mark.parametrize("where", ["mailbox", "Salesforce"])
def test_d14_a_second_card_of_an_address_is_kept_in_step_once_the_first_goes_by_another(where: str) -> None:
    """What it waited for is no change of its own; and the note about it goes."""
    lab = Lab(1, configured())
    first = in_mailbox(lab)
    lab.settle()
    in_mailbox(lab, values={**ADA, "title": "Namesake"})
    lab.settle()
    assert (len(records(lab)), lab.count(tables.note)) == (1, 1)

    if where == "mailbox":
        lab.world.mailbox_of(1).edit(first, {"email": "king@engine.example"})
    else:
        lab.world.org.edit(lab.world.org.living(Kind.CONTACT)[0].id, {"email": "king@engine.example"})
    lab.settle()

    told = {values["title"]: values["email"] for values in records(lab)}
    assert told == {"Countess": "king@engine.example", "Namesake": "ada@engine.example"}
    assert lab.count(tables.note, tables.note.c.reason != "") == 0
