"""Connections for the pages without services: drafts go into the database, and an attempt ends as the test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from backend.ports.readiness import Check
from backend.storage import tables as t
from backend.storage.connections import Connections, Drafts
from backend.storage.credentials import KeyPair
from backend.storage.mailbox_tests import MailboxResult, MailboxTests
from backend.storage.secrets import Vault
from backend.web.connection_services import ConnectionServices, Trouble
from tests.fakes.certificates import key_pair

KEY = "V6nYQv1nqf0mXJ6m0cF7dN2cYV8b1yN0g4cQn0tY8nE="
TENANT = "3f512a6e-0d7c-4c57-9b0e-5c1f6f0ab7e0"
APPLICATION = "5d0c1f0e-6a41-4e8b-9a55-7be1d2a90c32"
ORGANISATION = "00D5g00000ABCDEEA4"
ADDRESS = "https://lockstep.example.com"


@dataclass(frozen=True)
class FakeAttempt:
    """How the next attempt ends."""

    problem: str = ""
    field: str = ""
    other: str = ""

    @property
    def connected(self) -> bool:
        return not self.problem and not self.other


@dataclass
class FakeClock:
    """The world's time."""

    read: Callable[[], datetime]

    def now(self) -> datetime:
        return self.read()


@dataclass
class FakeConnections:
    """`outcome` of the next attempts; `trouble` that checks meet; `done`: what was asked, without secrets."""

    engine: sa.Engine
    read: Callable[[], datetime]
    outcome: FakeAttempt = FakeAttempt()
    trouble: str = ""
    expected: str = TENANT
    done: list[tuple[object, ...]] = field(default_factory=list)
    secrets: list[Mapping[str, Any]] = field(default_factory=list)
    pair: KeyPair | None = None

    def __post_init__(self) -> None:
        vault, clock = Vault([KEY]), FakeClock(self.read)
        self.connections = Connections(self.engine, vault, clock)
        self.drafts = Drafts(self.engine, vault, clock)
        self.tests = MailboxTests(self.engine, clock)

    def services(self) -> ConnectionServices:
        return ConnectionServices(
            make_key=self.make_key, prepare=self.prepare, discard=self.drafts.remove, attempt=self.attempt,
            check=self.check, consent_address=self.consent_address, expected_tenant=lambda: self.expected,
            package=lambda: b"PK", begin_test=self.begin_test, stop_test=self.tests.stop, public_url=ADDRESS,
        )  # fmt: skip

    def make_key(self, service: str) -> None:
        made = key_pair(days=730)
        self.pair = KeyPair(made.private_key, made.certificate)
        draft = self.drafts.load(service)
        known = {"credential": "made", "certificate": made.certificate,
                 "certificate_ends": (self.read() + timedelta(days=730)).isoformat()}  # fmt: skip
        settings = {**(draft.settings if draft else {}), **known}
        self.drafts.save(service, settings, {"private_key": made.private_key, "certificate": made.certificate})

    def prepare(self, service: str, settings: Mapping[str, Any], secret: Mapping[str, Any] | None) -> None:
        if secret:
            self.secrets.append(secret)
        self.drafts.save(service, settings, secret or None)

    def attempt(self, service: str, switch: bool) -> FakeAttempt:
        self.done.append(("attempt", service, switch))
        draft = self.drafts.load(service)
        assert draft is not None
        found = FakeAttempt() if switch else self.outcome
        if not found.connected:
            self.drafts.checked(service, problem=found.problem, identity=found.other or None)
            return found
        self.use(service, draft.settings)
        self.drafts.remove(service)
        return found

    def use(self, service: str, settings: Mapping[str, Any], checks: Sequence[Check] = (), problem: str = "") -> None:
        """A connection that is in use."""
        self.connections.save(service, settings, {"secret": "unseen"})
        identity = ORGANISATION if service == "salesforce" else TENANT
        self.connections.checked(service, problem=problem, identity=identity, checks=checks)

    def check(self, service: str) -> None:
        self.done.append(("check", service))
        if self.trouble:
            raise Trouble(self.trouble)

    def consent_address(self, redirect: str, state: str) -> str:
        if self.drafts.load("microsoft") is None and self.connections.load("microsoft") is None:
            raise ValueError("Save tenant and application id first.")
        return f"https://login.example.com/{TENANT}/v2.0/adminconsent?redirect_uri={redirect}&state={state}"

    def begin_test(self, who: str, wanted: Sequence[str]) -> bool:
        self.done.append(("test", tuple(wanted)))
        return self.tests.begin(who, wanted)

    # --- for pictures and accessibility -------------------------------------------------------------------------

    def fill(self, found: Sequence[MailboxResult], *, running: bool = False) -> None:
        """Both sides connected with something to tell, and a test with these results."""
        self.use("salesforce", SALESFORCE, SALESFORCE_CHECKS)
        ends = (self.read() + timedelta(days=10)).isoformat()
        made = key_pair(days=730).certificate
        self.use("microsoft", {**MICROSOFT, "certificate": made, "certificate_ends": ends}, MICROSOFT_CHECKS)
        self.tests.begin("claire.dubois@example.com")
        state = self.tests.state()
        assert state is not None
        self.tests.expect(state, 248)
        self.tests.note(state, found)
        if not running:
            self.tests.end(state)
        with self.engine.begin() as connection:
            connection.execute(sa.update(t.connection).values(updated_at=self.read() - timedelta(days=269)))


SALESFORCE = {
    "login_url": "https://harrowpine.my.salesforce.com",
    "username": "lockstep.integration@harrowpine.example.com",
    "consumer_key": "3MVG9_example",
    "credential": "made",
}
SALESFORCE_CHECKS = (
    Check("Sign-in", True, f"lockstep.integration@harrowpine.example.com signs in to organisation {ORGANISATION}."),
    Check("API version", True, "Version 67.0 is offered."),
    Check("Lockstep_Key__c on Contact", True, "The field is there and can be written."),
    Check("Shared Activities", True, "On: an event can be related to several contacts."),
    Check("Person accounts", True, "Not used."),
    Check("Events over 24 hours", None, "Not known: the organisation has none.", "Allow multiday events in Setup."),
    Check("Daily allowance", True, "18420 of 45000 calls of the last 24 hours are used."),
)
MICROSOFT = {"tenant": TENANT, "client_id": APPLICATION, "reach": "chosen", "credential": "made"}
MICROSOFT_CHECKS = (
    Check("Sign-in", True, "The app signs in."),
    Check("Admin consent", True, "User.Read.All is granted."),
    Check("Mailboxes", None, "Entra grants Calendars.ReadWrite for every mailbox.", "Remove it in Entra."),
)
RESULTS = (
    MailboxResult("005000000000001AAA", "Sofia Marchetti", "sofia.marchetti@example.com", "access denied",
                  "Microsoft 365 refuses access to this mailbox: add it to the app's scope in Exchange; a change takes "
                  "up to two hours."),
    MailboxResult("005000000000002AAA", "Chidi Okafor", "sales@example.com", "address used by another user",
                  "Another Salesforce user has the same address. Change one of the two user records."),
    MailboxResult("005000000000003AAA", "Amélie Petit", "amelie.petit@example.com", "mailbox not found",
                  "Microsoft 365 knows no user with this address: correct the address."),
    MailboxResult("005000000000004AAA", "Wilhelmina Donaudampfschifffahrtsgesellschaftskapitänswitwe-Featherstonehaugh",
                  "wilhelmina.donaudampfschifffahrtsgesellschaft@longest-subdomain-of-all.harrowpine.example.com",
                  "not in an active configuration", "The mailbox answers. Assigned to no configuration."),
    MailboxResult("005000000000005AAA", "Oluwaseun Adeyemi", "seun.adeyemi@example.com", "connected",
                  "The mailbox of seun.adeyemi@example.com answers."),
    MailboxResult("005000000000006AAA", "مريم الفاسي", "", "no e-mail address",
                  "The user has no e-mail address in Salesforce: enter one there."),
)  # fmt: skip
