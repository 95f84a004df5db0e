"""Services for the pages that remember what was asked of them, over a database file of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.security import check_password_hash, generate_password_hash

from backend import config
from backend.app import create_app
from backend.domain.configuration import ContactFilter
from backend.domain.field_types import DescribedField
from backend.domain.filter_matches import Matches
from backend.domain.values import Kind, Side
from backend.ports.errors import ServiceError
from backend.storage import tables as t
from backend.storage.configurations import Configurations
from backend.storage.engine import create_engine, reading
from backend.storage.rehearsals import Rehearsals
from backend.web.services import Configuring, Processes, Resolving, SalesforceSignIn, Services, SignInRefused, Standing
from tests.fakes.page_connections import FakeConnections
from tests.fakes.page_rows import crm_id
from tests.fakes.page_world import MAYA, NOW

PASSWORD = "correct horse battery staple"
COMPILED = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="lockstep-templates-"))
"""Templates are compiled once for all apps of a test run."""
HASHED = generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")


AT_WORK = Processes(2, True, {"cycle": 0, "users": 3})


@dataclass(frozen=True)
class FakeAccount:
    """An account without a database."""

    id: int
    address: str
    name: str
    role: str = "admin"
    theme: str = "system"
    password_hash: str = HASHED
    crm_user_id: str | None = None
    session_key: str = ""


@dataclass
class FakeAccounts:
    """Accounts in memory."""

    all: dict[int, FakeAccount] = field(default_factory=dict)
    sign_ins: list[int] = field(default_factory=list)

    def verified(self, address: str, password: str) -> FakeAccount | None:
        found = next((one for one in self.all.values() if one.address == address.casefold()), None)
        return found if found and check_password_hash(found.password_hash, password) else None

    def by_id(self, account_id: int) -> FakeAccount | None:
        return self.all.get(account_id)

    def signed_in(self, account_id: int, at: datetime) -> None:
        self.sign_ins.append(account_id)

    def set_theme(self, account_id: int, theme: str) -> None:
        self.all[account_id] = replace(self.all[account_id], theme=theme)

    def end_sessions(self, account_id: int) -> None:
        old = self.all[account_id]
        self.all[account_id] = replace(old, session_key=old.session_key + "x")


@dataclass(frozen=True)
class FakeNear:
    """An account with a name like a company."""

    id: str
    name: str


@dataclass(frozen=True)
class FakePassage:
    """A sign-in that leads to an invented Salesforce."""

    address: str
    state: str = "state-1"
    nonce: str = "nonce-1"
    verifier: str = "verifier-1"


@dataclass
class FakeSalesforce:
    """Signs in whoever `codes` names; anybody else is refused in `refusal`'s words."""

    codes: dict[str, FakeAccount] = field(default_factory=dict)
    refusal: str = "Salesforce refused the sign-in. Start the sign-in again."
    ready: bool = True
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def begin(self, callback: str) -> FakePassage:
        if not self.ready:
            raise SignInRefused("Salesforce is not connected.")
        return FakePassage(f"https://login.example.com/authorize?redirect_uri={callback}")

    def finish(self, callback: str, code: str, nonce: str, verifier: str) -> FakeAccount:
        self.asked.append((callback, code, nonce, verifier))
        if code not in self.codes:
            raise SignInRefused(self.refusal)
        return self.codes[code]

    def services(self) -> SalesforceSignIn:
        return SalesforceSignIn(lambda: self.ready, self.begin, self.finish)


FIELDS = {
    Kind.CONTACT: (
        DescribedField("MailingCountry", "Mailing Country", "string", 80),
        DescribedField("Department", "Department", "string", 80),
        DescribedField("Team__c", "Team", "string", 120),
        DescribedField("Nickname__c", "Nickname", "string", 40),
        DescribedField("Score__c", "Score", "double"),
    ),
    Kind.EVENT: (DescribedField("Room__c", "Room", "string", 255),),
}


@dataclass
class World:
    """A database, its app, and everything that pages did."""

    engine: sa.Engine
    accounts: FakeAccounts
    done: list[tuple[object, ...]] = field(default_factory=list)
    audit: list[tuple[str, str, str, Mapping[str, object]]] = field(default_factory=list)
    processes: Processes | None = AT_WORK
    checks: dict[str, str | None] = field(default_factory=lambda: {"database": None, "migrations": None, "redis": None})
    now: datetime = NOW
    accounts_near: list[FakeNear] = field(default_factory=list)
    silent: bool = False
    salesforce: FakeSalesforce = field(default_factory=FakeSalesforce)
    fields_problem: ServiceError | None = None
    standing: Sequence[Standing] = ()
    connections: FakeConnections = field(init=False)

    def __post_init__(self) -> None:
        self.connections = FakeConnections(self.engine, lambda: self.now)

    def services(self) -> Services:
        def check(name: str) -> str | None:
            return self.checks[name]

        return Services(
            reading=reading(self.engine),
            accounts=self.accounts,
            record=lambda actor, action, subject, detail: self.audit.append((actor, action, subject, detail)),
            sync_now=lambda ids, cause: self.done.append(("sync", _list(ids), cause)),
            set_paused=self.set_paused,
            stand_still=self.stand_still,
            reset=lambda user: self.done.append(("reset", user)),
            decide=self.decide,
            processes=lambda: self.processes,
            checks={name: lambda name=name: check(name) for name in self.checks},  # type: ignore[misc]  # bound now
            now=lambda: self.now,
            cycle_seconds=60,
            salesforce_sign_in=self.salesforce.services(),
            resolving=Resolving(self.near, self.resolve, self.leave),
            configuring=Configuring(self.configurations(), self.fields, self.rehearsals(), self.rehearse, self.matches),
            connections=self.connections.services(),
            differences=lambda _user: self.standing,
            send_differences=self.send_differences,
        )

    def set_paused(self, ids: Sequence[int] | None, paused: bool) -> None:
        self.done.append(("pause" if paused else "resume", _list(ids)))
        change = sa.update(t.user_state).values(paused=paused)
        with self.engine.begin() as connection:
            connection.execute(change if ids is None else change.where(t.user_state.c.user_id.in_(ids)))

    def stand_still(self, who: str | None) -> None:
        self.done.append(("stand still", who))
        change = sa.update(t.organisation).values(stopped=who is not None, stopped_by=who or "")
        with self.engine.begin() as connection:
            connection.execute(change)

    def near(self, links: Sequence[str]) -> dict[str, list[FakeNear]]:
        if self.silent:
            raise ValueError("Salesforce does not answer just now.")
        self.done.append(("near", list(links)))
        return dict.fromkeys(links, self.accounts_near)

    def resolve(self, link: str, account: str, remember: bool) -> None:
        self._answer_company(link, "answered", account)
        self.done.append(("resolve", link, account, remember))

    def leave(self, link: str) -> None:
        self._answer_company(link, "left", None)
        self.done.append(("leave", link))

    def _answer_company(self, link: str, standing: str, answer: str | None) -> None:
        change = sa.update(t.unresolved).where(t.unresolved.c.link_id == link)
        with self.engine.begin() as connection:
            connection.execute(change.values(standing=standing, answer=answer))

    def decide(self, intent: str, answer: str) -> None:
        with self.engine.begin() as connection:
            change = sa.update(t.intent).where(t.intent.c.id == intent, t.intent.c.state == "held")
            if connection.execute(change.values(state="planned")).rowcount != 1:
                raise ValueError("not held")
        self.done.append(("decide", intent, answer))

    def rehearsals(self) -> Rehearsals:
        return Rehearsals(self.engine, _Clock(self))

    def matches(self, user_id: int, contact_filter: ContactFilter) -> Matches | None:
        self.done.append(("matches", user_id, contact_filter))
        if self.fields_problem is not None:
            raise self.fields_problem
        return None if user_id == 999 else Matches("Maya Lindqvist", 312, False, ("Ines Okoye", "Per Sandgren"))

    def rehearse(self, number: int) -> bool:
        self.done.append(("rehearse", number))
        return self.processes is not None

    def configurations(self) -> Configurations:
        return Configurations(self.engine, _Clock(self))

    def send_differences(self, user: int, kind: Kind, source: Side) -> int:
        if all(source not in one.ways for one in self.standing if one.kind is kind):
            raise ValueError("not that way")
        self.done.append(("send differences", user, kind, source))
        return 2

    def fields(self, kind: Kind) -> Sequence[DescribedField]:
        if self.fields_problem is not None:
            raise self.fields_problem
        return FIELDS[kind]

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class _Clock:
    """The world's clock for what keeps times."""

    world: World

    def now(self) -> datetime:
        return self.world.now


def _list(ids: Sequence[int] | None) -> list[int] | None:
    return None if ids is None else list(ids)


def make_world(folder: Path) -> World:
    """An empty database with an admin and a viewer."""
    engine = create_engine(f"sqlite:///{folder / 'pages.db'}")
    t.metadata.create_all(engine)
    admin = FakeAccount(1, "claire.dubois@example.com", "Claire Dubois")
    viewer = FakeAccount(2, "ruth.baptiste@example.com", "Ruth Baptiste", role="viewer")
    rep = FakeAccount(3, "maya (Salesforce)", "Maya Lindqvist", "rep", crm_user_id=crm_id("005", MAYA))
    world = World(engine, FakeAccounts({1: admin, 2: viewer, 3: rep}))
    world.salesforce.codes["maya"] = rep
    return world


def make_app(world: World, folder: Path, **settings: object) -> Flask:
    """The real application over the world."""
    app = create_app(config.load({"data_dir": folder, **settings}), world.services())
    app.config.update(TESTING=True)
    app.jinja_env.bytecode_cache = COMPILED
    return app
