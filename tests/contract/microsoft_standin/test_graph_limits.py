"""Batches and throttling: MS-094..MS-100, MS-133, and faults of single requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from backend.sandbox.faults import Rule
from tests.fakes.graph_client import GraphClient, event


def _create(number: int, user: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "method": "POST",
        "url": f"/users/{user}/contacts",
        "headers": {"Content-Type": "application/json"},
        "body": {"givenName": f"C{number}"},
        **more,
    }


def _batch(graph: GraphClient, requests: list[dict[str, Any]]) -> dict[str, tuple[int, Any]]:
    answer = graph.post("/$batch", {"requests": requests}, 200)
    return {each["id"]: (each["status"], each.get("body")) for each in answer["responses"]}


def test_ms094_twenty_one_requests_or_equal_ids_are_refused(graph: GraphClient) -> None:
    requests = [_create(number, graph.ada.id) for number in range(21)]
    assert graph.refused("POST", "/$batch", {"requests": requests}) == (400, "BadRequest")
    equal = [_create(1, graph.ada.id, id="a"), _create(2, graph.ada.id, id="A")]
    assert graph.refused("POST", "/$batch", {"requests": equal}) == (400, "BadRequest")
    assert graph.refused("POST", "/$batch", {"requests": []}) == (400, "BadRequest")
    assert graph.get("~/contacts")["value"] == []
    assert len(_batch(graph, requests[:20])) == 20


def test_ms095_answers_come_in_any_order_and_fail_one_by_one(graph: GraphClient) -> None:
    requests = [_create(number, graph.ada.id) for number in range(18)]
    requests.append({"id": "gone", "method": "GET", "url": f"/users/{graph.ada.id}/contacts/x"})
    requests.append({"id": "untyped", "method": "POST", "url": f"/users/{graph.ada.id}/contacts", "body": {}})
    answer = graph.post("/$batch", {"requests": requests}, 200)["responses"]
    statuses = {each["id"]: each["status"] for each in answer}
    assert [each["id"] for each in answer] != [request["id"] for request in requests]
    assert statuses == {**{str(number): 201 for number in range(18)}, "gone": 400, "untyped": 400}
    assert len(graph.get("~/contacts?$top=50")["value"]) == 18


def test_ms095_inner_requests_are_counted_in_their_own_column(graph: GraphClient) -> None:
    _batch(graph, [_create(number, graph.ada.id) for number in range(3)])
    rows = {(row.operation, row.status): (row.calls, row.inner) for row in graph.world.calls.counts()}
    assert rows[("batch", 200)] == (1, 0)
    assert rows[("contacts.create", 201)] == (0, 3)


def test_ms096_failed_dependency_gives_424(graph: GraphClient) -> None:
    first = {"id": "1", "method": "DELETE", "url": f"/users/{graph.ada.id}/contacts/x"}
    answers = _batch(graph, [first, _create(2, graph.ada.id, dependsOn=["1"]), _create(3, graph.ada.id)])
    assert {key: status for key, (status, _) in answers.items()} == {"1": 400, "2": 424, "3": 201}
    assert answers["2"][1]["error"]["code"] == "FailedDependency"
    unknown = [_create(1, graph.ada.id, dependsOn=["2"])]
    assert graph.refused("POST", "/$batch", {"requests": unknown}) == (400, "BadRequest")


def test_ms096_inner_throttling_has_its_own_retry_after(graph: GraphClient) -> None:
    graph.world.faults.add(Rule("429", service="microsoft.inner", operation="contacts.create", nth=2, seconds=7))
    requests = [_create(number, graph.ada.id) for number in range(3)]
    answer = graph.post("/$batch", {"requests": requests}, 200)["responses"]
    throttled = [each for each in answer if each["status"] == 429]
    assert [each["headers"]["Retry-After"] for each in throttled] == ["7"]
    assert len(graph.get("~/contacts")["value"]) == 2


def test_ms096_an_inner_write_can_be_applied_and_its_answer_lost(graph: GraphClient) -> None:
    graph.world.faults.add(Rule("lost_answer", service="microsoft.inner", nth=1))
    assert _batch(graph, [_create(1, graph.ada.id)])["1"][0] == 504
    assert len(graph.get("~/contacts")["value"]) == 1


def test_batch_counts_as_a_write_only_if_one_of_its_requests_writes(graph: GraphClient) -> None:
    graph.fresh_token()
    rule = graph.world.faults.add(Rule("503", operation="batch", only="write"))
    read = {"id": "0", "method": "GET", "url": f"/users/{graph.ada.id}/contacts"}
    assert list(_batch(graph, [read])) == ["0"]
    assert graph.call("POST", "/$batch", {"requests": [read, _create(1, graph.ada.id)]}).status_code == 503
    assert (rule.seen, rule.fired) == (1, 1)


def test_token_does_not_count_as_a_write(graph: GraphClient) -> None:
    rule = graph.world.faults.add(Rule("503", only="write"))
    graph.fresh_token()
    assert rule.seen == 0


def test_ms097_fifth_request_in_flight_for_one_mailbox_is_refused(graph: GraphClient) -> None:
    with graph.tenant.throttle.occupied(graph.tenant.app.id, graph.ada.id, 3):
        assert graph.get("~/events")["value"] == []
    with graph.tenant.throttle.occupied(graph.tenant.app.id, graph.ada.id, 4):
        answer = graph.call("GET", "~/events")
        assert graph.get(f"/users/{graph.bob.id}/events")["value"] == []
        assert graph.get("/users")["value"] != []
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "ApplicationThrottled")
    assert error["message"] == "Application is over its MailboxConcurrency limit."
    assert answer.headers["Retry-After"] == "10"
    assert graph.get("~/events")["value"] == []


def test_ms097_slow_requests_really_hold_their_places(graph: GraphClient) -> None:
    graph.fresh_token()
    arrived, release = [Event() for _ in range(4)], Event()
    waiting = iter(arrived)

    def hold(_target: Any) -> None:
        next(waiting).set()
        release.wait(10)

    graph.world.faults.add(Rule("hook", operation="events.list", hook=hold, remaining=4))
    with ThreadPoolExecutor(4) as pool:
        held = [pool.submit(graph.call, "GET", "~/events") for _ in range(4)]
        try:
            assert all(each.wait(10) for each in arrived)
            assert graph.refused("GET", "~/events") == (429, "ApplicationThrottled")
        finally:
            release.set()
        assert [each.result().status_code for each in held] == [200] * 4


def test_ms097_a_batch_runs_four_side_by_side_and_shares_the_places(graph: GraphClient) -> None:
    requests = [_create(number, graph.ada.id) for number in range(8)]
    with graph.tenant.throttle.occupied(graph.tenant.app.id, graph.ada.id, 3):
        statuses = sorted(status for status, _ in _batch(graph, requests).values())
    assert statuses == [201] * 2 + [429] * 6


def test_ms098_request_10001_in_ten_minutes_is_refused_for_this_mailbox_only(graph: GraphClient) -> None:
    graph.tenant.throttle.spend(graph.tenant.app.id, graph.ada.id, 9_999)
    assert graph.get("~/events")["value"] == []
    assert graph.refused("GET", "~/events") == (429, "ApplicationThrottled")
    assert graph.get(f"/users/{graph.bob.id}/events")["value"] == []
    graph.world.clock.advance(601)
    assert graph.get("~/events")["value"] == []


@pytest.mark.parametrize("header", [None, "1.5"])
def test_ms099_retry_after_can_be_absent_or_decimal(graph: GraphClient, header: str | None) -> None:
    graph.tenant.throttle.limits.retry_after = header
    with graph.tenant.throttle.occupied(graph.tenant.app.id, graph.ada.id, 4):
        assert graph.call("GET", "~/events").headers.get("Retry-After") == header


def test_ms100_throttled_retries_count_against_the_budget(graph: GraphClient) -> None:
    graph.tenant.throttle.spend(graph.tenant.app.id, graph.ada.id, 10_000)
    graph.world.clock.advance(300)
    graph.fresh_token()
    for _ in range(3):
        assert graph.refused("GET", "~/events")[0] == 429
    graph.tenant.throttle.spend(graph.tenant.app.id, graph.ada.id, 9_996)
    graph.world.clock.advance(301)
    assert graph.get("~/events")["value"] == []
    assert graph.refused("GET", "~/events")[0] == 429


def test_ms133_concurrency_can_be_reported_as_503(graph: GraphClient) -> None:
    graph.tenant.throttle.limits.status = 503
    with graph.tenant.throttle.occupied(graph.tenant.app.id, graph.ada.id, 4):
        answer = graph.call("GET", "~/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ApplicationThrottled")
    assert answer.headers["Retry-After"] == "10"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("429", (429, "ApplicationThrottled")),
        ("503", (503, "ErrorServerBusy")),
        ("410", (410, "SyncStateNotFound")),
        ("401", (401, "InvalidAuthenticationToken")),
    ],
)
def test_faults_have_the_services_own_shape(graph: GraphClient, kind: Any, expected: tuple[int, str]) -> None:
    """§11: errors as the table of errors has them."""
    graph.fresh_token()
    graph.world.faults.add(Rule(kind, operation="events.create", seconds=3))
    assert graph.refused("POST", "~/events", event()) == expected
    assert graph.get("~/events")["value"] == []
