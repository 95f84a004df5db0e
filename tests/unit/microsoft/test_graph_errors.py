"""The tables: refusals of Graph and of Microsoft's sign-in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from backend.microsoft.auth import ApplicationTokens
from backend.microsoft.auth_errors import from_discovery, from_token_answer
from backend.microsoft.errors import as_error, as_result, refusal
from backend.microsoft.settings import MicrosoftSettings
from backend.ports.answers import Result
from backend.ports.errors import AccessLost, ContainerGone, CursorExpired, ServiceError, Transient
from backend.ports.metering import CallCounter

SETTINGS = {
    "login_url": "https://login.example",
    "graph_url": "https://graph.example/",
    "tenant": "contoso",
    "client_id": "app",
}


def graph_body(code: str, **extra: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Service's words.", **extra}}


@pytest.mark.parametrize(
    ("status", "code", "kind", "subject"),
    [
        (403, "ErrorAccessDenied", AccessLost, "user"),
        (403, "Authorization_RequestDenied", AccessLost, "org"),
        (401, "InvalidAuthenticationToken", AccessLost, "org"),
        (404, "MAILBOXNOTENABLEDFORRESTAPI", AccessLost, "user"),
        (403, "ErrorQuotaExceeded", AccessLost, "user"),
        (410, "SyncStateNotFound", CursorExpired, None),
        (404, "ErrorSyncFolderNotFound", ContainerGone, None),
        (423, "ErrorMailboxMoveInProgress", Transient, None),
        (503, "ErrorServerBusy", Transient, None),
        (400, "RequestBodyRead", ServiceError, None),
    ],
)
def test_ms006_ms009_each_refusal_is_one_of_the_ports_errors(
    status: int, code: str, kind: type[ServiceError], subject: str | None
) -> None:
    error = as_error(refusal(status, {}, graph_body(code)))
    assert isinstance(error, kind)
    assert (getattr(error, "subject", None), error.code) == (subject, code)
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (404, "ErrorItemNotFound", Result.GONE),
        (400, "ErrorInvalidIdMalformed", Result.GONE),
        (412, "ErrorIrresolvableConflict", Result.MOVED),
        (409, "", Result.MOVED),
        (400, "ErrorDuplicateTransactionId", Result.EXISTS),
        (409, "ErrorDuplicateTransactionId", Result.EXISTS),
        (429, "ApplicationThrottled", Result.TRANSIENT),
        (0, "", Result.TRANSIENT),
        (504, "UnknownError", Result.TRANSIENT),
        (410, "SyncStateNotFound", Result.TRANSIENT),
        (401, "InvalidAuthenticationToken", Result.TRANSIENT),
        (400, "ErrorOccurrenceCrossingBoundary", Result.REFUSED),
        (400, "TimeZoneNotSupportedException", Result.REFUSED),
        (400, "ErrorInvalidArgument", Result.REFUSED),
        (403, "ErrorQuotaExceeded", Result.REFUSED),
        (413, "RequestEntityTooLarge", Result.REFUSED),
    ],
)
def test_each_refused_write_has_its_result_ms047_ms050_ms068(status: int, code: str, result: Result) -> None:
    assert as_result(refusal(status, {}, graph_body(code))) is result


def test_an_inner_code_decides_where_the_outer_one_is_not_known() -> None:
    nested = graph_body(
        "BadRequest", innerError={"code": "x", "innerError": {"code": "ErrorOccurrenceCrossingBoundary"}}
    )
    assert "neighbour" in refusal(400, {}, nested).sentence


def test_what_the_table_does_not_know_is_shown_in_the_services_words() -> None:
    found = refusal(400, {}, graph_body("ErrorInvalidArgument"))
    assert found.sentence == "Microsoft 365 does not take the item as it is: Service's words."


def test_ms050_the_existing_event_is_named() -> None:
    body = graph_body("ErrorDuplicateTransactionId", **{"@event.existingEventId": "e9"})
    assert refusal(400, {}, body).existing_id == "e9"


@pytest.mark.parametrize("body", [None, "x", [], {"error": "x"}, {"error": {"innerError": {"code": 3}}}])
def test_a_refusal_without_graphs_shape_is_survived(body: Any) -> None:
    assert isinstance(as_error(refusal(500, {"Retry-After": "soon"}, body)), Transient)


# --- sign-in ----------------------------------------------------------------------------------------------------------


def answered(status: int, headers: dict[str, str] | None = None) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers or {})
    return response


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (7000215, "invalid_client", "not its id"),
        (7000222, "invalid_client", "expired"),
        (700027, "invalid_client", "certificate"),
        (700016, "unauthorized_client", "consent"),
        (90002, "invalid_request", "tenant"),
        (500011, "invalid_resource", "cloud"),
        (7000112, "unauthorized_client", "disabled"),
        (53003, "access_denied", "Conditional Access"),
        (99999, "invalid_client", "AADSTS99999"),
    ],
)
def test_ms002_each_refused_sign_in_says_what_to_do(number: int, error: str, words: str) -> None:
    described = f"AADSTS{number}: Service's words. Trace ID: 1"
    for answer in ({"error": error, "error_codes": [number]}, {"error": error, "error_description": described}):
        found = from_token_answer(answer, answered(401))
        assert isinstance(found, AccessLost)
        assert (found.subject, found.code) == ("org", f"AADSTS{number}")
        assert words in found.message


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "temporarily_unavailable"},
        {"error": "invalid_request", "error_codes": [90055]},
        {"error": "server_error"},
    ],
)
def test_ms005_a_busy_sign_in_is_tried_later(answer: dict[str, Any]) -> None:
    found = from_token_answer(answer, answered(429, {"Retry-After": "7"}))
    assert isinstance(found, Transient)
    assert found.retry_after == 7


@pytest.mark.parametrize(
    ("status", "kind"), [(400, AccessLost), (404, AccessLost), (429, Transient), (500, Transient), (200, Transient)]
)
def test_the_tenants_addresses_cannot_be_found(status: int, kind: type[ServiceError]) -> None:
    assert isinstance(from_discovery(answered(status), "contoso"), kind)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login_url": "http://login.example", "secret": "s"}, "https://"),
        ({"graph_url": "graph.example", "secret": "s"}, "https://"),
        ({"tenant": " ", "secret": "s"}, "tenant id"),
        ({}, "either a client secret or a certificate"),
        ({"secret": "s", "certificate": "c", "private_key": "k"}, "not both"),
        ({"certificate": "c"}, "private key too"),
    ],
)
def test_settings_that_can_never_work_are_refused_in_a_sentence(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MicrosoftSettings(**{**SETTINGS, **changes})


def test_settings_never_show_their_secrets() -> None:
    shown = repr(MicrosoftSettings(**SETTINGS, secret="very-secret"))
    assert "very-secret" not in shown


def test_the_consent_page_names_app_scope_and_the_way_back() -> None:
    url = MicrosoftSettings(**SETTINGS, secret="s").admin_consent_url("https://lockstep.example/back", "st")
    assert url == (
        "https://login.example/contoso/v2.0/adminconsent?client_id=app&scope=https%3A%2F%2Fgraph.example%2F.default"
        "&redirect_uri=https%3A%2F%2Flockstep.example%2Fback&state=st"
    )


@pytest.mark.parametrize(
    ("host", "known"), [("login.microsoftonline.com", True), ("login.microsoftonline.us", True), ("localhost", False)]
)
def test_ms004_only_microsofts_own_hosts_are_looked_up_at_microsoft(host: str, known: bool) -> None:
    assert MicrosoftSettings(**{**SETTINGS, "login_url": f"https://{host}"}, secret="s").known_to_microsoft is known


@pytest.mark.parametrize(
    ("claims", "roles"),
    [({"roles": ["Calendars.ReadWrite"]}, {"Calendars.ReadWrite"}), ({}, set()), (None, set())],
)
def test_ms006_roles_are_read_from_the_token(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any] | None, roles: set[str]
) -> None:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    token = f"h.{part}.s" if claims is not None else "opaque"
    tokens = ApplicationTokens(MicrosoftSettings(**SETTINGS, secret="s"), CallCounter())
    monkeypatch.setattr(tokens, "token", lambda: token)
    assert tokens.roles() == roles
