"""HTTP to Graph: headers, tokens, retries of reads, lost answers of writes, counting, foreign hosts."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, ReadTimeout, SSLError
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from backend.microsoft.throttle import Gate, TokenBucket
from backend.microsoft.transport import TIME_LIMITS, ServiceSession
from backend.ports.errors import AccessLost, CursorExpired, Malformed, ServiceError, Transient, Unclear
from tests.fakes.scripted_graph import GRAPH, Reply, Wire, error

OK = Reply(200, {"value": []})
_CONNECTION = HTTPSConnection("graph.example")
REFUSED_CONNECTION = requests.exceptions.ConnectionError(
    MaxRetryError(HTTPConnectionPool("graph.example"), "/", NewConnectionError(_CONNECTION, "refused"))
)


def read(wire: Wire, where: str = "/users") -> object:
    return wire.transport.get(where, "users.list", wire.gate)


def write(wire: Wire) -> object:
    return wire.transport.post("/$batch", {"requests": []}, "events.write", wire.gate, inner=3)


def test_every_request_wants_immutable_ids_and_text_and_has_an_own_id_ms013_ms041() -> None:
    wire = Wire(OK, OK)
    read(wire)
    read(wire)
    first, second = (sent.headers for sent in wire.graph.sent)
    assert first["Prefer"] == 'IdType="ImmutableId", outlook.body-content-type="text"'
    assert UUID(first["client-request-id"]) != UUID(second["client-request-id"])
    assert first["Authorization"] == "Bearer t0"
    assert wire.graph.sent[0].url == f"{GRAPH}/v1.0/users"


def test_ms003_an_expired_token_is_renewed_once_and_the_request_repeated_once() -> None:
    wire = Wire(error(401, "InvalidAuthenticationToken"), OK)
    assert read(wire) == {"value": []}
    assert [sent.headers["Authorization"] for sent in wire.graph.sent] == ["Bearer t0", "Bearer t1"]


def test_ms003_a_token_refused_twice_is_a_matter_for_the_administrator() -> None:
    wire = Wire(error(401, "InvalidAuthenticationToken"), error(401, "InvalidAuthenticationToken"))
    with pytest.raises(AccessLost) as caught:
        read(wire)
    assert caught.value.subject == "org"
    assert len(wire.graph.sent) == 2


def test_ms012_a_link_to_another_host_is_refused_before_the_token_leaves() -> None:
    wire = Wire()
    for link in ("https://evil.example/v1.0/users", "http://graph.example/v1.0/users", f"{GRAPH}:444/v1.0/users"):
        with pytest.raises(Malformed):
            read(wire, link)
    assert wire.graph.sent == []


def test_ms099_a_throttled_read_waits_as_long_as_the_service_says_even_in_fractions() -> None:
    wire = Wire(error(429, "TooManyRequests", {"Retry-After": "1.5"}), error(503, "ErrorServerBusy"), OK)
    assert read(wire) == {"value": []}
    assert wire.pauses[0] == 1.5
    assert 0 <= wire.pauses[1] <= 20


def test_a_long_retry_after_ends_the_pass_instead_of_waiting() -> None:
    wire = Wire(error(429, "TooManyRequests", {"Retry-After": "300"}))
    with pytest.raises(Transient) as caught:
        read(wire)
    assert caught.value.retry_after == 300
    assert wire.pauses == []


def test_a_read_is_given_up_after_four_attempts() -> None:
    wire = Wire(*[error(500, "ErrorInternalServerError")] * 4)
    with pytest.raises(Transient):
        read(wire)
    assert wire.graph.replies == []


@pytest.mark.parametrize("lost", [ReadTimeout(), ChunkedEncodingError(), requests.exceptions.ConnectionError("reset")])
def test_ms053_a_write_whose_answer_is_lost_is_unclear_and_not_repeated(lost: Exception) -> None:
    wire = Wire(Reply(error=lost))
    with pytest.raises(Unclear):
        write(wire)
    assert len(wire.graph.sent) == 1


@pytest.mark.parametrize(
    "reply",
    [error(504, "UnknownError"), error(500, ""), error(503, "ErrorServerBusy"), error(408, ""), Reply(200, text="{")],
)
def test_ms053_a_write_answered_by_a_gateway_or_by_half_an_answer_is_unclear(reply: Reply) -> None:
    wire = Wire(reply)
    with pytest.raises(Unclear):
        write(wire)


@pytest.mark.parametrize("reply", [Reply(error=ReadTimeout()), Reply(error=ChunkedEncodingError())])
def test_a_read_whose_answer_is_lost_is_asked_again(reply: Reply) -> None:
    assert read(Wire(reply, OK)) == {"value": []}


@pytest.mark.parametrize("failure", [ConnectTimeout(), REFUSED_CONNECTION])
def test_a_write_that_never_left_is_sent_again(failure: Exception) -> None:
    assert write(Wire(Reply(error=failure), OK)) == {"value": []}


@pytest.mark.parametrize("reply", [error(429, "ApplicationThrottled"), error(503, "ApplicationThrottled")])
def test_ms133_a_write_that_was_throttled_was_not_looked_at_and_is_sent_again(reply: Reply) -> None:
    assert write(Wire(reply, OK)) == {"value": []}


def test_an_untrusted_certificate_is_said_so_at_once() -> None:
    wire = Wire(Reply(error=SSLError("self-signed")))
    with pytest.raises(Transient, match="certificate of Microsoft Graph is not trusted"):
        read(wire)
    assert len(wire.graph.sent) == 1


def test_an_answer_that_cannot_be_read_proves_nothing() -> None:
    with pytest.raises(Malformed):
        read(Wire(*[Reply(200, text='{"value": [')] * 4))


def test_a_refusal_without_a_body_is_judged_by_its_status() -> None:
    with pytest.raises(CursorExpired):
        read(Wire(Reply(410, text="")))
    with pytest.raises(ServiceError):
        read(Wire(Reply(400, text="<html>")))


def test_every_request_is_counted_with_what_it_carries() -> None:
    wire = Wire(error(429, "TooManyRequests"), OK, Reply(error=ReadTimeout()))
    write(wire)
    with pytest.raises(Unclear):
        write(wire)
    assert (wire.meter.calls, wire.meter.requests) == ({"microsoft": 3}, {"microsoft": 9})


def test_requests_have_time_limits_and_own_authorities_win_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`requests` itself lets REQUESTS_CA_BUNDLE win over `Session.verify`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    seen: list[object] = []
    session = ServiceSession("/own/ca.pem")
    monkeypatch.setattr(
        requests.Session, "send", lambda _, __, **kwargs: seen.append((kwargs["verify"], kwargs["timeout"]))
    )
    session.get("https://graph.example/")
    assert seen == [("/own/ca.pem", TIME_LIMITS)]


def test_ms098_the_bucket_lets_a_burst_pass_then_makes_wait_and_refuses_long_waits() -> None:
    now = [0.0]
    bucket = TokenBucket(10, 2.0, clock=lambda: now[0])
    assert [bucket.reserve(10), bucket.reserve(4)] == [0.0, 2.0]
    now[0] = 7.0
    assert bucket.reserve(10) == 0.0
    with pytest.raises(Transient) as caught:
        bucket.reserve(200)
    assert caught.value.retry_after == 100.0
    assert bucket.reserve(2) == 1.0


def test_ms098_one_mailbox_stays_below_ten_thousand_requests_in_ten_minutes() -> None:
    """Inner requests count one by one, and so do repeats (MS-100)."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    gate = Gate(own=TokenBucket(2_000, 12.0, clock=lambda: now[0]), sleep=sleep)
    passed: list[float] = []
    while now[0] < 1800:
        with gate.passing(20):
            passed += [now[0]] * 20
    worst = max(sum(1 for at in passed if start <= at < start + 600) for start in range(0, 1200, 50))
    assert 9_000 < worst < 10_000
