"""Who a mailbox is, asked once: id, address, zone, and a check that it exists (MS-009)."""

from __future__ import annotations

from backend.microsoft.batch import Batches, Inner
from backend.microsoft.errors import SERVICE, as_error
from backend.microsoft.moments import zone_name
from backend.microsoft.places import Places
from backend.ports.errors import AccessLost, Malformed
from backend.ports.mailbox import MailboxIdentity


def ask(batches: Batches, places: Places) -> MailboxIdentity:
    """Directory entry and mailbox settings in one call. Raises AccessLost where there is no such user or mailbox."""
    user, settings = batches.read(
        [Inner("GET", f"{places.user}?$select=id,mail,userPrincipalName"), Inner("GET", places.settings)], "identity"
    )
    for outcome in (user, settings):
        if not outcome.ok:
            raise _no_mailbox() if outcome.missing else as_error(outcome.refusal)
    address = user.body.get("mail") or user.body.get("userPrincipalName")
    if not isinstance(address, str) or not isinstance(user.body.get("id"), str):
        raise Malformed("Microsoft Graph does not say whose mailbox this is.", service=SERVICE)
    return MailboxIdentity(user.body["id"], address, zone_name(settings.body.get("timeZone")) or "UTC")


def _no_mailbox() -> AccessLost:
    return AccessLost(
        "Microsoft 365 knows no mailbox with this address: correct it or remove the user from the configuration.",
        code="no_mailbox",
        service=SERVICE,
    )
