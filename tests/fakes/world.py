"""The world that a run sees: several mailboxes, one Salesforce organisation, one clock, and what was ever done.

Nothing here knows the engine. People act through `Account` and `Org`; the engine acts through the ports in
`fake_mailbox` and `fake_salesforce`, and every write of it stands in `writes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from backend.domain.values import Kind, Side, Values
from backend.ports.answers import Op
from backend.ports.errors import AccessLost, ServiceError, Transient, Unclear
from tests.fakes.account import Account
from tests.fakes.fuel import Fuel
from tests.fakes.org import Org

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that moves when something happens. A quarter of a second per touch, so that stamps can be equal."""

    moment: datetime = START

    def now(self) -> datetime:
        """The present moment."""
        return self.moment

    def tick(self) -> datetime:
        """Time goes on a little."""
        return self.advance(timedelta(milliseconds=250))

    def advance(self, by: timedelta) -> datetime:
        """Time goes on."""
        self.moment += by
        return self.moment


@dataclass(frozen=True)
class Mail:
    """A message that a provider would have sent because of a write through the API."""

    sender: str
    recipients: tuple[str, ...]
    cause: str


@dataclass(frozen=True)
class ApiWrite:
    """One write of the engine as it arrived: what it asked for and what stood there just before."""

    side: Side
    owner: str
    kind: Kind
    op: Op
    target: str | None
    key: UUID | None
    values: Values
    before: Values = field(default_factory=dict)
    original_start: str = ""


@dataclass
class Fault:
    """The nth call from now of an operation (`mailbox.write`, `crm.fetch`, …) fails in a given way.

    `busy`: refused with a wait in seconds · `lost`: applied, then the answer is lost · `unsent`: not applied, the
    answer is lost · `half`: the first half of a batch is applied, then the answer is lost · `access`: nobody answers.
    """

    operation: str
    kind: str
    nth: int = 1

    def error(self) -> ServiceError:
        """What the caller sees."""
        if self.kind == "busy":
            return Transient("The service is busy. It is tried again by itself.", code="429", retry_after=1.0)
        if self.kind == "access":
            return AccessLost("The mailbox no longer answers. Ask an admin to grant access again.", code="403")
        return Unclear("The connection broke before the answer came.", code="lost")


@dataclass
class Person:
    """Somebody who syncs: a Salesforce user with a mailbox."""

    user_id: int
    address: str
    crm_user_id: str


@dataclass
class FakeWorld:
    """Everything outside the engine."""

    clock: FakeClock = field(default_factory=FakeClock)
    fuel: Fuel = field(default_factory=Fuel)
    outbox: list[Mail] = field(default_factory=list)
    writes: list[ApiWrite] = field(default_factory=list)
    watchers: list[Callable[[ApiWrite], None]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    people: dict[int, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    org: Org = field(init=False)

    def __post_init__(self) -> None:
        self.org = Org(self.clock)

    @classmethod
    def of(cls, users: int = 1) -> FakeWorld:
        """A world with so many people who sync, ids from 1."""
        world = cls()
        for user_id in range(1, users + 1):
            world.join(user_id)
        return world

    def join(self, user_id: int) -> Person:
        """One more person who syncs."""
        person = Person(user_id, f"user{user_id}@example.com", f"005{user_id:015d}")
        self.people[user_id] = person
        self.account(person.address)
        self.org.hire(person.crm_user_id, person.address)
        return person

    def account(self, address: str) -> Account:
        """The mailbox of an address; anybody's, also of people who do not sync."""
        if address not in self.accounts:
            self.accounts[address] = Account(address, self.clock, self.accounts)
        return self.accounts[address]

    def mailbox_of(self, user_id: int) -> Account:
        """A person's mailbox as its owner sees it."""
        return self.account(self.people[user_id].address)

    # --- what the ports tell ------------------------------------------------------------------------------------

    def fault(self, operation: str) -> Fault | None:
        """The fault that strikes this call, if any; taken off the list."""
        for fault in self.faults:
            if fault.operation == operation:
                fault.nth -= 1
                if fault.nth == 0:
                    self.faults.remove(fault)
                    return fault
        return None

    def about_to(self, write: ApiWrite) -> None:
        """A write of the engine is going to take effect."""
        for watcher in self.watchers:
            watcher(write)
        self.writes.append(write)

    def mail(self, sender: str, recipients: Sequence[str], cause: str) -> None:
        """The provider mails people because of a write of the engine."""
        self.outbox.append(Mail(sender, tuple(recipients), cause))
