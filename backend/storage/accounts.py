"""Accounts: local ones with a password, and those of people who sign in with Salesforce."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from werkzeug.security import check_password_hash, generate_password_hash

from backend.domain.identity import normal_email
from backend.ports.clock import Clock
from backend.storage.engine import reading
from backend.storage.tables import account

LEAST_CHARACTERS: Final = 12
_THEMES: Final = ("system", "light", "dark")


class Role(StrEnum):
    """What an account may do."""

    ADMIN = "admin"
    VIEWER = "viewer"
    REP = "rep"


class AccountRefused(ValueError):
    """An account cannot be made or changed like this; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account. password_hash: empty where its owner signs in with Salesforce · session_key: in all its sessions."""

    id: int
    address: str
    name: str
    password_hash: str
    role: str
    theme: str
    last_sign_in_at: datetime | None = None
    crm_user_id: str | None = None
    session_key: str = ""


class Accounts:
    """The accounts of this installation."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def by_address(self, address: str) -> Account | None:
        """The account that signs in with this address, in any case of letters."""
        return self._find(account.c.address == (normal_email(address) or ""))

    def by_id(self, account_id: int) -> Account | None:
        """The account, None if it was removed."""
        return self._find(account.c.id == account_id)

    def verified(self, address: str, password: str) -> Account | None:
        """The account if the password is its own. An unknown address takes as long as a wrong password."""
        found = self.by_address(address)
        stored = found.password_hash if found is not None else _nobodys_hash()
        return found if check_password_hash(stored, password) and found is not None else None

    def create(self, address: str, password: str | None = None, role: Role = Role.ADMIN, name: str = "") -> str:
        """Makes an account, or gives an existing one this role and password; returns the password, made if None.

        Raises AccountRefused for an address or a password that will not do.
        """
        chosen = password if password is not None else secrets.token_urlsafe(15)
        row = {"name": name, "role": role.value, "password_hash": _hash(chosen)}
        place = account.c.address == _address(address)
        with self._engine.begin() as connection:
            if connection.execute(sa.update(account).where(place).values(row)).rowcount == 0:
                new = {"address": _address(address), "created_at": self._clock.now()}
                connection.execute(sa.insert(account).values(row | new))
        return chosen

    def enter(self, crm_user_id: str, username: str, name: str, role: Role) -> Account:
        """The account of a Salesforce user, made at the first sign-in; name and role are today's (LS-001, LS-002).

        It is another account than a local one of the same name.
        """
        row = {"name": name[:255], "role": role.value, "address": f"{username} (Salesforce)"[:320]}
        mine = account.c.crm_user_id == crm_user_id
        with self._engine.begin() as connection:
            if connection.execute(sa.update(account).where(mine).values(row)).rowcount == 0:
                new = {"password_hash": "", "crm_user_id": crm_user_id, "created_at": self._clock.now()}
                connection.execute(sa.insert(account).values(row | new))
            found = connection.execute(sa.select(account).where(mine)).one()
        return _account(found)

    def end_sessions(self, account_id: int) -> None:
        """Signs the account out everywhere: no session that it has is valid any more."""
        self._change(account_id, session_key=secrets.token_hex(16))

    def signed_in(self, account_id: int, at: datetime) -> None:
        """Notes the moment of a sign-in."""
        self._change(account_id, last_sign_in_at=at)

    def set_theme(self, account_id: int, theme: str) -> None:
        """Keeps the choice of 'system', 'light' or 'dark'. Raises ValueError for anything else."""
        if theme not in _THEMES:
            raise ValueError(f"a theme is one of {', '.join(_THEMES)}, not {theme!r}")
        self._change(account_id, theme=theme)

    def _find(self, condition: sa.ColumnElement[bool]) -> Account | None:
        with reading(self._engine).begin() as connection:
            row = connection.execute(sa.select(account).where(condition)).one_or_none()
        return None if row is None else _account(row)

    def _change(self, account_id: int, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(account).where(account.c.id == account_id).values(values))


def _account(row: sa.Row[Any]) -> Account:
    return Account(
        row.id, row.address, row.name, row.password_hash, row.role, row.theme, row.last_sign_in_at,
        row.crm_user_id, row.session_key,
    )  # fmt: skip


def create_admin(engine: sa.Engine, clock: Clock, address: str, password: str | None = None) -> str:
    """Makes (or resets) a local admin and returns the password, made if None. Raises AccountRefused."""
    return Accounts(engine, clock).create(address, password)


def _address(address: str) -> str:
    normal = normal_email(address) or ""
    name, at, domain = normal.partition("@")
    if not (name and at and domain) or any(character.isspace() for character in normal):
        raise AccountRefused(f"“{address}” is no e-mail address: write it like admin@example.com.")
    return normal


def _hash(password: str) -> str:
    if len(password) < LEAST_CHARACTERS:
        raise AccountRefused(f"The password is too short: use at least {LEAST_CHARACTERS} characters.")
    return generate_password_hash(password, method="scrypt")


@cache
def _nobodys_hash() -> str:
    return generate_password_hash(secrets.token_hex(), method="scrypt")
