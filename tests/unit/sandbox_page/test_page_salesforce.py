"""Events and contacts in Salesforce, through plain forms."""

from __future__ import annotations

import pytest

from backend.sandbox.salesforce.rules import ValidationRule

REVIEW = "Quarterly review, Brightwater"


def open_event(bench, subject=REVIEW):
    return f"?open=sf-event:{bench.row('Event', Subject=subject)['Id']}"


def open_contact(bench, name="Ines Okoye"):
    return f"?open=sf-contact:{bench.row('Contact', Name=name)['Id']}"


def test_a_new_event_belongs_to_the_person(bench):
    who = bench.row("Contact", Name="Nadia Ferrante")["Id"]
    what = bench.row("Account", Name="Kestrel Works")["Id"]
    answer = bench.send(
        "sf-event/save", "?open=sf-event:new", subject="Demo", first_day="2026-11-26", start="16:00",
        last_day="2026-11-26", end="17:30", place="Dock", who=who, what=what, show_as="Free", notes="a\r\nb",
    )  # fmt: skip
    assert "“Demo” is made in Salesforce." in bench.say(answer)
    row = bench.row("Event", Subject="Demo")
    names = ("OwnerId", "StartDateTime", "EndDateTime", "Location", "WhoId", "WhatId", "ShowAs", "IsAllDayEvent")
    assert [row[name] for name in names] == [
        bench.person.salesforce_id, "2026-11-26T15:00:00.000+0000", "2026-11-26T16:30:00.000+0000", "Dock", who, what,
        "Free", False,
    ]  # fmt: skip
    assert (row["CreatedById"], row["Description"]) == (bench.person.salesforce_id, "a\r\nb")


def test_an_all_day_event_floats_and_ends_with_its_last_day(bench):
    bench.send("sf-event/save", "?open=sf-event:new", subject="Fair", all_day="on", first_day="2026-11-26", start="",
               last_day="2026-11-27", end="")  # fmt: skip
    row = bench.row("Event", Subject="Fair")
    assert (row["StartDateTime"][:10], row["EndDateTime"][:10], row["IsAllDayEvent"]) == (
        "2026-11-26",
        "2026-11-27",
        True,
    )
    shown = bench.form("sf-event/save", open_event(bench, "Fair"))
    assert (shown["first_day"], shown["last_day"], shown["all_day"]) == ("2026-11-26", "2026-11-27", "on")
    bench.send(
        "sf-event/save", open_event(bench, "Fair"), all_day="", start="09:00", last_day="2026-11-26", end="10:00"
    )
    row = bench.row("Event", Subject="Fair")
    assert (row["StartDateTime"][:16], row["IsAllDayEvent"]) == ("2026-11-26T08:00", False)


def test_only_what_was_changed_is_written(bench):
    fields = bench.form("sf-event/save", open_event(bench))
    bench.org.update(fields["item"], {"Location": "Room of the sync"}, bench.person.salesforce_id)
    bench.client.post("/people/maya/sf-event/save", data=fields | {"subject": "Review", "who": ""})
    row = bench.org.row(fields["item"])
    assert (row["Subject"], row["Location"], row.get("WhoId")) == ("Review", "Room of the sync", None)


def test_saving_an_unchanged_event_writes_nothing(bench):
    before = bench.row("Event", Subject=REVIEW)
    assert "Nothing was changed" in bench.say(bench.send("sf-event/save", open_event(bench)))
    assert bench.row("Event", Subject=REVIEW) == before


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"start": "14h"}, "start", "“14h” is not a time. Write it like 14:30."),
        ({"end": "13:00"}, "end", "The event ends before it starts."),
        ({"zone": "Nowhere"}, "zone", "“Nowhere” is not a time zone."),
        ({"last_day": "2026-12-30"}, "end", "Salesforce refused this: “End Date Time: an event can"),
        ({"private": "on"}, "who", "Salesforce refused this: “Private: a private event can"),
        ({"subject": "x" * 256}, "subject", "Salesforce refused this: “Subject: data value too large"),
    ],
)
def test_wrong_input_comes_back_with_a_sentence_at_its_field(bench, fields, name, sentence):
    before = bench.row("Event", Subject=REVIEW)
    answer = bench.send("sf-event/save", open_event(bench), place="Kept", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'aria-describedby="sf-event-{name}-error"' in answer.text
    assert 'value="Kept"' in answer.text
    assert bench.row("Event", Subject=REVIEW) == before


def test_a_rule_of_the_company_is_said_in_its_own_words_at_its_field(bench):
    rule = ValidationRule(
        "Contact", lambda row: row.get("MailingCountry") == "Germany", "Needs 5 digits.", "MailingPostalCode"
    )
    bench.org.add_validation_rule(rule)
    answer = bench.send("sf-contact/save", open_contact(bench), country="Germany", title="Kept")
    assert answer.status_code == 422
    assert "Salesforce refused this: “Needs 5 digits.”" in answer.text
    assert 'id="sf-contact-code-error"' in answer.text
    assert bench.row("Contact", Name="Ines Okoye").get("Title") is None


def test_a_refusal_that_names_no_field_stands_above_the_form(bench):
    bench.org.add_validation_rule(ValidationRule("Contact", lambda row: True, "Contacts are closed today."))
    answer = bench.send("sf-contact/save", "?open=sf-contact:new", last="New")
    assert answer.status_code == 422
    assert "<b>Salesforce refused this: “Contacts are closed today.”</b>" in answer.text
    assert 'value="New"' in answer.text


def test_a_contact_needs_a_last_name(bench):
    answer = bench.send("sf-contact/save", "?open=sf-contact:new", first="Ana")
    assert answer.status_code == 422
    assert 'id="sf-contact-last-error"' in answer.text
    assert "Required fields are missing: [LastName]" in answer.text


def test_a_copy_of_an_invitee_is_refused_in_salesforces_words(bench):
    tomas = bench.sandbox.world.people[1].salesforce_id
    review = bench.row("Event", Subject=REVIEW)["Id"]
    bench.org.insert("EventRelation", {"EventId": review, "RelationId": tomas, "IsInvitee": True, "IsParent": False})
    copy = bench.row("Event", OwnerId=tomas)["Id"]
    page = bench.client.get(f"/people/tomas?open=sf-event:{copy}").text
    assert "The copy of an invitee" in page
    assert "copy of an invitee" in page
    fields = {"item": copy, "was": "{}", "subject": "Mine", "first_day": "2026-11-26", "start": "14:00",
              "last_day": "2026-11-26", "end": "15:00", "zone": "UTC"}  # fmt: skip
    answer = bench.client.post("/people/tomas/sf-event/save", data=fields)
    assert answer.status_code == 422
    assert "Salesforce refused this: “Only the reminder" in answer.text


def test_a_new_contact_has_every_field(bench):
    account = bench.row("Account", Name="Kestrel Works")["Id"]
    fields = {
        "first": "Ada", "last": "Byron", "account": account, "title": "Analyst", "email": "ada@engines.example",
        "phone": "+44 1", "mobile": "+44 2", "street": "1 Row\nYard", "code": "N1", "city": "London", "state": "London",
        "country": "UK", "notes": "Knows",
    }  # fmt: skip
    assert "“Ada Byron” is made in Salesforce." in bench.say(
        bench.send("sf-contact/save", "?open=sf-contact:new", **fields)
    )
    row = bench.row("Contact", Name="Ada Byron")
    assert (row["OwnerId"], row["MailingStreet"]) == (bench.person.salesforce_id, "1 Row\r\nYard")
    shown = bench.form("sf-contact/save", open_contact(bench, "Ada Byron"))
    assert {name: shown[name] for name in fields} == fields


def test_deleted_rows_come_back_from_the_bin(bench):
    contact = bench.row("Contact", Name="Wanda Król")["Id"]
    event = bench.row("Event", Subject=REVIEW)["Id"]
    page = bench.say(bench.client.post("/people/maya/sf-contact/delete", data={"item": contact}))
    assert "“Wanda Król” is deleted." in page
    page = bench.say(bench.client.post("/people/maya/sf-event/delete", data={"item": event}))
    assert "Recycle Bin, 2" in page
    page = bench.say(bench.client.post("/people/maya/sf-contact/restore", data={"item": contact}))
    assert "“Wanda Król” is back in Salesforce." in page
    assert "Recycle Bin, 1" in page
    bench.client.post("/people/maya/sf-event/restore", data={"item": event})
    assert bench.row("Event", Subject=REVIEW)["Id"] == event
    assert "Recycle Bin" not in bench.page()


def test_a_row_that_is_gone_is_named_as_gone(bench):
    contact = bench.row("Contact", Name="Wanda Król")["Id"]
    fields = bench.form("sf-contact/save", f"?open=sf-contact:{contact}")
    bench.org.delete(contact)
    bench.org.empty_bin()
    gone = "It is no longer there in Salesforce: somebody deleted or restored it meanwhile."
    for action in ("delete", "restore"):
        answer = bench.client.post(f"/people/maya/sf-contact/{action}", data={"item": contact})
        assert (answer.status_code, gone in answer.text) == (200, True)
    answer = bench.client.post("/people/maya/sf-contact/save", data=fields | {"title": "Typed"})
    assert (answer.status_code, gone in answer.text, 'value="Typed"' in answer.text) == (422, True, True)
    assert gone in bench.page(f"?open=sf-contact:{contact}")
    assert gone in bench.page("?open=sf-event:nonsense")


def test_deleting_somebody_elses_row_is_refused_in_salesforces_words(bench):
    account = bench.row("Account", Name="Kestrel Works")["Id"]
    contact = bench.org.insert("Contact", {"LastName": "Theirs", "AccountId": account})
    bench.org.sharing.defaults["Contact"] = "ReadWrite"
    answer = bench.client.post("/people/maya/sf-contact/delete", data={"item": contact})
    assert answer.status_code == 422
    assert "Salesforce refused this: “insufficient access rights on object id”" in answer.text
