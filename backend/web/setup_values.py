"""What has to be typed or run on the other side, exactly, with what is known filled in (look and feel, 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import url_for

from backend.web.services import services
from backend.web.words import say

if TYPE_CHECKING:
    from backend.web.connections import Side

GROUP: Final = "Lockstep people"
DIRECTORY_ROLE: Final = "User.Read.All"
MAILBOX_ROLES: Final = ("Calendars.ReadWrite", "Contacts.ReadWrite", "MailboxSettings.Read")
SALESFORCE_SCOPES: Final = (
    (say("Manage user data via APIs"), "api"),
    (say("Perform requests at any time"), "refresh_token, offline_access"),
    (say("Access unique user identifiers, for signing in to these pages"), "openid"),
)
PERMISSION_SET: Final = "Lockstep"


@dataclass(frozen=True, slots=True)
class Values:
    """callback: where people come back to who sign in with Salesforce · redirect: where Microsoft sends an
    administrator back · usable: whether Microsoft takes that address.
    """

    callback: str
    redirect: str
    usable: bool
    roles: tuple[str, ...]
    scopes: tuple[tuple[str, str], ...]
    commands: str


def redirect_address() -> str:
    """Where the administrator comes back to after his consent."""
    return f"{services().connections.public_url}/connections/microsoft/return"


def values_for(shown: Side) -> Values:
    """Everything to copy, for one side."""
    address = services().connections.public_url
    parts = urlsplit(address)
    everyone = shown.settings.get("reach") == "everyone"
    return Values(
        callback=f"{address}{url_for('salesforce_sign_in.callback')}",
        redirect=redirect_address(),
        usable=parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1"),
        roles=(DIRECTORY_ROLE, *MAILBOX_ROLES) if everyone else (DIRECTORY_ROLE,),
        scopes=SALESFORCE_SCOPES,
        commands=exchange_commands(shown.settings),
    )


def exchange_commands(settings: dict[str, Any]) -> str:
    """PowerShell that opens the members of one group to the app, and nobody else (MS-008)."""
    app = settings.get("client_id") or "<application id>"
    roles = ", ".join(f'"Application {role}"' for role in MAILBOX_ROLES)
    return "\n".join((
        "Connect-ExchangeOnline",
        f"New-ServicePrincipal -AppId {app} -ObjectId <object id of the enterprise application> -DisplayName Lockstep",
        f'$group = (Get-DistributionGroup -Identity "{GROUP}").DistinguishedName',
        f'New-ManagementScope -Name "{GROUP}" -RecipientRestrictionFilter "MemberOfGroup -eq \'$group\'"',
        f"foreach ($role in {roles}) {{",
        f'  New-ManagementRoleAssignment -App {app} -Role $role -CustomResourceScope "{GROUP}"',
        "}",
    ))  # fmt: skip
