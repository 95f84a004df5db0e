"""Which mailbox is a person's, and that it is still the one that was synced so far (docs/sync.md G)."""

from __future__ import annotations

from collections.abc import Iterable

from backend.microsoft.directory import MicrosoftConnection
from backend.microsoft.mailbox import GraphMailbox
from backend.microsoft.mailbox_test import NO_MAILBOX
from backend.ports.errors import AccessLost, ServiceError
from backend.storage.people import People
from backend.sync.state import UserView


class MailboxMoved(AccessLost):
    """Another mailbox answers at a person's address: what it lacks was not deleted, and nobody may conclude that."""

    def __init__(self, address: str) -> None:
        remedy = (
            "If it is right, have the pairs found again there with "
            f"`lockstep reset --user {address}` (deletes nothing); else correct the address in Salesforce."
        )
        happened = f"Another mailbox answers at {address} than the one synced so far. Nothing is read or written."
        super().__init__(
            f"{happened} {remedy}", code="mailbox_moved", service="microsoft", subject="user", remedy=remedy
        )


def mailbox_of(user: UserView, microsoft: MicrosoftConnection, people: People) -> GraphMailbox:
    """The user's mailbox: by its id, which never changes, unless his address is another than it was found by.

    Raises AccessLost.
    """
    if user.mailbox_id is not None and is_known(user):
        return microsoft.mailbox(user.mailbox_id)
    return _found(user, microsoft, people)


def is_known(user: UserView) -> bool:
    """Whether the mailbox is the one that was found by the user's present address."""
    return user.mailbox_id is not None and user.mailbox_address == user.address


def look_for(user: UserView, trouble: Iterable[ServiceError], microsoft: MicrosoftConnection, people: People) -> None:
    """Where a known mailbox is no longer there, says so if another one answers at its address. Raises AccessLost."""
    if user.mailbox_id is not None and any(_no_longer_there(error) for error in trouble):
        _found(user, microsoft, people)


def _found(user: UserView, microsoft: MicrosoftConnection, people: People) -> GraphMailbox:
    mailbox = microsoft.mailbox(user.address)
    identity = mailbox.identity()
    if user.mailbox_id not in (None, identity.id):
        raise MailboxMoved(user.address)
    people.remember_mailbox(user.user_id, identity.id, identity.zone, user.address)
    return mailbox


def _no_longer_there(error: ServiceError) -> bool:
    return isinstance(error, AccessLost) and error.code.casefold() in NO_MAILBOX
