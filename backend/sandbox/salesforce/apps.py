"""The connected app, and the tokens it was given."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class ConnectedApp:
    """An External Client App with its policies. The private key is here so that clients of the sandbox can have it."""

    client_id: str
    client_secret: str
    private_key: str
    certificate: str
    callback_urls: list[str] = field(default_factory=lambda: ["http://localhost:8000/auth/salesforce/callback"])
    installed: bool = True  # else nobody new gets in (SF-019)
    preauthorized: bool = True  # all users are admin-approved; else only those in `approved` (SF-005)
    approved: set[str] = field(default_factory=set)
    rotation: bool = True  # a refresh token works once (SF-009)
    require_pkce: bool = True
    run_as: str | None = None  # user id of the client credentials flow (SF-008); None: the flow is off
    id_key: rsa.RSAPrivateKey = field(default_factory=_new_key, repr=False)  # signs id tokens; `/id/keys` publishes it

    @classmethod
    def register(cls) -> Self:
        """An app with a new key, its certificate uploaded."""
        key = _new_key()
        return cls(
            client_id="3MVG9" + secrets.token_hex(20),
            client_secret=secrets.token_hex(32).upper(),
            private_key=key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode("ascii"),
            certificate=_certificate(key),
        )

    def as_registered(self) -> Self:
        """The same app with its policies as at the beginning."""
        return replace(self, callback_urls=list(self.callback_urls), installed=True, preauthorized=True,
                       approved=set(), rotation=True, require_pkce=True, run_as=None)  # fmt: skip

    def public_key(self) -> str:
        """The key of the uploaded certificate, as PEM."""
        key = x509.load_pem_x509_certificate(self.certificate.encode("ascii")).public_key()
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_bytes(serialization.Encoding.PEM, info).decode("ascii")

    def lets_in(self, user_id: str) -> bool:
        """Whether the user is approved for this app (SF-005, SF-019)."""
        return user_id in self.approved or (self.preauthorized and self.installed)


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lockstep sandbox app")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


@dataclass
class Session:
    """An access token. `rest` is false where a session policy closes the REST API to it (SF-018)."""

    user_id: str
    used: datetime
    refresh_token: str | None = None
    rest: bool = True


@dataclass(frozen=True)
class Code:
    """An authorization code, good for one exchange within 15 minutes."""

    user_id: str
    redirect_uri: str
    challenge: str
    scopes: str
    made: datetime
    nonce: str = ""


class Tokens:
    """Access tokens, refresh tokens and authorization codes that are out."""

    def __init__(self, org_id: str) -> None:
        self._prefix = org_id[:15] + "!AQ"
        self.sessions: dict[str, Session] = {}
        self.codes: dict[str, Code] = {}
        self._current: dict[str, str] = {}  # refresh token -> user id
        self._used: dict[str, str] = {}  # refresh token that was used up -> the one that replaced it

    def open_session(self, user_id: str, now: datetime, refresh_token: str | None = None) -> str:
        """A new access token."""
        token = self._prefix + secrets.token_urlsafe(48)
        self.sessions[token] = Session(user_id, now, refresh_token)
        return token

    def session(self, token: str, now: datetime, lifetime: float) -> Session | None:
        """The session of a token, whose life starts anew with each use; None when it is dead."""
        session = self.sessions.get(token)
        if session is None:
            return None
        if now - session.used > timedelta(seconds=lifetime):
            del self.sessions[token]
            return None
        session.used = now
        return session

    def new_refresh_token(self, user_id: str) -> str:
        """A refresh token for a user."""
        token = "5Aep" + secrets.token_urlsafe(48)
        self._current[token] = user_id
        return token

    def refresh(self, token: str, *, rotation: bool) -> tuple[str, str] | None:
        """User and refresh token to go on with. A used one kills its successor and that one's sessions (SF-009)."""
        if token in self._used:
            self.revoke(self._latest(token))
            return None
        user_id = self._current.get(token)
        if user_id is None:
            return None
        if not rotation:
            return user_id, token
        del self._current[token]
        fresh = self.new_refresh_token(user_id)
        self._used[token] = fresh
        for session in self.sessions.values():
            if session.refresh_token == token:
                session.refresh_token = fresh
        return user_id, fresh

    def _latest(self, token: str) -> str:
        while token in self._used:
            token = self._used[token]
        return token

    def revoke(self, token: str) -> bool:
        """End an access token, or a refresh token and its sessions; False when it was not known."""
        if self.sessions.pop(token, None):
            return True
        self.sessions = {key: s for key, s in self.sessions.items() if s.refresh_token != token}
        return self._current.pop(token, None) is not None
