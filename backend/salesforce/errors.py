"""Salesforce's errors, mapped once. Its own words stay in the message, verbatim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from backend.ports.answers import Result
from backend.ports.errors import (
    AccessLost,
    BudgetSpent,
    CursorExpired,
    Malformed,
    ServiceError,
    Transient,
    Unclear,
)

SERVICE: Final = "salesforce"

DUPLICATE_KEY: Final = "DUPLICATE_VALUE"
DUPLICATE_RULE: Final = "DUPLICATES_DETECTED"
FIELD_NOT_KNOWN: Final = "INVALID_FIELD"
FIELD_NOT_WRITABLE: Final = "INVALID_FIELD_FOR_INSERT_UPDATE"

BUSY_STATUSES: Final = frozenset({408, 420, 429, 500, 502, 503, 504})
_BUSY_CODES: Final = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "UNKNOWN_EXCEPTION",
        "SERVER_UNAVAILABLE",
        "QUERY_TIMEOUT",
        "QUERY_TOO_COMPLICATED",
        "OPERATION_TOO_LARGE",
        "INVALID_QUERY_LOCATOR",
        "REQUEST_RUNNING_TOO_LONG",
        "STORAGE_LIMIT_EXCEEDED",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "PROCESSING_HALTED",
    }
)
_GONE_CODES: Final = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})
_NO_API_CODES: Final = frozenset({"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "INVALID_TYPE"})
_STALE_CODES: Final = frozenset({"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One error as Salesforce states it. `extra` is the whole object, for what only some errors carry."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    extra: Any = None


def problems(body: Any) -> tuple[Problem, ...]:
    """The errors in a body: an array of objects, one object, or nothing for HTML and other text (SF-017)."""
    entries = body if isinstance(body, list) else [body]
    return tuple(_problem(entry) for entry in entries if isinstance(entry, dict))


def _problem(entry: dict[str, Any]) -> Problem:
    code = entry.get("errorCode") or entry.get("statusCode") or entry.get("error") or ""
    message = entry.get("message") or entry.get("error_description") or ""
    return Problem(str(code), str(message).strip(), tuple(entry.get("fields") or ()), entry)


def first_problem(status: int, body: Any) -> Problem:
    """The first error of an answer, or one made from its status."""
    found = problems(body)
    return found[0] if found else Problem(f"HTTP_{status}", f"Salesforce answered {status} without saying why.")


def failure(status: int, body: Any, *, wrote: bool = False, retry_after: float | None = None) -> ServiceError:
    """The exception for a request that failed as a whole.

    `wrote`: it may have changed something, so that a server error leaves it unclear whether it did (SF-069).
    """
    problem = first_problem(status, body)
    special = _access(status, problem) or _limits(problem)
    if special is not None:
        return special
    if status in BUSY_STATUSES or problem.code in _BUSY_CODES:
        kind = Unclear if wrote and status in BUSY_STATUSES else Transient
        return kind(
            f"Salesforce could not answer just now: {problem.message} It is tried again by itself.",
            code=problem.code,
            service=SERVICE,
            retry_after=retry_after,
        )
    if problem.code in (FIELD_NOT_KNOWN, FIELD_NOT_WRITABLE):
        return Transient(
            f"Salesforce no longer offers a field to this user: {problem.message} Its fields are read anew.",
            code=problem.code,
            service=SERVICE,
        )
    return ServiceError(f"Salesforce refused a request: {problem.message}", code=problem.code, service=SERVICE)


def _access(status: int, problem: Problem) -> ServiceError | None:
    if status == 401:
        if "not valid for use with the REST API" in problem.message:
            remedy = "Give the user the API permission, and lift the session policy that keeps apps from the REST API."
        else:
            remedy = "Check in Setup that the user is active, not frozen, and allowed to use the Lockstep app."
        text = f"Salesforce does not accept the sign-in of this user ({problem.message}). {remedy}"
        return AccessLost(text, code=problem.code, service=SERVICE, remedy=remedy)
    if status == 410:
        text = f"Salesforce has retired the API version that Lockstep uses ({problem.message}). Update Lockstep."
        return AccessLost(text, code=problem.code, service=SERVICE, subject="org")
    if problem.code in _NO_API_CODES:
        subject = "org" if problem.code == "API_DISABLED_FOR_ORG" else "user"
        remedy = "Give the user API access, and read and edit permission for Contacts and Events."
        text = f"Salesforce does not let this user in: {problem.message} {remedy}"
        return AccessLost(text, code=problem.code, service=SERVICE, subject=subject, remedy=remedy)
    return None


def _limits(problem: Problem) -> ServiceError | None:
    if problem.code == "REQUEST_LIMIT_EXCEEDED":
        if "Concurrent" in problem.message:
            text = f"Salesforce has too many long calls open: {problem.message} It is tried again by itself."
            return Transient(text, code=problem.code, service=SERVICE, retry_after=60.0)
        text = (
            f"The organisation's Salesforce calls for 24 hours are used up: {problem.message} Lockstep goes on by "
            "itself when the window frees calls."
        )
        return BudgetSpent(text, code=problem.code, service=SERVICE)
    if problem.code in _STALE_CODES:
        text = f"Salesforce can no longer tell what was deleted since the last read: {problem.message}"
        return CursorExpired(text, code=problem.code, service=SERVICE)
    return None


def unreadable(detail: str, *, wrote: bool = False) -> ServiceError:
    """The exception for an answer that is not what was asked for; nothing is concluded from it."""
    kind = Unclear if wrote else Malformed
    return kind(
        f"Salesforce sent an answer that cannot be read ({detail}). It is tried again by itself.",
        code="MALFORMED",
        service=SERVICE,
    )


def row_result(problem: Problem) -> Result:
    """What an error on one row of a collection means for that write (SF-059).

    A lookup value that is not there also says INVALID_CROSS_REFERENCE_KEY, but names its field: refused, not gone.
    """
    if problem.code in _GONE_CODES:
        return Result.REFUSED if problem.fields else Result.GONE
    if problem.code == DUPLICATE_KEY:
        return Result.EXISTS
    if problem.code in _BUSY_CODES or problem.code in (FIELD_NOT_KNOWN, FIELD_NOT_WRITABLE):
        return Result.TRANSIENT
    return Result.REFUSED
