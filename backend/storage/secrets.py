"""Encryption at rest: Fernet keys, newest first; older ones still open what they closed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SecretUnreadable(Exception):
    """A stored secret was closed with a key that is not among the present ones; one sentence with the remedy."""


class Vault:
    """Closes and opens secrets. `keys`: Fernet keys as text, the newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("at least one encryption key is needed")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def close(self, secret: Mapping[str, Any]) -> bytes:
        """A secret as it may be stored."""
        return self._fernet.encrypt(json.dumps(dict(secret)).encode())

    def open(self, stored: bytes, of: str) -> dict[str, Any]:
        """The secret again; `of` names its owner in the message. Raises SecretUnreadable."""
        try:
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(stored))
        except InvalidToken:
            raise _unreadable(of) from None
        return opened

    def renewed(self, stored: bytes, of: str) -> bytes:
        """The same secret closed with the newest key. Raises SecretUnreadable."""
        try:
            return self._fernet.rotate(stored)
        except InvalidToken:
            raise _unreadable(of) from None


def _unreadable(of: str) -> SecretUnreadable:
    return SecretUnreadable(
        f"The stored secret of {of} cannot be opened with the present keys: "
        f"put the former key back into LOCKSTEP_ENCRYPTION_KEYS, or run `lockstep connect {of}` again."
    )
