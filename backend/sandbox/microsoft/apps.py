"""Applications registered in the tenant: secrets, certificates, consent and mailbox scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509

# What the application asks for in its registration; admin consent grants it.
DEFAULT_ROLES = ("Calendars.ReadWrite", "Contacts.ReadWrite", "MailboxSettings.Read", "User.Read.All")
MAILBOX_ROLES = frozenset(
    f"{area}.{right}" for area in ("Calendars", "Contacts", "MailboxSettings") for right in ("Read", "ReadWrite")
)


@dataclass
class Secret:
    """A client secret; after `expires` it answers 7000222."""

    id: str
    value: str
    expires: datetime


@dataclass(frozen=True)
class Scope:
    """A role that Exchange grants for some mailboxes only, between two moments (RBAC for Applications)."""

    role: str
    mailboxes: frozenset[str]
    since: datetime
    until: datetime | None = None

    def covers(self, roles: frozenset[str], mailbox: str, now: datetime) -> bool:
        """Whether one of the roles holds for a mailbox now."""
        in_time = self.since <= now and (self.until is None or now < self.until)
        return in_time and self.role in roles and mailbox in self.mailboxes


@dataclass(eq=False)
class App:
    """An application. `requested` is what consent would grant, `granted` what Entra has granted."""

    id: str
    name: str
    requested: frozenset[str] = frozenset(DEFAULT_ROLES)
    granted: frozenset[str] = frozenset()
    redirect_uris: list[str] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    certificates: list[x509.Certificate] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    enabled: bool = True

    def register_certificate(self, pem: str) -> None:
        """Accept assertions signed with this certificate's key. Raises ValueError for no certificate."""
        self.certificates.append(x509.load_pem_x509_certificate(pem.encode("ascii")))

    def consent(self, roles: Iterable[str] | None = None) -> None:
        """Grant roles for the whole tenant (default: all requested), as an administrator does."""
        self.granted |= frozenset(self.requested if roles is None else roles)

    def revoke(self, roles: Iterable[str] | None = None) -> None:
        """Take roles away (default: all); tokens already given out keep theirs until they expire."""
        self.granted -= frozenset(self.granted if roles is None else roles)

    def restrict(self, mailboxes: Iterable[str], since: datetime) -> None:
        """Give the mailbox roles through Exchange, for these mailboxes only, instead of through consent."""
        chosen = frozenset(mailboxes)
        ending = [replace(scope, until=since) for scope in self.scopes if scope.until is None]
        over = [scope for scope in self.scopes if scope.until is not None]
        added = [Scope(role, chosen, since) for role in sorted(self.requested & MAILBOX_ROLES)]
        self.scopes = over + ending + added
        self.granted -= MAILBOX_ROLES

    def may(self, token_roles: frozenset[str], needed: Iterable[str], mailbox: str, now: datetime) -> bool:
        """Whether a mailbox may be used: by tenant-wide consent, or by a scope in effect. Grants add up."""
        wanted = frozenset(needed)
        return bool(wanted & token_roles) or any(scope.covers(wanted, mailbox, now) for scope in self.scopes)
