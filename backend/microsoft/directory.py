"""The door to Microsoft 365: one tenant, its users, their mailboxes, and the test of a connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from requests.adapters import BaseAdapter

from backend.microsoft.auth import NEEDED_ROLES, ApplicationTokens
from backend.microsoft.batch import Batches, Inner
from backend.microsoft.delta import Lists
from backend.microsoft.errors import UNKNOWN_USER, as_error
from backend.microsoft.mailbox import GraphMailbox
from backend.microsoft.places import Places
from backend.microsoft.settings import MicrosoftSettings
from backend.microsoft.tags import query
from backend.microsoft.throttle import GLOBAL_BURST, GLOBAL_RATE, Gate, TokenBucket
from backend.microsoft.transport import ServiceSession, Transport
from backend.ports.cache import UNSHARED, ServiceCache
from backend.ports.errors import AccessLost, ServiceError
from backend.ports.metering import Meter

_USER_FIELDS: Final = "id,displayName,mail,userPrincipalName,accountEnabled,userType"
NO_MAILBOX: Final = UNKNOWN_USER | {"mailboxnotenabledforrestapi", "no_mailbox"}
"""Codes, case-folded, that say that nobody has a mailbox there."""


class CheckResult(StrEnum):
    """Outcome of a connection test, as far as Microsoft 365 can tell it (LS-020)."""

    CONNECTED = "connected"
    MAILBOX_NOT_FOUND = "mailbox not found"
    ACCESS_DENIED = "access denied"
    CREDENTIALS_REJECTED = "credentials rejected"
    SERVICE_UNREACHABLE = "service unreachable"
    NO_ADDRESS = "no e-mail address"
    ADDRESS_SHARED = "address shared"


@dataclass(frozen=True, slots=True)
class Check:
    """Result of a test, with what to do about it. `missing_roles`: permissions that Entra's token does not show."""

    result: CheckResult
    message: str
    code: str = ""
    missing_roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A user of the tenant; `address` is the mail address, else the user principal name."""

    id: str
    name: str
    address: str
    enabled: bool
    is_guest: bool


class MicrosoftConnection:
    """One tenant. Makes no request by itself; counts into `meter`; keeps the limits of every mailbox it opened.

    `sleep` waits some seconds, where the service asks for it · `tokens`: where other processes find our tokens ·
    `connections`: makes them, instead of the library's own.
    """

    def __init__(
        self,
        settings: MicrosoftSettings,
        meter: Meter,
        *,
        sleep: Callable[[float], None] = time.sleep,
        tokens: ServiceCache = UNSHARED,
        connections: BaseAdapter | None = None,
    ) -> None:
        self.tokens = ApplicationTokens(settings, meter, tokens, connections)
        self._sleep = sleep
        session = ServiceSession(settings.ca_file)
        if connections is not None:
            session.mount("https://", connections)
        self._transport = Transport(settings.graph_url, self.tokens, session, meter, sleep)
        self._everyone = TokenBucket(GLOBAL_BURST, GLOBAL_RATE)
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def mailbox(self, user: str) -> GraphMailbox:
        """The mailbox of a user by object id, principal name or mail address (see GraphMailbox)."""
        return GraphMailbox(self._transport, self._gate(user), user)

    def users(self) -> Iterator[DirectoryUser]:
        """Every user of the tenant, mailbox or not. Raises AccessLost."""
        first = query("/users", (("$select", _USER_FIELDS), ("$top", "999")))
        for rows in Lists(self._transport, self._gate("")).rows(first, "users.list", (999,)):
            yield from (_user(row) for row in rows)

    def check(self, address: str | None) -> Check:
        """Whether a user can be synced: reads his settings, calendar and contact folders, writes nothing (LS-021)."""
        if not (address or "").strip():
            return Check(CheckResult.NO_ADDRESS, "The user has no e-mail address in Salesforce: enter one there.")
        user = (address or "").strip()
        try:
            self.tokens.token()
        except AccessLost as error:
            return Check(CheckResult.CREDENTIALS_REJECTED, error.message, error.code)
        except ServiceError as error:
            return Check(CheckResult.SERVICE_UNREACHABLE, error.message, error.code)
        try:
            self._probe_twice(user)
        except ServiceError as error:
            missing = tuple(role for role in NEEDED_ROLES if role not in self.tokens.roles())
            return Check(_result(error), _with_roles(error, missing), error.code, missing)
        return Check(CheckResult.CONNECTED, f"The mailbox of {user} answers.")

    def _probe_twice(self, user: str) -> None:
        """Looks, and where access is denied once more with a new token: the old one does not know of later consent."""
        try:
            self._probe(user)
        except AccessLost as error:
            if _result(error) is not CheckResult.ACCESS_DENIED:
                raise
            self.tokens.token(fresh=True)
            self._probe(user)

    def _probe(self, user: str) -> None:
        places = Places(self.mailbox(user).identity().id)
        inner = [
            Inner("GET", query(places.calendar, (("$select", "id"),))),
            Inner("GET", query(places.folders, (("$select", "id"), ("$top", "1")))),
        ]
        for outcome in Batches(self._transport, self._gate(user)).read(inner, "check"):
            if not outcome.ok:
                raise as_error(outcome.refusal)

    def _gate(self, user: str) -> Gate:
        with self._lock:
            return self._gates.setdefault(user.casefold(), Gate(self._everyone, sleep=self._sleep))


def _user(row: dict[str, Any]) -> DirectoryUser:
    return DirectoryUser(
        id=row["id"],
        name=row.get("displayName") or "",
        address=row.get("mail") or row.get("userPrincipalName") or "",
        enabled=row.get("accountEnabled") is not False,
        is_guest=(row.get("userType") or "").casefold() == "guest",
    )


def _result(error: ServiceError) -> CheckResult:
    if not isinstance(error, AccessLost):
        return CheckResult.SERVICE_UNREACHABLE
    if error.code == "address_shared":
        return CheckResult.ADDRESS_SHARED
    if error.code.casefold() in NO_MAILBOX:
        return CheckResult.MAILBOX_NOT_FOUND
    if error.code.casefold() == "invalidauthenticationtoken":
        return CheckResult.CREDENTIALS_REJECTED
    return CheckResult.ACCESS_DENIED


def _with_roles(error: ServiceError, missing: tuple[str, ...]) -> str:
    if _result(error) is not CheckResult.ACCESS_DENIED or not missing:
        return error.message
    return f"{error.message} The app's token does not show: {', '.join(missing)}."
