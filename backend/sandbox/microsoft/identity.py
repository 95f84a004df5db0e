"""The token endpoint of Entra: client credentials with a secret or a certificate (MS-001, MS-002)."""

from __future__ import annotations

import base64
import hmac
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from backend.sandbox.microsoft.apps import App
from backend.sandbox.microsoft.keys import AUDIENCE, LIFE_SECONDS
from backend.sandbox.microsoft.tenant import Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NAMES = ("organizations", "common", "consumers")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


class TokenError(Exception):
    """A refusal of Entra: HTTP status, OAuth error, AADSTS number, message."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.status = status
        self.error = error
        self.number = number
        self.message = message

    def as_json(self, now: datetime, correlation_id: str | None, issuer: str) -> dict[str, Any]:
        """The error body."""
        trace, correlation = str(uuid.uuid4()), correlation_id or str(uuid.uuid4())
        stamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
        description = (
            f"AADSTS{self.number}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        )
        return {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{issuer}/error?code={self.number}",
        }


def check_tenant(tenant: Tenant, name: str, *, any_name: bool = False) -> None:
    """Refuse a tenant that is not this one. Raises TokenError 90002 or 900023."""
    lowered = name.lower()
    if lowered in (tenant.id, tenant.domain) or (any_name and lowered in _NAMES):
        return
    if not _is_guid(lowered) and not _DOMAIN.fullmatch(lowered) and lowered not in _NAMES:
        message = f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
        raise TokenError(400, "invalid_request", 900023, message)
    raise TokenError(400, "invalid_request", 90002, f"Tenant '{name}' not found.")


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def token_for(tenant: Tenant, form: Mapping[str, str], endpoint: str, origin: str) -> dict[str, Any]:
    """The answer to a token request. Raises TokenError."""
    for name in ("grant_type", "client_id"):
        if not form.get(name):
            message = f"The request body must contain the following parameter: '{name}'."
            raise TokenError(400, "invalid_request", 900144, message)
    if form["grant_type"] != "client_credentials":
        message = "The app requested an unsupported grant type."
        raise TokenError(400, "unsupported_grant_type", 70003, message)
    app = app_of(tenant, form["client_id"])
    _check_scope(form.get("scope", ""), origin)
    if "client_assertion" in form:
        _check_assertion(app, form, endpoint)
    else:
        _check_secret(app, form.get("client_secret"), tenant.world.clock.now())
    token = tenant.keys.issue(f"{origin}/{tenant.id}/v2.0", tenant.id, app.id, app.granted, tenant.world.clock.now())
    return {
        "token_type": "Bearer",
        "expires_in": LIFE_SECONDS,
        "ext_expires_in": LIFE_SECONDS,
        "access_token": token,
    }


def app_of(tenant: Tenant, client_id: str) -> App:
    """The application of a client id. Raises TokenError 700016 or 7000112."""
    app = tenant.apps.get(client_id.lower())
    if app is None:
        message = f"Application with identifier '{client_id}' was not found in the directory '{tenant.id}'."
        raise TokenError(400, "unauthorized_client", 700016, message)
    if not app.enabled:
        raise TokenError(400, "unauthorized_client", 7000112, f"Application '{client_id}' is disabled.")
    return app


def _check_scope(scope: str, origin: str) -> None:
    resource, ending = scope[: -len("/.default")], scope.endswith("/.default")
    if not scope:
        raise TokenError(
            400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."
        )
    if not ending or " " in scope:
        message = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
            "with /.default suffixed to the resource identifier (application ID URI)."
        )
        raise TokenError(400, "invalid_scope", 1002012, message)
    if resource not in (AUDIENCE, origin):
        message = f"The resource principal named {resource} was not found in the tenant."
        raise TokenError(400, "invalid_resource", 500011, message)


def _check_secret(app: App, value: str | None, now: datetime) -> None:
    if not value:
        message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise TokenError(401, "invalid_client", 7000218, message)
    secret = next((each for each in app.secrets if hmac.compare_digest(each.value, value)), None)
    if secret is None:
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
            "value, not the client secret ID."
        )
        raise TokenError(401, "invalid_client", 7000215, message)
    if secret.expires <= now:
        message = f"The provided client secret keys for app '{app.id}' are expired."
        raise TokenError(401, "invalid_client", 7000222, message)


def _check_assertion(app: App, form: Mapping[str, str], endpoint: str) -> None:
    """Both forms of msal: RS256 with `x5t` and PS256 with `x5t#S256`; the audience is the token endpoint.

    Its times are checked against the machine's clock: the client's own clock wrote them, and tests shift the
    services' clock only.
    """
    assertion = form["client_assertion"]
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenError(400, "invalid_request", 900144, "The client_assertion_type is not supported.")
    try:
        header = jwt.get_unverified_header(assertion)
        key = _certificate_of(app, header).public_key()
        if not isinstance(key, RSAPublicKey):
            raise _bad_assertion("The certificate's key is not an RSA key.")
        claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=endpoint, leeway=300)
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        message = "Client assertion is not within its valid time range."
        raise TokenError(401, "invalid_client", 700024, message) from None
    except jwt.InvalidTokenError:
        raise _bad_assertion("Client assertion failed signature validation.") from None
    if not claims.get("iss") == claims.get("sub") == app.id:
        raise _bad_assertion("The issuer and subject of the assertion are not the client.")


def _certificate_of(app: App, header: Mapping[str, Any]) -> x509.Certificate:
    by_sha1, by_sha256 = (str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256"))
    for certificate in app.certificates:
        if by_sha1 == _thumbprint(certificate, hashes.SHA1()):  # noqa: S303 - the protocol's own hash
            return certificate
        if by_sha256 == _thumbprint(certificate, hashes.SHA256()):
            return certificate
    raise _bad_assertion("The certificate with identifier used to sign the client assertion is not registered.")


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).rstrip(b"=").decode("ascii")


def _bad_assertion(message: str) -> TokenError:
    return TokenError(401, "invalid_client", 700027, message)
