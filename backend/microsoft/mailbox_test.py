"""The test of mailboxes (LS-019 to LS-024): reads settings, calendar and contact folders, writes nothing.

Ten people share a call, so that a company of thousands is tested in hundreds of calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.microsoft.auth import NEEDED_ROLES, ApplicationTokens
from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.errors import UNKNOWN_USER, as_error
from backend.microsoft.identity import find_each, identity_of, identity_requests
from backend.microsoft.places import Places
from backend.microsoft.tags import query
from backend.ports.errors import AccessLost, ServiceError

AT_ONCE: Final = 10
"""People in one call, two requests each (MS-094)."""
NO_MAILBOX: Final = UNKNOWN_USER | {"mailboxnotenabledforrestapi", "no_mailbox"}
"""Codes, case-folded, that say that nobody has a mailbox there."""

Found = str | ServiceError
"""The id of whoever has the mailbox, or why there is none for us."""


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


class MailboxTest:
    """Tests mailboxes with one application's tokens. A token is renewed once, where access is denied first: the old
    one does not know of consent that was given since.
    """

    def __init__(self, tokens: ApplicationTokens, batches: Batches) -> None:
        self._tokens = tokens
        self._batches = batches
        self._renewed = False

    def results(self, addresses: Sequence[str | None]) -> Iterator[Check]:
        """One check for each address, in their order."""
        for first in range(0, len(addresses), AT_ONCE):
            yield from self._some([(address or "").strip() for address in addresses[first : first + AT_ONCE]])

    def _some(self, addresses: Sequence[str]) -> list[Check]:
        missing = Check(CheckResult.NO_ADDRESS, "The user has no e-mail address in Salesforce: enter one there.")
        wanted = [address for address in addresses if address]
        looked = iter(self._signed_in(wanted) if wanted else ())
        return [next(looked) if address else missing for address in addresses]

    def _signed_in(self, addresses: Sequence[str]) -> list[Check]:
        try:
            self._tokens.token()
        except AccessLost as error:
            return [Check(CheckResult.CREDENTIALS_REJECTED, error.message, error.code)] * len(addresses)
        except ServiceError as error:
            return [Check(CheckResult.SERVICE_UNREACHABLE, error.message, error.code)] * len(addresses)
        try:
            found = self._look(addresses)
            denied = [number for number, one in enumerate(found) if _denied(one)]
            if denied and not self._renewed:
                self._renewed = True
                self._tokens.token(fresh=True)
                for number, again in zip(denied, self._look([addresses[number] for number in denied]), strict=True):
                    found[number] = again
        except ServiceError as error:
            found = [error] * len(addresses)
        return [self._check(address, one) for address, one in zip(addresses, found, strict=True)]

    def _look(self, addresses: Sequence[str]) -> list[Found]:
        """Raises ServiceError where the call as a whole fails."""
        found = self._identities(addresses)
        others = [number for number, one in enumerate(found) if _unknown(one) and "@" in addresses[number]]
        for number, other in zip(others, self._by_mail([addresses[number] for number in others]), strict=True):
            found[number] = found[number] if other is None else other
        known = [number for number, one in enumerate(found) if isinstance(one, str)]
        for number, refused in zip(known, self._folders([str(found[number]) for number in known]), strict=True):
            found[number] = refused or found[number]
        return found

    def _identities(self, users: Sequence[str]) -> list[Found]:
        requests = [inner for user in users for inner in identity_requests(Places(user))]
        outcomes = self._batches.of_several(requests, "check")
        return [_who(*outcomes[2 * number : 2 * number + 2]) for number in range(len(users))]

    def _by_mail(self, addresses: Sequence[str]) -> list[Found | None]:
        """Who receives mail there without having it as principal name; None for nobody."""
        found: list[Found | None] = list(find_each(self._batches, addresses))
        ids = [number for number, one in enumerate(found) if isinstance(one, str)]
        for number, other in zip(ids, self._identities([str(found[number]) for number in ids]), strict=True):
            found[number] = other
        return found

    def _folders(self, users: Sequence[str]) -> list[ServiceError | None]:
        places = [Places(user) for user in users]
        requests = [
            inner
            for one in places
            for inner in (
                Inner("GET", query(one.calendar, (("$select", "id"),))),
                Inner("GET", query(one.folders, (("$select", "id"), ("$top", "1")))),
            )
        ]
        outcomes = self._batches.of_several(requests, "check")
        pairs = [outcomes[2 * number : 2 * number + 2] for number in range(len(users))]
        return [next((as_error(one.refusal) for one in pair if not one.ok), None) for pair in pairs]

    def _check(self, address: str, found: Found) -> Check:
        if isinstance(found, str):
            return Check(CheckResult.CONNECTED, f"The mailbox of {address} answers.")
        result = result_of(found)
        missing = self._missing_roles() if result is CheckResult.ACCESS_DENIED else ()
        message = f"{found.message} The app's token does not show: {', '.join(missing)}." if missing else found.message
        return Check(result, message, found.code, missing)

    def _missing_roles(self) -> tuple[str, ...]:
        return tuple(role for role in NEEDED_ROLES if role not in self._tokens.roles())


def result_of(error: ServiceError) -> CheckResult:
    """What an error of Microsoft 365 means for one person."""
    if not isinstance(error, AccessLost):
        return CheckResult.SERVICE_UNREACHABLE
    if error.code == "address_shared":
        return CheckResult.ADDRESS_SHARED
    if error.code.casefold() in NO_MAILBOX:
        return CheckResult.MAILBOX_NOT_FOUND
    if error.code.casefold() == "invalidauthenticationtoken":
        return CheckResult.CREDENTIALS_REJECTED
    return CheckResult.ACCESS_DENIED


def _denied(found: Found) -> bool:
    return isinstance(found, AccessLost) and result_of(found) is CheckResult.ACCESS_DENIED


def _unknown(found: Found) -> bool:
    return isinstance(found, AccessLost) and found.code.casefold() in UNKNOWN_USER


def _who(user: Outcome, settings: Outcome) -> Found:
    try:
        return identity_of(user, settings).id
    except ServiceError as error:
        return error
