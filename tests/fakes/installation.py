"""A real installation for tests: `Lockstep` on a migrated database, connected to a sandbox over https.

People act through the sandbox (`Desk`); what it counted, and what anybody reads from it by raw requests, is the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import requests
import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.microsoft import auth
from backend.sandbox.faults import Rule, Target
from backend.sandbox.world import Person, World
from backend.storage import tables
from backend.storage.views.error_report import error_rows
from backend.sync.report import RunReport
from backend.wiring import MICROSOFT, SALESFORCE, Lockstep
from tests.fakes.databases import EVERYTHING
from tests.fakes.salesforce_client import Api, Standin
from tests.fakes.stage import Stage

LAPS = 4


@dataclass
class ServiceClock:
    """The services' clock, so that shifting it shifts ours."""

    world: World

    def now(self) -> datetime:
        """See Clock."""
        return self.world.clock.now()


@dataclass(frozen=True)
class Standing:
    """What the pages tell of a person."""

    state: str
    reason: str
    remedy: str
    syncs: bool
    because: str
    error: str
    """Of his last run."""
    run_remedy: str


@dataclass
class Installation:
    """One installation and the sandbox it is connected to. `waited`: seconds that it was told to wait."""

    stage: Stage
    lockstep: Lockstep = field(init=False)
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> Lockstep:
        """A fresh process: nothing is remembered but what is stored."""
        auth._applications.clear()  # msal's own memory
        self.lockstep = Lockstep(self.stage.config, ServiceClock(self.stage.world), self.waited.append)
        return self.lockstep

    @property
    def world(self) -> World:
        """Faults, calls, outbox and people of the sandbox."""
        return self.stage.world

    @property
    def org(self) -> Any:
        """What the administrator and people at Salesforce do."""
        return self.stage.org

    @property
    def tenant(self) -> Any:
        """What the administrator at Microsoft does."""
        return self.stage.tenant

    def box(self, person: Person) -> Any:
        """A person's mailbox, as its owner uses it."""
        return self.stage.mailbox(person)

    def write_card(self, person: Person, first: str, last: str, **more: Any) -> str:
        """The owner makes a contact in the synced folder; its id."""
        return str(self.box(person).create_contact(card(first, last, **more), self.stage.contact_folder(person)))

    def cards(self, person: Person) -> list[dict[str, Any]]:
        """The contacts in the synced folder, as their owner sees them."""
        found: list[dict[str, Any]] = self.box(person).contacts(self.stage.contact_folder(person))
        return found

    # --- set-up -------------------------------------------------------------------------------------------------

    def connect_salesforce(self, **changes: Any) -> None:
        """Stores the Salesforce connection; `changes` replace what the sandbox tells."""
        told = self.stage.sandbox.credentials()["salesforce"]
        found = {
            "login_url": told["login_url"],
            "audience": told["login_url"],
            "consumer_key": told["client_id"],
            "username": told["integration_username"],
            "private_key": told["private_key"],
            **changes,
        }
        key = found.pop("private_key")
        self.lockstep.connections.save(SALESFORCE, found, {"private_key": key})

    def connect_microsoft(self, secret: dict[str, str] | None = None, **changes: Any) -> None:
        """Stores the Microsoft 365 connection; `secret` instead of the sandbox's client secret."""
        told = self.stage.sandbox.credentials()["microsoft"]
        found = {
            "login_url": told["login_url"],
            "graph_url": told["graph_url"],
            "tenant": told["tenant_id"],
            "client_id": told["client_id"],
            **changes,
        }
        self.lockstep.connections.save(MICROSOFT, found, secret or {"secret": told["client_secret"]})

    def assign(self, settings: Configuration = EVERYTHING, *people: Person) -> None:
        """Assigns a configuration to these people, or to everybody."""
        names = [one.salesforce_username for one in people or self.world.people]
        with self.lockstep.configurations.editing() as editor:
            editor.save(settings)
            editor.assign(settings.name, usernames=names)

    # --- passes -------------------------------------------------------------------------------------------------

    def id_of(self, person: Person) -> int:
        """The person's number here."""
        found = self.lockstep.people.find(person.salesforce_username)
        assert found is not None, f"{person.salesforce_username} is not known here"
        return found

    def read(self, *, full: bool = False) -> int:
        """One reading of the organisation that has to succeed."""
        rows = self.lockstep.read_organisation(full=full)
        assert rows is not None, self.lockstep.organisation.state().problem
        return rows

    def sync(self, person: Person, *, dry_run: bool = False) -> RunReport:
        """One pass of one person."""
        return self.lockstep.sync_user(self.id_of(person), "test", dry_run=dry_run)

    def cycle(self) -> dict[str, RunReport]:
        """The organisation is read, then everybody who syncs has a pass; reports by the person's key."""
        self.read()
        syncing = {user.crm_user_id for user in self.lockstep.store.users()}
        return {one.key: self.sync(one) for one in self.world.people if one.salesforce_id in syncing}

    def settle(self) -> None:
        """Cycles until nothing is left to do; another one must then write nothing (INV-7)."""
        for _ in range(LAPS):
            reports = self.cycle()
            bad = {key: report.problem for key, report in reports.items() if report.outcome not in ("ok", "held")}
            assert not bad, bad
            if not any(report.planned or report.written for report in reports.values()):
                break
        else:
            steps = [f"{step.verb.name} {step.title}: {step.rule}" for one in reports.values() for step in one.steps]
            raise AssertionError(f"not settled after {LAPS} cycles: {steps}")
        with self.watched() as writes:
            again = self.cycle()
        assert writes == Counter()
        assert not any(report.planned or report.written for report in again.values())

    @contextmanager
    def watched(self) -> Iterator[Counter[str]]:
        """The sandbox's own count of writes that arrive meanwhile, by service and operation."""
        writes: Counter[str] = Counter()

        def note(target: Target) -> None:
            if target.operation not in ("batch", "token", "discovery"):
                writes[f"{target.service} {target.operation}"] += 1

        rules = self.world.faults.rules()
        self.world.faults.replace([*rules, Rule("hook", only="write", hook=note)])
        try:
            yield writes
        finally:
            self.world.faults.replace(rules)

    def soon(self, days: float = 2) -> datetime:
        """A full hour some days from now, UTC."""
        return (self.world.clock.now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)

    def later(self, **time: float) -> None:
        """Time passes for the services and for us."""
        self.world.clock.advance(timedelta(**time).total_seconds())

    # --- what people see ----------------------------------------------------------------------------------------

    def rows(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        """Rows of the database."""
        with self.lockstep.database.begin() as connection:
            return list(connection.execute(query))

    def standing(self, person: Person) -> Standing:
        """What the pages tell of the person."""
        state, run = tables.user_state, tables.sync_run
        query = (
            sa.select(state.c.state, state.c.reason, state.c.remedy, state.c.syncs, state.c.because,
                      run.c.error, run.c.remedy.label("run_remedy"))
            .select_from(state.outerjoin(run, run.c.id == state.c.last_run_id))
            .where(state.c.user_id == self.id_of(person))
        )  # fmt: skip
        (row,) = self.rows(query)
        return Standing(*(value if value is not None else "" for value in row))

    def reasons(self, person: Person) -> dict[str, str]:
        """Refused pairs and items left aside: reason by title."""
        with self.lockstep.database.begin() as connection:
            found = error_rows(connection)
        return {one.title: one.reason for one in found if one.address == person.address and one.kind}

    # --- what stands on both sides, by raw requests ---------------------------------------------------------------

    def salesforce(self, username: str | None = None) -> Api:
        """A plain client of Salesforce, as the administrator or as a user."""
        service: Any = self.stage.sandbox.services["salesforce"]
        standin = Standin(service, self._session(), str(self.stage.folder / "sandbox-ca.pem"))
        return standin.api(username or service.credentials()["integration_username"])

    def graph(self, path: str, person: Person) -> list[dict[str, Any]]:
        """All entries of a collection of a mailbox, times in UTC."""
        told = self.stage.sandbox.credentials()["microsoft"]
        form = {"grant_type": "client_credentials", "client_id": told["client_id"],
                "client_secret": told["client_secret"], "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
        session = self._session()
        token = session.post(f"{told['authority']}/oauth2/v2.0/token", data=form, timeout=30).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Prefer": 'outlook.timezone="UTC", IdType="ImmutableId"'}
        address: str | None = f"{told['graph_url']}/v1.0/users/{person.microsoft_id}/{path}"
        found: list[dict[str, Any]] = []
        while address is not None:
            answer = session.get(address, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["value"]
            address = page.get("@odata.nextLink")
        return found

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.verify = str(self.stage.folder / "sandbox-ca.pem")
        session.trust_env = False
        return session

    def records(self, fields: str, sobject: str = "Event", where: str = "") -> list[dict[str, Any]]:
        """Rows of Salesforce as its administrator reads them."""
        return self.salesforce().records(f"SELECT {fields} FROM {sobject}" + (f" WHERE {where}" if where else ""))

    def calls(self, service: str) -> int:
        """Data calls that the sandbox counted since it last forgot them; tokens apart."""
        rows = self.world.calls.counts()
        return sum(row.calls for row in rows if row.service == service and not _is_sign_in(row.operation))


def _is_sign_in(operation: str) -> bool:
    return operation in ("token", "discovery") or "oauth2" in operation


# --- what people type ------------------------------------------------------------------------------------------------


def timed(subject: str, start: datetime, minutes: int = 60, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    """An event of the mailbox; `start` is wall-clock time of the zone, or aware."""
    begin = start.replace(tzinfo=None, microsecond=0)
    end = begin + timedelta(minutes=minutes)
    times = {
        "start": {"dateTime": begin.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
    }
    return {"subject": subject, **times, **more}


def whole_days(subject: str, first: date, days: int, zone: str, **more: Any) -> dict[str, Any]:
    """An all-day event of the mailbox, from midnight to midnight of the owner's zone."""
    start, end = ({"dateTime": f"{day}T00:00:00", "timeZone": zone} for day in (first, first + timedelta(days=days)))
    return {"subject": subject, "isAllDay": True, "start": start, "end": end, **more}


def in_salesforce(subject: str, start: datetime, owner: Person, minutes: int = 60, **more: Any) -> dict[str, Any]:
    """A row of Event; `start` is aware."""
    begin = start.replace(microsecond=0)
    times = {"StartDateTime": begin.isoformat(), "EndDateTime": (begin + timedelta(minutes=minutes)).isoformat()}
    return {"Subject": subject, "OwnerId": owner.salesforce_id, **times, **more}


def card(first: str, last: str, **more: Any) -> dict[str, Any]:
    """A contact of the mailbox."""
    return {"givenName": first, "surname": last, **more}
