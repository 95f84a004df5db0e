"""The editor: every setting with its words, presets, mistakes at their fields, and two people at once."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest

from backend.domain.configuration import (
    Condition,
    Configuration,
    ContactFilter,
    Direction,
    Operator,
    Ownership,
)
from backend.domain.configuration_words import SETTINGS, in_words
from backend.domain.field_choices import FieldChoice, FieldMap, customisable
from backend.domain.presets import AS_LIGHTNING_SYNC, RECOMMENDED
from backend.domain.values import Kind
from backend.ports.errors import Transient
from backend.web.configuration_form import together
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_configurations import FIELD_SALES, KEY_ACCOUNTS, MANAGEMENT, WHO, settings, stored
from tests.unit.web.test_status import text_of

PATH = f"/configurations/{FIELD_SALES}"


def form_of(page: str) -> dict[str, Any]:
    """What a browser would send of the editor's form if nothing were touched."""
    body = page[page.index('<form id="editor"') : page.index("</main>")]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<(?:input|select|option)\b[^>]*>", body):
        attributes = dict(re.findall(r'([\w.-]+)="([^"]*)"', tag))
        value = html.unescape(attributes.get("value", ""))
        if tag.startswith("<select"):
            chosen = attributes["name"]
            sent.setdefault(chosen, []).append(None)
        elif tag.startswith("<option"):
            first = sent[chosen][-1] is None
            if first or " selected" in tag:
                sent[chosen][-1] = value
        elif " disabled" in tag or "name" not in attributes:
            continue
        elif attributes.get("type") in ("radio", "checkbox"):
            if " checked" in tag:
                sent.setdefault(attributes["name"], []).append(value)
        else:
            sent.setdefault(attributes["name"], []).append(value)
    return sent


def open_form(visitor: Visitor, path: str = PATH) -> dict[str, Any]:
    return form_of(visitor.get(path).text)


def test_ls025_every_setting_of_the_file_is_there_with_its_sentence(admin: Visitor) -> None:
    page = admin.get(PATH).text
    words = text_of(page)

    for one in SETTINGS:
        if not one.key.endswith(".fields"):
            assert f'id="{one.key.replace(".", "-")}"' in page
            assert one.key == "active" or one.meaning in words
    for kind in Kind:
        for row in customisable(kind):
            assert f'name="{kind.value}s.fields.{row.key}"' in page


def test_saving_what_was_not_touched_changes_nothing(admin: Visitor, world: World) -> None:
    for path in (PATH, f"/configurations/{MANAGEMENT}"):
        before, lines = stored(world), len(world.audit)
        answer = admin.post(path, open_form(admin, path) | {"do": "save:anyway"})

        assert answer.status_code == 302
        assert stored(world) == before
        assert len(world.audit) == lines


def test_a_change_is_saved_told_and_recorded_with_both_values(admin: Visitor, world: World) -> None:
    sent = open_form(admin) | {"events.private": ["off", "on"], "events.days_back": "14", "do": "save:anyway"}
    answer = admin.post(PATH, sent)

    assert answer.headers["Location"] == PATH
    assert settings(world, "Field sales EMEA") == replace(RECOMMENDED, name="", private=True, days_back=14)
    assert stored(world)["Field sales EMEA"].configuration.version == 2
    assert world.audit[-1] == (
        WHO,
        "configuration changed",
        "Field sales EMEA",
        {"changes": ["Events, Private events: off → on", "Events, Days back: 30 → 14"], "rehearsed": False},
    )
    words = text_of(admin.get(PATH).text)
    assert "people use the new rules from their next run on." in words
    assert "last changed by Claire Dubois" in words


def test_ls050_all_four_directions_are_offered_for_both_kinds(admin: Visitor) -> None:
    page = admin.get(PATH).text

    for kind in Kind:
        offered = re.findall(rf'name="{kind.value}s.direction" value="(\w+)"', page)
        assert set(offered) == {one.value for one in Direction}


def test_ls052_what_has_no_effect_is_off_with_its_reason_and_keeps_the_choice(admin: Visitor, world: World) -> None:
    sent = open_form(admin) | {"events.direction": "to_mailbox", "do": "look"}
    page = admin.post(PATH, sent).text

    row = page[page.index('id="events-relate"') : page.index('id="events-attendees"')]
    assert "No mailbox event goes to Salesforce at present." in row
    assert "Your choice, on, is kept." in row
    assert 'href="#events-direction"' in row
    assert re.search(r'<input class="switch"[^>]* disabled', row)

    admin.post(PATH, form_of(page) | {"do": "save:anyway"})
    saved = settings(world, "Field sales EMEA")
    assert saved == replace(RECOMMENDED, name="", events=replace(RECOMMENDED.events, direction=Direction.TO_MAILBOX))


def test_a_change_of_a_field_brings_new_rows_and_differences_without_the_page(admin: Visitor) -> None:
    sent = open_form(admin) | {"events.direction": "to_mailbox", "do": "look"}
    answer = admin.post(PATH, sent, headers={"HX-Request": "true"})

    assert "<html" not in answer.text
    assert answer.text.count('hx-swap-oob="true"') > len(SETTINGS) - 5
    assert "1 unsaved change Events, Direction was both ways now Salesforce to mailbox" in text_of(answer.text)


@pytest.mark.parametrize(("preset", "values"), [("recommended", RECOMMENDED), ("as_lightning_sync", AS_LIGHTNING_SYNC)])
def test_a_preset_fills_the_form_shows_the_differences_and_saves_nothing(
    admin: Visitor, world: World, preset: str, values: Configuration
) -> None:
    path = f"/configurations/{MANAGEMENT}"
    before = stored(world)
    page = admin.post(path, open_form(admin, path) | {"do": f"fill:{preset}"}).text

    assert stored(world) == before
    assert "Contacts, Direction was Salesforce to mailbox now both ways" in text_of(page)
    admin.post(path, form_of(page) | {"do": "save:anyway"})
    assert settings(world, "Management") == replace(values, name="")


def test_differences_from_the_nearest_preset_stand_beside_the_form(admin: Visitor) -> None:
    words = text_of(admin.get(f"/configurations/{MANAGEMENT}").text)

    assert "Differs from Recommended Contacts, Direction Salesforce to mailbox instead of both ways" in words


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("events.days_back", "a week", "“a week” is no whole number: write one like 30."),
        ("events.days_back", "-1", "-1 is too small: write at least 0."),
        ("events.days_ahead", "9999", "9999 is too large: write at most 1830."),
        ("name", " ", "Give it a name."),
        ("name", "Key Accounts", "There is a configuration “Key accounts” already"),
        ("events.guests", "shout", "“shout” is none of the choices"),
        ("contacts.fields.title", "Job-Title", "“Job-Title” is no API name of a Salesforce field"),
        ("contacts.fields.title", "Email", "“Email” is mapped to email already"),
    ],
)
def test_a_mistake_stands_at_its_field_and_on_top_and_nothing_is_lost(
    admin: Visitor, world: World, field: str, typed: str, sentence: str
) -> None:
    before = stored(world)
    answer = admin.post(PATH, open_form(admin) | {"events.private": ["off", "on"], field: typed, "do": "save:anyway"})
    words = text_of(answer.text)

    assert answer.status_code == 422
    assert words.count(sentence) == 2
    assert "1 field cannot be saved as it is. Nothing was saved." in words
    if field != "events.guests":
        assert f'value="{typed}"' in answer.text
    assert "Events, Private events was off now on" in words
    assert stored(world) == before


def test_conditions_are_added_line_by_line_and_an_emptied_one_goes(admin: Visitor, world: World) -> None:
    part = "contacts.filter.conditions"
    lines = {
        f"{part}.field": ["MailingCountry", "Rating__c", ""],
        f"{part}.operator": ["equals", "is_empty", "equals"],
        f"{part}.value": ["Sweden", "", ""],
    }
    admin.post(PATH, open_form(admin) | lines | {"do": "save:anyway"})
    saved = settings(world, "Field sales EMEA").contact_filter
    assert saved.conditions == (
        Condition("MailingCountry", Operator.EQUALS, "Sweden"),
        Condition("Rating__c", Operator.IS_EMPTY),
    )

    again = open_form(admin)
    again[f"{part}.field"][0] = again[f"{part}.value"][0] = ""
    admin.post(PATH, again | {"do": "save:anyway"})
    assert settings(world, "Field sales EMEA").contact_filter.conditions == (Condition("Rating__c", Operator.IS_EMPTY),)


def test_a_condition_that_cannot_be_is_kept_with_its_reason(admin: Visitor, world: World) -> None:
    part = "contacts.filter.conditions"
    lines = {
        f"{part}.field": ["MailingCountry", "not a field"],
        f"{part}.operator": ["equals", "equals"],
        f"{part}.value": ["", "x"],
    }
    answer = admin.post(PATH, open_form(admin) | lines | {"do": "save:anyway"})
    words = text_of(answer.text)

    assert answer.status_code == 422
    assert "Equals needs a value." in words
    assert "“not a field” is no API name of a field" in words
    assert 'value="not a field"' in answer.text
    assert settings(world, "Field sales EMEA").contact_filter.conditions == ()


def test_ls037_a_half_set_choice_of_owners_is_shown_where_it_is_and_never_offered(admin: Visitor, world: World) -> None:
    assert "Selected Contacts without" not in admin.get(PATH).text
    half = replace(stored(world)["Field sales EMEA"].configuration, contact_filter=replace(
        RECOMMENDED.contact_filter, ownership=Ownership.SELECTED
    ))  # fmt: skip
    with world.configurations().editing() as editor:
        editor.save(half)

    words = text_of(admin.get(PATH).text)
    assert "Selected Contacts without User's Records: no Salesforce contacts" in words
    assert "No Salesforce contacts sync: whose contacts is not chosen completely." in words


def test_ls051_selecting_events_takes_the_integration_and_the_page_says_so(admin: Visitor) -> None:
    page = admin.post(PATH, open_form(admin) | {"events.which": "selected", "do": "look"}).text

    assert "People relate events in the Outlook or Gmail integration; without it no event" in text_of(page)


def test_invitations_warn_beside_their_setting(admin: Visitor) -> None:
    page = admin.post(PATH, open_form(admin) | {"events.invite_guests": ["off", "on"], "do": "look"}).text
    row = page[page.index('id="events-invite_guests"') : page.index('id="events-guests"')]

    assert "the mailbox mails them invitations" in text_of(row)


# --- the field map ---------------------------------------------------------------------------------------------------


def test_ls045_rows_are_switched_off_or_pointed_to_fields_that_fit(admin: Visitor, world: World) -> None:
    """LS-046 does not hold here: custom fields are offered too, if their type fits."""
    asked = admin.post(PATH, open_form(admin) | {"do": "fields"}).text
    row = asked[asked.index('id="contacts-fields-department-choice"') :]
    row = row[: row.index("</select>")]
    assert re.findall(r'<option value="([^"]*)"', row) == ["", "off", "MailingCountry", "Team__c"]

    sent = form_of(asked) | {"contacts.fields.department": "Team__c", "contacts.fields.fax": "off", "do": "save:anyway"}
    admin.post(PATH, sent)
    assert settings(world, "Field sales EMEA").contacts.field_map == FieldMap(
        (FieldChoice("department", "Team__c"), FieldChoice("fax", None))
    )


def test_ls047_ls048_rows_that_matching_needs_are_not_offered(admin: Visitor) -> None:
    page = admin.get(PATH).text

    for row in ("name.first", "name.last", "company", "email"):
        assert f'name="contacts.fields.{row}"' not in page
    for row in ("subject", "when.start", "when.end", "when.all_day", "private"):
        assert f'name="events.fields.{row}"' not in page


def test_a_field_that_does_not_fit_is_refused_with_its_reason(admin: Visitor, world: World) -> None:
    answer = admin.post(PATH, open_form(admin) | {"contacts.fields.title": "Score__c", "do": "save:anyway"})

    assert answer.status_code == 422
    assert "“Score__c” is of type double; Title needs text." in text_of(answer.text)
    assert settings(world, "Field sales EMEA").contacts.field_map == FieldMap()


def test_where_salesforce_does_not_answer_fields_are_saved_unchecked_and_it_is_said(
    admin: Visitor, world: World
) -> None:
    world.fields_problem = Transient("Salesforce does not answer.", service="salesforce")
    asked = admin.post(PATH, open_form(admin) | {"do": "fields"}).text
    admin.post(PATH, open_form(admin) | {"contacts.fields.title": "Job__c", "do": "save:anyway"})

    assert "Salesforce's fields could not be read: Salesforce does not answer." in text_of(asked)
    assert settings(world, "Field sales EMEA").contacts.field_map == FieldMap((FieldChoice("title", "Job__c"),))
    assert "Whether Salesforce has the chosen fields was not checked" in text_of(admin.get(PATH).text)


# --- two at once -----------------------------------------------------------------------------------------------------


def test_the_second_of_two_tabs_is_told_with_both_values_and_loses_nothing(admin: Visitor, world: World) -> None:
    first, second = open_form(admin), open_form(admin)
    admin.post(PATH, first | {"events.days_back": "60", "events.private": ["off", "on"], "do": "save:anyway"})
    answer = admin.post(PATH, second | {"events.days_back": "14", "contacts.match": "oldest", "do": "save:anyway"})
    words = text_of(answer.text)

    assert answer.status_code == 409
    assert "Claire Dubois saved this configuration meanwhile. Yours is not lost" in words
    assert "Both of you changed 1 setting: Events, Days back saved: 60 · yours: 14" in words
    assert "Changed by the other only, and taken over below: Events, Private events." in words
    assert settings(world, "Field sales EMEA") == replace(RECOMMENDED, name="", days_back=60, private=True)

    admin.post(PATH, form_of(answer.text) | {"do": "save:anyway"})
    saved = settings(world, "Field sales EMEA")
    assert (saved.days_back, saved.private, saved.preference.value) == (14, True, "oldest")


def test_the_second_may_take_the_saved_values_instead(admin: Visitor, world: World) -> None:
    first, second = open_form(admin), open_form(admin)
    admin.post(PATH, first | {"events.days_back": "60", "do": "save:anyway"})
    told = admin.post(PATH, second | {"events.days_back": "14", "contacts.match": "oldest", "do": "save:anyway"}).text

    theirs = admin.post(PATH, form_of(told) | {"do": "theirs"}).text
    admin.post(PATH, form_of(theirs) | {"do": "save:anyway"})
    saved = settings(world, "Field sales EMEA")
    assert (saved.days_back, saved.preference.value) == (60, "oldest")


def test_a_base_that_was_tampered_with_cannot_hide_what_was_saved(admin: Visitor, world: World) -> None:
    sent = open_form(admin)
    admin.post(PATH, open_form(admin) | {"events.private": ["off", "on"], "do": "save:anyway"})
    for base in ("", "{}", '{"version": 1}', "[]", '{"version":"x","settings":{"name":"a"}}'):
        answer = admin.post(PATH, sent | {"base": base, "events.days_back": "14", "do": "look"})
        assert answer.status_code == 200


def test_changes_of_two_meet_setting_by_setting() -> None:
    base = Configuration("Sales")
    theirs = replace(base, days_back=60, private=True)
    mine = replace(base, days_back=14, private=True, relate=False, name="Sales North")
    both = together(base, theirs, mine)

    assert both.settings == replace(theirs, days_back=14, relate=False, name="Sales North")
    assert [(one.key, one.theirs, one.mine) for one in both.clashes] == [("events.days_back", 60, 14)]
    assert both.taken == ()
    assert together(base, theirs, base).taken == ("events.private", "events.days_back")


def test_ls002_a_viewer_sees_the_settings_and_cannot_touch_them(viewer: Visitor) -> None:
    page = viewer.get(f"/configurations/{KEY_ACCOUNTS}").text
    body = page[page.index('<form id="editor"') : page.index("</main>")]

    assert "Your account may look, not change." in page
    assert 'name="do"' not in body
    controls = [tag for tag in re.findall(r"<(?:input|select)\b[^>]*>", body) if 'type="hidden"' not in tag]
    assert [
        tag for tag in controls if " disabled" not in tag and " readonly" not in tag and "aria-disabled" not in tag
    ] == []
    assert in_words(Direction.BOTH) in page.casefold()


# --- trying the filter -----------------------------------------------------------------------------------------------


def test_a_filter_is_tried_on_a_person_with_what_the_form_says_now(admin: Visitor, world: World) -> None:
    part = "contacts.filter.conditions"
    lines = {f"{part}.field": "MailingCountry", f"{part}.operator": "equals", f"{part}.value": "Sweden"}
    before = stored(world)
    answer = admin.post(PATH, open_form(admin) | lines | {"sample": "2", "do": "count"})

    assert "312 contacts of Maya Lindqvist match, for example Ines Okoye, Per Sandgren ." in text_of(answer.text)
    asked = ContactFilter(conditions=(Condition("MailingCountry", Operator.EQUALS, "Sweden"),))
    assert world.done[-1] == ("matches", 2, asked)
    assert form_of(answer.text)[f"{part}.value"] == ["Sweden"]
    assert stored(world) == before


def test_only_people_of_the_configuration_are_offered_for_it(admin: Visitor) -> None:
    offered = admin.get(f"/configurations/{KEY_ACCOUNTS}").text
    menu = offered[offered.index('id="sample"') :].split("</select>")[0]

    assert "Maya Lindqvist" in menu
    assert "Jonas Becker" not in menu


def test_nobody_to_try_it_on_is_said(admin: Visitor) -> None:
    answer = admin.post(PATH, open_form(admin) | {"sample": "999", "do": "count"})

    assert "Choose a person first." in text_of(answer.text)


def test_where_salesforce_does_not_answer_the_count_says_so(admin: Visitor, world: World) -> None:
    world.fields_problem = Transient("Salesforce does not answer.", service="salesforce")
    answer = admin.post(PATH, open_form(admin) | {"sample": "2", "do": "count"})

    assert "Salesforce could not be asked: Salesforce does not answer." in text_of(answer.text)
