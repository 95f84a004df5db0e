"""What an object does beyond its fields: the hooks that saving calls, and what they get to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org


@dataclass(frozen=True)
class Options:
    """What request headers say about saving: duplicate rules (SF-049) and assignment rules (SF-040)."""

    allow_save: bool = False
    include_details: bool = False
    run_as_caller: bool = False
    auto_assign: bool = True


@dataclass
class Save:
    """One save: who, with what options, the values that the client gave, and the stamp that rows will carry.

    `row` is the new row (of a deletion: the row that goes), `old` the one before a change.
    """

    org: Org
    caller: Caller
    options: Options
    given: Row
    now: str
    row: Row = field(default_factory=dict)
    old: Row = field(default_factory=dict)


class Behaviour:
    """Does nothing beyond the fields. Hooks before a save may change the new row or raise SalesforceError."""

    def creating(self, save: Save) -> None:
        """Before a new row is checked and stored."""

    def created(self, save: Save) -> None:
        """After a new row was stored."""

    def updating(self, save: Save) -> None:
        """Before a changed row is checked and stored."""

    def updated(self, save: Save) -> None:
        """After a changed row was stored."""

    def deleting(self, save: Save) -> None:
        """Before a row goes into the Recycle Bin; may refuse."""

    def dependants(self, org: Org, row: Row) -> Iterable[str]:  # noqa: ARG002 - for subclasses
        """Ids of rows that go with it, and come back with it."""
        return ()

    def deleted(self, save: Save) -> None:
        """After a row and its dependants went into the Recycle Bin."""

    def undeleted(self, save: Save) -> None:
        """After a row came back from the Recycle Bin."""


def full_name(row: Row) -> str:
    """The compound name of a person: first, middle, last and suffix."""
    parts = (row.get(name) for name in ("FirstName", "MiddleName", "LastName", "Suffix"))
    return " ".join(part for part in parts if part)
