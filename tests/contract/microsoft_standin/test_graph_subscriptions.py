"""Change notifications over real HTTP: MS-101..MS-110."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from backend.sandbox.microsoft.notifier import Endpoint
from tests.fakes.graph_client import GraphClient, event
from tests.fakes.webhook_receiver import WebhookReceiver

WEEK = timedelta(minutes=10_080)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def _body(graph: GraphClient, receiver: WebhookReceiver, **more: Any) -> dict[str, Any]:
    life = more.pop("life", timedelta(days=1))
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{receiver.url}/notify",
        "resource": f"/users/{graph.ada.id}/events",
        "expirationDateTime": (graph.world.clock.now() + life).isoformat(),
        "clientState": "secret",
        **more,
    }


def _subscribe(graph: GraphClient, receiver: WebhookReceiver, **more: Any) -> dict[str, Any]:
    prefer = {"prefer": more.pop("prefer")} if "prefer" in more else {}
    made: dict[str, Any] = graph.post("/subscriptions", _body(graph, receiver, **more), **prefer)
    receiver.requests.clear()
    return made


def _received(graph: GraphClient, receiver: WebhookReceiver, path: str = "/notify") -> list[dict[str, Any]]:
    """Notifications that arrived, once everything due was tried."""
    graph.tenant.notifier.deliver_due()
    posts = [each.json for each in receiver.requests if each.path == path]
    return [item for post in posts for item in post["value"]]


def test_ms101_both_addresses_are_validated_by_echoing_a_token(graph: GraphClient, receiver: WebhookReceiver) -> None:
    made = graph.post("/subscriptions", _body(graph, receiver, lifecycleNotificationUrl=f"{receiver.url}/life"))
    assert [each.path for each in receiver.requests] == ["/notify", "/life"]
    assert all(each.validation_token for each in receiver.requests)
    assert (made["clientState"], made["applicationId"]) == (None, graph.tenant.app.id)
    assert [each["id"] for each in graph.get("/subscriptions")["value"]] == [made["id"]]


@pytest.mark.parametrize("behaviour", ["wrong token", "json", "error", "silent"])
def test_ms101_wrong_or_late_validation_gives_no_subscription(
    graph: GraphClient, receiver: WebhookReceiver, behaviour: str
) -> None:
    receiver.behaviour = behaviour
    graph.tenant.notifier.validation_seconds = 0.2
    assert graph.refused("POST", "/subscriptions", _body(graph, receiver)) == (400, "ValidationError")
    assert graph.get("/subscriptions")["value"] == []


def test_ms102_lifetime_is_at_most_a_week_and_at_least_45_minutes(
    graph: GraphClient, receiver: WebhookReceiver
) -> None:
    graph.world.clock.freeze()
    too_long = _body(graph, receiver, life=WEEK + timedelta(seconds=1))
    assert graph.refused("POST", "/subscriptions", too_long) == (400, "InvalidRequest")
    _subscribe(graph, receiver, life=WEEK)
    short = _subscribe(graph, receiver, life=timedelta(minutes=5), changeType="created")
    expected = graph.world.clock.now() + timedelta(minutes=45)
    assert short["expirationDateTime"][:19] == f"{expected:%Y-%m-%dT%H:%M:%S}"


def test_ms103_same_resource_and_change_type_conflict(graph: GraphClient, receiver: WebhookReceiver) -> None:
    _subscribe(graph, receiver)
    again = _body(graph, receiver, changeType="deleted,updated,created", resource=f"users/{graph.ada.id}/events")
    assert graph.refused("POST", "/subscriptions", again) == (409, "ExtensionError")
    _subscribe(graph, receiver, changeType="created")


def test_ms104_changes_are_notified_by_name_only(graph: GraphClient, receiver: WebhookReceiver) -> None:
    made = _subscribe(graph, receiver)
    created = graph.post("~/events", event())
    graph.patch(f"~/events/{created['id']}", {"subject": "New"})
    graph.delete(f"~/events/{created['id']}")
    items = _received(graph, receiver)
    assert [each["changeType"] for each in items] == ["created", "updated", "deleted"]
    path = f"Users/{graph.ada.id}/Events/{created['id']}"
    first = {**items[0], "subscriptionExpirationDateTime": ""}
    assert first == {
        "subscriptionId": made["id"],
        "subscriptionExpirationDateTime": "",
        "clientState": "secret",
        "tenantId": graph.tenant.id,
        "changeType": "created",
        "resource": path,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": path,
            "@odata.etag": created["@odata.etag"],
            "id": created["id"],
        },
    }


def test_ms104_notifications_are_duplicated_reordered_delayed_and_batched(
    graph: GraphClient, receiver: WebhookReceiver
) -> None:
    graph.world.clock.freeze()
    _subscribe(graph, receiver)
    contacts = _subscribe(graph, receiver, resource=f"/users/{graph.ada.id}/contacts")
    notifier = graph.tenant.notifier
    notifier.latency, notifier.duplicate, notifier.reverse = timedelta(minutes=3), True, True
    graph.post("~/events", event())
    graph.post("~/contacts", {"givenName": "Bob"})
    assert _received(graph, receiver) == []
    graph.world.clock.advance(180)
    items = _received(graph, receiver)
    assert len(receiver.requests) == 1
    kinds = [each["resourceData"]["@odata.type"].rpartition(".")[2] for each in items]
    assert kinds == ["Contact", "Contact", "Event", "Event"]
    assert items[0] == items[1]
    assert items[0]["subscriptionId"] == contacts["id"]


def test_ms105_without_2xx_delivery_is_retried_for_four_hours_then_missed(
    graph: GraphClient, receiver: WebhookReceiver
) -> None:
    graph.world.clock.freeze()
    _subscribe(graph, receiver, lifecycleNotificationUrl=f"{receiver.url}/life")
    receiver.behaviour = "error"
    graph.post("~/events", event())
    assert len(_received(graph, receiver)) == 1
    assert len(_received(graph, receiver)) == 1
    graph.world.clock.advance(10)
    assert len(_received(graph, receiver)) == 2
    graph.world.clock.advance(19)
    assert len(_received(graph, receiver)) == 2
    graph.world.clock.advance(1)
    assert len(_received(graph, receiver)) == 3
    graph.world.clock.advance(4 * 3600)
    assert len(_received(graph, receiver)) == 4
    receiver.behaviour = "good"
    assert [each["lifecycleEvent"] for each in _received(graph, receiver, "/life")] == ["missed"]
    graph.world.clock.advance(4 * 3600)
    assert len(_received(graph, receiver)) == 4


@pytest.mark.parametrize(("slow", "delivered", "missed"), [(2, 0, 0), (3, 0, 1), (1, 1, 0)])
def test_ms105_slow_endpoints_wait_and_very_slow_ones_miss(
    graph: GraphClient, receiver: WebhookReceiver, slow: int, delivered: int, missed: int
) -> None:
    graph.world.clock.freeze()
    _subscribe(graph, receiver, lifecycleNotificationUrl=f"{receiver.url}/life")
    endpoint = graph.tenant.notifier.endpoints[receiver.url.partition("//")[2]] = Endpoint()
    for number in range(18):
        endpoint.record(graph.world.clock.now(), slow=number < slow)
    graph.post("~/events", event())
    assert len(_received(graph, receiver)) == delivered
    graph.world.clock.advance(601)
    assert len(_received(graph, receiver)) == 1 - missed
    assert len(_received(graph, receiver, "/life")) == missed


def test_ms106_a_stranger_can_post_with_a_wrong_client_state(graph: GraphClient, receiver: WebhookReceiver) -> None:
    made = _subscribe(graph, receiver)
    graph.tenant.notifier.forge(made["id"], "guessed")
    (item,) = _received(graph, receiver)
    assert (item["clientState"], item["subscriptionId"]) == ("guessed", made["id"])


def test_ms107_lifecycle_events_have_no_resource(graph: GraphClient, receiver: WebhookReceiver) -> None:
    made = _subscribe(graph, receiver, lifecycleNotificationUrl=f"{receiver.url}/life")
    notifier = graph.tenant.notifier
    notifier.require_reauthorization(made["id"])
    graph.post("~/events", event())
    assert _received(graph, receiver) == []
    graph.post(f"/subscriptions/{made['id']}/reauthorize", None, 204)
    graph.post("~/events", event())
    assert len(_received(graph, receiver)) == 1
    notifier.drop(made["id"])
    items = _received(graph, receiver, "/life")
    assert [each["lifecycleEvent"] for each in items] == ["reauthorizationRequired", "subscriptionRemoved"]
    assert all("resource" not in each for each in items)


def test_ms108_renewal_lengthens_and_a_vanished_subscription_is_gone(
    graph: GraphClient, receiver: WebhookReceiver
) -> None:
    graph.world.clock.freeze()
    made = _subscribe(graph, receiver)
    later = (graph.world.clock.now() + timedelta(days=2)).isoformat()
    one = f"/subscriptions/{made['id']}"
    assert graph.patch(one, {"expirationDateTime": later})["expirationDateTime"][:19] == later[:19]
    graph.world.clock.advance(2 * 86_400)
    graph.fresh_token()
    assert graph.refused("PATCH", one, {"expirationDateTime": later}) == (404, "ResourceNotFound")
    graph.post("~/events", event())
    assert _received(graph, receiver) == []


def test_ms109_the_resource_may_have_changed_again_before_it_is_read(
    graph: GraphClient, receiver: WebhookReceiver
) -> None:
    _subscribe(graph, receiver)
    made = graph.post("~/events", event())
    (item,) = _received(graph, receiver)
    graph.tenant.mailbox(graph.ada.id).update_event(made["id"], {"subject": "Changed since"})
    now = graph.get(f"/{item['resource'].replace('Users', 'users').replace('Events', 'events')}")
    assert now["subject"] == "Changed since"
    assert now["@odata.etag"] != item["resourceData"]["@odata.etag"]


def test_ms110_without_the_id_header_a_subscription_reports_default_ids_for_life(
    graph: GraphClient, receiver: WebhookReceiver
) -> None:
    _subscribe(graph, receiver, prefer=None)
    made = graph.post("~/events", event())
    (item,) = _received(graph, receiver)
    assert item["resourceData"]["id"] == graph.get("~/events", prefer=None)["value"][0]["id"]
    assert item["resourceData"]["id"] != made["id"]


def test_subscriptions_keep_to_their_folder(graph: GraphClient, receiver: WebhookReceiver) -> None:
    """§9: a contact folder can be subscribed to by itself."""
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce"})
    _subscribe(graph, receiver, resource=f"/users/{graph.ada.id}/contactFolders/{folder['id']}/contacts")
    graph.post("~/contacts", {"givenName": "Elsewhere"})
    inside = graph.post(f"~/contactFolders/{folder['id']}/contacts", {"givenName": "Here"})
    assert [each["resourceData"]["id"] for each in _received(graph, receiver)] == [inside["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"notificationUrl": "http://example.com/notify"},
        {"resource": "/groups/1/events"},
        {"changeType": "moved"},
        {"clientState": "x" * 129},
    ],
)
def test_subscriptions_that_cannot_be_are_refused(
    graph: GraphClient, receiver: WebhookReceiver, change: dict[str, Any]
) -> None:
    """§9: https, known resources and change types, at most 128 characters of clientState."""
    assert graph.refused("POST", "/subscriptions", _body(graph, receiver, **change)) == (400, "InvalidRequest")


def test_subscribing_needs_the_right_to_read(graph: GraphClient, receiver: WebhookReceiver) -> None:
    """§9: the read permission of the resource is needed."""
    graph.tenant.restrict_scope([graph.bob])
    graph.fresh_token()
    assert graph.refused("POST", "/subscriptions", _body(graph, receiver)) == (403, "ErrorAccessDenied")


def test_the_notifier_delivers_by_itself(graph: GraphClient, receiver: WebhookReceiver) -> None:
    """§9: nobody has to ask for notifications."""
    _subscribe(graph, receiver)
    graph.post("~/events", event())
    assert receiver.arrived.wait(10)
