"""What a write came to, row by row: partial success is the normal result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.people import Relations
from backend.domain.values import Kind, Values

Stored = TypeVar("Stored")


class Op(StrEnum):
    """A write on one side."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Verdict(StrEnum):
    """Where something is that was not in a listing. Absence is a hint, never a verdict."""

    GONE = "gone"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class Result(StrEnum):
    """Outcome of one write."""

    OK = "ok"
    EXISTS = "exists"
    """Create: something with this key is already there; `stored` is it, or None if it lies in a recycle bin."""
    MOVED = "moved"
    """The version we planned against is no longer current; nothing was written."""
    GONE = "gone"
    """The target is not there. For a delete this is success."""
    TRANSIENT = "transient"
    REFUSED = "refused"
    """The service will not take it as it is: rule, required field, permission. Holds the link with `message`."""


class NoAccount(StrEnum):
    """Why the company of a contact was not made its account (H-3)."""

    NONE = "no_account"
    """No account of that name that the user can see."""
    SEVERAL = "several_accounts"
    OTHER = "another_account"
    """The contact belongs to another account."""
    NOT_ASKED = "not_asked"
    """A person account, or a user who may not use accounts: nobody has to resolve anything (LS-078, LS-085)."""


@dataclass(frozen=True, slots=True)
class Write:
    """One remote write. `values` holds only the groups to write; an explicit None blanks a group.

    id: the intent, echoed in the answer · target: remote id, None for a create · original_start: the occurrence of a
    series that is meant, else '' · key: tag to carry on creates · expect: version precondition, if any ·
    owner: Salesforce user id that will own a created record · attempt: 0 for the first send ·
    notify: a person (or a setting that a person made) allows the provider to mail the guests (INV-12, I.1) ·
    people: towards Salesforce, what becomes of the event's relation rows; written with the event (I-7) ·
    account: id of the account that a person chose for the contact's company · moves: a company that names another
    account takes the contact there (H-3) · field_map: to which fields the groups go; parts that are off stay as they
    are (LS-087).
    """

    id: UUID
    op: Op
    kind: Kind
    values: Values
    target: str | None = None
    original_start: str = ""
    key: UUID | None = None
    expect: str | None = None
    owner: str | None = None
    attempt: int = 0
    notify: bool = False
    people: Relations | None = None
    account: str | None = None
    moves: bool = False
    field_map: FieldMap = STANDARD
    pattern: str = ""
    """Create: makes a Salesforce event series of this pattern, its first occurrence carries the key. Where Salesforce
    does not take the pattern, a single event is made."""
    in_series: bool = False
    """Update of an occurrence of a Salesforce series: whoever sends it knows that a future one changes them all."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Stored]):
    """Answer to one `Write`. `stored` is the thing as read back after the write. `retry_after` in seconds.

    people: why not everybody could be tied to the event, in Salesforce's words; the event itself was written ·
    company: why the company that was sent did not become the contact's account; the rest was written.
    """

    id: UUID
    result: Result
    stored: Stored | None = None
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    retry_after: float | None = None
    people: str = ""
    company: NoAccount | None = None
