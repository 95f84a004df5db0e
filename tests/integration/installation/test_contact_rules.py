"""Rules for contacts that only a whole installation can show (LS-055 to LS-101): folder, licence, deletions, looks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice
from backend.domain.configuration_words import SETTINGS, WORDS, warnings
from backend.domain.presets import AS_LIGHTNING_SYNC, RECOMMENDED
from backend.sandbox.salesforce.rules import Automation
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, card, timed
from tests.fakes.told import Told

ONE_APP = "Lightning Platform - One App"
PHOTO = b"\x89PNG of Grace"


def surnames(installation: Installation) -> list[str]:
    return sorted(row["LastName"] for row in installation.records("LastName", "Contact"))


def in_step(installation: Installation, number: int = 1) -> list[Person]:
    people: list[Person] = installation.stage.hire(number)
    installation.assign()
    installation.settle()
    return people


def test_ls060_a_category_of_the_folders_name_does_not_make_a_contact_sync(installation: Installation) -> None:
    """LS-060: what counts is the folder; the category syncs nobody outside it, and keeps nobody out inside it."""
    (ada,) = in_step(installation)
    box = installation.box(ada)
    box.create_contact(card("Outside", "Categorised", categories=["Salesforce_Sync"]))
    inside = installation.write_card(ada, "Inside", "Plain")
    installation.settle()
    assert surnames(installation) == ["Plain"]

    box.update_contact(inside, {"categories": ["Salesforce_Sync"]})
    with installation.watched() as writes:
        installation.settle()
    assert writes == Counter()
    assert surnames(installation) == ["Plain"]


def test_ls095_a_licence_without_contacts_is_named_and_events_go_on(installation: Installation, told: Told) -> None:
    """LS-095, H-7: the reason and its remedy by page and command; with another licence contacts go on by themselves."""
    ada, bob = installation.stage.hire(2)
    one_app = installation.org.add_profile("One app", licence=ONE_APP)
    installation.org.update(ada.salesforce_id, {"ProfileId": one_app})
    installation.assign()
    installation.write_card(ada, "Grace", "Hopper")
    installation.box(ada).create_event(timed("Review", installation.soon()))
    installation.write_card(bob, "Annie", "Easley")
    installation.cycle()
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()
    assert surnames(installation) == ["Easley"]
    assert [row["Subject"] for row in installation.records("Subject")] == ["Review"]
    says = f"Contacts do not sync: the licence “{ONE_APP}” of {ada.salesforce_username} has none."
    remedy = f"Give {ada.salesforce_username} a licence with contacts, or set contacts to “don't sync”"
    for text in (told.status, told.person(ada), told.command("status", "--user", ada.salesforce_username)):
        assert says in text
        assert remedy in text
    assert says not in told.person(bob)
    assert ada.key in installation.cycle(), "she is not put off: her events go on at the usual pace"
    assert installation.standing(ada).state == "needs_attention"

    whole = installation.org.add_profile("Whole")
    installation.org.update(ada.salesforce_id, {"ProfileId": whole})
    installation.later(hours=1, minutes=1)
    installation.settle()
    assert surnames(installation) == ["Easley", "Hopper"]
    assert says not in told.status + told.command("status")
    assert installation.standing(ada).state == "in_sync"


def test_ls098_ls101_deletions_of_contacts_spread_only_by_a_choice_that_says_it_goes_beyond() -> None:
    """LS-098, LS-101: Lightning Sync had no such choice; neither preset takes it, and whoever takes it is told."""
    for preset in (RECOMMENDED, AS_LIGHTNING_SYNC):
        assert preset.contacts.deletion is not DeletionChoice.DELETE
        assert not any("deleted" in one for one in warnings(preset))
    (setting,) = [one for one in SETTINGS if one.key == "contacts.deletions"]
    assert "Lightning Sync never deleted the other copy of a contact" in setting.meaning
    assert WORDS[DeletionChoice, DeletionChoice.DELETE] == "delete the other copy too, if nobody changed it"
    spreading = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, deletion=DeletionChoice.DELETE))
    assert [one for one in warnings(spreading) if "deleted" in one] == [
        "A contact deleted on one side is deleted on the other too. Lightning Sync never did this. "
        "Choose “keep the other copy” if deletions should not spread."
    ]


def test_ls098_ls101_by_default_and_as_lightning_sync_did_a_deleted_contact_deletes_nothing(
    installation: Installation,
) -> None:
    (ada,) = in_step(installation)
    for settings, left in ((EVERYTHING, 0), (AS_LIGHTNING_SYNC, 1)):
        installation.assign(settings)
        kept = installation.write_card(ada, "Grace", f"Of{left}", emailAddresses=[{"address": f"g{left}@navy.example"}])
        installation.settle()
        installation.box(ada).delete_contact(kept)
        installation.settle()
        assert f"Of{left}" in surnames(installation), "the record stays"
        assert sum(one["surname"] == f"Of{left}" for one in installation.cards(ada)) == left


def test_h6_another_spelling_of_a_number_or_address_is_written_to_neither_side(installation: Installation) -> None:
    """H-6, LS-074: what each typed stays as he typed it, and a number that changes still arrives."""
    (ada,) = in_step(installation)
    home = {"street": "Speicher 1\r\nHaus 2", "city": "Hamburg", "postalCode": "20457", "countryOrRegion": "Germany"}
    written = installation.write_card(
        ada, "Grace", "Hopper", businessPhones=["040 1234567"], mobilePhone="+49 170 1234567", businessAddress=home,
        emailAddresses=[{"address": "Grace@Navy.Example"}],
    )  # fmt: skip
    installation.settle()
    (row,) = installation.records("Id", "Contact")
    respelt = {"Phone": "+49 (40) 1234567", "MobilePhone": "0170/1234567", "Email": "grace@navy.example",
               "MailingStreet": "Speicher 1, Haus 2", "MailingCity": "Hamburg", "MailingPostalCode": "20457",
               "MailingCountry": "Deutschland"}  # fmt: skip
    with installation.watched() as writes:
        installation.org.update(row["Id"], respelt, ada.salesforce_id)
        installation.settle()
        installation.box(ada).update_contact(written, {"mobilePhone": "+49-170-1234567"})
        installation.settle()
    assert writes == Counter()
    (kept,) = installation.cards(ada)
    assert (kept["businessPhones"], kept["mobilePhone"]) == (["040 1234567"], "+49-170-1234567")
    assert kept["businessAddress"] == home
    (row,) = installation.records(", ".join(["Id", *respelt]), "Contact")
    assert {name: row[name] for name in respelt} == respelt

    installation.org.update(row["Id"], {"Phone": "040 7654321"}, ada.salesforce_id)
    installation.settle()
    assert installation.cards(ada)[0]["businessPhones"] == ["040 7654321"]


def test_h6_automation_that_rewrites_numbers_starts_no_ping_pong(installation: Installation) -> None:
    """SF-034, INV-7: Salesforce rewrites each number it gets; the card keeps what its owner typed."""
    (ada,) = in_step(installation)

    def international(row: dict[str, object]) -> dict[str, object]:
        phone = str(row.get("Phone") or "")
        return {"Phone": "+49" + phone.replace(" ", "").lstrip("0")} if phone.startswith("0") else {}

    installation.org.add_automation(Automation("Contact", international))
    written = installation.write_card(ada, "Grace", "Hopper", businessPhones=["040 1234567"])
    installation.settle()
    assert [row["Phone"] for row in installation.records("Phone", "Contact")] == ["+49401234567"]
    assert installation.cards(ada)[0]["businessPhones"] == ["040 1234567"]

    installation.box(ada).update_contact(written, {"businessPhones": ["040 7654321"]})
    installation.settle()
    assert [row["Phone"] for row in installation.records("Phone", "Contact")] == ["+49407654321"]
    assert installation.cards(ada)[0]["businessPhones"] == ["040 7654321"]


def test_h6_contacts_that_match_in_other_spellings_are_no_conflict(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.write_card(
        ada, "Grace", "Hopper", businessPhones=["040 1234567"], emailAddresses=[{"address": "grace@navy.example"}]
    )
    row = {"LastName": "Hopper", "FirstName": "Grace", "Email": "GRACE@navy.example", "Phone": "+49 40 1234567"}
    installation.org.insert("Contact", {**row, "OwnerId": ada.salesforce_id}, ada.salesforce_id)
    installation.assign()
    with installation.watched() as writes:
        installation.settle()
    assert writes == Counter()
    assert installation.rows(sa.select(tables.conflict)) == []
    assert len(installation.records("Id", "Contact")) == 1


def test_ls117_photo_categories_and_what_has_no_field_stay_on_the_card_through_every_update(
    installation: Installation,
) -> None:
    """LS-116 for contacts: what Salesforce has no field for is never written, also not by whole lists and addresses."""
    (ada,) = in_step(installation)
    box = installation.box(ada)
    kept = {
        "categories": ["Red category"],
        "imAddresses": ["grace@chat.example"],
        "spouseName": "Vincent",
        "homeAddress": {"street": "1 Elm Street", "city": "Arlington"},
    }
    written = installation.write_card(
        ada, "Grace", "Hopper", businessPhones=["+1 202 555 0100", "+1 202 555 0101"],
        emailAddresses=[{"address": f"grace{n}@navy.example", "name": f"G{n}"} for n in range(3)], **kept,
    )  # fmt: skip
    box.set_photo(written, PHOTO)
    installation.settle()
    (row,) = installation.records("Id", "Contact")
    for change in ({"Title": "Admiral"}, {"Phone": "+1 202 555 0199", "Email": "g@navy.example"},
                   {"FirstName": "G.", "MailingCity": "Arlington"}, {"Title": None}):  # fmt: skip
        installation.org.update(row["Id"], change, ada.salesforce_id)
        installation.settle()
        assert box.photo(written) == PHOTO
    card_now = box.contact(written)
    assert {key: card_now[key] for key in ("categories", "imAddresses", "spouseName")} == {
        key: kept[key] for key in ("categories", "imAddresses", "spouseName")
    }
    assert card_now["homeAddress"]["street"] == "1 Elm Street"
    assert card_now["businessPhones"] == ["+1 202 555 0199", "+1 202 555 0101"]
    assert [one["address"] for one in card_now["emailAddresses"]] == [
        "g@navy.example", "grace1@navy.example", "grace2@navy.example",
    ]  # fmt: skip


def test_ls115_formatted_notes_of_a_contact_stay_until_salesforce_changes_their_text(
    installation: Installation,
) -> None:
    """LS-115 for contacts: only the text is mapped, so nothing but another text is written over the formatted notes."""
    (ada,) = in_step(installation)
    box = installation.box(ada)
    html = "<html><body><p><b>Met</b> at the navy</p><ul><li>compilers</li></ul></body></html>"
    written = installation.write_card(ada, "Grace", "Hopper")
    box.format_notes(written, html)
    installation.settle()
    (row,) = installation.records("Id, Description", "Contact")
    assert row["Description"] == box.contact(written)["personalNotes"].strip()

    installation.org.update(row["Id"], {"Title": "Admiral", "LastName": "Murray"}, ada.salesforce_id)
    installation.settle()
    installation.org.update(row["Id"], {"Description": f"{row['Description']}  \r\n"}, ada.salesforce_id)
    installation.settle()
    assert box.contact(written)["jobTitle"] == "Admiral"
    assert box.html_notes(written) == html

    installation.org.update(row["Id"], {"Description": "Retired"}, ada.salesforce_id)
    installation.settle()
    assert box.contact(written)["personalNotes"] == "Retired"
    assert box.html_notes(written) is None
