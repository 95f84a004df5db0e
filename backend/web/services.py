"""What the pages need of the rest of the program, as callables, so that they can be tried without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Flask, current_app
from sqlalchemy import Engine

from backend.domain.configuration import ContactFilter
from backend.domain.field_types import DescribedField
from backend.domain.filter_matches import Matches
from backend.domain.values import Kind, Side
from backend.storage.configurations import Configurations
from backend.storage.rehearsals import Rehearsals
from backend.web.connection_services import ConnectionServices


class Account(Protocol):
    """A local account, as kept by `backend.storage.accounts`."""

    @property
    def id(self) -> int:
        """Primary key."""

    @property
    def address(self) -> str:
        """The address it signs in with."""

    @property
    def name(self) -> str:
        """What people call its owner; may be empty."""

    @property
    def password_hash(self) -> str:
        """Changes with the password; sessions are tied to it."""

    @property
    def role(self) -> str:
        """'admin' may change things, 'viewer' looks at everything, 'rep' at what is his own."""

    @property
    def crm_user_id(self) -> str | None:
        """The Salesforce user who signs in with it; None for a local account."""

    @property
    def session_key(self) -> str:
        """Changes when the account is signed out everywhere; sessions are tied to it."""

    @property
    def theme(self) -> str:
        """'system', 'light' or 'dark'."""


class Accounts(Protocol):
    """The local accounts."""

    def verified(self, address: str, password: str) -> Account | None:
        """The account whose address and password these are; as slow for an unknown address as for a known one."""

    def by_id(self, account_id: int) -> Account | None:
        """The account, None if it was removed."""

    def signed_in(self, account_id: int, at: datetime) -> None:
        """Note the moment of a sign-in."""

    def set_theme(self, account_id: int, theme: str) -> None:
        """Keep the choice of 'system', 'light' or 'dark'."""

    def end_sessions(self, account_id: int) -> None:
        """Sign an account out everywhere."""


class NearAccount(Protocol):
    """An account that a person can see, with a name like the company that he typed."""

    @property
    def id(self) -> str:
        """Its id in Salesforce."""

    @property
    def name(self) -> str:
        """Its name."""


@dataclass(frozen=True, slots=True)
class Resolving:
    """Answers to unresolved companies; an item is named by its pair.

    near(items) -> accounts with names like theirs, by item · resolve(item, account id, remember the spelling) ·
    leave(item): the text stays without an account. All raise ValueError with a sentence for people.
    """

    near: Callable[[Sequence[str]], Mapping[str, Sequence[NearAccount]]]
    resolve: Callable[[str, str, bool], None]
    leave: Callable[[str], None]


class Passage(Protocol):
    """A sign-in with Salesforce under way."""

    @property
    def address(self) -> str:
        """Where the browser goes."""

    @property
    def state(self) -> str:
        """What it must bring back."""

    @property
    def nonce(self) -> str:
        """What Salesforce's answer must contain."""

    @property
    def verifier(self) -> str:
        """What proves that the answer is ours."""


class SignInRefused(Exception):
    """Nobody is signed in; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class SalesforceSignIn:
    """Signing in with Salesforce.

    ready() · begin(callback address) -> Passage · finish(callback address, code, nonce, verifier) -> the account, made
    or brought up to date. The last two raise SignInRefused.
    """

    ready: Callable[[], bool]
    begin: Callable[[str], Passage]
    finish: Callable[[str, str, str, str], Account]


@dataclass(frozen=True, slots=True)
class Processes:
    """Who is at work: number of live workers, whether a scheduler is alive, and jobs waiting by queue."""

    workers: int
    scheduler: bool
    waiting: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Configuring:
    """What the pages of configurations use.

    fields(kind): what Salesforce tells of its fields; raises ServiceError · rehearse(number): rings for a rehearsal;
    False if nobody can be rung · matches(person, filter): None if nobody has this number; raises ServiceError.
    """

    configurations: Configurations
    fields: Callable[[Kind], Sequence[DescribedField]]
    rehearsals: Rehearsals
    rehearse: Callable[[int], bool]
    matches: Callable[[int, ContactFilter], Matches | None]


class Standing(Protocol):
    """What of one kind stays different for a person, as `backend.differing` tells."""

    @property
    def kind(self) -> Kind:
        """Contacts or events."""

    @property
    def number(self) -> int:
        """How many pairs."""

    @property
    def named(self) -> Sequence[tuple[str, str, Sequence[str]]]:
        """The first of them: link id, title, groups."""

    @property
    def ways(self) -> Sequence[Side]:
        """Sides whose values can be sent."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that pages use besides their own read models.

    reading: engine that never waits for a writer · record(actor, action, subject, detail): one line of the audit ·
    sync_now(user ids or None for everybody, cause) · set_paused(user ids or None for everybody, paused) ·
    stand_still(who stops everything; None: it goes on) ·
    reset(user id): forget the links, change no contact and no event (LS-177) · decide(intent id, answer): answer
    'send', 'put_back', 'leave' or 'stop' to a held step; raises ValueError if it is no longer held · processes: None
    when Redis does not answer · checks: name -> callable that returns a problem in one sentence, or None ·
    connections: what the set-up pages need · differences(user id): what stays different; send_differences(user id,
    kind, source): has it written to the other side, in how many pairs; both raise ValueError.
    """

    reading: Engine
    accounts: Accounts
    record: Callable[[str, str, str, Mapping[str, object]], None]
    sync_now: Callable[[Sequence[int] | None, str], None]
    set_paused: Callable[[Sequence[int] | None, bool], None]
    stand_still: Callable[[str | None], None]
    reset: Callable[[int], None]
    decide: Callable[[str, str], None]
    processes: Callable[[], Processes | None]
    checks: Mapping[str, Callable[[], str | None]]
    now: Callable[[], datetime]
    cycle_seconds: int
    salesforce_sign_in: SalesforceSignIn
    resolving: Resolving
    configuring: Configuring
    connections: ConnectionServices
    differences: Callable[[int], Sequence[Standing]]
    send_differences: Callable[[int, Kind, Side], int]
    limits_storage: str = "memory://"


EXTENSION = "lockstep"


def provide(app: Flask, services: Services) -> None:
    """Make the services available to the requests of `app`."""
    app.extensions[EXTENSION] = services


def provided(app: Flask) -> Services:
    """The services of an app."""
    found: Services = app.extensions[EXTENSION]
    return found


def services() -> Services:
    """The services of the current app."""
    return provided(current_app)
