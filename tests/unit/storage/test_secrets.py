"""Encryption at rest and rotation of keys."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from backend.storage.secrets import SecretUnreadable, Vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = {"private_key": "-----BEGIN", "ü": 1}


def test_a_secret_is_unreadable_where_it_lies() -> None:
    stored = Vault([OLD]).close(SECRET)
    assert b"BEGIN" not in stored
    assert Vault([OLD]).open(stored, "salesforce") == SECRET


def test_a_secret_closed_with_an_older_key_opens_while_that_key_is_there() -> None:
    stored = Vault([OLD]).close(SECRET)
    assert Vault([NEW, OLD]).open(stored, "salesforce") == SECRET


def test_a_renewed_secret_needs_only_the_new_key() -> None:
    stored = Vault([NEW, OLD]).renewed(Vault([OLD]).close(SECRET), "salesforce")
    assert Vault([NEW]).open(stored, "salesforce") == SECRET


@pytest.mark.parametrize("stored", [Vault([OLD]).close(SECRET), b"rubbish"], ids=["other key", "rubbish"])
def test_a_secret_without_its_key_says_what_to_do(stored: bytes) -> None:
    message = (
        "The stored secret of salesforce cannot be opened with the present keys: put the former key back into "
        "LOCKSTEP_ENCRYPTION_KEYS, or run `lockstep connect salesforce` again."
    )
    with pytest.raises(SecretUnreadable) as opened:
        Vault([NEW]).open(stored, "salesforce")
    with pytest.raises(SecretUnreadable) as renewed:
        Vault([NEW]).renewed(stored, "salesforce")
    assert str(opened.value) == str(renewed.value) == message


def test_a_vault_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one encryption key"):
        Vault([])
