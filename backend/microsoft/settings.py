"""What is needed to reach one Microsoft 365 tenant with one registered application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

MICROSOFT_LOGIN_HOSTS: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
        "login.sovcloud-identity.fr",
        "login.sovcloud-identity.de",
        "login.sovcloud-identity.sg",
    }
)
"""Hosts that msal knows itself; for others it must not ask Microsoft's public host about them."""


@dataclass(frozen=True, slots=True)
class MicrosoftSettings:
    """One application in one tenant, with a secret or a certificate (PEM with its private key as PEM).

    login_url, graph_url: https addresses without path · ca_file: PEM file to trust instead of the public authorities.
    Raises ValueError, with the remedy, for what can never work.
    """

    login_url: str
    graph_url: str
    tenant: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def __post_init__(self) -> None:
        for name, address in (("sign-in", self.login_url), ("Graph", self.graph_url)):
            if urlsplit(address).scheme != "https":
                raise ValueError(f"Microsoft's {name} address must begin with https://, not {address!r}.")
        if not self.tenant.strip() or not self.client_id.strip():
            raise ValueError("Microsoft 365 needs the tenant id and the application (client) id of the registered app.")
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("A certificate needs its private key too: give both as PEM.")
        if (self.secret is None) == (self.certificate is None):
            raise ValueError(
                "Give either a client secret or a certificate with its private key, not both and not none."
            )

    @property
    def authority(self) -> str:
        """Address of the tenant's sign-in service."""
        return f"{self.login_url.rstrip('/')}/{self.tenant}"

    @property
    def scope(self) -> str:
        """All that the app was granted on this cloud's Graph (MS-001)."""
        return f"{self.graph_url.rstrip('/')}/.default"

    @property
    def known_to_microsoft(self) -> bool:
        """Whether the sign-in host is one of Microsoft's own."""
        return (urlsplit(self.login_url).hostname or "") in MICROSOFT_LOGIN_HOSTS

    def admin_consent_url(self, redirect_uri: str, state: str) -> str:
        """Page on which an administrator grants the app its permissions."""
        query = urlencode(
            {"client_id": self.client_id, "scope": self.scope, "redirect_uri": redirect_uri, "state": state}
        )
        return f"{self.authority}/v2.0/adminconsent?{query}"
