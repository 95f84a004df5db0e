"""The way in: one Salesforce organisation, with its tokens, allowance and field layouts, for one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from requests.adapters import BaseAdapter

from backend.domain.field_types import DescribedField
from backend.domain.values import Kind
from backend.ports.cache import UNSHARED, ServiceCache
from backend.ports.clock import Clock
from backend.ports.crm import NO_FIELDS, CrmUser
from backend.ports.metering import Meter
from backend.ports.readiness import Check
from backend.salesforce import checks, soql
from backend.salesforce.auth import App, Tokens
from backend.salesforce.budget import Budget
from backend.salesforce.client import Client, UserSignIn
from backend.salesforce.crm import SalesforceUser
from backend.salesforce.fields import Layouts, described_fields
from backend.salesforce.mapping import USER_FIELDS, user_of
from backend.salesforce.openid import OpenId
from backend.salesforce.organisation import SalesforceOrganisation
from backend.salesforce.rights import UserRights, rights_of
from backend.salesforce.transport import TIME_LIMITS, SalesforceSession, TimedSession


@dataclass(frozen=True, slots=True)
class SalesforceSettings:
    """How to reach an organisation.

    username: the integration user's · private_key: RSA key as PEM · ca: path of a PEM file to trust instead of the
    usual authorities · organisation_id: the organisation that has to answer, if it is known · time_limits: seconds to
    connect and to wait for an answer.
    """

    login_url: str
    audience: str
    consumer_key: str
    username: str
    private_key: str = field(repr=False)
    ca: str | None = None
    organisation_id: str | None = None
    time_limits: tuple[float, float] = TIME_LIMITS


class SalesforceConnection:
    """Shared by the threads of a process; what it gives out is for one thread each. Never share it over a fork.

    tokens, layouts: where other processes find our tokens and field layouts · connections: makes those of all users,
    instead of the library's own.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        clock: Clock,
        meter: Meter,
        sleep: Callable[[float], None] = time.sleep,
        *,
        tokens: ServiceCache = UNSHARED,
        layouts: ServiceCache = UNSHARED,
        connections: BaseAdapter | None = None,
    ) -> None:
        self._settings = settings
        self._meter = meter
        self._sleep = sleep
        self._layouts = Layouts(clock, layouts)
        self._connections = connections
        app = App(
            settings.login_url,
            settings.audience,
            settings.consumer_key,
            settings.private_key,
            settings.organisation_id,
        )
        sign_in = TimedSession(settings.ca, settings.time_limits)
        if connections is not None:
            sign_in.mount("https://", connections)
        self._tokens = Tokens(app, sign_in, clock, meter, tokens)
        self.people_sign_in = OpenId(app, sign_in, clock, meter)
        self.budget = Budget(clock)

    def organisation(self, *, events_since: date | None = None, urgent: bool = False) -> SalesforceOrganisation:
        """The integration user's view. `urgent` work goes on up to 85 % of the daily calls, other work to 70 %."""
        return SalesforceOrganisation(self._client(self._settings.username, urgent=urgent), self._layouts, events_since)

    def user(
        self,
        username: str,
        salesforce_id: str,
        *,
        urgent: bool = False,
        pointed: Callable[[], Mapping[Kind, Sequence[str]]] = lambda: NO_FIELDS,
    ) -> SalesforceUser:
        """Salesforce as this user. Nothing is asked before the first call. `pointed`: see SalesforceUser."""
        return SalesforceUser(self._client(username, urgent=urgent), self._layouts, salesforce_id, pointed)

    def fields(self, kind: Kind) -> tuple[DescribedField, ...]:
        """The fields of a kind's object as they are now, as the integration user sees them. One call."""
        return described_fields(self._client(self._settings.username, urgent=True), kind)

    def users(self) -> list[CrmUser]:
        """All users who may have a mailbox, by id; inactive ones too."""
        statement = soql.select(USER_FIELDS, "User", "UserType = 'Standard'", "Id")
        return [user_of(row) for row in self._client(self._settings.username, urgent=True).query([statement])[0]]

    def rights(self, user_id: str) -> UserRights | None:
        """What an active user may do in Salesforce; None: there is no such user. One call (LS-001, LS-002)."""
        return rights_of(self._client(self._settings.username, urgent=True), user_id)

    def check(self) -> list[Check]:
        """Whether the organisation is ready, in words for people."""
        return checks.run(self._client(self._settings.username, urgent=True), self._layouts, self.budget)

    def _client(self, username: str, *, urgent: bool) -> Client:
        sign_in = UserSignIn(self._tokens, username)
        session = SalesforceSession(
            sign_in,
            self.budget,
            self._meter,
            urgent=urgent,
            ca=self._settings.ca,
            time_limits=self._settings.time_limits,
        )
        if self._connections is not None:
            session.mount("https://", self._connections)
        return Client(session, sign_in, self._sleep)
