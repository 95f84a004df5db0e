"""What Graph's refusals mean to us: one table from error code to treatment.

Codes are compared without regard to case; a message is shown to people but never decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from backend.ports.answers import Result
from backend.ports.errors import AccessLost, ContainerGone, CursorExpired, ServiceError, Transient, Unclear

SERVICE: Final = "microsoft"
Json = Any


class Treatment(Enum):
    """What follows from a refusal."""

    RETRY = auto()
    PARK_USER = auto()
    STOP_ALL = auto()
    RESYNC = auto()
    CONTAINER = auto()
    GONE = auto()
    CONFLICT = auto()
    EXISTS = auto()
    REFUSED = auto()


class Throttled(Transient):
    """The service did not even look at the request: over a limit (MS-097, MS-098, MS-133)."""


class NotSent(Transient):
    """No connection was made, so nothing was asked."""


class ServerTrouble(Transient):
    """A 5xx: for a read worth repeating, perhaps with a smaller page (MS-038)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: treatment, and the sentence for people."""

    treatment: Treatment
    sentence: str


_NO_ACCESS = Row(
    Treatment.PARK_USER,
    "Microsoft 365 refuses access to this mailbox: grant the app Calendars.ReadWrite, Contacts.ReadWrite and "
    "MailboxSettings.Read with admin consent, or add the mailbox to the app's scope in Exchange; a change takes up to "
    "two hours.",
)
_NO_USER = Row(
    Treatment.PARK_USER,
    "Microsoft 365 knows no user with this address: correct the address or remove the user from the configuration.",
)
UNKNOWN_USER: Final = frozenset({"errorinvaliduser", "resourcenotfound", "request_resourcenotfound"})
"""Codes that say that there is no such user."""
_EXPIRED = Row(
    Treatment.RESYNC, "Microsoft 365 no longer knows where the last reading ended; everything is read again."
)
_CONFLICT = Row(
    Treatment.CONFLICT, "The item was changed in the mailbox at the same moment; it will be compared again."
)
_BUSY = Row(Treatment.RETRY, "Microsoft 365 is busy; the request is repeated later.")

TABLE: Final[Mapping[str, Row]] = {
    "erroraccessdenied": _NO_ACCESS,
    "authorization_requestdenied": Row(
        Treatment.STOP_ALL,
        "Microsoft 365 refuses to show its users: grant the app User.Read.All with admin consent.",
    ),
    "errorquotaexceeded": Row(
        Treatment.PARK_USER, "The mailbox is full: free some space or raise its quota, then syncing goes on."
    ),
    "mailboxnotenabledforrestapi": Row(
        Treatment.PARK_USER,
        "The user has no mailbox in Exchange Online (unlicensed, removed or on-premises): assign a licence, or "
        "connect on-premises Exchange instead.",
    ),
    **dict.fromkeys(UNKNOWN_USER, _NO_USER),
    "invalidauthenticationtoken": Row(
        Treatment.STOP_ALL,
        "Microsoft 365 rejects our sign-in: check that sign-in and Graph addresses belong to the same cloud.",
    ),
    "syncstatenotfound": _EXPIRED,
    "syncstateinvalid": _EXPIRED,
    "resyncrequired": _EXPIRED,
    "errorsyncfoldernotfound": Row(
        Treatment.CONTAINER, "The contact folder or calendar was deleted in the mailbox; nothing is inferred from that."
    ),
    "erroritemnotfound": Row(Treatment.GONE, "The item is no longer in the mailbox."),
    "errorinvalididmalformed": Row(Treatment.GONE, "The mailbox has never had such an item."),
    "errorirresolvableconflict": _CONFLICT,
    "errorduplicatetransactionid": Row(Treatment.EXISTS, "The event exists already."),
    "errorfolderexists": Row(Treatment.EXISTS, "The folder exists already."),
    "applicationthrottled": _BUSY,
    "toomanyrequests": _BUSY,
    "errormailboxmoveinprogress": Row(
        Treatment.RETRY, "The mailbox is being moved by Microsoft 365; syncing goes on when that has ended."
    ),
    "erroroccurrencecrossingboundary": Row(
        Treatment.REFUSED,
        "Exchange does not let one occurrence reach the day of its neighbour: choose another day, or move the series.",
    ),
    "timezonenotsupportedexception": Row(
        Treatment.REFUSED, "Exchange does not know the event's time zone: choose a standard zone for the event."
    ),
}
_BY_STATUS: Final[Mapping[int, Row]] = {
    401: TABLE["invalidauthenticationtoken"],
    403: _NO_ACCESS,
    404: TABLE["erroritemnotfound"],
    408: _BUSY,
    409: _CONFLICT,
    410: _EXPIRED,
    412: _CONFLICT,
    413: Row(Treatment.REFUSED, "The item is too large for Microsoft 365: shorten its text."),
    423: TABLE["errormailboxmoveinprogress"],
    424: _BUSY,
    429: _BUSY,
}
_TROUBLE = Row(Treatment.RETRY, "Microsoft 365 has trouble at the moment; the request is repeated later.")
_NOT_TAKEN = Row(Treatment.REFUSED, "Microsoft 365 does not take the item as it is")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success. `retry_after` in seconds; `existing_id` of a repeated create (MS-050)."""

    status: int
    code: str
    message: str
    retry_after: float | None = None
    existing_id: str | None = None
    inner_codes: tuple[str, ...] = ()

    @property
    def row(self) -> Row:
        """The line of the table that applies: by code, then by an inner code, then by status."""
        for code in (self.code, *self.inner_codes):
            found = TABLE.get(code.casefold())
            if found is not None:
                return found
        if self.status >= 500 or self.status == 0:
            return _TROUBLE
        return _BY_STATUS.get(self.status, _NOT_TAKEN)

    @property
    def throttled(self) -> bool:
        """Whether the service refused before doing anything."""
        return self.status == 429 or (self.status == 503 and self.code.casefold() == "applicationthrottled")

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        row = self.row
        return f"{row.sentence}: {self.message or self.code}" if row is _NOT_TAKEN else row.sentence


def refusal(status: int, headers: Mapping[str, str], body: Json) -> Refusal:
    """Reads Graph's error body; survives any other body."""
    found = body.get("error") if isinstance(body, dict) else None
    error: dict[str, Any] = found if isinstance(found, dict) else {}
    return Refusal(
        status,
        str(error.get("code") or ""),
        str(error.get("message") or ""),
        retry_after(headers),
        error.get("@event.existingEventId"),
        tuple(_inner_codes(error)),
    )


def _inner_codes(error: Mapping[str, Any]) -> list[str]:
    codes: list[str] = []
    inner = error.get("innerError") or error.get("innererror")
    while isinstance(inner, dict):
        if isinstance(inner.get("code"), str):
            codes.append(inner["code"])
        inner = inner.get("innerError") or inner.get("innererror")
    return codes


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, which may be decimal or missing (MS-099)."""
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None


def as_error(found: Refusal) -> ServiceError:
    """The port's error for a refusal of a whole call."""
    match found.row.treatment:
        case Treatment.RETRY:
            kind = Throttled if found.throttled else ServerTrouble
            return kind(found.sentence, code=found.code, service=SERVICE, retry_after=found.retry_after)
        case Treatment.PARK_USER:
            return AccessLost(found.sentence, code=found.code, service=SERVICE, remedy=remedy_in(found.sentence))
        case Treatment.STOP_ALL:
            remedy = remedy_in(found.sentence)
            return AccessLost(found.sentence, code=found.code, service=SERVICE, subject="org", remedy=remedy)
        case Treatment.RESYNC:
            return CursorExpired(found.sentence, code=found.code, service=SERVICE)
        case Treatment.CONTAINER:
            return ContainerGone(found.sentence, code=found.code, service=SERVICE)
        case _:
            return ServiceError(found.sentence, code=found.code, service=SERVICE)


_RESULTS: Final[Mapping[Treatment, Result]] = {
    Treatment.RETRY: Result.TRANSIENT,
    Treatment.STOP_ALL: Result.TRANSIENT,
    Treatment.RESYNC: Result.TRANSIENT,  # of a cursor; it says nothing about the item
    Treatment.GONE: Result.GONE,
    Treatment.CONTAINER: Result.GONE,
    Treatment.CONFLICT: Result.MOVED,
    Treatment.EXISTS: Result.EXISTS,
}


def as_result(found: Refusal) -> Result:
    """The outcome of one write that was refused."""
    return _RESULTS.get(found.row.treatment, Result.REFUSED)


def remedy_in(sentence: str) -> str:
    """What to do, in one of our own sentences of the form "what happened: what to do"."""
    return sentence.partition(": ")[2]


def unclear(detail: str) -> Unclear:
    """The answer to a write was lost."""
    return Unclear(
        f"Microsoft 365 did not answer a write ({detail}); it is looked up before it is repeated.", service=SERVICE
    )
