"""Unresolved items: companies that no account stands for, until a person or Salesforce answers (H-3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from backend.ports.answers import NoAccount


class Standing(StrEnum):
    """Where an unresolved item stands."""

    NEW = "new"
    """Opened by the pass that is running, or the last one."""
    OPEN = "open"
    """One pass went by and nobody answered."""
    AGAIN = "again"
    """To be looked up again: an account of that name appeared, or a night went by."""
    ANSWERED = "answered"
    """A person chose an account: written by the next pass."""
    LEFT = "left"
    """A person wants the text kept without an account."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The company of one contact of one user. answer: id of the account that a person chose."""

    link_id: UUID
    user_id: int
    text: str
    why: NoAccount
    standing: Standing = Standing.NEW
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Companies to be looked up again: those of these names, or of all with None."""

    names: frozenset[str] | None


def answered(item: Unresolved, account_id: str | None) -> Unresolved:
    """The item once a person chose an account, or with None wants the text kept as it is."""
    return replace(item, standing=Standing.ANSWERED if account_id else Standing.LEFT, answer=account_id)
