"""The door to Microsoft 365: one tenant, its users, their mailboxes, and the test of a connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from requests.adapters import BaseAdapter

from backend.microsoft import checks
from backend.microsoft.auth import ApplicationTokens
from backend.microsoft.batch import Batches
from backend.microsoft.checks import Reach
from backend.microsoft.delta import Lists
from backend.microsoft.mailbox import GraphMailbox
from backend.microsoft.mailbox_test import Check, MailboxTest
from backend.microsoft.settings import MicrosoftSettings
from backend.microsoft.tags import query
from backend.microsoft.tenant import tenant_id
from backend.microsoft.throttle import GLOBAL_BURST, GLOBAL_RATE, Gate, TokenBucket
from backend.microsoft.transport import ServiceSession, Transport
from backend.ports.cache import UNSHARED, ServiceCache
from backend.ports.metering import Meter
from backend.ports.readiness import Check as ReadinessCheck

_USER_FIELDS: Final = "id,displayName,mail,userPrincipalName,accountEnabled,userType"


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A user of the tenant; `address` is the mail address, else the user principal name."""

    id: str
    name: str
    address: str
    enabled: bool
    is_guest: bool


class MicrosoftConnection:
    """One tenant. Makes no request by itself; counts into `meter`; keeps the limits of every mailbox it opened.

    `sleep` waits some seconds, where the service asks for it · `tokens`: where other processes find our tokens ·
    `connections`: makes them, instead of the library's own.
    """

    def __init__(
        self,
        settings: MicrosoftSettings,
        meter: Meter,
        *,
        sleep: Callable[[float], None] = time.sleep,
        tokens: ServiceCache = UNSHARED,
        connections: BaseAdapter | None = None,
    ) -> None:
        self.tokens = ApplicationTokens(settings, meter, tokens, connections)
        self._sleep = sleep
        self._settings = settings
        session = ServiceSession(settings.ca_file)
        if connections is not None:
            session.mount("https://", connections)
        self._session = session
        self._transport = Transport(settings.graph_url, self.tokens, session, meter, sleep)
        self._everyone = TokenBucket(GLOBAL_BURST, GLOBAL_RATE)
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def mailbox(self, user: str) -> GraphMailbox:
        """The mailbox of a user by object id, principal name or mail address (see GraphMailbox)."""
        return GraphMailbox(self._transport, self._gate(user), user)

    def users(self) -> Iterator[DirectoryUser]:
        """Every user of the tenant, mailbox or not. Raises AccessLost."""
        first = query("/users", (("$select", _USER_FIELDS), ("$top", "999")))
        for rows in Lists(self._transport, self._gate("")).rows(first, "users.list", (999,)):
            yield from (_user(row) for row in rows)

    def check(self, address: str | None) -> Check:
        """Whether a user can be synced: reads his settings, calendar and contact folders, writes nothing (LS-021)."""
        (found,) = self.test([address])
        return found

    def test(self, addresses: Sequence[str | None]) -> Iterator[Check]:
        """As `check`, for many, in their order: a few calls for ten people."""
        return MailboxTest(self.tokens, Batches(self._transport, self._gate(""))).results(addresses)

    def tenant_id(self) -> str:
        """The id of the tenant that was given by its id or one of its domains. Raises AccessLost, Transient."""
        return tenant_id(self._settings, self._session)

    def ready(self, reach: Reach) -> list[ReadinessCheck]:
        """Whether the application is ready, in words for people; `reach`: which mailboxes it is meant to open."""
        return checks.run(self.tokens, Lists(self._transport, self._gate("")), reach)

    def _gate(self, user: str) -> Gate:
        with self._lock:
            return self._gates.setdefault(user.casefold(), Gate(self._everyone, sleep=self._sleep))


def _user(row: dict[str, Any]) -> DirectoryUser:
    return DirectoryUser(
        id=row["id"],
        name=row.get("displayName") or "",
        address=row.get("mail") or row.get("userPrincipalName") or "",
        enabled=row.get("accountEnabled") is not False,
        is_guest=(row.get("userType") or "").casefold() == "guest",
    )
