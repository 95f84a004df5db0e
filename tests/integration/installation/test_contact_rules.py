"""Rules for contacts that only a whole installation can show (LS-055 to LS-101): folder, licence, deletions, looks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from backend.domain.configuration import DeletionChoice
from backend.domain.configuration_words import SETTINGS, WORDS, warnings
from backend.domain.presets import AS_LIGHTNING_SYNC, RECOMMENDED
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, card, timed
from tests.fakes.told import Told

ONE_APP = "Lightning Platform - One App"


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
    assert WORDS[DeletionChoice.DELETE] == "delete the other copy too, if nobody changed it"
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
