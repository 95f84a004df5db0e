"""The two services and the people between them, as the page works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from backend.sandbox.microsoft import zones
from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.microsoft.tenant import Tenant
from backend.sandbox.microsoft.web import GraphService
from backend.sandbox.salesforce.org import Org
from backend.sandbox.salesforce.standin import StandIn
from backend.sandbox.salesforce.values import moment
from backend.sandbox.world import Person, World

if TYPE_CHECKING:
    from backend.sandbox.server import Sandbox

FRESH = timedelta(seconds=5)
STAMPS = timedelta(seconds=1)  # Salesforce's stamps drop the fraction of the second


@dataclass(frozen=True)
class Stage:
    """A sandbox that has both services. Hold the world's lock while using what it gives."""

    sandbox: Sandbox
    salesforce: StandIn
    microsoft: GraphService

    @classmethod
    def of(cls, sandbox: Sandbox) -> Stage | None:
        """The stage of a sandbox, or None where one of the services is not in it."""
        salesforce, microsoft = sandbox.services.get("salesforce"), sandbox.services.get("microsoft")
        if isinstance(salesforce, StandIn) and isinstance(microsoft, GraphService):
            return cls(sandbox, salesforce, microsoft)
        return None

    @property
    def world(self) -> World:
        """Clock, faults, calls, mail and people."""
        return self.sandbox.world

    @property
    def org(self) -> Org:
        """The organisation; another one after each reset."""
        return self.salesforce.org

    @property
    def tenant(self) -> Tenant:
        """The tenant with the mailboxes."""
        return self.microsoft.tenant

    def person(self, key: str) -> Person | None:
        """The person of that key."""
        return next((person for person in self.world.people if person.key == key), None)

    def mailbox(self, person: Person) -> Mailbox:
        """The person's mailbox. Raises KeyError after it was removed."""
        return self.tenant.mailbox(person.microsoft_id)

    def now(self, person: Person) -> datetime:
        """The services' time on the person's clock: naive, in the person's zone."""
        return zones.to_local(self.world.clock.now(), person.time_zone)

    def is_fresh(self, modified: datetime, tolerance: timedelta = timedelta()) -> bool:
        """Whether something was changed within the last 5 seconds, and by more than the planting of the seed."""
        clock = self.world.clock
        set_back = timedelta(seconds=min(0.0, clock.offset_seconds))
        if modified <= self.sandbox.planted_at + set_back:
            return False
        return timedelta() <= clock.now() - modified <= FRESH + tolerance

    def is_fresh_row(self, stamp: str) -> bool:
        """`is_fresh` for Salesforce's SystemModstamp."""
        lag = timedelta(seconds=self.org.settings.commit_lag)
        return self.is_fresh(moment(stamp) + lag, STAMPS)


def monday_of(day: date) -> date:
    """The first day of the week that the page opens with: on a weekend the next one."""
    back = timedelta(days=day.weekday())
    return day - back if day.weekday() < 5 else day - back + timedelta(days=7)
