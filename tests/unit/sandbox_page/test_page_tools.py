"""Faults, clock, stopping a worker, starting over, and the proof."""

from __future__ import annotations

import pytest

from backend.sandbox.faults import Rule, Target
from backend.sandbox.world import Mail
from tests.fakes.two_sides import fill


def rules(bench):
    return [rule.as_json() for rule in bench.sandbox.world.faults.rules()]


def draw(bench, service, operation, *, write=False):
    return bench.sandbox.world.faults.draw(Target(service, operation, write))


def switch(bench, *kinds, **fields):
    """Send the form of the faults with these switched on, like a browser."""
    filled = bench.form("faults") | {f"on-{kind}": "on" for kind in kinds} | fields
    return bench.client.post("/people/maya/faults", data=filled)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("503", [{"kind": "503", "operation": "*", "probability": 0.1, "seconds": 1.0}] * 2),
        ("lost_answer", [{"kind": "lost_answer", "operation": "*", "only": "write", "probability": 0.1}] * 2),
        ("429", [{"kind": "429", "operation": "*", "seconds": 5.0}] * 2),
        ("slow", [{"kind": "slow", "seconds": 4.0}] * 2),
        ("timeout", [{"kind": "timeout", "seconds": 20.0}] * 2),
        ("malformed", [{"kind": "malformed", "remaining": 1}] * 2),
        ("401", [{"kind": "401", "operation": "* [!o]*", "remaining": 1}, {"operation": "[!t]*", "remaining": 1}]),
        ("410", [{"kind": "410", "operation": "*delta*", "service": "microsoft*", "remaining": 1}]),
    ],
)
def test_each_switch_puts_its_rules_in_force_on_both_services(bench, kind, expected):
    assert "One fault is on." in bench.say(switch(bench, kind))
    found = rules(bench)
    assert [{name: rule.get(name) for name in wanted} for rule, wanted in zip(found, expected, strict=True)] == expected
    if kind != "410":
        assert [rule["service"] for rule in found] == ["salesforce", "microsoft"]
    assert bench.form("faults")[f"on-{kind}"] == "on"


def test_service_and_rate_are_taken_and_shown_again(bench):
    switch(bench, "503", **{"service-503": "microsoft", "rate-503": "50"})
    assert [(rule["service"], rule["probability"]) for rule in rules(bench)] == [("microsoft", 0.5)]
    shown = bench.form("faults")
    assert (shown["service-503"], shown["rate-503"]) == ("microsoft", "50")


def test_a_refused_token_spares_the_token_endpoints(bench):
    switch(bench, "401", **{"rate-401": "100"})
    assert draw(bench, "salesforce", "POST oauth2/token") is None
    assert draw(bench, "microsoft", "token") is None
    for service, operation in (("salesforce", "GET query"), ("salesforce", "POST composite"), ("microsoft", "batch")):
        assert draw(bench, service, operation).kind == "401"


def test_an_expired_cursor_strikes_inside_batches_too(bench):
    switch(bench, "410", **{"rate-410": "100"})
    assert draw(bench, "microsoft.inner", "calendarView.delta").kind == "410"
    assert draw(bench, "microsoft", "contacts.create") is None


def test_a_fault_for_the_next_call_is_off_again_after_it_and_counted(bench):
    switch(bench, "malformed", **{"service-malformed": "salesforce"})
    assert draw(bench, "salesforce", "GET query").kind == "malformed"
    assert draw(bench, "salesforce", "GET query") is None
    assert "on-malformed" not in bench.form("faults")
    assert "Struck 1 time." in bench.page()
    assert "<dt>Faults that struck</dt><dd>1</dd>" in bench.page()
    switch(bench, "malformed")
    assert draw(bench, "salesforce", "GET query").kind == "malformed"


def test_another_switch_leaves_the_counts_of_the_first(bench):
    switch(bench, "503", **{"rate-503": "100"})
    assert draw(bench, "salesforce", "GET query").kind == "503"
    assert "2 faults are on." in bench.say(switch(bench, "slow"))
    assert "Struck 1 time." in bench.page()
    assert "<dt>Faults that struck</dt><dd>1</dd>" in bench.page()


def test_switching_off_takes_the_rules_away_and_keeps_the_count(bench):
    switch(bench, "503", **{"rate-503": "100"})
    draw(bench, "salesforce", "GET query")
    filled = bench.form("faults")
    del filled["on-503"]
    assert "No fault is on." in bench.say(bench.client.post("/people/maya/faults", data=filled))
    assert rules(bench) == []
    assert "<dt>Faults that struck</dt><dd>1</dd>" in bench.page()


def test_rules_of_the_control_door_stay_and_are_named_until_all_are_off(bench):
    own = bench.sandbox.world.faults.add(Rule("reset", probability=0.0))
    assert "1 more rule was set through the control door." in bench.page()
    switch(bench, "503")
    assert own in bench.sandbox.world.faults.rules()
    assert "Every fault is off." in bench.say(bench.client.post("/people/maya/faults", data={"all": "off"}))
    assert rules(bench) == []
    assert "on-503" not in bench.form("faults")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"service-503": "mars"}, "Service away, 503: choose a service from the list."),
        ({"rate-503": "7"}, "Service away, 503: choose a rate from the list."),
        ({"service-410": "salesforce"}, "Cursor expired, 410: choose a service from the list."),
    ],
)
def test_wrong_choices_are_refused(bench, fields, sentence):
    answer = switch(bench, "503", **fields)
    assert (answer.status_code, sentence in answer.text) == (400, True)
    assert rules(bench) == []


def test_the_clock_is_set_ahead_and_back_to_the_machines(bench):
    clock = bench.sandbox.world.clock
    for by, seconds, said in (
        ("3600", 3600, "+1 h"),
        ("86400", 90_000, "+1 day 1 h"),
        ("604800", 694_800, "+8 days 1 h"),
    ):
        page = bench.say(bench.client.post("/people/maya/clock", data={"by": by}))
        assert (clock.offset_seconds, said in page) == (seconds, True)
    assert "The services&#39; clock is right again." in bench.say(
        bench.client.post("/people/maya/clock", data={"by": "back"})
    )
    assert clock.offset_seconds == 0
    clock.shift(-90_000)
    assert "-1 day 1 h" in bench.page()
    assert bench.client.post("/people/maya/clock", data={"by": "1"}).status_code == 400


def test_a_worker_is_stopped_only_where_there_is_one(bench):
    assert "kill -9" not in bench.page()
    answer = bench.client.post("/people/maya/kill")
    assert (answer.status_code, "there is no worker that it could stop" in answer.text) == (404, True)
    stopped = []

    def kill() -> str:
        stopped.append(4711)
        return "Worker 4711 was stopped."

    bench.sandbox.kill_worker = kill
    assert "Stop a worker now (kill -9)" in bench.page()
    assert "Worker 4711 was stopped." in bench.say(bench.client.post("/people/maya/kill"))
    assert stopped == [4711]


def test_starting_over_asks_first_and_then_empties_everything(bench):
    page = bench.client.get("/start-over").text
    assert "Throw everything away and start over?" in page
    assert page.index("Keep everything") < page.index(">Start over<")
    assert len(bench.sandbox.world.people) == 2
    answer = bench.client.post("/start-over", data={"seed": "empty"})
    assert (answer.status_code, answer.location) == (303, "/")
    assert bench.sandbox.world.people == []
    assert bench.client.post("/start-over", data={"seed": "big"}).status_code == 400


def test_faults_and_their_count_start_over_too(bench):
    switch(bench, "503", **{"rate-503": "100"})
    draw(bench, "salesforce", "GET query")
    bench.client.post("/start-over", data={"seed": "empty"})
    fill(bench.sandbox)
    assert "on-503" not in bench.form("faults")
    assert "<dt>Faults that struck</dt><dd>0</dd>" in bench.page()


def test_mail_to_guests_is_counted_and_shown(bench):
    assert "0 mails to guests" in bench.page()
    now = bench.sandbox.world.clock.now()
    bench.sandbox.world.outbox.append(Mail(now, "a@x.example", ("b@y.example",), "invitation", "Lunch"))
    page = bench.page()
    assert "1 mail to guests" in page
    assert '<dt>Mails to guests</dt><dd class="bad">1</dd>' in page
    assert "<b>invitation</b> from a@<wbr>x.example to b@<wbr>y.example" in page


def test_what_is_there_twice_is_counted_on_each_side(bench):
    def doubles():
        page = bench.page()
        return tuple(
            int(page.partition(f'<dt>There twice, in {side}</dt><dd class="')[2].partition(">")[2].partition("<")[0])
            for side in ("mailboxes", "Salesforce")
        )

    assert doubles() == (0, 0)
    contact = bench.mail_contacts()[0]["id"]
    bench.mailbox.copy_contact(contact)
    assert doubles() == (1, 0)
    bench.mailbox.copy_event(bench.mail_event("Lunch")["id"])
    assert doubles() == (2, 0)
    row = bench.row("Contact", Name="Ines Okoye")
    bench.org.insert("Contact", {"LastName": "Twin", "Email": row["Email"].upper()}, bench.person.salesforce_id)
    meeting = bench.row("Event", Location="Dock 4")
    times = {name: meeting[name] for name in ("Subject", "StartDateTime", "DurationInMinutes")}
    bench.org.insert("Event", times, bench.person.salesforce_id)
    assert doubles() == (2, 2)


def test_the_same_key_twice_counts_though_nothing_else_is_alike(bench):
    key = "String {0c9d3c5e-7d5b-4f0e-9a8a-51c0a1de5b6e} Name LockstepKey"
    first, second = (each["id"] for each in bench.mail_contacts()[:2])
    bench.mailbox.set_tag(first, key, "k1")
    bench.mailbox.set_tag(second, key, "k1")
    assert '<dt>There twice, in mailboxes</dt><dd class="bad">1</dd>' in bench.page()
