"""What Microsoft's sign-in refuses, in sentences with a remedy (MS-002).

Branches on the AADSTS number, then on the OAuth error; messages of the service are never parsed for meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import requests
from requests.exceptions import SSLError

from backend.microsoft.errors import remedy_in, retry_after
from backend.ports.errors import AccessLost, Malformed, ServiceError, Transient

SERVICE: Final = "microsoft-token"
_NUMBER: Final = re.compile(r"AADSTS(\d+)")

_UNKNOWN_TENANT: Final = (
    "Microsoft knows no such tenant: copy the Directory (tenant) ID from the app's overview in Entra."
)
_SCOPE: Final = "Microsoft's sign-in refuses the requested scope: check that the Graph address is this cloud's."
_SENTENCES: Final[Mapping[int, str]] = {
    7000215: "The client secret is wrong: copy the secret's value, not its id, from Entra, or make a new one.",
    7000222: "The client secret has expired: make a new one in Entra and enter its value.",
    700027: "Microsoft does not accept the certificate: upload the same certificate to the app in Entra, check that it "
    "has not expired, and check this machine's clock.",
    700016: "The app is not in this tenant: check application and tenant id, or let an administrator grant consent.",
    650052: "The app is not in this tenant: check application and tenant id, or let an administrator grant consent.",
    65001: "Nobody has granted the app its permissions yet: let an administrator grant consent.",
    90002: _UNKNOWN_TENANT,
    900023: _UNKNOWN_TENANT,
    1002012: _SCOPE,
    70011: _SCOPE,
    500011: "This cloud has no such Graph: sign-in and Graph addresses must belong to the same Microsoft cloud.",
    7000112: "The app is disabled in this tenant: enable it under Enterprise applications in Entra.",
    53003: "A Conditional Access policy blocks the app: exclude it from the policy for workload identities, or allow "
    "this machine's address.",
}
_BUSY_NUMBERS: Final = frozenset({90055, 50196, 90033})
_BUSY_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error"})


def from_token_answer(answer: Mapping[str, Any], response: requests.Response | None) -> ServiceError:
    """The error for an answer of the token endpoint that has no token."""
    number = _number(answer)
    error = str(answer.get("error") or "")
    code = f"AADSTS{number}" if number else error
    status = response.status_code if response is not None else 0
    if number in _BUSY_NUMBERS or error in _BUSY_ERRORS or status == 429 or status >= 500:
        wait = retry_after(response.headers) if response is not None else None
        return Transient(
            "Microsoft's sign-in is busy; it is tried again later.", code=code, service=SERVICE, retry_after=wait
        )
    if not error:
        return Malformed("An answer of Microsoft's sign-in cannot be read.", service=SERVICE)
    sentence = (
        _SENTENCES.get(number or 0) or f"Microsoft's sign-in refuses the app ({code}): check its set-up in Entra."
    )
    return AccessLost(sentence, code=code, service=SERVICE, subject="org", remedy=remedy_in(sentence))


def from_discovery(response: requests.Response | None, tenant: str) -> ServiceError:
    """The error where the tenant's sign-in addresses could not be found out."""
    status = response.status_code if response is not None else 0
    if status == 429 or status >= 500:
        return Transient("Microsoft's sign-in is busy; it is tried again later.", code=str(status), service=SERVICE)
    if 400 <= status < 500:
        sentence = f"{_UNKNOWN_TENANT} Given was “{tenant}”."
        return AccessLost(sentence, code="tenant", service=SERVICE, subject="org", remedy=remedy_in(sentence))
    return Malformed("An answer of Microsoft's sign-in cannot be read.", service=SERVICE)


def bad_certificate(sentence: str) -> AccessLost:
    """The error for a certificate or key that can never work."""
    return AccessLost(sentence, code="certificate", service=SERVICE, subject="org", remedy=remedy_in(sentence))


def unreachable(error: Exception, response: requests.Response | None) -> Transient:
    """The error for a sign-in service that does not answer, or only with trouble of its own."""
    if isinstance(error, SSLError):
        sentence = (
            "The certificate of Microsoft's sign-in is not trusted: check the address and the file of further "
            "certificate authorities."
        )
        return Transient(sentence, code="certificate", service=SERVICE)
    if response is not None:
        return Transient(
            "Microsoft's sign-in has trouble at the moment; it is tried again later.",
            code=str(response.status_code),
            service=SERVICE,
            retry_after=retry_after(response.headers),
        )
    return Transient(
        "Microsoft's sign-in cannot be reached: check the network and the sign-in address.",
        code="unreachable",
        service=SERVICE,
    )


def _number(answer: Mapping[str, Any]) -> int | None:
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _NUMBER.search(str(answer.get("error_description") or ""))
    return int(found[1]) if found else None
