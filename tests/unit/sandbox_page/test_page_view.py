"""What the page shows: the week, both sides, what changed just now, and the parts that are refreshed."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from tests.fakes.two_sides import change


def part(page, name):
    """The content of one live part."""
    return re.search(
        rf'<(div|summary)[^>]*id="{name}".*?(?=<(?:div|summary)[^>]*id="[a-z-]+"[^>]*data-spot|\Z)', page, re.DOTALL
    )[0]


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def event(page, subject):
    """The words of an event in the calendar, and its classes."""
    for link in re.findall(r'<a class="(event[^"]*)"(.*?)</a>', page, re.DOTALL):
        if subject in link[1]:
            return link[0].split(), words(link[1].partition(">")[2])
    raise AssertionError(f"{subject} is not in the calendar")


def test_the_first_address_leads_to_the_first_person(bench):
    answer = bench.client.get("/")
    assert (answer.status_code, answer.location) == (302, "/people/maya")


def test_nobody_is_said_as_such(bench):
    bench.sandbox.reset("empty")
    page = bench.client.get("/").text
    assert "Nobody works here yet" in page
    assert "/start-over" in page


def test_nobody_of_that_name_is_a_page_with_a_way_back(bench):
    answer = bench.client.get("/people/nobody")
    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
    assert "Nobody of that name works here. Go back and choose a person." in answer.text


def test_the_door_still_answers_in_json(bench):
    answer = bench.client.get("/_sandbox/nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_the_week_stands_on_both_sides_in_the_persons_zone(bench):
    page = bench.page()
    classes, said = event(page, "Quarterly review, Brightwater")
    assert said.split(" to ")[0].endswith("14:00")
    assert {"h14", "q0", "lh1", "lq2", "lane-1-of-1"} <= set(classes)
    assert "only" not in classes
    row = words(page[page.index('id="sf-event-list"') :])
    assert "Quarterly review, Brightwater Thu 14:00\N{EN DASH}15:30 Ines Okoye Brightwater Logistics" in row


def test_what_is_special_about_an_event_is_said_in_words(bench):
    page = bench.page()
    for subject, wanted in (
        ("Dentist", "Private:"), ("Joint visit", "1 guest"), ("Coffee", ", repeats"), ("Lunch", ", not in Salesforce"),
        ("Trade fair", "all day"),
    ):  # fmt: skip
        classes, said = event(page, subject)
        assert wanted in said, subject
        assert "only" in classes


def test_occurrences_and_days_of_a_long_event_stand_on_each_day(bench):
    page = bench.page()
    assert len(re.findall(r'id="event-2026-11-(23|25)-[^"]+"[^>]*>\s*<b dir="auto">Coffee', page)) == 2
    assert len(re.findall(r'id="event-2026-11-(25|26)-[^"]+"[^>]*>\s*<b dir="auto">Trade fair', page)) == 2


def test_weeks_are_turned_and_lead_back(bench):
    page = bench.page()
    assert "23 to 27 Nov" in page
    assert "This week" not in page
    assert "open=" not in re.search(r'id="later" href="([^"]+)"', bench.page("?open=sf-event:new"))[1]
    following = bench.client.get(unescape(re.search(r'id="later" href="([^"]+)"', page)[1])).text
    assert "30 Nov to 4 Dec" in following
    assert 'href="/people/maya">This week' in following


def test_on_a_weekend_the_page_opens_with_the_next_week_and_any_week_can_be_named(bench):
    bench.sandbox.world.clock.shift(86_400 * 5)
    assert "30 Nov to 4 Dec" in bench.page()
    assert "23 to 27 Nov" in bench.page("?week=2026-11-29")
    assert "30 Nov to 4 Dec" in bench.page("?week=soon&mail_page=-1&sf_page=x&open=")


def test_a_week_with_something_on_the_weekend_shows_it(bench):
    moment = {"dateTime": "2026-11-28T10:00:00", "timeZone": "UTC"}
    bench.mailbox.create_event({"subject": "Market", "start": moment, "end": moment})
    page = bench.page()
    assert "days-7" in page
    assert "23 to 29 Nov" in page
    assert "lh0" in event(page, "Market")[0]


def test_a_change_of_the_last_five_seconds_is_outlined_on_both_sides_and_said(bench):
    assert not re.search(r'class="[^"]*\bfresh\b', bench.page())
    change(bench.sandbox, bench.person)
    answer = bench.client.get("/people/maya/live")
    assert "fresh" in event(answer.text, "Quarterly review")[0]
    assert 'tr class="fresh"' in answer.text
    assert "changed just now" in answer.text
    assert json.loads(answer.headers["HX-Trigger"]) == {
        "sandbox:news": "“Quarterly review, Brightwater” changed in the mailbox. "
        "“Quarterly review, Brightwater” changed in Salesforce."
    }
    bench.sandbox.world.clock.shift(7)
    later = bench.client.get("/people/maya/live")
    assert not re.search(r'class="[^"]*\bfresh\b', later.text)
    assert "HX-Trigger" not in later.headers


def test_a_new_event_begins_in_the_week_that_is_shown(bench):
    for query, day in (("?", "2026-11-24"), ("?week=2026-12-03&", "2026-11-30"), ("?week=2026-11-28&", "2026-11-24")):
        for shelf in ("mail-event", "sf-event"):
            shown = bench.form(f"{shelf}/save", f"{query}open={shelf}:new")
            assert [shown[name] for name in ("first_day", "start", "last_day", "end")] == [day, "10:00", day, "11:00"]


def test_a_changed_contact_comes_first_on_both_sides_and_several_changes_are_counted(bench):
    for each in bench.mail_contacts()[1:]:
        bench.mailbox.update_contact(each["id"], {"jobTitle": "New"})
    answer = bench.client.get("/people/maya/live")
    lists = [part(answer.text, name) for name in ("mail-contact-list", "sf-contact-list")]
    names = [re.findall(r'class="name" dir="auto" id="card-[^"]+"[^>]*>([^<]+)', each) for each in lists]
    assert names == [
        ["Nadia Ferrante", "Per Sandgren", "Ines Okoye"],
        ["Nadia Ferrante", "Per Sandgren", "Ines Okoye", "Wanda Król"],
    ]
    said = json.loads(answer.headers["HX-Trigger"])["sandbox:news"]
    assert said == "“Nadia Ferrante” and 1 more changed in the mailbox."


def test_a_clock_set_back_does_not_hide_what_changes(bench):
    bench.sandbox.world.clock.shift(-86_400)
    assert "fresh" not in bench.client.get("/people/maya/live").headers.get("HX-Trigger", "")
    change(bench.sandbox, bench.person)
    assert "Quarterly" in bench.client.get("/people/maya/live").headers["HX-Trigger"]


def test_contacts_say_whether_the_other_side_has_them(bench):
    page = bench.page()
    sides = dict(
        re.findall(
            r'>([^<>]+)</a>\s*<span class="muted">.*?<span class="side [^"]+">(?:<svg.*?</svg>)?([^<]+)',
            page,
            re.DOTALL,
        )
    )
    assert sides == {
        "Ines Okoye": "On both sides", "Nadia Ferrante": "On both sides", "Per Sandgren": "On both sides",
        "Wanda Król": "Not in the mailbox",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?sf=KRÓL", ["Wanda Król"]),
        ("?sf=brightwater ines", ["Ines Okoye"]),
        ("?sf=@tamarind", ["Nadia Ferrante"]),
        ("?sf=nobody", []),
    ],
)
def test_contacts_are_searched_by_name_company_and_address(bench, query, names):
    page = part(bench.page(query), "sf-contact-list")
    assert re.findall(r'class="name" dir="auto" id="card-[^"]+"[^>]*>([^<]+)', page) == names
    assert ("No contact matches." in page) == (not names)


def test_lists_have_pages_and_a_number_beyond_the_last_is_the_last(bench):
    for number in range(9):
        bench.org.insert("Contact", {"LastName": f"Person {number}"}, bench.person.salesforce_id)
    page = bench.page()
    assert "1 to 6 of 13" in page
    second = bench.client.get(unescape(re.search(r'id="sf-contacts-next"[^>]*href="([^"]+)"', page)[1])).text
    assert "7 to 12 of 13" in second
    assert "13 to 13 of 13" in bench.page("?sf_page=99")


def test_live_parts_are_the_same_as_in_the_page_and_tell_whether_they_changed(bench):
    traces = [
        dict(re.findall(r'id="([a-z-]+)"[^>]*data-trace="([^"]+)"', text))
        for text in (bench.page(), bench.client.get("/people/maya/live").text)
    ]
    assert traces[0] == traces[1]
    assert set(traces[0]) == {
        "clock", "band", "mail-calendar", "mail-contact-list", "sf-event-list", "sf-contact-list", "call-list",
        "fault-list", "proof-list",
    }  # fmt: skip
    change(bench.sandbox, bench.person)
    after = dict(re.findall(r'id="([a-z-]+)"[^>]*data-trace="([^"]+)"', bench.client.get("/people/maya/live").text))
    changed = {name for name in after if after[name] != traces[0][name]}
    assert changed == {"band", "mail-calendar", "sf-event-list", "call-list", "proof-list"}


def test_live_parts_know_for_which_spot_they_were_made(bench):
    query = "?week=2026-12-02&mail=ines"
    spots = set(re.findall(r'data-spot="([^"]+)"', bench.client.get(f"/people/maya/live{query}").text))
    assert spots == {"/people/maya?week=2026-12-02&amp;mail=ines"}
    assert spots == set(re.findall(r'data-spot="([^"]+)"', bench.page(f"{query}&open=sf-contact:new")))


def test_the_latest_calls_stand_with_status_fault_and_cargo(bench):
    assert "Nobody has called yet." in bench.page()
    change(bench.sandbox, bench.person)
    said = words(part(bench.client.get("/people/maya/live").text, "call-list"))
    assert said.startswith("09:42:00 Graph batch carrying 2 200 09:42:00 Salesforce PATCH composite/sobjects 200")
    assert "Salesforce PATCH composite/sobjects fault 503" in said
    assert "3 Salesforce calls, 2 Graph calls" in bench.page()


def test_what_people_typed_is_escaped_everywhere(bench):
    evil = '<img src=x onerror="alert(1)">'
    event_id = bench.mail_event("Lunch")["id"]
    bench.mailbox.update_event(event_id, {"subject": evil, "location": {"displayName": evil}})
    bench.org.insert("Contact", {"LastName": evil, "Title": evil}, bench.person.salesforce_id)
    bench.org.update(bench.row("Event", Location="Dock 4")["Id"], {"Subject": evil})
    for page in (bench.page(), bench.page(f"?open=mail-event:{event_id}&sf={evil}")):
        assert "<img" not in page
        assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in page


def test_no_page_has_inline_style_or_script(bench):
    contact = bench.row("Contact", Name="Ines Okoye")["Id"]
    pages = [bench.page(), bench.page(f"?open=sf-contact:{contact}"), bench.client.get("/start-over").text,
             bench.client.get("/people/nobody").text]  # fmt: skip
    for page in pages:
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*src=)", page)


def test_every_answer_carries_the_policy(bench):
    for path in ("/people/maya", "/people/maya/live", "/start-over", "/people/nobody", "/page/page.css"):
        headers = bench.client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_forms_of_other_sites_are_refused(bench):
    fields = bench.form("clock") | {"by": "3600"}
    for origin, status in (("https://evil.example", 403), ("null", 403), ("http://localhost", 303), (None, 303)):
        headers = {"Origin": origin} if origin else {}
        assert bench.client.post("/people/maya/clock", data=fields, headers=headers).status_code == status
    assert bench.sandbox.world.clock.offset_seconds == 7200


def test_a_form_without_end_is_refused(bench):
    answer = bench.client.post("/people/maya/mail-event/save", data={"notes": "x" * 300_000})
    assert (answer.status_code, "send less than 256 KB" in answer.text) == (413, True)


def test_reloading_the_answer_to_a_form_leads_back_to_the_page(bench):
    for path in ("mail-event/save", "sf-contact/delete", "faults", "clock"):
        answer = bench.client.get(f"/people/maya/{path}?week=2026-12-02")
        assert (answer.status_code, answer.location) == (302, "/people/maya?week=2026-12-02")


def test_a_shelf_that_does_not_exist_is_not_found(bench):
    assert bench.client.post("/people/maya/mail-task/save").status_code == 404
    assert bench.client.get("/people/maya?open=mail-task:new").status_code == 200


def test_a_note_is_said_once(bench):
    answer = bench.send("mail-event/save", "?open=mail-event:new", subject="Demo")
    assert "“Demo” is made" in bench.client.get(answer.location).text
    assert "“Demo” is made" not in bench.client.get(answer.location).text


def test_the_link_to_lockstep_comes_through_the_control_door(bench):
    assert "Sync Status" not in bench.page()
    url = "http://127.0.0.1:8000/"
    assert bench.client.post("/_sandbox/links", json={"lockstep_url": url}).json == {"lockstep_url": url}
    assert bench.client.get("/_sandbox/links").json == {"lockstep_url": url}
    assert f'href="{url}"' in bench.page()
    for wrong in ("javascript:alert(1)", "127.0.0.1", 7, "http://[x"):
        answer = bench.client.post("/_sandbox/links", json={"lockstep_url": wrong})
        assert (answer.status_code, answer.json["detail"]) == (
            400, "lockstep_url must be an http or https address, or null for no link",
        )  # fmt: skip
    bench.client.post("/_sandbox/links", json={"lockstep_url": None})
    assert "Sync Status" not in bench.page()


def test_a_far_zone_shows_its_own_day(bench):
    person = bench.sandbox.world.people[1]
    theirs = bench.sandbox.services["microsoft"].tenant.mailbox(person.microsoft_id)
    start = bench.sandbox.world.clock.now().replace(hour=3, minute=0, second=0) + timedelta(days=1)
    moment = {"dateTime": start.replace(tzinfo=None).isoformat(), "timeZone": "UTC"}
    theirs.create_event({"subject": "Late", "start": moment, "end": moment})
    page = bench.client.get("/people/tomas").text
    assert re.search(r'id="event-2026-11-24-[^"]+"[^>]*>\s*<b dir="auto">Late', page)
    assert "times in America/Los_Angeles" in page
