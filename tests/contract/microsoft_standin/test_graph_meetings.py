"""Meetings: mail, copies, answers, online meetings (MS-073..MS-081, MS-130..MS-132)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.fakes.graph_client import TAG, GraphClient, event, guests, weekly

X, Y = "x@elsewhere.example", "y@elsewhere.example"


def _copy(graph: GraphClient) -> dict[str, Any]:
    (copy,) = graph.get(f"/users/{graph.bob.id}/events")["value"]
    assert isinstance(copy, dict)
    return copy


def _meeting(graph: GraphClient, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ada's meeting with Bob and X, mail forgotten; and Bob's copy."""
    made = graph.post("~/events", event(attendees=guests(graph.bob.mail, X), **more))
    graph.world.outbox.clear()
    return made, _copy(graph)


def test_ms073_create_invites_all_attendees_and_nobody_without_them(graph: GraphClient) -> None:
    graph.post("~/events", event())
    assert graph.mails() == []
    graph.post("~/events", event("Kickoff", attendees=guests(X, graph.bob.mail)))
    (mail,) = graph.world.outbox
    assert (mail.sender, mail.recipients, mail.kind, mail.subject) == (
        graph.ada.mail,
        (X, graph.bob.mail),
        "invitation",
        "Kickoff",
    )


def test_ms073_what_people_do_in_outlook_leaves_the_outbox_empty(graph: GraphClient) -> None:
    graph.tenant.mailbox(graph.ada.id).create_event(event(attendees=guests(X)))
    assert graph.mails() == []


def test_ms073_adding_the_first_attendees_invites_them(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    graph.patch(f"~/events/{made['id']}", {"attendees": guests(X)})
    assert graph.mails() == [("invitation", (X,))]


def test_ms074_attendees_only_mails_the_difference(graph: GraphClient) -> None:
    made, _ = _meeting(graph)
    graph.patch(f"~/events/{made['id']}", {"attendees": guests(X, Y)})
    assert graph.mails() == [("invitation", (Y,)), ("cancellation", (graph.bob.mail,))]


@pytest.mark.parametrize(
    "change", [{"subject": "New"}, {"location": {"displayName": "Elsewhere"}}, {"body": {"content": "x"}}]
)
def test_ms074_content_mails_everybody(graph: GraphClient, change: dict[str, Any]) -> None:
    made, _ = _meeting(graph)
    graph.patch(f"~/events/{made['id']}", change)
    assert graph.mails() == [("update", (graph.bob.mail, X))]


@pytest.mark.parametrize(
    "change",
    [
        {"categories": ["Salesforce"]},
        {"isReminderOn": False},
        {"reminderMinutesBeforeStart": 5},
        {"showAs": "free"},
        {"singleValueExtendedProperties": [{"id": TAG, "value": "1"}]},
    ],
)
def test_ms074_private_fields_mail_nobody_and_touch_no_copy(graph: GraphClient, change: dict[str, Any]) -> None:
    made, copy = _meeting(graph)
    graph.patch(f"~/events/{made['id']}", change)
    assert graph.mails() == []
    assert _copy(graph)["changeKey"] == copy["changeKey"]


def test_ms075_master_with_exceptions_mails_once_per_exception_plus_once(graph: GraphClient) -> None:
    made, _ = _meeting(graph, recurrence=weekly(4))
    mailbox = graph.tenant.mailbox(graph.ada.id)
    for day in (8, 15):
        mailbox.update_occurrence(made["id"], date(2026, 12, day), {"subject": f"Other {day}"})
    graph.patch(f"~/events/{made['id']}", {"location": {"displayName": "Elsewhere"}})
    assert graph.mails() == [("update", (graph.bob.mail, X))] * 3


def test_ms076_delete_by_the_organizer_mails_cancellations(graph: GraphClient) -> None:
    made, _ = _meeting(graph)
    graph.delete(f"~/events/{made['id']}")
    assert graph.mails() == [("cancellation", (graph.bob.mail, X))]
    copy = _copy(graph)
    assert (copy["isCancelled"], copy["subject"], copy["showAs"]) == (True, "Canceled: Review", "free")


def test_ms076_cancel_mails_and_moves_to_deleted_items(graph: GraphClient) -> None:
    made, _ = _meeting(graph)
    graph.post(f"~/events/{made['id']}/cancel", {"Comment": "Sorry"}, 202)
    assert graph.mails() == [("cancellation", (graph.bob.mail, X))]
    assert graph.refused("GET", f"~/events/{made['id']}") == (404, "ErrorItemNotFound")
    graph.tenant.mailbox(graph.ada.id).undelete(made["id"])


def test_ms076_deleting_one_occurrence_cancels_it_for_the_guests(graph: GraphClient) -> None:
    made, _ = _meeting(graph, recurrence=weekly(3))
    occurrence = graph.tenant.mailbox(graph.ada.id).occurrence(made["id"], date(2026, 12, 8))
    graph.delete(f"~/events/{occurrence}")
    assert graph.mails() == [("cancellation", (graph.bob.mail, X))]
    window = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z"
    view = graph.get(f"/users/{graph.bob.id}/calendarView?{window}")["value"]
    assert [each["isCancelled"] for each in view] == [False, True, False]


def test_ms077_cancel_by_an_attendee_is_refused(graph: GraphClient) -> None:
    _, copy = _meeting(graph)
    address = f"/users/{graph.bob.id}/events/{copy['id']}/cancel"
    assert graph.refused("POST", address, {}) == (400, "ErrorInvalidRequest")


@pytest.mark.parametrize(
    ("action", "answer", "shown"),
    [("accept", "accepted", "busy"), ("tentativelyAccept", "tentativelyAccepted", "tentative")],
)
def test_ms078_answers_are_mailed_by_default(graph: GraphClient, action: str, answer: str, shown: str) -> None:
    made, copy = _meeting(graph)
    assert (copy["responseStatus"]["response"], copy["showAs"]) == ("notResponded", "tentative")
    graph.post(f"/users/{graph.bob.id}/events/{copy['id']}/{action}", {"comment": "Fine"}, 202)
    assert graph.mails() == [("response", (graph.ada.mail,))]
    after = _copy(graph)
    assert (after["responseStatus"]["response"], after["showAs"]) == (answer, shown)
    statuses = [each["status"]["response"] for each in graph.get(f"~/events/{made['id']}")["attendees"]]
    assert statuses == [answer, "none"]


def test_ms078_no_mail_without_send_response_and_decline_removes(graph: GraphClient) -> None:
    made, copy = _meeting(graph)
    one = f"/users/{graph.bob.id}/events/{copy['id']}"
    graph.post(f"{one}/decline", {"SendResponse": False}, 202)
    assert graph.mails() == []
    assert graph.refused("GET", one) == (404, "ErrorItemNotFound")
    assert graph.get(f"~/events/{made['id']}")["changeKey"] == made["changeKey"]


def test_ms078_proposed_time_needs_a_response(graph: GraphClient) -> None:
    _, copy = _meeting(graph)
    times = event()
    body = {"sendResponse": False, "proposedNewTime": {"start": times["start"], "end": times["end"]}}
    address = f"/users/{graph.bob.id}/events/{copy['id']}/tentativelyAccept"
    assert graph.refused("POST", address, body) == (400, "ErrorInvalidParameter")


def test_ms079_an_answer_changes_the_organizers_change_key_without_content(graph: GraphClient) -> None:
    made, copy = _meeting(graph)
    graph.tenant.mailbox(graph.bob.id).respond(copy["id"], "accept")
    after = graph.get(f"~/events/{made['id']}")
    changing = ("@odata.etag", "changeKey", "lastModifiedDateTime", "attendees")
    assert after["changeKey"] != made["changeKey"]
    assert {name: value for name, value in after.items() if name not in changing} == {
        name: value for name, value in made.items() if name not in changing
    }


def test_ms080_organizers_update_overwrites_the_copy_but_not_its_private_fields(graph: GraphClient) -> None:
    made, copy = _meeting(graph)
    bobs = f"/users/{graph.bob.id}/events/{copy['id']}"
    graph.patch(bobs, {"categories": ["Mine"], "showAs": "oof", "isReminderOn": False})
    times = event(start="2026-12-03T09:00:00")
    graph.patch(f"~/events/{made['id']}", {"subject": "New", "start": times["start"], "end": times["end"]})
    after = graph.get(bobs)
    assert (after["subject"], after["start"]["dateTime"][:10]) == ("New", "2026-12-03")
    assert (after["categories"], after["showAs"], after["isReminderOn"]) == (["Mine"], "oof", False)


def test_ms080_exceptions_reach_the_copies(graph: GraphClient) -> None:
    made, copy = _meeting(graph, recurrence=weekly(3))
    occurrence = graph.tenant.mailbox(graph.ada.id).occurrence(made["id"], date(2026, 12, 8))
    graph.patch(f"~/events/{occurrence}", {"subject": "Other"})
    theirs = graph.tenant.mailbox(graph.bob.id).occurrence(copy["id"], date(2026, 12, 8))
    shown = graph.get(f"/users/{graph.bob.id}/events/{theirs}")
    assert (shown["type"], shown["subject"]) == ("exception", "Other")


def test_ms081_online_meeting_stays_and_dies_only_with_its_join_block(graph: GraphClient) -> None:
    made = graph.post("~/events", event(body={"content": "Agenda"}, isOnlineMeeting=True))
    join = made["onlineMeeting"]["joinUrl"]
    assert made["onlineMeetingProvider"] == "teamsForBusiness"
    assert join in made["body"]["content"]
    one = f"~/events/{made['id']}"
    kept = graph.patch(one, {"isOnlineMeeting": False, "subject": "New"})
    assert (kept["isOnlineMeeting"], kept["onlineMeeting"]) == (True, {"joinUrl": join})
    extended = kept["body"]["content"].replace("</body>", "<p>More</p></body>")
    assert graph.patch(one, {"body": {"contentType": "html", "content": extended}})["isOnlineMeeting"] is True
    killed = graph.patch(one, {"body": {"contentType": "text", "content": "Agenda"}})
    assert (killed["isOnlineMeeting"], killed["onlineMeeting"]) == (False, None)


def test_ms130_provider_that_is_not_allowed_is_ignored_silently(graph: GraphClient) -> None:
    made = graph.post("~/events", event(isOnlineMeeting=True, onlineMeetingProvider="skypeForBusiness"))
    assert (made["isOnlineMeeting"], made["onlineMeeting"]) == (False, None)
    graph.tenant.mailbox(graph.ada.id).allowed_providers = []
    assert graph.get("~/calendar")["allowedOnlineMeetingProviders"] == []
    assert graph.post("~/events", event(isOnlineMeeting=True))["onlineMeeting"] is None


def test_ms131_patch_by_an_attendee_is_lost_at_the_organizers_next_update(graph: GraphClient) -> None:
    made, copy = _meeting(graph)
    bobs = f"/users/{graph.bob.id}/events/{copy['id']}"
    assert graph.patch(bobs, {"subject": "Bob's own"})["subject"] == "Bob's own"
    assert graph.get(f"~/events/{made['id']}")["subject"] == "Review"
    assert graph.mails() == []
    graph.patch(f"~/events/{made['id']}", {"location": {"displayName": "Room 2"}})
    assert graph.get(bobs)["subject"] == "Review"


def test_ms132_answering_ones_own_event_is_refused(graph: GraphClient) -> None:
    made, _ = _meeting(graph)
    for action in ("accept", "decline", "tentativelyAccept"):
        assert graph.refused("POST", f"~/events/{made['id']}/{action}", {}) == (400, "ErrorInvalidRequest")


def test_delete_by_an_attendee_declines(graph: GraphClient) -> None:
    """§5.5: deleting a copy may send a decline to the organizer; here it does, unless it was declined or cancelled."""
    made, copy = _meeting(graph)
    graph.delete(f"/users/{graph.bob.id}/events/{copy['id']}")
    assert graph.mails() == [("response", (graph.ada.mail,))]
    assert graph.get(f"~/events/{made['id']}")["attendees"][0]["status"]["response"] == "declined"


def test_removed_attendee_keeps_a_cancelled_copy(graph: GraphClient) -> None:
    """§5.1: cancelled items stay in attendee calendars until removed; removing them mails nobody."""
    made, copy = _meeting(graph)
    graph.patch(f"~/events/{made['id']}", {"attendees": guests(X)})
    assert _copy(graph)["isCancelled"] is True
    graph.world.outbox.clear()
    graph.delete(f"/users/{graph.bob.id}/events/{copy['id']}")
    assert graph.mails() == []


def test_hidden_attendees_see_only_themselves(graph: GraphClient) -> None:
    """§5.1: hideAttendees hides the list from attendees."""
    made, copy = _meeting(graph, hideAttendees=True)
    assert len(made["attendees"]) == 2
    assert [each["emailAddress"]["address"] for each in copy["attendees"]] == [graph.bob.mail]
