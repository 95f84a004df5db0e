"""Answers of the stand-in against the schemas of Graph, where these lie beside the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.fakes.graph_client import TAG, GraphClient, all_day, event, guests, weekly
from tests.fakes.webhook_receiver import WebhookReceiver

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "contracts" / "microsoft-graph"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the schemas of Graph are not beside the project"),
]

YEAR = "startDateTime=2026-06-01T00:00:00Z&endDateTime=2027-06-01T00:00:00Z"
CONTACT = {
    "givenName": "Bob",
    "surname": "Example",
    "birthday": "1974-07-22T12:00:00Z",
    "emailAddresses": [{"address": "bob@acme.example"}],
    "businessPhones": ["+43 1 9999"],
    "businessAddress": {"city": "Wien", "countryOrRegion": "Austria"},
    "singleValueExtendedProperties": [{"id": TAG, "value": "003A"}],
}
EXPAND = f"$expand=singleValueExtendedProperties($filter=id eq '{TAG}')"


@cache
def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "schemas.json").read_text(encoding="utf-8"))
    return found


def _follows(name: str, answer: Any) -> None:
    schema = {**_schemas(), "$ref": f"#/$defs/{name}"}
    problems = [
        f"{problem.json_path}: {problem.message}" for problem in Draft202012Validator(schema).iter_errors(answer)
    ]
    assert problems == []


def _series_with_exceptions(graph: GraphClient) -> str:
    body = event(recurrence=weekly(4), attendees=guests(graph.bob.mail), body={"content": "Agenda"})
    master: str = graph.post("~/events", body)["id"]
    mailbox = graph.tenant.mailbox(graph.ada.id)
    mailbox.update_occurrence(master, date(2026, 12, 8), {"subject": "Moved"})
    mailbox.delete_occurrence(master, date(2026, 12, 15))
    return master


def _fill(graph: GraphClient) -> str:
    """Every kind of item; answers the id of a series."""
    graph.post("~/contacts", CONTACT)
    graph.post("~/events", event(isOnlineMeeting=True, location={"displayName": "Room 1"}))
    graph.post("~/events", all_day("2026-12-24", "2026-12-25"))
    return _series_with_exceptions(graph)


CREATED: list[tuple[str, str, Any]] = [
    ("event", "~/events", event()),
    ("event", "~/events", event(recurrence=weekly(3), attendees=guests("x@y.example"), transactionId="t")),
    ("event", "~/events", event(isOnlineMeeting=True, locations=[{"displayName": "A"}, {"displayName": "B"}])),
    ("event", "~/events", all_day("2026-12-24", "2026-12-25", "Tokyo Standard Time")),
    ("contact", "~/contacts", CONTACT),
    ("contact", "~/contacts", {}),
    ("contactFolder", "~/contactFolders", {"displayName": "Salesforce"}),
    ("calendar", "~/calendars", {"name": "Second"}),
]


@pytest.mark.parametrize(("schema", "address", "body"), CREATED)
def test_created_resources(graph: GraphClient, schema: str, address: str, body: Any) -> None:
    made = graph.post(address, body)
    _follows(schema, made)
    _follows(f"{schema}Create", body)
    _follows(schema, graph.get(f"{address}/{made['id']}"))


@pytest.mark.parametrize(
    ("schema", "address"),
    [
        ("eventCollection", "~/events"),
        ("eventCollection", f"~/events?{EXPAND}&$count=true"),
        ("eventCollection", f"~/calendarView?{YEAR}"),
        ("eventCollection", "/users/{bob}/events"),
        ("contactCollection", f"~/contacts?{EXPAND}&$count=true"),
        ("contactCollection", "~/contacts?$select=displayName"),
        ("contactFolderCollection", "~/contactFolders"),
        ("calendarCollection", "~/calendars"),
        ("calendar", "~/calendar"),
        ("userCollection", "/users"),
        ("user", "/users/{bob}"),
        ("mailboxSettings", "~/mailboxSettings"),
        ("timeZoneInformationCollection", "~/outlook/supportedTimeZones"),
        ("outlookCategoryCollection", "~/outlook/masterCategories"),
        ("eventDelta", f"~/calendarView/delta?{YEAR}"),
        ("contactDelta", "~/contactFolders/contacts/contacts/delta"),
        ("contactFolderDelta", "~/contactFolders/delta"),
        ("userDelta", "/users/delta"),
    ],
)
@pytest.mark.parametrize(
    "prefer", [None, 'IdType="ImmutableId", outlook.timezone="Europe/Vienna", odata.maxpagesize=3']
)
def test_lists_and_rounds(graph: GraphClient, schema: str, address: str, prefer: str | None) -> None:
    _fill(graph)
    graph.post("~/contactFolders", {"displayName": "Salesforce"})
    next_address: str | None = address.replace("{bob}", graph.bob.id)
    while next_address:
        page = graph.get(next_address, prefer=prefer)
        _follows(schema, page)
        next_address = page.get("@odata.nextLink")


def test_instances_and_a_master_with_its_exceptions(graph: GraphClient) -> None:
    master = _fill(graph)
    _follows("eventCollection", graph.get(f"~/events/{master}/instances?{YEAR}"))
    _follows("event", graph.get(f"~/events/{master}?$expand=exceptionOccurrences"))
    _follows("event", graph.get(f"~/events/{master}?$select=subject,cancelledOccurrences&{EXPAND}"))


def test_removed_items_in_delta(graph: GraphClient) -> None:
    master = _fill(graph)
    contact = graph.get("~/contacts")["value"][0]["id"]
    _, events_link = graph.round(f"~/calendarView/delta?{YEAR}")
    _, contacts_link = graph.round("~/contactFolders/contacts/contacts/delta")
    graph.delete(f"~/events/{master}")
    graph.delete(f"~/contacts/{contact}")
    for schema, link in (("eventDelta", events_link), ("contactDelta", contacts_link)):
        page = graph.get(link)
        assert "@removed" in page["value"][0]
        _follows(schema, page)
        _follows("removedItem", page["value"][0])


def _unconsented(graph: GraphClient) -> None:
    graph.tenant.revoke_roles()
    graph.fresh_token()


@pytest.mark.parametrize(
    ("method", "address", "body", "prepare"),
    [
        ("GET", "~/events/nonsense", None, None),
        ("POST", "~/events", {"colour": 1}, None),
        ("POST", "~/events", ["x"], None),
        ("GET", "/nowhere", None, None),
        ("DELETE", "/users", None, None),
        ("GET", "/me", None, None),
        ("GET", "~/events", None, _unconsented),
        ("GET", "/users", None, _unconsented),
        ("GET", "/users/nobody@x.example/events", None, None),
        ("GET", "~/contacts/delta?$deltatoken=x", None, None),
        ("POST", "/$batch", {"requests": []}, None),
    ],
)
def test_errors(
    graph: GraphClient, method: str, address: str, body: Any, prepare: Callable[[GraphClient], None] | None
) -> None:
    if prepare:
        prepare(graph)
    answer = graph.call(method, address, body)
    assert answer.status_code >= 400
    _follows("odataError", answer.json())


def test_known_error_codes_are_those_of_the_table(graph: GraphClient) -> None:
    known = {(row["status"], row["code"]) for row in json.loads((FOLDER / "errors.json").read_text())}
    graph.post("~/contactFolders", {"displayName": "Salesforce"})
    made = graph.post("~/events", event(transactionId="t"))
    _, link = graph.round(f"~/calendarView/delta?{YEAR}")
    graph.tenant.expire_delta_tokens()
    found = {
        graph.refused("GET", "~/events/nonsense"),
        graph.refused("POST", "~/events", {"colour": 1}),
        graph.refused("POST", "~/events", ["x"]),
        graph.refused("POST", "~/contacts", {"homePhones": ["1", "2", "3"]}),
        graph.refused("POST", "~/events", all_day("2026-12-24", "2026-12-24")),
        graph.refused("POST", "~/events", event(transactionId="t", subject="other")),
        graph.refused("PATCH", f"~/events/{made['id']}", {"subject": "x"}, headers={"If-Match": 'W/"x"'}),
        graph.refused("GET", "~/events?$filter=subject like 'x'"),
        graph.refused("GET", "~/events", prefer='outlook.timezone="x"'),
        graph.refused("GET", "~/contacts/delta?$deltatoken=x"),
        graph.refused("GET", link),
        graph.refused("GET", "/nowhere"),
        graph.refused("POST", "~/contactFolders", {"displayName": "Salesforce"}),
    }
    assert found - known == set()
    assert len(found) == 13


def test_batches(graph: GraphClient) -> None:
    make = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": CONTACT}
    requests = [
        {"id": "1", "url": f"/users/{graph.ada.id}/contacts", **make},
        {"id": "2", "method": "GET", "url": f"/users/{graph.ada.id}/contacts/x"},
        {"id": "3", "method": "DELETE", "url": f"/users/{graph.ada.id}/contacts/x", "dependsOn": ["2"]},
    ]
    _follows("batchRequest", {"requests": requests})
    answer = graph.post("/$batch", {"requests": requests}, 200)
    _follows("batchResponse", answer)
    bodies = {each["id"]: each["body"] for each in answer["responses"]}
    _follows("contact", bodies["1"])
    _follows("odataError", bodies["2"])
    _follows("odataError", bodies["3"])


def test_tokens(graph: GraphClient) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": graph.facts["client_id"],
        "client_secret": graph.facts["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    _follows("oauthTokenResponse", graph.session.post(graph.facts["token_url"], data=form, timeout=10).json())
    refused = graph.session.post(graph.facts["token_url"], data={**form, "client_secret": "x"}, timeout=10)
    _follows("oauthErrorResponse", refused.json())


def test_translated_ids_and_categories(graph: GraphClient) -> None:
    graph.tenant.app.consent(["MailboxSettings.ReadWrite"])
    graph.fresh_token()
    made = graph.post("~/contacts", CONTACT)
    body = {"inputIds": [made["id"], "x"], "sourceIdType": "restImmutableEntryId", "targetIdType": "restId"}
    _follows("convertIdResultCollection", graph.post("~/translateExchangeIds", body, 200))
    _follows("outlookCategory", graph.post("~/outlook/masterCategories", {"displayName": "A"}))


def test_subscriptions_and_notifications(graph: GraphClient) -> None:
    with WebhookReceiver() as receiver:
        body = {
            "changeType": "created,deleted",
            "notificationUrl": f"{receiver.url}/notify",
            "lifecycleNotificationUrl": f"{receiver.url}/life",
            "resource": f"/users/{graph.ada.id}/events",
            "expirationDateTime": (graph.world.clock.now() + timedelta(days=1)).isoformat(),
            "clientState": "secret",
        }
        made = graph.post("/subscriptions", body)
        _follows("subscription", made)
        _follows("subscriptionCollection", graph.get("/subscriptions"))
        receiver.requests.clear()
        graph.post("~/events", event())
        graph.tenant.notifier.drop(made["id"])
        graph.tenant.notifier.deliver_due()
        assert {each.path for each in receiver.requests} == {"/notify", "/life"}
        for each in receiver.requests:
            _follows("changeNotificationCollection", each.json)
