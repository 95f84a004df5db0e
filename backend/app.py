"""The web application: reads like a table of contents, then how the pages reach the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask
from redis import RedisError

from backend import config as settings
from backend.config import Config
from backend.connection_doors import connection_services
from backend.domain.configuration import ContactFilter
from backend.domain.field_types import DescribedField
from backend.domain.filter_matches import Matches
from backend.domain.values import Kind, Side
from backend.jobs import presence
from backend.jobs.connection import connect, redis_url
from backend.jobs.queues import Doorbell, ring_rehearsal
from backend.opening import opened
from backend.signing_in import PeopleSignIn
from backend.storage.accounts import Accounts
from backend.storage.audit import Audit
from backend.storage.configurations import Configurations
from backend.storage.engine import create_engine, reading
from backend.storage.migrate import current, latest
from backend.storage.organisation_state import OrganisationBook
from backend.storage.people import People
from backend.storage.rehearsals import Rehearsals
from backend.storage.reset import reset_user
from backend.storage.runs import Runs
from backend.storage.tables import user_state
from backend.web import assets, errors, reps, security, sign_in, templating
from backend.web.actions import actions
from backend.web.assignment import assignment
from backend.web.audit import audit
from backend.web.configuration_editor import editor
from backend.web.configuration_file import configuration_file
from backend.web.configurations import configurations
from backend.web.conflicts import conflicts
from backend.web.connections import connections
from backend.web.consent import consent
from backend.web.differing import differing
from backend.web.guide import guide
from backend.web.held import held
from backend.web.items import items
from backend.web.mailbox_test import mailbox_test
from backend.web.monitor import monitor
from backend.web.people import people
from backend.web.salesforce_sign_in import salesforce_sign_in
from backend.web.services import Configuring, NearAccount, Processes, Resolving, Services, Standing, provide
from backend.web.status import status
from backend.web.unresolved import unresolved

if TYPE_CHECKING:
    pass

MOST_BYTES = 1_000_000
RUNG_AT_ONCE = 25


def create_app(config: Config | None = None, services: Services | None = None) -> Flask:
    """The pages of Lockstep: of this installation, or of the one given. Raises ConfigError."""
    config = config or settings.load()
    https = config.public_url.startswith("https://")
    app = Flask("backend.web", static_folder=None)
    app.config.update(
        SECRET_KEY=config.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME="__Host-lockstep" if https else "lockstep",
        SESSION_COOKIE_SECURE=https,
        PUBLIC_URL=config.public_url.rstrip("/"),
        MAX_CONTENT_LENGTH=MOST_BYTES,
    )
    provide(app, services or Installation(config).services())
    security.register(app, https=https)
    errors.register(app)
    assets.register(app)
    sign_in.register(app)
    reps.register(app)
    templating.register(app)
    for blueprint in (
        status, people, items, held, conflicts, actions, monitor, salesforce_sign_in, configurations, editor,
        audit,
        assignment, configuration_file,
        connections, consent, differing, guide, mailbox_test,
        unresolved,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    return app


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


class Installation:
    """What the pages need of an installation; the engine and its adapters are loaded only when a page needs them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SystemClock()
        self.engine = create_engine(config.database_url)
        self.runs = Runs(self.engine, self.clock)
        self.people = People(self.engine, self.clock)

    def services(self) -> Services:
        """Everything, as callables."""
        accounts = Accounts(self.engine, self.clock)
        return Services(
            reading=reading(self.engine),
            accounts=accounts,
            record=Audit(self.engine, self.clock).record,
            sync_now=self.sync_now,
            set_paused=lambda ids, paused: self.people.set_paused(self.everybody(ids), paused),
            stand_still=self.stand_still,
            reset=self.reset,
            decide=self.decide,
            processes=self.processes,
            checks={"database": self.database, "migrations": self.migrations, "redis": self.redis},
            now=self.clock.now,
            cycle_seconds=self.config.cycle_seconds,
            resolving=Resolving(self.near, self.resolve, self.leave),
            salesforce_sign_in=PeopleSignIn(self.config, self.engine, accounts).services(),
            configuring=Configuring(
                Configurations(self.engine, self.clock),
                self.fields,
                Rehearsals(self.engine, self.clock),
                self.rehearse,
                self.matches,
            ),
            connections=connection_services(self.config, self.engine, self.clock),
            differences=self.differences,
            send_differences=self.send_differences,
            limits_storage=limits_storage(redis_url(self.config)),
        )

    def everybody(self, ids: Sequence[int] | None) -> list[int]:
        """The people meant; None stands for all who are in a configuration."""
        if ids is not None:
            return list(ids)
        assigned = sa.select(user_state.c.user_id).where(user_state.c.configuration_id.is_not(None))
        with reading(self.engine).connect() as connection:
            return list(connection.scalars(assigned))

    def sync_now(self, ids: Sequence[int] | None, cause: str) -> None:
        """Ring for a few; for many note the wish, which the next tick of the schedule takes up within seconds."""
        meant = self.everybody(ids)
        if len(meant) > RUNG_AT_ONCE:
            self.runs.want(meant)
            return
        with connect(self.config) as connection:
            doorbell = Doorbell(connection, _Wishes(self.runs))
            for user_id in meant:
                doorbell.ring(user_id, cause)

    def stand_still(self, who: str | None) -> None:
        """Stop everything, or let it go on."""
        book = OrganisationBook(self.engine, self.clock)
        book.resume() if who is None else book.stop(who)

    def reset(self, user_id: int) -> None:
        """Forget a person's links and begin anew."""
        reset_user(self.engine, user_id)
        self.sync_now([user_id], "reset")

    def decide(self, intent_id: str, answer: str) -> None:
        """Answer a held step. Raises ValueError if it is not held any more, or the person's pass does not end soon."""
        from backend.deciding import decide  # here, because it loads every adapter

        with opened(self.config, ValueError) as lockstep:
            decide(lockstep, intent_id, answer)

    def fields(self, kind: Kind) -> Sequence[DescribedField]:
        """What Salesforce tells of its fields. Raises ServiceError."""
        from backend.wiring import Lockstep  # here, because it loads every adapter

        opened = Lockstep.open(self.config)
        try:
            return opened.salesforce.fields(kind)
        finally:
            opened.close()

    def near(self, links: Sequence[str]) -> Mapping[str, Sequence[NearAccount]]:
        """Accounts with names like unresolved companies. Raises ValueError if Salesforce does not answer."""
        from backend.resolving import near_accounts  # here, because it loads every adapter

        with opened(self.config, ValueError) as lockstep:
            return near_accounts(lockstep, links)

    def resolve(self, link_id: str, account_id: str, remember: bool) -> None:
        """Attach an unresolved company to an account with the next pass. Raises ValueError."""
        from backend.resolving import resolve  # here, because it loads every adapter

        with opened(self.config, ValueError) as lockstep:
            resolve(lockstep, link_id, account_id, remember=remember)

    def leave(self, link_id: str) -> None:
        """Keep an unresolved company as a text. Raises ValueError."""
        from backend.resolving import leave  # here, because it loads every adapter

        with opened(self.config, ValueError) as lockstep:
            leave(lockstep, link_id)

    def differences(self, user_id: int) -> Sequence[Standing]:
        """What stays different for a person. Raises ValueError if he does not sync."""
        from backend.differing import differences  # here, because it loads every adapter

        with opened(self.config, ValueError) as lockstep:
            return differences(lockstep, user_id)

    def send_differences(self, user_id: int, kind: Kind, source: Side) -> int:
        """Have the differences of a kind written with the next pass. Raises ValueError."""
        from backend.differing import send  # here, because it loads every adapter

        with opened(self.config, ValueError) as lockstep:
            return send(lockstep, user_id, kind, source)

    def matches(self, user_id: int, contact_filter: ContactFilter) -> Matches | None:
        """What a filter takes for a person. Raises ServiceError."""
        from backend.matching import matches  # here, because it loads every adapter
        from backend.wiring import Lockstep

        opened = Lockstep.open(self.config)
        try:
            return matches(opened, user_id, contact_filter)
        finally:
            opened.close()

    def rehearse(self, number: int) -> bool:
        """Ring for a rehearsal; False if Redis does not answer."""
        with connect(self.config) as connection:
            return ring_rehearsal(connection, number)

    def processes(self) -> Processes | None:
        """Who is at work; None when Redis does not answer."""
        with connect(self.config) as connection:
            found = presence.look(connection)
        return None if found is None else Processes(found.workers, found.scheduler, found.waiting)

    def database(self) -> str | None:
        """Why the database cannot be used."""
        try:
            with reading(self.engine).connect() as connection:
                connection.execute(sa.select(1))
        except sa.exc.SQLAlchemyError as error:
            return f"The database does not answer ({type(error).__name__}): look at LOCKSTEP_DATABASE_URL."
        return None

    def migrations(self) -> str | None:
        """Why the database's schema cannot be used."""
        found, newest = current(self.config.database_url), latest()
        return None if found == newest else f"The schema is at {found}, not {newest}: run `lockstep db upgrade`."

    def redis(self) -> str | None:
        """Why Redis cannot be used."""
        try:
            with connect(self.config) as connection:
                connection.ping()
        except RedisError as error:
            return f"Redis does not answer ({type(error).__name__}): look at LOCKSTEP_REDIS_URL."
        return None


class _Wishes:
    """What the doorbell asks the database, by the names it uses."""

    def __init__(self, runs: Runs) -> None:
        self.lease_alive = runs.lease_alive
        self._runs = runs

    def want_again(self, user_id: int) -> None:
        """Note that this person is to get a pass after the present one."""
        self._runs.want([user_id])


def limits_storage(address: str) -> str:
    """A Redis address as the counters of sign-in attempts want it."""
    return f"redis+{address}" if address.startswith("unix://") else address
