"""Signing in: OAuth 2.0 JWT bearer, one token per username, kept until a 401, for other processes in a cache."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Final, Self
from urllib.parse import urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backend.ports.cache import UNSHARED, Entry, ServiceCache
from backend.ports.clock import Clock
from backend.ports.errors import AccessLost, ServiceError, Transient
from backend.ports.metering import Meter
from backend.salesforce.errors import BUSY_STATUSES, SERVICE, first_problem
from backend.salesforce.record_id import long_id
from backend.salesforce.transport import TimedSession, server_time

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME: Final = timedelta(minutes=3)
_SKEW_LIMIT: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token with the address it is good for, and whose it is (18-character ids)."""

    value: str = field(repr=False)
    instance_url: str
    organisation_id: str
    user_id: str

    @classmethod
    def of(cls, text: str) -> Self:
        """The token that `text` tells."""
        return cls(**json.loads(text))

    @property
    def text(self) -> str:
        """The token as it is cached."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class App:
    """The app in Salesforce that we sign in as. `private_key`: RSA key as PEM, at least 2048 bits.

    `organisation_id`: the organisation that has to answer; any if it is None.
    """

    login_url: str
    audience: str
    consumer_key: str
    private_key: str = field(repr=False)
    organisation_id: str | None = None


class Tokens:
    """Tokens of all users of one organisation; safe to share between threads."""

    def __init__(
        self, app: App, session: TimedSession, clock: Clock, meter: Meter, cache: ServiceCache = UNSHARED
    ) -> None:
        self._app = app
        self._session = session
        self._clock = clock
        self._meter = meter
        self._cache = cache
        self._key: RSAPrivateKey | None = None
        self._tokens: dict[str, Token] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, username: str) -> Token:
        """The user's token, asked for if no process has one. Raises AccessLost with the remedy, Transient."""
        with self._lock_of(username):
            token = self._tokens.get(username)
            if token is None:
                stored = self._cache.get(username, lambda: Entry(self._ask(username).text))
                token = self._tokens[username] = Token.of(stored.text)
            return token

    def forget(self, username: str, value: str) -> None:
        """Drops the user's token, here and for everybody, if it is still the one given: one of several renews it."""
        with self._lock_of(username):
            token = self._tokens.get(username)
            if token is not None and token.value == value:
                del self._tokens[username]
                self._cache.forget(username, token.text)

    def _lock_of(self, username: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(username, threading.Lock())

    def _ask(self, username: str) -> Token:
        form = {"grant_type": GRANT, "assertion": self._assertion(username)}
        status = 0
        try:
            response = self._session.post(f"{self._app.login_url}/services/oauth2/token", data=form)
            status = response.status_code
        except requests.RequestException as error:
            raise _unreachable(self._app.login_url, error) from error
        finally:
            self._meter.count(f"{SERVICE}-token", "POST token", status)
        if status != 200:
            raise self._refusal(username, response)
        token = _token(response)
        if self._app.organisation_id not in (None, token.organisation_id):
            raise _other_organisation(token.organisation_id, str(self._app.organisation_id))
        return token

    def _assertion(self, username: str) -> str:
        claims = {
            "iss": self._app.consumer_key,
            "sub": username,
            "aud": self._app.audience,
            "exp": int((self._clock.now() + LIFETIME).timestamp()),
        }
        self._key = self._key or private_key(self._app.private_key)
        return jwt.encode(claims, self._key, algorithm="RS256")

    def _refusal(self, username: str, response: requests.Response) -> ServiceError:
        try:
            body = response.json()
        except ValueError:
            body = None
        problem = first_problem(response.status_code, body)
        if response.status_code in BUSY_STATUSES:
            text = f"Salesforce could not sign in {username} just now: {problem.message} It is tried again by itself."
            return Transient(text, code=problem.code, service=SERVICE)
        there = server_time(response.headers)
        skewed = there is not None and abs(there - self._clock.now()) > _SKEW_LIMIT
        subject, remedy = _remedy(problem.code, problem.message.casefold(), username, skewed=skewed)
        text = f"Salesforce did not sign in {username} ({problem.code}: {problem.message}). {remedy}"
        return AccessLost(text, code=problem.code, service=SERVICE, subject=subject, remedy=remedy)


_REMEDIES: Final = (
    (
        "user hasn't approved",
        "user",
        "Let the app's policy pre-authorise {user}: add the user's profile or permission set to the Lockstep app.",
    ),
    (
        "not admin approved",
        "user",
        "Let the app's policy pre-authorise {user}: add the user's profile or permission set to the Lockstep app.",
    ),
    (
        "audience is invalid",
        "org",
        "Set LOCKSTEP_SALESFORCE_AUDIENCE to https://login.salesforce.com, or for a sandbox to "
        "https://test.salesforce.com.",
    ),
    ("client identifier", "org", "Copy the consumer key of the Lockstep app again."),
    ("invalid client credentials", "org", "Copy the consumer key of the Lockstep app again."),
    ("installed", "org", "Install the Lockstep app in this organisation, or have an admin own it there."),
    ("inactive organization", "org", "The organisation is locked or has expired: ask Salesforce."),
    ("ip restricted", "user", "Allow this server's address in the login ranges of {user}."),
    ("inactive user", "user", "Activate {user} in Salesforce, or take the user out of the configuration."),
    ("locked", "user", "Unlock or unfreeze {user} in Salesforce."),
    ("frozen", "user", "Unfreeze {user} in Salesforce."),
    (
        "authentication failure",
        "user",
        "Check that {user} is the username (not the address), active, and neither frozen nor locked.",
    ),
)


def _remedy(code: str, message: str, username: str, *, skewed: bool) -> tuple[str, str]:
    """Who is affected ('user' or 'org') and what to do."""
    for part, subject, remedy in _REMEDIES:
        if part in message:
            return subject, remedy.format(user=username)
    if code in ("invalid_client_id", "invalid_client"):
        return "org", "Copy the consumer key of the Lockstep app again."
    if skewed:
        return "org", "This machine's clock differs from Salesforce's by more than two minutes: set it right."
    if "assertion" in message or "signature" in message or "expired" in message:
        return "org", "Check that the private key belongs to the certificate of the Lockstep app, and that it is valid."
    return "user", f"Check in Setup that {username} exists, is active, and may use the Lockstep app."


def private_key(pem: str) -> RSAPrivateKey:
    """The key to sign with. Raises AccessLost saying what is wrong with it."""
    try:
        key: Any = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise _bad_key("it cannot be read as an unencrypted PEM private key") from error
    if not isinstance(key, RSAPrivateKey):
        raise _bad_key("it is not an RSA key, and Salesforce takes no other")
    if key.key_size < 2048:
        raise _bad_key(f"it has {key.key_size} bits, and Salesforce asks for at least 2048")
    return key


def _bad_key(why: str) -> AccessLost:
    remedy = "Give the key whose certificate the Lockstep app holds."
    return AccessLost(
        f"The private key for Salesforce cannot be used: {why}. {remedy}",
        code="BAD_KEY",
        service=SERVICE,
        subject="org",
        remedy=remedy,
    )


def _other_organisation(found: str, known: str) -> AccessLost:
    remedy = (
        "Store the credentials of the right one with `lockstep connect salesforce`; if this one replaces it, as after "
        "a sandbox was refreshed, say so with `--new-organisation`."
    )
    return AccessLost(
        f"Another Salesforce organisation answers: {found} instead of {known}. Nothing is read or written. {remedy}",
        code="OTHER_ORGANISATION",
        service=SERVICE,
        subject="org",
        remedy=remedy,
    )


def _unreachable(address: str, error: requests.RequestException) -> ServiceError:
    host = urlsplit(address).netloc
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        text = f"The certificate of {host} is not trusted: set LOCKSTEP_CA_BUNDLE to the file of its authority."
        return AccessLost(text, code="CERTIFICATE", service=SERVICE, subject="org")
    return Transient(f"{host} cannot be reached. It is tried again by itself.", code="UNREACHABLE", service=SERVICE)


def _token(response: requests.Response) -> Token:
    try:
        body = response.json()
        organisation_id, user_id = urlsplit(body["id"]).path.rstrip("/").split("/")[-2:]
        return Token(body["access_token"], body["instance_url"].rstrip("/"), long_id(organisation_id), long_id(user_id))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = "Salesforce answered the sign-in with something that cannot be read. It is tried again by itself."
        raise Transient(text, code="MALFORMED", service=SERVICE) from error
