"""Events on their own: times, bodies, recurrence, exceptions (MS-054..MS-072, MS-128)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.fakes.graph_client import IMMUTABLE, TAG, GraphClient, all_day, event, weekly

DECEMBER = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z"


def _rule(pattern: dict[str, Any], limits: dict[str, Any] | None = None, start: str = "2026-12-01") -> dict[str, Any]:
    return {"pattern": {"interval": 1, **pattern}, "range": {"startDate": start, **(limits or {"type": "noEnd"})}}


def _starts(graph: GraphClient, master: str, window: str = DECEMBER) -> list[str]:
    found = graph.get(f"~/events/{master}/instances?{window}&$top=100")["value"]
    return [each["start"]["dateTime"][:16] for each in found]


def test_ms054_times_in_utc_with_seven_digits_unless_a_zone_is_preferred(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    assert made["start"] == {"dateTime": "2026-12-01T08:00:00.0000000", "timeZone": "UTC"}
    prefer = f'{IMMUTABLE}, outlook.timezone="Eastern Standard Time"'
    shown = graph.get(f"~/events/{made['id']}", prefer=prefer)
    assert shown["end"] == {"dateTime": "2026-12-01T04:00:00.0000000", "timeZone": "Eastern Standard Time"}


def test_ms055_original_zone_is_that_of_the_creation(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    new = {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"}
    changed = graph.patch(f"~/events/{made['id']}", {"start": new, "end": new})
    assert changed["originalStartTimeZone"] == "W. Europe Standard Time"
    assert changed["start"]["dateTime"] == "2026-12-01T10:00:00.0000000"


def test_ms056_unknown_zone_is_refused_in_body_and_preference(graph: GraphClient) -> None:
    wrong = {"dateTime": "2026-12-01T10:00:00", "timeZone": "Mars/Olympus"}
    expected = (400, "TimeZoneNotSupportedException")
    assert graph.refused("POST", "~/events", event() | {"start": wrong}) == expected
    assert graph.refused("GET", "~/events", prefer='outlook.timezone="Mars/Olympus"') == expected
    iana = {"dateTime": "2026-12-01T10:00:00", "timeZone": "Asia/Tokyo"}
    made = graph.post("~/events", event() | {"start": iana, "end": iana})
    assert made["start"]["dateTime"] == "2026-12-01T01:00:00.0000000"


@pytest.mark.parametrize(
    "change",
    [
        {"start": {"dateTime": "2026-12-24T01:00:00", "timeZone": "UTC"}},
        {"end": {"dateTime": "2026-12-24T00:00:00", "timeZone": "UTC"}},
        {"end": {"dateTime": "2026-12-25T00:00:00", "timeZone": "Tokyo Standard Time"}},
    ],
)
def test_ms057_all_day_needs_midnights_one_zone_and_a_day(graph: GraphClient, change: dict[str, Any]) -> None:
    body = all_day("2026-12-24", "2026-12-25") | change
    assert graph.refused("POST", "~/events", body) == (400, "ErrorInvalidRequest")


def test_ms057_all_day_is_midnight_to_midnight_in_any_zone(graph: GraphClient) -> None:
    made = graph.post("~/events", all_day("2026-12-24", "2026-12-26", "Tokyo Standard Time"))
    assert made["start"] == {"dateTime": "2026-12-24T00:00:00.0000000", "timeZone": "UTC"}
    prefer = f'{IMMUTABLE}, outlook.timezone="Pacific Standard Time"'
    shown = graph.get(f"~/events/{made['id']}", prefer=prefer)
    assert shown["start"]["dateTime"] == "2026-12-24T00:00:00.0000000"
    assert shown["end"] == {"dateTime": "2026-12-26T00:00:00.0000000", "timeZone": "Pacific Standard Time"}


def test_ms057_toggling_all_day_needs_new_times(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    one = f"~/events/{made['id']}"
    assert graph.refused("PATCH", one, {"isAllDay": True}) == (400, "ErrorInvalidRequest")
    changed = graph.patch(one, all_day("2026-12-24", "2026-12-25"))
    assert changed["isAllDay"] is True


def test_ms058_text_is_stored_as_html_and_writing_it_back_changes_nothing(graph: GraphClient) -> None:
    text = "Agenda\n\n  1 < 2 & 3"
    made = graph.post("~/events", event(body={"contentType": "text", "content": text}))
    assert made["body"]["contentType"] == "html"
    assert made["body"]["content"].startswith("<html>")
    assert "1 &lt; 2 &amp; 3" in made["body"]["content"]
    one = f"~/events/{made['id']}"
    as_text = f'{IMMUTABLE}, outlook.body-content-type="text"'
    shown = graph.get(one, prefer=as_text)["body"]
    assert shown == {"contentType": "text", "content": "Agenda\r\n\r\n  1 < 2 & 3\r\n"}
    html = graph.patch(one, {"body": made["body"]})["body"]
    assert html == made["body"]


def test_ms058_html_without_frame_gets_one_and_loses_scripts(graph: GraphClient) -> None:
    body = {"contentType": "html", "content": '<p onclick="x()">Hi</p><script>alert(1)</script>'}
    content = graph.post("~/events", event(body=body))["body"]["content"]
    assert content.startswith("<html><head>")
    assert "<p>Hi</p>" in content
    assert "script" not in content


def test_ms059_body_preview_is_computed_and_at_most_255_characters(graph: GraphClient) -> None:
    made = graph.post("~/events", event(body={"contentType": "html", "content": f"<p>{'x' * 300}</p>"}))
    assert made["bodyPreview"] == "x" * 255
    assert graph.refused("PATCH", f"~/events/{made['id']}", {"bodyPreview": "mine"})[0] == 400


def test_ms060_location_replaces_locations_and_both_are_returned(graph: GraphClient) -> None:
    made = graph.post("~/events", event(locations=[{"displayName": "A"}, {"displayName": "B"}]))
    assert [each["displayName"] for each in made["locations"]] == ["A", "B"]
    changed = graph.patch(f"~/events/{made['id']}", {"location": {"displayName": "Room 1"}})
    room = {"displayName": "Room 1", "locationType": "default", "uniqueId": "Room 1", "uniqueIdType": "private"}
    assert (changed["location"], changed["locations"]) == (room, [room])


def test_ms061_defaults_on_create(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    defaults = {
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 15,
        "showAs": "busy",
        "sensitivity": "normal",
        "responseRequested": True,
        "allowNewTimeProposals": True,
        "importance": "normal",
    }
    assert {name: made[name] for name in defaults} == defaults
    nulls = graph.post("~/events", event(showAs=None, sensitivity=None, isReminderOn=None))
    assert {name: nulls[name] for name in defaults} == defaults


def test_ms062_unset_times_are_the_zero_date(graph: GraphClient) -> None:
    made = graph.post("~/events", event(attendees=[{"emailAddress": {"address": "x@y.example"}}]))
    assert made["responseStatus"]["time"] == "0001-01-01T00:00:00Z"
    assert made["attendees"][0]["status"] == {"response": "none", "time": "0001-01-01T00:00:00Z"}


def test_ms063_unused_recurrence_fields_come_back_filled(graph: GraphClient) -> None:
    rule = graph.post("~/events", event(recurrence=_rule({"type": "daily"})))["recurrence"]
    assert rule["pattern"] == {
        "type": "daily",
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "firstDayOfWeek": "sunday",
        "index": "first",
    }
    assert rule["range"] == {
        "type": "noEnd",
        "startDate": "2026-12-01",
        "endDate": "0001-01-01",
        "recurrenceTimeZone": "W. Europe Standard Time",
        "numberOfOccurrences": 0,
    }


@pytest.mark.parametrize(
    "rule",
    [
        _rule({"type": "weekly"}),
        _rule({"type": "absoluteMonthly"}),
        _rule({"type": "relativeYearly", "daysOfWeek": ["monday"]}),
        _rule({"type": "daily"}, {"type": "numbered"}),
        _rule({"type": "daily"}, {"type": "endDate"}),
        _rule({"type": "daily"}, {"type": "endDate", "endDate": "2026-11-30"}),
        _rule({"type": "daily", "interval": 0}),
        _rule({"type": "weekly", "daysOfWeek": ["monday"], "interval": 100}),
        _rule({"type": "daily"}, {"type": "numbered", "numberOfOccurrences": 1000}),
        _rule({"type": "daily", "dayOfMonth": 32}),
    ],
)
def test_ms064_incomplete_or_excessive_recurrence_is_refused(graph: GraphClient, rule: dict[str, Any]) -> None:
    assert graph.refused("POST", "~/events", event(recurrence=rule))[0] == 400


def test_ms065_start_date_is_corrected_and_the_first_occurrence_may_be_later(graph: GraphClient) -> None:
    made = graph.post("~/events", event(recurrence=weekly(2, "friday", start="2026-11-03")))
    assert made["recurrence"]["range"]["startDate"] == "2026-12-01"
    assert made["start"]["dateTime"] == "2026-12-04T08:00:00.0000000"
    assert _starts(graph, made["id"]) == ["2026-12-04T08:00", "2026-12-11T08:00"]
    changed = graph.patch(f"~/events/{made['id']}", {"subject": "Same times"})
    assert (changed["recurrence"], changed["start"]) == (made["recurrence"], made["start"])


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        ({"type": "relativeMonthly", "daysOfWeek": ["thursday", "wednesday"], "index": "second"}, ["03"]),
        ({"type": "relativeMonthly", "daysOfWeek": ["monday", "friday"], "index": "last"}, ["28"]),
        ({"type": "relativeMonthly", "daysOfWeek": ["saturday", "sunday"]}, ["05"]),
        ({"type": "absoluteMonthly", "dayOfMonth": 31}, ["31"]),
        ({"type": "daily", "interval": 14}, ["01", "15", "29"]),
    ],
)
def test_ms066_patterns_fall_on_the_days_that_match_first(
    graph: GraphClient, pattern: dict[str, Any], days: list[str]
) -> None:
    made = graph.post("~/events", event(recurrence=_rule(pattern)))
    assert [start[8:10] for start in _starts(graph, made["id"])] == days


def test_last_day_is_taken_where_a_month_lacks_the_day(graph: GraphClient) -> None:
    """§5.3: for days above 28 Outlook uses the month's last day."""
    limits = {"type": "numbered", "numberOfOccurrences": 4}
    rule = _rule({"type": "absoluteMonthly", "dayOfMonth": 31}, limits, "2027-01-31")
    made = graph.post("~/events", event(start="2027-01-31T09:00:00", recurrence=rule))
    window = "startDateTime=2027-01-01T00:00:00Z&endDateTime=2027-12-01T00:00:00Z"
    assert [start[5:10] for start in _starts(graph, made["id"], window)] == ["01-31", "02-28", "03-31", "04-30"]


def test_interval_of_weeks_counts_from_the_first_day_of_the_week(graph: GraphClient) -> None:
    """§5.3: firstDayOfWeek matters when the interval is more than one."""
    found = []
    for first in ("sunday", "monday"):
        pattern = {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "tuesday"], "firstDayOfWeek": first}
        rule = _rule(pattern, {"type": "numbered", "numberOfOccurrences": 3})
        made = graph.post("~/events", event(recurrence=rule))
        found.append([start[8:10] for start in _starts(graph, made["id"])])
    assert found == [["01", "13", "15"], ["01", "06", "15"]]


def test_ms067_patch_makes_an_exception_with_its_original_start(graph: GraphClient) -> None:
    master = graph.post("~/events", event(recurrence=weekly(3)))
    second = graph.get(f"~/events/{master['id']}/instances?{DECEMBER}")["value"][1]
    assert second["type"] == "occurrence"
    times = event(start="2026-12-09T11:00:00")
    graph.patch(f"~/events/{second['id']}", {"start": times["start"], "end": times["end"]})
    shown = graph.get(f"~/events/{second['id']}")
    assert (shown["type"], shown["originalStart"]) == ("exception", "2026-12-08T08:00:00Z")
    assert shown["start"]["dateTime"] == "2026-12-09T10:00:00.0000000"
    assert shown["seriesMasterId"] == master["id"]
    assert shown["recurrence"] is None


@pytest.mark.parametrize("day", ["2026-12-15", "2026-12-16", "2026-12-01", "2026-11-30"])
def test_ms068_exception_may_not_reach_its_neighbours_day(graph: GraphClient, day: str) -> None:
    master = graph.post("~/events", event(recurrence=weekly(3)))
    second = graph.tenant.mailbox(graph.ada.id).occurrence(master["id"], date(2026, 12, 8))
    times = event(start=f"{day}T20:00:00")
    change = {"start": times["start"], "end": times["end"]}
    assert graph.refused("PATCH", f"~/events/{second}", change) == (400, "ErrorOccurrenceCrossingBoundary")


def test_ms068_a_deleted_neighbour_is_no_neighbour(graph: GraphClient) -> None:
    master = graph.post("~/events", event(recurrence=weekly(3)))
    mailbox = graph.tenant.mailbox(graph.ada.id)
    mailbox.delete_occurrence(master["id"], date(2026, 12, 15))
    second = mailbox.occurrence(master["id"], date(2026, 12, 8))
    times = event(start="2026-12-17T20:00:00")
    changed = graph.patch(f"~/events/{second}", {"start": times["start"], "end": times["end"]})
    assert changed["start"]["dateTime"] == "2026-12-17T19:00:00.0000000"


def _with_exceptions(graph: GraphClient) -> str:
    master: str = graph.post("~/events", event(recurrence=weekly(4)))["id"]
    mailbox = graph.tenant.mailbox(graph.ada.id)
    mailbox.update_occurrence(master, date(2026, 12, 8), {"subject": "Moved"})
    mailbox.delete_occurrence(master, date(2026, 12, 15))
    return master


@pytest.mark.parametrize(
    "change",
    [
        {"start": event(start="2026-12-01T10:00:00")["start"], "end": event(start="2026-12-01T10:00:00")["end"]},
        {"recurrence": weekly(4) | {"pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"]}}},
    ],
)
def test_ms069_other_times_or_pattern_discard_exceptions(graph: GraphClient, change: dict[str, Any]) -> None:
    master = _with_exceptions(graph)
    graph.patch(f"~/events/{master}", change)
    window = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-06-01T00:00:00Z"
    instances = graph.get(f"~/events/{master}/instances?{window}")["value"]
    assert [each["type"] for each in instances] == ["occurrence"] * 4


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"subject": "Same times"}, ["occurrence", "exception", "occurrence"]),
        ({"recurrence": weekly(2)}, ["occurrence", "exception"]),
    ],
)
def test_ms069_content_or_a_shorter_range_keep_exceptions(
    graph: GraphClient, change: dict[str, Any], kinds: list[str]
) -> None:
    master = _with_exceptions(graph)
    graph.patch(f"~/events/{master}", change)
    instances = graph.get(f"~/events/{master}/instances?{DECEMBER}")["value"]
    assert [each["type"] for each in instances] == kinds


def test_ms070_cancelled_and_exception_occurrences_only_when_asked(graph: GraphClient) -> None:
    master = _with_exceptions(graph)
    plain = graph.get(f"~/events/{master}")
    assert "cancelledOccurrences" not in plain
    assert "exceptionOccurrences" not in plain
    asked = graph.get(f"~/events/{master}?$select=subject,cancelledOccurrences&$expand=exceptionOccurrences")
    assert asked["cancelledOccurrences"] == [f"OID.{master}.2026-12-15"]
    assert [(each["subject"], each["type"]) for each in asked["exceptionOccurrences"]] == [("Moved", "exception")]
    listed = graph.get("~/events?$select=subject,cancelledOccurrences")["value"][0]
    assert "cancelledOccurrences" not in listed


def test_ms071_events_have_no_occurrences_and_the_view_no_masters(graph: GraphClient) -> None:
    master = _with_exceptions(graph)
    single = graph.post("~/events", event("Single"))
    assert {each["id"] for each in graph.get("~/events")["value"]} == {master, single["id"]}
    view = graph.get(f"~/calendarView?{DECEMBER}&$top=50")["value"]
    kinds = [each["type"] for each in view]
    assert sorted(kinds) == ["exception", "occurrence", "occurrence", "singleInstance"]
    assert graph.refused("GET", f"~/events/{master}/instances") == (400, "ErrorInvalidParameter")


def test_ms072_a_weekly_meeting_keeps_its_local_time_over_dst(graph: GraphClient) -> None:
    made = graph.post("~/events", event(start="2027-03-23T09:00:00", recurrence=weekly(2, start="2027-03-23")))
    window = "startDateTime=2027-03-01T00:00:00Z&endDateTime=2027-05-01T00:00:00Z"
    assert _starts(graph, made["id"], window) == ["2027-03-23T08:00", "2027-03-30T07:00"]


def test_ms128_window_of_more_than_1825_days_is_refused(graph: GraphClient) -> None:
    longest = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2030-12-31T00:00:00Z"
    too_long = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2030-12-31T00:00:01Z"
    assert graph.get(f"~/calendarView?{longest}")["value"] == []
    assert graph.refused("GET", f"~/calendarView?{too_long}") == (400, "ErrorInvalidRequest")


@pytest.mark.parametrize("moment", ["9999-12-31T23:00:00", "0001-01-01T00:00:00", "2026-02-30T00:00:00", "soon"])
def test_times_that_exchange_cannot_keep_are_refused(graph: GraphClient, moment: str) -> None:
    """§5.1: a local date and time, in a year that Exchange knows."""
    point = {"dateTime": moment, "timeZone": "W. Europe Standard Time"}
    assert graph.refused("POST", "~/events", event() | {"start": point, "end": point}) == (400, "RequestBodyRead")
    window = f"startDateTime={moment}&endDateTime=2026-12-01T00:00:00Z"
    assert graph.refused("GET", f"~/calendarView?{window}") == (400, "ErrorInvalidParameter")


def test_end_before_start_is_refused(graph: GraphClient) -> None:
    """§5.1: an event cannot end before it starts."""
    body = event() | {"end": {"dateTime": "2026-12-01T08:00:00", "timeZone": "W. Europe Standard Time"}}
    assert graph.refused("POST", "~/events", body) == (400, "ErrorCalendarEndDateIsEarlierThanStartDate")


def test_ms132_second_delete_answers_not_found(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    graph.delete(f"~/events/{made['id']}")
    assert graph.refused("DELETE", f"~/events/{made['id']}") == (404, "ErrorItemNotFound")


def test_deleted_event_can_be_restored_but_not_after_permanent_delete(graph: GraphClient) -> None:
    """§6: DELETE moves to Deleted Items, permanentDelete does not."""
    mailbox = graph.tenant.mailbox(graph.ada.id)
    first, second = graph.post("~/events", event()), graph.post("~/events", event())
    graph.delete(f"~/events/{first['id']}")
    graph.post(f"~/events/{second['id']}/permanentDelete", None, 204)
    mailbox.undelete(first["id"])
    assert [each["id"] for each in graph.get("~/events")["value"]] == [first["id"]]
    assert len(mailbox.deleted.items) == 0


def test_events_are_filtered_and_ordered(graph: GraphClient) -> None:
    """§7: filters by tag, subject and start."""
    tagged = event("O'Neill", singleValueExtendedProperties=[{"id": TAG, "value": "00U1"}])
    first, second = graph.post("~/events", tagged), graph.post("~/events", event("B", "2026-12-02T09:00:00"))
    by_tag = f"singleValueExtendedProperties/any(ep: ep/id eq '{TAG}' and ep/value eq '00u1')"
    for wanted, expected in (
        (by_tag, [first["id"]]),
        ("subject eq 'o''neill'", [first["id"]]),
        ("start/dateTime ge '2026-12-02T00:00:00'", [second["id"]]),
        ("start/dateTime ge '2026-12-01T00:00:00' and end/dateTime lt '2026-12-02T00:00:00'", [first["id"]]),
        ("startswith(subject,'b') or subject eq 'x'", [second["id"]]),
        ("not (subject eq 'B')", [first["id"]]),
    ):
        assert [each["id"] for each in graph.get(f"~/events?$filter={wanted}")["value"]] == expected
    ordered = graph.get("~/events?$orderby=start/dateTime desc&$select=subject")["value"]
    assert [each["subject"] for each in ordered] == ["B", "O'Neill"]
    assert graph.refused("GET", "~/events?$filter=subject like 'x'") == (400, "ErrorInvalidUrlQueryFilter")


def test_exceptions_carry_their_own_tag(graph: GraphClient) -> None:
    """§7: an extended property on one occurrence belongs to that occurrence."""
    master = graph.post("~/events", event(recurrence=weekly(3)))
    occurrence = graph.tenant.mailbox(graph.ada.id).occurrence(master["id"], date(2026, 12, 8))
    graph.patch(f"~/events/{occurrence}", {"singleValueExtendedProperties": [{"id": TAG, "value": "00U2"}]})
    expand = f"$expand=singleValueExtendedProperties($filter=id eq '{TAG}')"
    assert graph.get(f"~/events/{occurrence}?{expand}")["singleValueExtendedProperties"][0]["value"] == "00U2"
    assert "singleValueExtendedProperties" not in graph.get(f"~/events/{master['id']}?{expand}")
