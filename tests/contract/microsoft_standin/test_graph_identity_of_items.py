"""Identifiers, versions and repeats: MS-041..MS-053."""

from __future__ import annotations

from datetime import date

import pytest
import requests

from backend.sandbox.faults import Rule
from tests.fakes.graph_client import IMMUTABLE, TAG, GraphClient, event, guests, weekly

CONTACTS = "~/contactFolders/contacts/contacts/delta"


def test_ms041_default_id_changes_on_a_move_and_the_immutable_one_does_not(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    other = mailbox.add_contact_folder("Other")
    default = graph.post("~/contacts", {"givenName": "Bob"}, prefer=None)["id"]
    immutable = graph.get(f"~/contacts/{default}", prefer=IMMUTABLE)["id"]
    mailbox.move_contact(immutable, other)
    assert graph.refused("GET", f"~/contacts/{default}") == (404, "ErrorItemNotFound")
    assert graph.get(f"~/contacts/{immutable}", prefer=IMMUTABLE)["id"] == immutable
    assert graph.get(f"~/contacts/{immutable}", prefer=None)["id"] not in (default, immutable)


def test_ms043_both_formats_work_in_paths_and_with_one_delta_token(graph: GraphClient) -> None:
    made = graph.post("~/contacts", {"givenName": "Bob"})
    default = graph.get("~/contacts", prefer=None)["value"][0]["id"]
    assert graph.get(f"~/contacts/{default}")["id"] == made["id"]
    _, link = graph.round(CONTACTS)
    graph.patch(f"~/contacts/{default}", {"givenName": "Rob"})
    assert graph.get(link, prefer=IMMUTABLE)["value"][0]["id"] == made["id"]
    assert graph.get(link, prefer=None)["value"][0]["id"] == default


def test_ms043_folder_ids_are_the_same_in_both_formats(graph: GraphClient) -> None:
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce"}, prefer=None)
    assert graph.get("~/contactFolders", prefer=IMMUTABLE)["value"][0]["id"] == folder["id"]


def test_ms045_etag_is_the_change_key_and_every_touch_changes_it(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    assert made["@odata.etag"] == f'W/"{made["changeKey"]}"'
    changed = graph.patch(f"~/events/{made['id']}", {"subject": "Other"})
    graph.tenant.mailbox(graph.ada.id).touch_item(made["id"])
    touched = graph.get(f"~/events/{made['id']}")
    assert len({made["changeKey"], changed["changeKey"], touched["changeKey"]}) == 3


def test_ms046_stale_if_match_is_refused_and_nothing_is_written(graph: GraphClient) -> None:
    for address, body, change in (
        ("~/events", event(), {"subject": "Lost"}),
        ("~/contacts", {"givenName": "Bob"}, {"givenName": "Lost"}),
    ):
        made = graph.post(address, body)
        one = f"{address}/{made['id']}"
        fresh = graph.patch(one, {"categories": ["x"]}, headers={"If-Match": made["@odata.etag"]})
        stale = {"If-Match": made["@odata.etag"]}
        assert graph.refused("PATCH", one, change, headers=stale) == (412, "ErrorIrresolvableConflict")
        assert graph.refused("DELETE", one, headers=stale) == (412, "ErrorIrresolvableConflict")
        assert graph.get(one)["changeKey"] == fresh["changeKey"]
        assert graph.patch(one, change, headers={"If-Match": "*"})["changeKey"] != fresh["changeKey"]


@pytest.mark.parametrize("status", [409, 412])
def test_ms047_overlapping_write_loses_once_and_a_retry_succeeds(graph: GraphClient, status: int) -> None:
    made = graph.post("~/events", event())
    one = f"~/events/{made['id']}"
    graph.tenant.mailbox(graph.ada.id).collide_next_write(status)
    assert graph.refused("PATCH", one, {"subject": "New"}) == (status, "ErrorIrresolvableConflict")
    assert graph.get(one)["changeKey"] == made["changeKey"]
    assert graph.patch(one, {"subject": "New"})["subject"] == "New"


def test_ms048_ical_uid_is_shared_by_copies_and_different_per_occurrence(graph: GraphClient) -> None:
    made = graph.post("~/events", event(recurrence=weekly(3), attendees=guests(graph.bob.mail)))
    (copy,) = graph.get(f"/users/{graph.bob.id}/events")["value"]
    assert (copy["iCalUId"], copy["isOrganizer"]) == (made["iCalUId"], False)
    window = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z"
    mine = [each["iCalUId"] for each in graph.get(f"~/calendarView?{window}")["value"]]
    theirs = [each["iCalUId"] for each in graph.get(f"/users/{graph.bob.id}/calendarView?{window}")["value"]]
    assert mine == theirs
    assert len({made["iCalUId"], *mine}) == 4
    found = graph.get(f"/users/{graph.bob.id}/events?$filter=iCalUId eq '{made['iCalUId']}'")["value"]
    assert [each["id"] for each in found] == [copy["id"]]


def test_ms049_repeat_of_create_with_same_transaction_id_returns_same_event(graph: GraphClient) -> None:
    body = event(transactionId="key-1", attendees=guests("x@y.example"))
    first, second = graph.post("~/events", body), graph.post("~/events", body)
    assert second["id"] == first["id"]
    assert len(graph.get("~/events")["value"]) == 1
    assert graph.mails() == [("invitation", ("x@y.example",))]


def test_ms050_same_transaction_id_for_another_event_is_refused(graph: GraphClient) -> None:
    first = graph.post("~/events", event(transactionId="key-1"))
    answer = graph.call("POST", "~/events", event("Another", transactionId="key-1"))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "ErrorDuplicateTransactionId")
    assert error["@event.existingEventId"] == first["id"]
    assert len(graph.get("~/events")["value"]) == 1


def test_ms051_transaction_id_is_returned_and_cannot_be_changed(graph: GraphClient) -> None:
    made = graph.post("~/events", event(transactionId="key-1"))
    one = f"~/events/{made['id']}"
    assert graph.get(one)["transactionId"] == "key-1"
    assert graph.refused("PATCH", one, {"transactionId": "key-2"}) == (400, "RequestBodyRead")


def test_ms052_contacts_repeated_are_duplicates_found_by_their_tag(graph: GraphClient) -> None:
    body = {"givenName": "Bob", "singleValueExtendedProperties": [{"id": TAG, "value": "003A"}]}
    ids = {graph.post("~/contacts", body)["id"] for _ in range(2)}
    wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{TAG}' and ep/value eq '003A')"
    found = {each["id"] for each in graph.get(f"~/contacts?$filter={wanted}")["value"]}
    assert len(ids) == 2
    assert found == ids


def test_ms053_connection_lost_after_the_write_was_applied(graph: GraphClient) -> None:
    graph.fresh_token()
    graph.world.faults.add(Rule("lost_answer", operation="events.create", remaining=1))
    body = event(transactionId="key-1")
    with pytest.raises(requests.ConnectionError):
        graph.call("POST", "~/events", body)
    (applied,) = graph.get("~/events")["value"]
    assert graph.post("~/events", body)["id"] == applied["id"]


def test_occurrence_id_stays_when_it_becomes_an_exception(graph: GraphClient) -> None:
    """§5.3: the id of an occurrence is constant in both formats."""
    master = graph.post("~/events", event(recurrence=weekly(3)))
    mailbox = graph.tenant.mailbox(graph.ada.id)
    occurrence = mailbox.occurrence(master["id"], date(2026, 12, 8))
    changed = graph.patch(f"~/events/{occurrence}", {"subject": "Other"})
    assert (changed["id"], changed["type"]) == (occurrence, "exception")
