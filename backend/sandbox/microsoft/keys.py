"""Access tokens: signed as Entra signs them, checked by Graph against the services' own clock."""

from __future__ import annotations

import base64
import threading
import uuid
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.sandbox.microsoft import errors
from backend.sandbox.microsoft.wire import Grant

AUDIENCE = "https://graph.microsoft.com"
LIFE_SECONDS = 3599
_KEY_ID = "lockstep-sandbox"


class TokenKeys:
    """The tenant's signing key, made when first needed, and the tokens already found good."""

    def __init__(self) -> None:
        self.generation = 1
        self._known: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._made: rsa.RSAPrivateKey | None = None

    @property
    def _private_key(self) -> rsa.RSAPrivateKey:
        with self._lock:
            if self._made is None:
                self._made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return self._made

    def public_keys(self) -> dict[str, Any]:
        """The key set as JSON Web Keys."""
        numbers = self._private_key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _KEY_ID}
        return {"keys": [key | {"n": _base64(numbers.n), "e": _base64(numbers.e)}]}

    def issue(self, issuer: str, tenant_id: str, app_id: str, roles: frozenset[str], now: datetime) -> str:
        """An access token for Graph; `roles` is left out when there are none."""
        issued = int(now.timestamp())
        claims: dict[str, Any] = {
            "aud": AUDIENCE,
            "iss": issuer,
            "iat": issued,
            "nbf": issued,
            "exp": issued + LIFE_SECONDS,
            "appid": app_id,
            "idtyp": "app",
            "tid": tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
            "generation": self.generation,
        }
        if roles:
            claims["roles"] = sorted(roles)
        return jwt.encode(claims, self._private_key, algorithm="RS256", headers={"kid": _KEY_ID})

    def grant(self, token: str, now: datetime) -> Grant:
        """Whom a token speaks for. Raises GraphError 401 (MS-003)."""
        claims = self._known.get(token) or self._verified(token)
        at = now.timestamp()
        if claims["generation"] != self.generation or not claims["nbf"] <= at < claims["exp"]:
            raise errors.bad_token("Lifetime validation failed, the token is expired.")
        return Grant(claims["appid"], frozenset(claims.get("roles", ())))

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._private_key.public_key(),
                algorithms=["RS256"],
                audience=AUDIENCE,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise errors.bad_token("Access token validation failure. Invalid token.") from None
        self._known[token] = claims
        return claims

    def forget_tokens(self) -> None:
        """Refuse every token given out so far."""
        self._known.clear()
        self.generation += 1


def _base64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
