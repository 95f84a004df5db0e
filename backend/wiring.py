"""The composition root: the only place where engine, adapters and storage meet."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any, Final, Self

import structlog

from backend.config import Config
from backend.connection_settings import microsoft_settings, salesforce_settings
from backend.domain.values import Kind
from backend.lease_keeper import kept
from backend.mailboxes import is_known, look_for, mailbox_of
from backend.microsoft.directory import MicrosoftConnection
from backend.microsoft.mailbox import GraphMailbox
from backend.microsoft.settings import MicrosoftSettings
from backend.outcomes import judged, told
from backend.ports.clock import Clock
from backend.ports.errors import AccessLost, ServiceError, Transient
from backend.ports.metering import CallCounter
from backend.readiness import look_again
from backend.salesforce.connection import SalesforceConnection, SalesforceSettings
from backend.storage import reset
from backend.storage.chores import Chore, Chores
from backend.storage.configurations import Configurations
from backend.storage.connections import Connections, Drafts
from backend.storage.engine import opened
from backend.storage.organisation_state import OrganisationBook
from backend.storage.people import People
from backend.storage.pruning import prune
from backend.storage.runs import Finished, Outcome, Runs
from backend.storage.secrets import Vault
from backend.storage.service_cache import SqlServiceCache, fingerprint
from backend.storage.sync_store import SqlSyncStore
from backend.sync.report import RunReport
from backend.sync.run import Engine
from backend.sync.state import Lease, UserView
from backend.sync.store import LeaseLost
from backend.trust import Trusted, trust_file
from backend.unshown import further_fields, without_effect
from backend.untouched import Untouched

log = structlog.get_logger(__name__)

EVENTS_KEPT: Final = timedelta(days=60)
"""Events of Salesforce that ended longer ago are not read at all."""
SHOWN_FROM: Final = 40
"""Writes of a pass from which on its progress is worth showing."""
OVERTAKEN: Final = "This person was reset, or taken over by another process, meanwhile; the next pass goes on."
PATIENCE: Final = 20
DECISION_SECONDS: Final = 10.0
MICROSOFT: Final = "microsoft"
SALESFORCE: Final = "salesforce"


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)


class NotConnected(AccessLost):
    """A service was never connected."""

    def __init__(self, title: str, service: str) -> None:
        remedy = f"Store its credentials with `lockstep connect {service} --file FILE`."
        super().__init__(
            f"{title} is not connected. {remedy}", code="not_connected", service=service, subject="org", remedy=remedy
        )


@dataclass(frozen=True, slots=True)
class Cycle:
    """What an organisation cycle found. `read`: rows reported, None if Salesforce was not asked."""

    due_users: tuple[int, ...]
    read: int | None = None


class Lockstep:
    """One opened installation: its memory, its connections and its engine. Never shared over a fork.

    clock: the machine's unless given · sleep: waits some seconds, where a service asks for it.
    """

    def __init__(self, config: Config, clock: Clock | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self._sleep = sleep
        self.database = opened(config.database_url)
        self.store = SqlSyncStore(self.database, self.clock)
        self._vault = Vault([key.get_secret_value() for key in config.encryption_keys])
        self.connections = Connections(self.database, self._vault, self.clock)
        self.drafts = Drafts(self.database, self._vault, self.clock)
        self.people = People(self.database, self.clock)
        self.configurations = Configurations(self.database, self.clock)
        self.runs = Runs(self.database, self.clock)
        self.organisation = OrganisationBook(self.database, self.clock)
        self.chores = Chores(self.database, self.clock, config.nightly_hour)
        self.meter = CallCounter()
        self._counted = CallCounter()
        self._microsoft_problem = ""

    @classmethod
    def open(cls, config: Config) -> Self:
        """Opens the installation that `config` describes; no service is asked anything yet."""
        return cls(config)

    def close(self) -> None:
        """Stores what was counted and gives back the database's connections."""
        self.count_calls()
        self.database.dispose()

    # --- services ------------------------------------------------------------------------------------------------

    def _stored(self, service: str, title: str) -> tuple[Mapping[str, Any], Mapping[str, Any], datetime]:
        """Settings and secret of a connection, and since when they hold. Raises NotConnected."""
        stored = self.connections.load(service)
        if stored is None:
            raise NotConnected(title, service)
        if service == MICROSOFT:
            self._microsoft_problem = stored.problem
        return stored.settings, self.connections.secret(service), stored.updated_at

    def _shared(self, what: str, settings: SalesforceSettings | MicrosoftSettings, since: datetime) -> SqlServiceCache:
        """Answers that all processes share until the connection is stored anew or is another one."""
        owner = fingerprint(astuple(settings), since.isoformat())
        return SqlServiceCache(self.database, self._vault, self.clock, what, owner)

    @cached_property
    def salesforce(self) -> SalesforceConnection:
        """The Salesforce organisation. Raises NotConnected."""
        return self.salesforce_of(self.organisation.state().crm_org_id)

    def salesforce_of(self, organisation_id: str | None) -> SalesforceConnection:
        """Salesforce, if it is this organisation; None: whichever answers. Raises NotConnected."""
        stored, secret, since = self._stored(SALESFORCE, "Salesforce")
        settings = salesforce_settings(self.config, stored, secret, organisation_id)
        return SalesforceConnection(
            settings,
            self.clock,
            self.meter,
            self._sleep,
            tokens=self._shared("salesforce-token", settings, since),
            layouts=self._shared("salesforce-layout", settings, since),
            connections=Trusted(trust_file(self.config)),
        )

    @cached_property
    def microsoft(self) -> MicrosoftConnection:
        """The Microsoft 365 tenant. Raises NotConnected."""
        stored, secret, since = self._stored(MICROSOFT, "Microsoft 365")
        settings = microsoft_settings(self.config, stored, secret)
        tokens = self._shared("microsoft-token", settings, since)
        connections = Trusted(trust_file(self.config))
        return MicrosoftConnection(settings, self.meter, sleep=self._sleep, tokens=tokens, connections=connections)

    @cached_property
    def engine(self) -> Engine:
        """The sync engine."""
        holder = f"{socket.gethostname()}:{os.getpid()}"
        seconds = float(self.config.lease_seconds)
        return Engine(
            self.store,
            self.clock,
            holder,
            seconds,
            lambda lease: kept(self.store, lease, seconds),
            self._progress,
            tells_steps=False,
        )

    def _progress(self, user_id: int, kind: Kind, done: int, total: int) -> None:
        if total >= SHOWN_FROM:
            self.runs.progress(user_id, {"kind": kind.value, "done": done, "total": total})

    # --- the organisation's cycle ----------------------------------------------------------------------------------

    def cycle(self, cause: str) -> Cycle:
        """Reads Salesforce for everybody unless this cycle was served already, and finds who has work.

        Once a night everything is read, because marks have holes, and what served its purpose is forgotten.
        """
        served = self.store.served_cycle()
        if served is not None and (self.clock.now() - served).total_seconds() < self.config.cycle_seconds:
            return Cycle(self.runs.due_users())
        whole = self.chores.claim(Chore.WHOLE_READING)
        read = self.read_organisation(full=whole)
        log.info("organisation read", cause=cause, rows=read, whole=whole)
        if whole and read is not None:
            self.chores.done(Chore.WHOLE_READING)
        if self.chores.claim(Chore.PRUNING):
            log.info("old rows forgotten", **prune(self.database, self.clock.now()).rows)
            self.chores.done(Chore.PRUNING)
        return Cycle(self.runs.due_users(), read)

    def read_organisation(self, *, full: bool = False) -> int | None:
        """One organisation pass; what stands in its way is kept for the pages. How many rows were reported."""
        self.organisation.cycle_started()
        try:
            count = self._read_organisation(full=full)
        except ServiceError as error:
            self.organisation.set_problem(error.message)
            log.warning("organisation not read", reason=error.message, code=error.code)
            return None
        except LeaseLost:  # everything was stopped, or another process is at it
            log.info("the reading of the organisation was overtaken")
            return None
        finally:
            self.count_calls()
        self.organisation.set_problem("")
        return count

    def _read_organisation(self, *, full: bool) -> int | None:
        salesforce = self.salesforce
        since = (self.clock.now() - EVENTS_KEPT).date()
        port = salesforce.organisation(events_since=since, urgent=False)
        if self.organisation.state().crm_org_id is None:
            self.organisation.identify(port.identity())
        if full or self.store.mark() is None:
            self.people.store(salesforce.users())  # else a first reading would not know yet whom its rows concern
        count = self.engine.read_organisation(
            port, self._filter_fields(), full=full, on_users=self.people.store, mailbox_of=self._left_mailbox
        )
        look_again(self.connections, salesforce, self.clock.now())
        if salesforce.budget.maximum:
            self.organisation.set_allowance(salesforce.budget.used, salesforce.budget.maximum)
        return count

    def _left_mailbox(self, user_id: int) -> GraphMailbox | None:
        """Where the items of somebody who left were made; None if none ever was. Raises NotConnected."""
        mailbox_id = self.people.mailbox_id(user_id)
        return None if mailbox_id is None else self.microsoft.mailbox(mailbox_id)

    def _filter_fields(self) -> list[str]:
        conditions = (
            condition.field
            for one in self.configurations.all()
            for condition in one.configuration.contact_filter.conditions
        )
        return sorted(set(conditions))

    # --- one user's pass -------------------------------------------------------------------------------------------

    def sync_user(self, user_id: int, cause: str, *, dry_run: bool = False) -> RunReport:
        """One pass of one user; leaves at once if another process is at it. Trouble ends in the run, never here."""
        user = self.store.user(user_id)
        if user is None:
            return RunReport(user_id, outcome="off")
        started: list[int] = []

        def begin(lease: Lease) -> int:
            started.append(0 if dry_run else self.runs.start(user_id, lease.token, cause))
            return started[0]

        try:
            report = self._pass(user, begin, dry_run=dry_run)
        except ServiceError as error:
            report = RunReport(user_id, outcome="failed", trouble=[error], problem=error.message)
            if not started and not dry_run:
                started.append(self.runs.start(user_id, 0, cause))
        except LeaseLost:  # its run is closed as cut off by the pass that follows, which is due at once
            log.info("the pass was overtaken by a reset or another process", user=user_id)
            return RunReport(user_id, outcome="busy", problem=OVERTAKEN)
        if started and not dry_run:
            self.runs.finish(started[0], user_id, self._finished(report))
            self._note_microsoft(report)
        self.count_calls()
        return report

    def _pass(self, user: UserView, begin: Callable[[Lease], int], *, dry_run: bool) -> RunReport:
        mailbox = mailbox_of(user, self.microsoft, self.people)
        pointed = cache(lambda: further_fields(self.configurations.all()))  # most passes never ask Salesforce
        crm = self.salesforce.user(user.username, user.crm_user_id, pointed=pointed)
        known = user if is_known(user) else None  # finding a mailbox brings its time zone
        place = Untouched(mailbox) if dry_run else mailbox
        report = self.engine.sync_user(user.user_id, place, crm, begin=begin, dry_run=dry_run, user=known)
        look_for(user, report.trouble, self.microsoft, self.people)
        if not (report.problem or report.lacks or report.waiting):
            report.problem, report.remedy = without_effect(user, self.store.mark())
        return report

    def _finished(self, report: RunReport) -> Finished:
        state, outcome = judged(report)
        counts: dict[str, Any] = {
            "read": dict(report.read),
            "writes": dict(report.writes),
            "planned": report.planned,
            "conflicts": report.conflicts,
            "held": report.held,
            "refused": report.refused,
            "waiting": report.waiting,
            "api_calls": self._new_calls(),
        }
        waits = [error.retry_after for error in report.trouble if isinstance(error, Transient) and error.retry_after]
        pause = max([float(self.config.cycle_seconds), *waits])
        next_at = None if outcome is Outcome.FAILED else self.clock.now() + timedelta(seconds=pause)
        error, remedy = told(report)
        return Finished(outcome, state, outcome is not Outcome.FAILED, counts, error, remedy, next_at)

    def _note_microsoft(self, report: RunReport) -> None:
        """What stops everybody is the connection's problem, until a pass gets through (Salesforce: see the cycle)."""
        lost = (error for error in report.trouble if isinstance(error, AccessLost) and error.subject == "org")
        problem = next((error.message for error in lost if error.service.startswith(MICROSOFT)), "")
        if problem != self._microsoft_problem and (problem or report.outcome != "failed"):
            self.connections.checked(MICROSOFT, problem=problem)
            self._microsoft_problem = problem

    # --- what people decide ----------------------------------------------------------------------------------------

    def patient_lease(self, user_id: int) -> Lease:
        """The user's lease, waiting some seconds for a pass to end. Raises ValueError if it takes longer."""
        if self.organisation.state().stopped:
            raise ValueError("Everything stands still. Let it go on first, on Sync Status or with `lockstep resume`.")
        for _ in range(PATIENCE):
            lease = self.store.acquire(user_id, f"decision:{os.getpid()}", DECISION_SECONDS)
            if lease is not None:
                return lease
            time.sleep(0.5)
        raise ValueError("This person's sync is running; try again in a minute.")

    def reset(self, user_id: int, *, forget_stops: bool = False) -> None:
        """Forgets a user's links, so that everything is matched anew; no contact and no event changes (LS-177).

        forget_stops: what was deleted on one side only is made there again.
        """
        with self.database.begin() as connection:
            reset.reset(connection, user_id)
            if forget_stops:
                reset.forget_stops(connection, user_id, self.clock.now())
        self.runs.want([user_id])

    def retry_everybody(self) -> None:
        """Nobody waits any longer for what was put right, such as a connection."""
        self.runs.want(user.user_id for user in self.store.users())

    # --- counting --------------------------------------------------------------------------------------------------

    def _new_calls(self) -> dict[str, int]:
        return dict(self.meter.calls - self._counted.calls)

    def count_calls(self) -> None:
        """Adds the calls since the last time to the day's books."""
        calls, requests = self._new_calls(), dict(self.meter.requests - self._counted.requests)
        if calls:
            self.organisation.add_usage(calls, requests)
            self._counted = CallCounter(self.meter.calls.copy(), self.meter.requests.copy())

    # --- what the doorbell asks --------------------------------------------------------------------------------------

    def lease_alive(self, user_id: int) -> bool:
        """Whether some process holds the user's lease now."""
        return self.runs.lease_alive(user_id)

    def want_again(self, user_id: int) -> None:
        """Notes that the user is to get a pass after the present one."""
        self.runs.want([user_id])
