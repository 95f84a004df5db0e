"""Who a mailbox is, asked once: id, address, zone, and a check that it exists (MS-009)."""

from __future__ import annotations

from collections.abc import Sequence

from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.errors import SERVICE, as_error
from backend.microsoft.moments import zone_name
from backend.microsoft.places import Places
from backend.microsoft.tags import literal, query
from backend.ports.errors import AccessLost, Malformed, ServiceError
from backend.ports.mailbox import MailboxIdentity


def ask(batches: Batches, places: Places) -> MailboxIdentity:
    """Directory entry and mailbox settings in one call. Raises AccessLost where there is no such user or mailbox."""
    user, settings = batches.read(identity_requests(places), "identity")
    return identity_of(user, settings)


def identity_requests(places: Places) -> list[Inner]:
    """The two requests whose outcomes tell who a mailbox is."""
    return [Inner("GET", f"{places.user}?$select=id,mail,userPrincipalName"), Inner("GET", places.settings)]


def identity_of(user: Outcome, settings: Outcome) -> MailboxIdentity:
    """Who answered. Raises AccessLost where there is no such user or mailbox, and whatever else was refused."""
    for outcome in (user, settings):
        if not outcome.ok:
            raise _no_mailbox() if outcome.missing else as_error(outcome.refusal)
    address = user.body.get("mail") or user.body.get("userPrincipalName")
    if not isinstance(address, str) or not isinstance(user.body.get("id"), str):
        raise Malformed("Microsoft Graph does not say whose mailbox this is.", service=SERVICE)
    return MailboxIdentity(user.body["id"], address, zone_name(settings.body.get("timeZone")) or "UTC")


def find(batches: Batches, address: str) -> str | None:
    """Id of the user who receives mail at an address that is not his principal name. One call.

    Raises AccessLost if several do.
    """
    (found,) = find_each(batches, [address])
    if isinstance(found, ServiceError):
        raise found
    return found


def find_each(batches: Batches, addresses: Sequence[str]) -> list[str | ServiceError | None]:
    """As `find`, for several addresses in one call for twenty; what would be raised is in the place of its address."""
    outcomes = batches.of_several([_by_mail(address) for address in addresses], "users.find")
    return [_found(address, outcome) for address, outcome in zip(addresses, outcomes, strict=True)]


def _by_mail(address: str) -> Inner:
    wanted = literal(address), literal(f"smtp:{address}")
    text = f"mail eq {wanted[0]} or proxyAddresses/any(p:p eq {wanted[1]})"
    return Inner("GET", query("/users", (("$filter", text), ("$select", "id"), ("$top", "2"))))


def _found(address: str, outcome: Outcome) -> str | ServiceError | None:
    if not outcome.ok:
        return as_error(outcome.refusal)
    users = outcome.body["value"]
    if len(users) > 1:
        remedy = "give the address to one of them."
        return AccessLost(
            f"Several users of Microsoft 365 receive mail at {address}: {remedy}",
            code="address_shared",
            service=SERVICE,
            remedy=remedy,
        )
    return str(users[0]["id"]) if users else None


def _no_mailbox() -> AccessLost:
    remedy = "correct it or remove the user from the configuration."
    return AccessLost(
        f"Microsoft 365 knows no mailbox with this address: {remedy}", code="no_mailbox", service=SERVICE, remedy=remedy
    )
