"""Errors of Salesforce -> what is done about them."""

import pytest

from backend.ports.answers import Result
from backend.ports.errors import AccessLost, BudgetSpent, CursorExpired, Malformed, ServiceError, Transient, Unclear
from backend.salesforce.errors import Problem, failure, first_problem, problems, row_result, unreadable


def body(code: str, message: str = "said so") -> list[dict[str, str]]:
    return [{"errorCode": code, "message": message}]


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (401, "INVALID_SESSION_ID", "Session expired or invalid", AccessLost),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", BudgetSpent),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", Transient),
        (403, "API_DISABLED_FOR_ORG", "off", AccessLost),
        (400, "INVALID_TYPE", "sObject type 'Event' is not supported.", AccessLost),
        (410, "GONE", "API version retired", AccessLost),
        (400, "INVALID_QUERY_LOCATOR", "invalid query locator", Transient),
        (400, "QUERY_TIMEOUT", "too long", Transient),
        (400, "OPERATION_TOO_LARGE", "too large", Transient),
        (400, "INVALID_FIELD", "No such column 'X'", Transient),
        (400, "INVALID_REPLICATION_DATE", "purged", CursorExpired),
        (400, "EXCEEDED_ID_LIMIT", "too many", CursorExpired),
        (500, "UNKNOWN_EXCEPTION", "oops", Transient),
        (503, "SERVER_UNAVAILABLE", "later", Transient),
        (400, "MALFORMED_QUERY", "unexpected token", ServiceError),
    ],
)
def test_a_failed_request_becomes_the_error_that_policy_knows(
    status: int, code: str, message: str, kind: type[ServiceError]
) -> None:
    error = failure(status, body(code, message))
    assert type(error) is kind
    assert (error.code, error.service) == (code, "salesforce")
    assert message in error.message


@pytest.mark.parametrize("status", [420, 500, 502, 503, 504])
def test_sf017_sf069_a_server_error_with_html_leaves_a_write_unclear_and_a_read_transient(status: int) -> None:
    html = "<html><body>Bad gateway</body></html>"
    assert type(failure(status, html, wrote=True)) is Unclear
    read = failure(status, html, retry_after=7.0)
    assert type(read) is Transient
    assert (read.code, read.retry_after) == (f"HTTP_{status}", 7.0)
    assert "<html>" not in read.message


def test_a_refusal_leaves_a_write_clear() -> None:
    assert not isinstance(failure(400, body("UNABLE_TO_LOCK_ROW"), wrote=True), Unclear)
    assert not isinstance(failure(403, body("REQUEST_LIMIT_EXCEEDED"), wrote=True), Unclear)


def test_sf018_a_session_barred_from_the_rest_api_says_what_to_do() -> None:
    error = failure(401, body("INVALID_SESSION_ID", "This session is not valid for use with the REST API"))
    assert "session policy" in error.message


def test_an_unreadable_answer_concludes_nothing() -> None:
    assert type(unreadable("not JSON")) is Malformed
    assert type(unreadable("not JSON", wrote=True)) is Unclear


@pytest.mark.parametrize(
    ("code", "fields", "result"),
    [
        ("ENTITY_IS_DELETED", (), Result.GONE),
        ("NOT_FOUND", (), Result.GONE),
        ("INVALID_CROSS_REFERENCE_KEY", (), Result.GONE),
        ("INVALID_CROSS_REFERENCE_KEY", ("AccountId",), Result.REFUSED),
        ("ENTITY_IS_DELETED", ("AccountId",), Result.REFUSED),
        ("DUPLICATE_VALUE", (), Result.EXISTS),
        ("UNABLE_TO_LOCK_ROW", (), Result.TRANSIENT),
        ("STORAGE_LIMIT_EXCEEDED", (), Result.TRANSIENT),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", ("Title",), Result.TRANSIENT),
        ("REQUIRED_FIELD_MISSING", ("LastName",), Result.REFUSED),
        ("STRING_TOO_LONG", ("Title",), Result.REFUSED),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", (), Result.REFUSED),
        ("INSUFFICIENT_ACCESS_OR_READONLY", (), Result.REFUSED),
        ("SOMETHING_NEW", (), Result.REFUSED),
    ],
)
def test_ls089_a_refused_row_says_what_it_means_for_that_row(
    code: str, fields: tuple[str, ...], result: Result
) -> None:
    assert row_result(Problem(code, "said so", fields)) is result


def test_rows_say_status_code_and_requests_say_error_code() -> None:
    row = {"statusCode": "REQUIRED_FIELD_MISSING", "message": " m ", "fields": ["A"]}
    assert problems([row]) == (Problem("REQUIRED_FIELD_MISSING", "m", ("A",), row),)
    oauth = {"error": "invalid_grant", "error_description": "expired"}
    assert problems(oauth) == (Problem("invalid_grant", "expired", (), oauth),)
    assert first_problem(414, "<html>").code == "HTTP_414"
