"""Events in the mailbox, through plain forms."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest


def open_event(bench, subject):
    return f"?open=mail-event:{bench.mail_event(subject)['id']}"


def times(event):
    return event["start"]["dateTime"][:16], event["end"]["dateTime"][:16]


def test_a_new_event_is_made_in_the_persons_zone_and_announced(bench):
    answer = bench.send(
        "mail-event/save", "?open=mail-event:new", subject="Demo", first_day="2026-11-26", start="16:00",
        last_day="2026-11-26", end="17:30", place="Dock", notes="Bring\r\nslides",
    )  # fmt: skip
    assert "“Demo” is made in the mailbox." in bench.say(answer)
    made = bench.mail_event("Demo")
    assert times(made) == ("2026-11-26T15:00", "2026-11-26T16:30")
    assert (made["location"]["displayName"], made["originalStartTimeZone"]) == ("Dock", "Europe/Stockholm")
    assert made["bodyPreview"] == "Bring\r\nslides"


def test_another_zone_may_be_typed(bench):
    bench.send("mail-event/save", "?open=mail-event:new", subject="Call", first_day="2026-11-26", start="09:00",
               last_day="2026-11-26", end="10:00", zone="America/New_York")  # fmt: skip
    assert times(bench.mail_event("Call")) == ("2026-11-26T14:00", "2026-11-26T15:00")


def test_an_all_day_event_ends_with_its_last_day(bench):
    bench.send("mail-event/save", "?open=mail-event:new", subject="Fair", all_day="on", first_day="2026-11-26",
               start="", last_day="2026-11-27", end="")  # fmt: skip
    made = bench.mail_event("Fair")
    assert (made["isAllDay"], *times(made)) == (True, "2026-11-26T00:00", "2026-11-28T00:00")


def test_only_what_was_changed_is_written(bench):
    query = open_event(bench, "Pipeline call")
    fields = bench.form("mail-event/save", query)
    event_id = fields["item"]
    bench.mailbox.update_event(event_id, {"subject": "Pipeline call, moved by the sync", "showAs": "free"})
    bench.client.post("/people/maya/mail-event/save", data=fields | {"place": "Room 7"})
    saved = bench.mailbox.event(event_id)
    assert (saved["subject"], saved["showAs"]) == ("Pipeline call, moved by the sync", "free")
    assert saved["location"]["displayName"] == "Room 7"


def test_saving_an_unchanged_form_writes_nothing(bench):
    before = bench.mail_event("Pipeline call")["changeKey"]
    page = bench.say(bench.send("mail-event/save", open_event(bench, "Pipeline call")))
    assert "Nothing was changed, nothing was written." in page
    assert bench.mail_event("Pipeline call")["changeKey"] == before


def test_a_moved_event_keeps_everything_else(bench):
    bench.send("mail-event/save", open_event(bench, "Joint visit"), start="15:00", end="16:00")
    moved = bench.mail_event("Joint visit")
    assert times(moved) == ("2026-11-27T14:00", "2026-11-27T15:00")
    assert [each["emailAddress"]["address"] for each in moved["attendees"]] == ["buyer@brightwater.example"]


def test_guests_are_taken_and_nobody_is_mailed(bench):
    bench.send("mail-event/save", open_event(bench, "Lunch"), guests="ana@x.example; bo@y.example")
    guests = bench.mail_event("Lunch")["attendees"]
    assert [each["emailAddress"]["address"] for each in guests] == ["ana@x.example", "bo@y.example"]
    assert bench.sandbox.world.outbox == []


@pytest.mark.parametrize(
    ("repeats", "pattern"),
    [
        ("daily", {"type": "daily"}),
        ("weekly", {"type": "weekly", "daysOfWeek": ["thursday"]}),
        ("absoluteMonthly", {"type": "absoluteMonthly", "dayOfMonth": 26}),
    ],
)
def test_a_series_is_made(bench, repeats, pattern):
    bench.send("mail-event/save", "?open=mail-event:new", subject="Round", first_day="2026-11-26", start="09:00",
               last_day="2026-11-26", end="09:30", repeats=repeats, times="3")  # fmt: skip
    made = bench.mail_event("Round")["recurrence"]
    assert {name: made["pattern"][name] for name in pattern} == pattern
    assert made["range"]["numberOfOccurrences"] == 3


def test_one_occurrence_is_changed_by_itself_and_leads_to_its_series(bench):
    series = bench.mail_event("Coffee")["id"]
    occurrence = bench.mailbox.occurrence(series, date(2026, 11, 25))
    page = bench.page(f"?open=mail-event:{occurrence}")
    assert "One occurrence of a series. A change makes it an exception." in page
    link = re.search(r'href="([^"]+)">Edit the whole series', page)
    assert "The whole series: its first occurrence stands here." in bench.client.get(unescape(link[1])).text
    bench.send("mail-event/save", f"?open=mail-event:{occurrence}", subject="Tea")
    assert bench.mailbox.event(occurrence)["subject"] == "Tea"
    assert bench.mail_event("Coffee")["id"] == series


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"first_day": "2026-13-01"}, "first_day", "“2026-13-01” is not a date. Write it like 2026-11-24."),
        ({"first_day": ""}, "first_day", "Give a date."),
        ({"first_day": "1850-01-01"}, "first_day", "Give a year from 1970 to 2200."),
        ({"start": "25:00"}, "start", "“25:00” is not a time. Write it like 14:30."),
        ({"end": ""}, "end", "Give a time, or choose all day."),
        ({"end": "08:59"}, "end", "The event ends before it starts. Give a later end, or an earlier start."),
        ({"last_day": "2026-11-22"}, "last_day", "The event ends before it starts."),
        ({"zone": "Mars/Base"}, "zone", "“Mars/Base” is not a time zone. Write a name such as Europe/Stockholm."),
        ({"zone": ""}, "zone", "“” is not a time zone."),
        ({"guests": "ana"}, "guests", "“ana” is not an address. Separate several addresses with commas."),
    ],
)
def test_wrong_input_comes_back_with_a_sentence_at_its_field(bench, fields, name, sentence):
    before = bench.mail_event("Pipeline call")
    answer = bench.send("mail-event/save", open_event(bench, "Pipeline call"), place="Kept", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'id="mail-event-{name}-error"' in answer.text
    assert f'aria-describedby="mail-event-{name}-error"' in answer.text
    assert 'value="Kept"' in answer.text
    assert bench.mail_event("Pipeline call") == before


@pytest.mark.parametrize("times_typed", ["", "1", "61", "many", "٣"])
def test_a_series_needs_a_number(bench, times_typed):
    answer = bench.send("mail-event/save", "?open=mail-event:new", repeats="daily", times=times_typed)
    assert answer.status_code == 422
    assert "How many times? Give a number from 2 to 60." in answer.text


def test_what_the_mailbox_refuses_is_said_in_its_words(bench):
    occurrence = bench.mailbox.occurrence(bench.mail_event("Coffee")["id"], date(2026, 11, 25))
    answer = bench.send(
        "mail-event/save", f"?open=mail-event:{occurrence}", first_day="2026-11-30", last_day="2026-11-30"
    )
    assert answer.status_code == 422
    assert (
        "The mailbox refused this: “Modified occurrence is crossing or overlapping adjacent occurrence.”" in answer.text
    )


def test_a_deleted_event_is_brought_back_by_undo(bench):
    event_id = bench.mail_event("Lunch")["id"]
    page = bench.say(bench.client.post("/people/maya/mail-event/delete", data={"item": event_id}))
    assert "“Lunch” is deleted." in page
    assert "Lunch" not in [each["subject"] for each in bench.mailbox.events()]
    page = bench.say(bench.client.post("/people/maya/mail-event/restore", data={"item": event_id}))
    assert "“Lunch” is back in the mailbox." in page
    assert bench.mail_event("Lunch")["id"] == event_id


def test_a_deleted_occurrence_offers_no_undo_and_says_why(bench):
    occurrence = bench.mailbox.occurrence(bench.mail_event("Coffee")["id"], date(2026, 11, 25))
    page = bench.say(bench.client.post("/people/maya/mail-event/delete", data={"item": occurrence}))
    assert "“Coffee” is deleted from its series: nobody can bring it back but by making it anew." in page
    assert "mail-event/restore" not in page


def test_an_event_that_vanished_meanwhile_keeps_what_was_typed(bench):
    query = open_event(bench, "Lunch")
    fields = bench.form("mail-event/save", query)
    bench.mailbox.delete_event(fields["item"])
    answer = bench.client.post("/people/maya/mail-event/save", data=fields | {"subject": "Late lunch"})
    assert answer.status_code == 422
    assert "It is no longer in the mailbox" in answer.text
    assert 'value="Late lunch"' in answer.text
    assert 'name="item" value="new"' in answer.text
    assert "It is no longer in the mailbox" in bench.page(query)


def test_an_event_of_another_week_is_shown_where_it_is(bench):
    answer = bench.send("mail-event/save", open_event(bench, "Lunch"), first_day="2027-02-03", last_day="2027-02-03")
    assert "week=2027-02-03" in answer.location
    assert "1 to 5 Feb" in bench.say(answer)


def test_an_invitation_is_a_copy_and_names_its_organizer(bench):
    tomas = bench.sandbox.world.people[1]
    theirs = bench.sandbox.services["microsoft"].tenant.mailbox(tomas.microsoft_id)
    moment = {"dateTime": "2026-11-24T08:00:00", "timeZone": "UTC"}
    guests = [{"emailAddress": {"address": bench.person.address}}]
    theirs.create_event({"subject": "Board", "start": moment, "end": moment, "attendees": guests})
    assert "Invited by Tomás Herrera: this is a copy." in bench.page(open_event(bench, "Board"))
