"""Keys and certificates that people bring or have made here: what is wrong with one is said in one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509 import (
    Certificate,
    CertificateBuilder,
    Name,
    NameAttribute,
    load_pem_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

LEAST_BITS: Final = 2048
LIFE: Final = timedelta(days=730)
"""How long a certificate made here is good for; Entra and Salesforce take longer ones, and nobody remembers them."""
_BACKDATED: Final = timedelta(hours=1)
"""A service whose clock is a little behind ours takes it at once."""


class ConnectionRefused(ValueError):
    """What was given cannot be used; each line of the message names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, both PEM; the certificate may be shown to anybody."""

    private_key: str = field(repr=False)
    certificate: str


def make(name: str, now: datetime) -> KeyPair:
    """A new RSA key and a certificate that it signed itself, good for two years."""
    key = generate_private_key(public_exponent=65537, key_size=LEAST_BITS)
    subject = Name([NameAttribute(NameOID.COMMON_NAME, name)])
    builder = CertificateBuilder(subject, subject, key.public_key(), random_serial_number())
    signed = builder.not_valid_before(now - _BACKDATED).not_valid_after(now + LIFE).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private.decode(), signed.public_bytes(Encoding.PEM).decode())


def thumbprint(pem: str) -> str:
    """The SHA-1 fingerprint by which Entra and Salesforce show a certificate: '7F3A…C9', 40 characters."""
    digest = load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1())  # noqa: S303 - a name, not a proof
    return digest.hex().upper()


def private_key(pem: str, place: str) -> RSAPrivateKey:
    """The private key. Raises ConnectionRefused; no library's message is passed on, it may quote the key."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise ConnectionRefused(
            f"{place} is encrypted with a passphrase: store it without one, `openssl pkey -in OLD -out NEW`."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConnectionRefused(
            f"{place} holds no private key in PEM form: the file begins with “-----BEGIN PRIVATE KEY-----”."
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise ConnectionRefused(f"{place} is no RSA key, and no other kind is taken: make one with `openssl req`.")
    if key.key_size < LEAST_BITS:
        raise ConnectionRefused(f"{place} has {key.key_size} bits: make a key of at least {LEAST_BITS}.")
    return key


def certificate(pem: str, place: str, remedy: str) -> Certificate:
    """The certificate; `remedy`: what to do about one that has expired. Raises ConnectionRefused."""
    try:
        found = load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ConnectionRefused(
            f"{place} holds no certificate in PEM form: the file begins with “-----BEGIN CERTIFICATE-----”."
        ) from None
    if found.not_valid_after_utc <= datetime.now(UTC):
        raise ConnectionRefused(f"{place} expired on {found.not_valid_after_utc:%Y-%m-%d}: {remedy}")
    return found


def matching(certificate_pem: str, its_place: str, key_pem: str, key_place: str, remedy: str) -> Certificate:
    """The certificate, which belongs to the key. Raises ConnectionRefused."""
    found = certificate(certificate_pem, its_place, remedy)
    if found.public_key() != private_key(key_pem, key_place).public_key():
        raise ConnectionRefused(f"{key_place} is not the key of {its_place}: give the two that were made together.")
    return found
