"""Signing people in to our own pages: OAuth 2.0 web server flow with PKCE and OpenID Connect, scope `openid` alone.

The app proves itself by a statement signed with the key of its certificate, so that no consumer secret is kept
(https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NoReturn
from urllib.parse import urlencode, urlsplit

import jwt
import requests

from backend.ports.clock import Clock
from backend.ports.errors import AccessLost, Transient
from backend.ports.metering import Meter
from backend.salesforce.auth import App, private_key
from backend.salesforce.errors import BUSY_STATUSES, SERVICE, first_problem
from backend.salesforce.record_id import long_id
from backend.salesforce.transport import TimedSession

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME: Final = timedelta(minutes=3)
_LEEWAY_SECONDS: Final = 60
_TRACE: Final = f"{SERVICE}-token"


@dataclass(frozen=True, slots=True)
class Passage:
    """A sign-in under way: where the browser goes, and what must still be true when it comes back."""

    address: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class OpenId:
    """Sign-in of people through one Salesforce app."""

    def __init__(self, app: App, session: TimedSession, clock: Clock, meter: Meter) -> None:
        self._app = app
        self._session = session
        self._clock = clock
        self._meter = meter

    def begin(self, callback: str) -> Passage:
        """A new passage; `callback` is our address that Salesforce sends the browser back to."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self._app.consumer_key,
            "redirect_uri": callback,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return Passage(f"{self._app.login_url}/services/oauth2/authorize?{urlencode(asked)}", state, nonce, verifier)

    def finish(self, callback: str, code: str, nonce: str, verifier: str) -> str:
        """The 18-character id of the user who signed in. Raises AccessLost with the remedy, Transient."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": self._app.consumer_key,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
            "code_verifier": verifier,
        }
        body = self._answer("POST", "/services/oauth2/token", form)
        claims = self._verified(str(body.get("id_token", "")), nonce)
        organisation_id, user_id = _ids(str(claims.get("sub", "")))
        if self._app.organisation_id not in (None, organisation_id):
            _refuse(f"This is a user of another Salesforce organisation ({organisation_id}).",
                    "Sign in as a user of the organisation that Lockstep syncs.")  # fmt: skip
        return user_id

    def _assertion(self) -> str:
        claims = {
            "iss": self._app.consumer_key,
            "sub": self._app.consumer_key,
            "aud": f"{self._app.login_url}/services/oauth2/token",
            "jti": secrets.token_urlsafe(16),
            "exp": int((self._clock.now() + _LIFETIME).timestamp()),
        }
        return jwt.encode(claims, private_key(self._app.private_key), algorithm="RS256")

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an id token: signature, audience, issuer, time and nonce hold. Raises AccessLost."""
        try:
            keys = jwt.PyJWKSet.from_dict(self._answer("GET", "/id/keys"))
            key = keys[str(jwt.get_unverified_header(token).get("kid", ""))]
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=["RS256"], audience=self._app.consumer_key, issuer=self._issuers(),
                leeway=_LEEWAY_SECONDS, options={"require": ["exp", "iat", "iss", "aud", "sub"], "verify_exp": False,
                                                 "verify_iat": False, "verify_nbf": False},
            )  # fmt: skip
        except (jwt.PyJWTError, KeyError) as error:
            _refuse(f"Salesforce's answer does not hold ({type(error).__name__}).", "Start the sign-in again.")
        # Our own clock decides, as everywhere: the library would ask the machine's.
        now = self._clock.now().timestamp()
        if not float(claims["iat"]) - _LEEWAY_SECONDS <= now <= float(claims["exp"]) + _LEEWAY_SECONDS:
            _refuse("Salesforce's answer is too old, or this machine's clock is wrong.", "Start the sign-in again.")
        if not secrets.compare_digest(str(claims.get("nonce", "")), nonce):
            _refuse("Salesforce's answer belongs to another sign-in.", "Start the sign-in again.")
        return claims

    def _issuers(self) -> list[str]:
        """The login address as configured; Salesforce names it without a closing slash."""
        return [self._app.login_url.rstrip("/"), self._app.audience.rstrip("/")]

    def _answer(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        status = 0
        try:
            response = self._session.request(method, f"{self._app.login_url}{path}", data=form)
            status = response.status_code
            body = response.json()
        except (requests.RequestException, ValueError) as error:
            text = f"{urlsplit(self._app.login_url).netloc} does not answer the sign-in. Try again in a minute."
            raise Transient(text, code="UNREACHABLE", service=SERVICE) from error
        finally:
            self._meter.count(_TRACE, f"{method} {path.rpartition('/')[2]}", status)
        if status in BUSY_STATUSES:
            raise Transient("Salesforce is busy. Try again in a minute.", code="BUSY", service=SERVICE)
        if status != 200 or not isinstance(body, dict):
            problem = first_problem(status, body)
            _refuse(f"Salesforce refused the sign-in ({problem.code}: {problem.message}).", _remedy(problem.code))
        found: dict[str, Any] = body
        return found


def _ids(subject: str) -> tuple[str, str]:
    parts = urlsplit(subject).path.rstrip("/").split("/")
    if len(parts) < 3:
        _refuse("Salesforce did not say who signed in.", "Start the sign-in again.")
    return long_id(parts[-2]), long_id(parts[-1])


def _remedy(code: str) -> str:
    if code in ("invalid_client", "invalid_client_id"):
        return "Check that the key of the Salesforce connection belongs to the certificate of the app."
    if code == "redirect_uri_mismatch":
        return "Add this page's callback address to the app in Salesforce."
    return "Start the sign-in again."


def _refuse(what: str, remedy: str) -> NoReturn:
    raise AccessLost(f"{what} {remedy}", code="SIGN_IN", service=SERVICE, subject="user", remedy=remedy)
