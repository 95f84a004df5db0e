"""Events between Graph and field groups: times and zones, status, privacy, rights, bodies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import text
from backend.domain.attendees import Attendee, Attendees, Part, Reply
from backend.domain.projection import project_mailbox
from backend.domain.values import AllDay, Kind, ShowAs, Timed
from backend.microsoft.body import own_text, text_of, with_own_text
from backend.microsoft.event_map import attendees_of, caps_of, event_body, event_item, guests_of, values_of
from backend.microsoft.moments import instant, when, when_body, zone_name
from backend.microsoft.tags import TAG
from backend.ports.mailbox import OWN, Caps

KEY = UUID("11111111-2222-5333-8444-555555555555")
GRAPH: dict[str, Any] = {
    "@odata.etag": 'W/"3"',
    "id": "e1",
    "iCalUId": "040000008200E00074C5B7101A82E008",
    "type": "singleInstance",
    "subject": "Review ",
    "body": {"contentType": "text", "content": "One\r\nTwo\r\n"},
    "start": {"dateTime": "2026-06-01T12:30:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-06-01T13:00:00.0000000", "timeZone": "UTC"},
    "isAllDay": False,
    "originalStartTimeZone": "Eastern Standard Time",
    "location": {"displayName": "Room 4", "uniqueIdType": "private"},
    "showAs": "tentative",
    "sensitivity": "private",
    "attendees": [],
    "organizer": {"emailAddress": {"name": "Ada", "address": "Ada@Example.com"}},
    "isOrganizer": True,
    "isCancelled": False,
    "isOnlineMeeting": False,
    "transactionId": str(KEY),
    "createdDateTime": "2026-05-01T08:00:00.0000000Z",
    "lastModifiedDateTime": "2026-05-02T08:00:00.0000000Z",
    "recurrence": None,
}


def attendee(address: str, kind: str = "required") -> dict[str, Any]:
    return {"type": kind, "emailAddress": {"address": address}, "status": {"time": "0001-01-01T00:00:00Z"}}


def test_an_event_is_read_by_groups() -> None:
    item = event_item(GRAPH, "ada@example.com")
    start = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
    assert item.values == {
        "subject": "Review",
        "when": Timed(start, start + timedelta(minutes=30), "America/New_York"),
        "location": "Room 4",
        "description": "One\nTwo",
        "show_as": ShowAs.TENTATIVE,
        "private": True,
    }
    assert (item.caps, item.guests, item.cancelled, item.series, item.problem) == (OWN, 0, False, None, None)
    assert (item.uid, item.organizer, item.key_tag) == (GRAPH["iCalUId"], "Ada@Example.com", KEY)


# --- people -----------------------------------------------------------------------------------------------------------


def answered(address: str, response: str, kind: str = "required") -> dict[str, Any]:
    return {**attendee(address, kind), "status": {"response": response, "time": "0001-01-01T00:00:00Z"}}


def test_ls121_ls129_guests_are_read_with_their_part_and_their_answer() -> None:
    people = [
        answered("A@x.example", "accepted"),
        answered("b@x.example", "tentativelyAccepted", "optional"),
        answered("c@x.example", "declined"),
        answered("d@x.example", "notResponded"),
        answered("room@x.example", "accepted", "resource"),
        attendee("ada@example.com"),
    ]

    assert attendees_of({**GRAPH, "attendees": people}) == Attendees(
        True,
        "ada@example.com",
        (
            Attendee("a@x.example", Part.REQUIRED, Reply.ACCEPTED),
            Attendee("b@x.example", Part.OPTIONAL, Reply.TENTATIVE),
            Attendee("c@x.example", Part.REQUIRED, Reply.DECLINED),
            Attendee("d@x.example"),
            Attendee("room@x.example", Part.RESOURCE, Reply.ACCEPTED),
        ),
    )


def test_ls126_a_copy_says_whose_meeting_it_is() -> None:
    copy = attendees_of({**GRAPH, "isOrganizer": False, "attendees": [attendee("guest@example.com")]})

    assert copy == Attendees(False, "ada@example.com", (Attendee("guest@example.com"),))


def test_i9_a_distribution_list_is_one_attendee() -> None:
    whole = attendees_of({**GRAPH, "attendees": [attendee("everybody@example.com")]})

    assert whole is not None
    assert whole.people == (Attendee("everybody@example.com"),)


def test_ls135_a_booked_room_is_the_place_of_a_meeting_that_names_none() -> None:
    room = attendee("room4@example.com", "resource")
    room["emailAddress"]["name"] = "Room 4, upstairs"
    booked = {**GRAPH, "attendees": [room], "location": {"displayName": ""}}

    assert values_of(booked)["location"] == "Room 4, upstairs"
    assert values_of({**booked, "location": {"displayName": "Lobby"}})["location"] == "Lobby"


# --- rights (I.1) -----------------------------------------------------------------------------------------------------


def test_i1_guests_are_people_other_than_the_owner_the_organiser_and_rooms() -> None:
    event = {
        **GRAPH,
        "attendees": [
            attendee("ADA@example.com"),
            attendee("owner@example.com"),
            attendee("guest@example.com"),
            attendee("Guest@example.com", "optional"),
            attendee("room@example.com", "resource"),
        ],
    }
    assert guests_of(event, "Owner@example.com") == {"guest@example.com"}
    assert event_item(event, "Owner@example.com").caps == OWN | Caps.WOULD_MAIL


@pytest.mark.parametrize(
    ("changes", "guests", "caps"),
    [
        ({}, [], OWN),
        ({}, ["room"], OWN),
        ({}, ["guest"], OWN | Caps.WOULD_MAIL),
        ({"isOrganizer": False}, ["guest"], Caps.NONE),
        ({"isOrganizer": False, "isCancelled": True}, [], Caps.NONE),
        ({"isCancelled": True}, ["guest"], Caps.ORGANIZER),
        ({"isOrganizer": None}, [], Caps.NONE),
    ],
)
def test_i1_rights_follow_from_organiser_guests_and_cancellation(
    changes: dict[str, Any], guests: list[str], caps: Caps
) -> None:
    kinds = [attendee(f"{name}@example.com", "resource" if name == "room" else "required") for name in guests]
    event = {**GRAPH, **changes, "attendees": kinds}
    assert event_item(event, None).caps == caps
    assert caps_of(event, guests_of(event, None)) == caps


def test_ms075_guests_of_a_single_occurrence_count_for_the_series() -> None:
    event = {
        **GRAPH,
        "recurrence": {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "noEnd", "startDate": "2026-06-01", "recurrenceTimeZone": "UTC"},
        },
        "exceptionOccurrences": [
            {**GRAPH, "originalStart": "2026-06-02T12:30:00Z", "attendees": [attendee("guest@example.com")]}
        ],
    }
    item = event_item(event, None)
    assert (item.guests, Caps.WOULD_MAIL in item.caps) == (1, True)


def test_a_cancelled_shell_is_cancelled() -> None:
    assert event_item({**GRAPH, "isCancelled": True}, None).cancelled


@pytest.mark.parametrize("foreign", [None, "", "localevent:77", "6d0f9a52-6a0e-4b7c-9d3e-0c1b2a394857"])
def test_ms051_transaction_ids_of_other_programs_are_no_tags(foreign: str | None) -> None:
    assert event_item({**GRAPH, "transactionId": foreign}, None).key_tag is None


def test_ms092_the_tag_counts_where_the_transaction_id_is_not_ours() -> None:
    tagged = {**GRAPH, "transactionId": None, "singleValueExtendedProperties": [{"id": TAG, "value": str(KEY)}]}
    assert event_item(tagged, None).key_tag == KEY


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("AUS Eastern Standard Time", "Australia/Sydney"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("tzone://Microsoft/Custom", None),
        ("Moon Standard Time", None),
        ("", None),
        (None, None),
    ],
)
def test_ms055_zones_come_as_windows_or_iana_names_custom_ones_are_none(name: str | None, iana: str | None) -> None:
    assert zone_name(name) == iana


def test_a_single_event_in_an_unknown_zone_is_still_an_instant_ls163() -> None:
    item = event_item({**GRAPH, "originalStartTimeZone": "Moon Standard Time"}, None)
    assert item.problem is None
    assert item.values["when"] == Timed(
        datetime(2026, 6, 1, 12, 30, tzinfo=UTC), datetime(2026, 6, 1, 13, tzinfo=UTC), None
    )


@pytest.mark.parametrize(
    "name", ["UTC", "AUS Eastern Standard Time", "US Mountain Standard Time", "tzone://Microsoft/Custom"]
)
def test_ms057_whole_days_are_floating_dates_whatever_their_zone(name: str) -> None:
    event = {
        **GRAPH,
        "isAllDay": True,
        "start": {"dateTime": "2026-03-28T00:00:00.0000000", "timeZone": name},
        "end": {"dateTime": "2026-03-31T00:00:00.0000000", "timeZone": name},
    }
    assert when(event) == AllDay(date(2026, 3, 28), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("zone", "windows", "moment", "wall_clock"),
    [
        (
            "Australia/Sydney",
            "AUS Eastern Standard Time",
            datetime(2026, 4, 4, 13, 30, tzinfo=UTC),
            "2026-04-05T00:30:00",
        ),
        (
            "Australia/Sydney",
            "AUS Eastern Standard Time",
            datetime(2026, 4, 5, 0, 0, tzinfo=UTC),
            "2026-04-05T10:00:00",
        ),
        ("America/New_York", "Eastern Standard Time", datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "2026-03-08T01:59:00"),
        ("America/New_York", "Eastern Standard Time", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "2026-03-08T03:00:00"),
        ("Europe/London", "GMT Standard Time", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29T02:00:00"),
        (
            "America/Phoenix",
            "US Mountain Standard Time",
            datetime(2026, 7, 1, 16, 0, tzinfo=UTC),
            "2026-07-01T09:00:00",
        ),
    ],
)
def test_ms056_times_are_written_as_wall_clock_with_the_windows_name_of_the_zone(
    zone: str, windows: str, moment: datetime, wall_clock: str
) -> None:
    body = when_body(Timed(moment, moment + timedelta(minutes=30), zone), "UTC")
    assert body["start"] == {"dateTime": wall_clock, "timeZone": windows}
    assert body["isAllDay"] is False


def test_times_without_a_zone_are_written_in_the_zone_given() -> None:
    start = datetime(2026, 7, 1, 16, 0, tzinfo=UTC)
    body = event_body({"when": Timed(start, start + timedelta(hours=1))}, "Europe/London")
    assert body["start"] == {"dateTime": "2026-07-01T17:00:00", "timeZone": "GMT Standard Time"}


def test_ms057_whole_days_are_written_from_midnight_to_midnight_in_the_mailbox_zone() -> None:
    assert when_body(AllDay(date(2026, 3, 28), date(2026, 3, 31)), "Australia/Sydney") == {
        "start": {"dateTime": "2026-03-28T00:00:00", "timeZone": "AUS Eastern Standard Time"},
        "end": {"dateTime": "2026-03-31T00:00:00", "timeZone": "AUS Eastern Standard Time"},
        "isAllDay": True,
    }


@given(
    st.integers(0, 50 * 365 * 24 * 60).map(
        lambda minutes: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.integers(1, 40 * 24 * 60),
    st.sampled_from(["Australia/Sydney", "America/New_York", "Europe/London", "America/Phoenix", "UTC"]),
)
def test_law_an_instant_written_and_read_is_the_same_instant(start: datetime, minutes: int, zone: str) -> None:
    value = Timed(start, start + timedelta(minutes=minutes), zone)
    assert when({**when_body(value, "UTC"), "originalStartTimeZone": zone}) == value


@pytest.mark.parametrize("minutes", [30, 90])
def test_the_second_half_of_the_hour_that_is_repeated_in_autumn_is_not_shifted(minutes: int) -> None:
    """1:30 in New York on 1 November 2026 comes twice; a wall clock means the first."""
    start = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    value = Timed(start, start + timedelta(minutes=minutes), "America/New_York")
    assert when_body(value, "UTC")["start"] == {"dateTime": "2026-11-01T06:30:00", "timeZone": "UTC"}
    assert when({**when_body(value, "UTC"), "originalStartTimeZone": "America/New_York"}) == value


def test_ms062_zero_dates_are_no_dates() -> None:
    assert instant("0001-01-01T00:00:00Z") is None
    assert instant(None) is None


@pytest.mark.parametrize("broken", [{"start": None}, {"start": {"dateTime": "soon", "timeZone": "UTC"}}])
def test_an_event_with_unreadable_times_is_reported_in_a_sentence(broken: dict[str, Any]) -> None:
    item = event_item({**GRAPH, **broken}, None)
    assert item.problem == "The event's times cannot be read: open it in Outlook and set them again."


# --- the other groups -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("graph", "show_as"),
    [
        ("busy", ShowAs.BUSY),
        ("free", ShowAs.FREE),
        ("oof", ShowAs.OUT_OF_OFFICE),
        ("tentative", ShowAs.TENTATIVE),
        ("workingElsewhere", ShowAs.ELSEWHERE),
    ],
)
def test_each_status_is_read_and_written(graph: str, show_as: ShowAs) -> None:
    assert values_of({**GRAPH, "showAs": graph})["show_as"] is show_as
    assert event_body({"show_as": show_as}, "UTC") == {"showAs": graph}


@pytest.mark.parametrize("odd", ["unknown", "somethingNew", None])
def test_an_unknown_status_is_busy(odd: str | None) -> None:
    assert values_of({**GRAPH, "showAs": odd})["show_as"] is ShowAs.BUSY


@pytest.mark.parametrize(
    ("sensitivity", "private"), [("normal", False), ("personal", False), ("private", True), ("confidential", True)]
)
def test_private_and_confidential_are_private(sensitivity: str, private: bool) -> None:
    assert values_of({**GRAPH, "sensitivity": sensitivity})["private"] is private


def test_only_named_groups_are_written_never_attendees_and_bodies_as_text_ms073() -> None:
    assert event_body({"subject": None, "private": True}, "UTC") == {"subject": "", "sensitivity": "private"}
    assert event_body({"description": "a\nb", "location": None}, "UTC") == {
        "body": {"contentType": "text", "content": "a\nb"},
        "location": {"displayName": ""},
    }
    assert event_body({"attendees": "x@example.com"}, "UTC") == {}


def test_ms049_a_create_carries_the_key_as_transaction_id_and_as_tag() -> None:
    assert event_body({"subject": "x"}, "UTC", KEY) == {
        "subject": "x",
        "transactionId": str(KEY),
        "singleValueExtendedProperties": [{"id": TAG, "value": str(KEY)}],
    }


def test_law_values_are_in_the_mailboxs_own_form() -> None:
    values = values_of({**GRAPH, "subject": "a\tb\r\nc", "body": {"contentType": "text", "content": "\xa0x \r\n\r\n"}})
    assert {group: project_mailbox(Kind.EVENT, group, value) for group, value in values.items()} == values


# --- bodies -----------------------------------------------------------------------------------------------------------

RULE = "_" * 80
JOIN = f'<div class="me"><div>{RULE}</div><a href="https://teams.example/j/1">Join</a><div>{RULE}</div></div>'
DOCUMENT = f"<html><head></head><body>\r\n<div>Agenda</div>\r\n{JOIN}</body></html>"


def test_ms018_html_that_comes_in_spite_of_our_wish_is_read_as_text() -> None:
    body = {
        "contentType": "html",
        "content": "<html><head><style>p{}</style></head><body><p>A &amp; B</p>C<br>D</body></html>",
    }
    assert values_of({**GRAPH, "body": body})["description"] == "A & B\nC\nD"
    assert text_of("") == ""


def test_ms081_the_join_block_is_not_part_of_the_description() -> None:
    content = f"Agenda\r\n{RULE}\r\nMicrosoft Teams meeting\r\nJoin: https://x\r\n{RULE}\r\n"
    event = {**GRAPH, "isOnlineMeeting": True, "body": {"contentType": "text", "content": content}}
    assert values_of(event)["description"] == "Agenda"
    assert own_text(content, online=False) == content


def test_ms081_the_join_block_stays_untouched_when_the_description_is_replaced() -> None:
    assert with_own_text(DOCUMENT, "New <b>\nplan") == (
        f"<html><head></head><body><div>New &lt;b&gt;<br>\r\nplan</div>\r\n{JOIN}</body></html>"
    )


def test_ms081_what_was_written_below_the_block_is_replaced_too_and_not_doubled() -> None:
    block = f"<div>{RULE}<div>Join</div><div>{RULE}</div></div>"
    document = f"<html><body>\r\n<div>Agenda</div>\r\n{block}<p>See you</p></body></html>"
    own = text.block(own_text(text_of(document), online=True))
    assert own == "Agenda\n\nSee you"
    written = with_own_text(document, own)
    assert written is not None
    assert f"{block}</body></html>" in written
    assert text.block(own_text(text_of(written), online=True)) == own


@pytest.mark.parametrize("document", ["", "<html><body>no block</body></html>", f"{RULE}<body></body>"])
def test_ms081_without_a_join_block_nothing_is_replaced(document: str) -> None:
    assert with_own_text(document, "x") is None
