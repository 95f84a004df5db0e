"""Tokens for one application (client credentials), through msal; one msal object per process and application.

msal is made only where no process has a token: making it already asks the service. A pause that the service asked
for it keeps in its memory (MS-005); the cache keeps it for the other processes.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msal
import requests
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from msal.exceptions import MsalServiceError
from requests.adapters import BaseAdapter
from requests.exceptions import RequestException

from backend.microsoft.auth_errors import bad_certificate, from_discovery, from_token_answer, unreachable
from backend.microsoft.settings import MicrosoftSettings
from backend.microsoft.transport import ServiceSession
from backend.ports.cache import UNSHARED, Entry, ServiceCache
from backend.ports.errors import Malformed
from backend.ports.metering import Meter

SERVICE: Final = "microsoft-token"
SUBJECT: Final = "application"
MARGIN: Final = timedelta(minutes=5)
"""A token is used no longer than this before its end, as msal does."""
USUAL_LIFE: Final = 3599
"""Seconds that a token lives unless the answer tells otherwise (MS-003)."""
WITHOUT_ROLES: Final = timedelta(minutes=5)
"""How long a token is used that does not show every permission: it would not know of consent that follows (MS-008)."""
NEEDED_ROLES: Final = ("Calendars.ReadWrite", "Contacts.ReadWrite", "MailboxSettings.Read", "User.Read.All")


class TokenSession(ServiceSession):
    """Session for msal: counts token requests and remembers the last answer, which msal does not hand out."""

    meter: Meter
    last: requests.Response | None = None

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As the base class, counted."""
        self.last = None
        operation = "discovery" if str(url).endswith("openid-configuration") else "token"
        try:
            self.last = super().request(method, url, *args, **kwargs)
        finally:
            self.meter.count(SERVICE, operation, self.last.status_code if self.last is not None else 0)
        return self.last


@dataclass
class _Application:
    """An msal object with the session it speaks through; made on first use, since making it asks the service."""

    session: TokenSession
    lock: threading.Lock = field(default_factory=threading.Lock)
    client: msal.ConfidentialClientApplication | None = None


_applications: dict[tuple[int, MicrosoftSettings], _Application] = {}
_applications_lock = threading.Lock()


def _application(settings: MicrosoftSettings, connections: BaseAdapter | None) -> _Application:
    # The process id is part of the key because connections must not be shared over a fork.
    key = (os.getpid(), settings)
    with _applications_lock:
        if key not in _applications:
            session = TokenSession(settings.ca_file)
            if connections is not None:
                session.mount("https://", connections)
            _applications[key] = _Application(session)
        return _applications[key]


class ApplicationTokens:
    """Access tokens of one application: from memory, else the cache, else msal. Counts into its own meter."""

    def __init__(
        self,
        settings: MicrosoftSettings,
        meter: Meter,
        cache: ServiceCache = UNSHARED,
        connections: BaseAdapter | None = None,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._meter = meter
        self._cache = cache
        self._lock = threading.Lock()
        self._held: str | None = None
        self._held_until = 0.0

    def token(self, *, fresh: bool = False) -> str:
        """A valid access token. `fresh`: the last one was refused, and is forgotten for everybody.

        Another process's newer one is as good as a new one. Raises AccessLost, Transient, Malformed.
        """
        with self._lock:
            if fresh:
                self._held_until = 0.0
                if self._held is not None:
                    self._cache.forget(SUBJECT, self._held)
            if self._held is None or time.monotonic() >= self._held_until:
                anew = fresh or self._held is not None
                entry = self._cache.get(SUBJECT, lambda: self._asked(anew=anew))
                self._held = entry.text
                self._held_until = math.inf if entry.lasts is None else time.monotonic() + entry.lasts.total_seconds()
            return self._held

    def _asked(self, *, anew: bool) -> Entry:
        application = _application(self._settings, self._connections)
        with application.lock:
            application.session.meter = self._meter
            client = application.client or self._connected(application)
            if anew:
                client.remove_tokens_for_client()
            return self._acquired(client, application.session)

    def roles(self) -> frozenset[str]:
        """Application permissions granted in Entra, from the token; empty without consent or if it is opaque.

        Permissions granted through Exchange's own roles (RBAC for Applications) do not show here.
        """
        return _roles_in(self.token())

    def _connected(self, application: _Application) -> msal.ConfidentialClientApplication:
        settings = self._settings
        credential = _credential(settings)
        try:
            application.client = msal.ConfidentialClientApplication(
                settings.client_id,
                client_credential=credential,
                authority=settings.authority,
                instance_discovery=None if settings.known_to_microsoft else False,
                http_client=application.session,
            )
        except (RequestException, MsalServiceError) as error:
            raise unreachable(error, application.session.last) from error
        except (ValueError, KeyError, RuntimeError) as error:
            raise from_discovery(application.session.last, settings.tenant) from error
        return application.client

    def _acquired(self, client: msal.ConfidentialClientApplication, session: TokenSession) -> Entry:
        try:
            answer = client.acquire_token_for_client(scopes=[self._settings.scope])
        except (RequestException, MsalServiceError) as error:
            raise unreachable(error, session.last) from error
        except ValueError as error:  # not JSON, or a life that is no number
            raise Malformed("An answer of Microsoft's sign-in cannot be read.", service=SERVICE) from error
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise from_token_answer(answer, session.last)
        return Entry(token, _use_of(token, int(answer.get("expires_in", USUAL_LIFE))))


def _use_of(token: str, seconds: int) -> timedelta:
    """How long a token is used that lives so many seconds."""
    use = timedelta(seconds=seconds) - MARGIN
    return use if _roles_in(token) >= set(NEEDED_ROLES) else min(use, WITHOUT_ROLES)


def _roles_in(token: str) -> frozenset[str]:
    parts = token.split(".")
    if len(parts) != 3:
        return frozenset()
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return frozenset()
    return frozenset(claims.get("roles") or ()) if isinstance(claims, dict) else frozenset()


def _credential(settings: MicrosoftSettings) -> str | dict[str, str]:
    """What msal takes as credential. Raises AccessLost for a certificate that can never work."""
    if settings.certificate is None or settings.private_key is None:
        return settings.secret or ""
    try:
        serialization.load_pem_private_key(settings.private_key.encode(), password=None)
        certificate = x509.load_pem_x509_certificate(settings.certificate.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The library's message may quote the key.
        raise bad_certificate(
            "The certificate or private key for Microsoft 365 cannot be read: give both as unencrypted PEM."
        ) from error
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise bad_certificate(
            f"The certificate for Microsoft 365 expired on {certificate.not_valid_after_utc:%-d %B %Y}: "
            "make a new one and upload it to the app in Entra."
        )
    return {"private_key": settings.private_key, "public_certificate": settings.certificate}
