"""Keys and certificates as an administrator makes them with openssl."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class KeyPair:
    """A private key and a certificate for it, both PEM."""

    private_key: str
    certificate: str


def key_pair(days: float = 1) -> KeyPair:
    """A new pair whose certificate ends so many days from now; it began ten days before that."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    end = datetime.now(UTC) + timedelta(days=days)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lockstep")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = builder.not_valid_before(end - timedelta(days=10)).not_valid_after(end).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private.decode(), certificate.public_bytes(Encoding.PEM).decode())
