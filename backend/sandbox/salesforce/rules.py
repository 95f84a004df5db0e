"""What the customer's administrators have built in: validation rules, automation, assignment and duplicate rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.sandbox.salesforce.store import Row


@dataclass(frozen=True)
class ValidationRule:
    """Refuses a row for which `fails` is true, with the administrator's words (SF-033)."""

    sobject: str
    fails: Callable[[Row], bool]
    message: str
    field: str | None = None


@dataclass(frozen=True)
class Automation:
    """A flow or trigger: may change fields before the save, and touch the row some seconds after (SF-034)."""

    sobject: str
    change: Callable[[Row], Mapping[str, Any]]
    touches_after: int = 0


class AutomationFailure(Exception):
    """Raised by an automation; its text reaches the client (SF-033)."""


DuplicateMode = Literal["allow", "alert", "block"]


@dataclass(frozen=True)
class DuplicateRule:
    """Rows match when all fields of one of the `match` groups are equal, ignoring case, and none is empty."""

    sobject: str
    name: str
    match: tuple[tuple[str, ...], ...]
    on_create: DuplicateMode = "alert"
    on_edit: DuplicateMode = "allow"
    message: str = "Use one of these records?"


@dataclass
class Customizing:
    """All of it, per organisation. `assignment` maps an object to the owner its rule hands new rows to (SF-040)."""

    validation: list[ValidationRule] = field(default_factory=list)
    automation: list[Automation] = field(default_factory=list)
    duplicates: list[DuplicateRule] = field(default_factory=list)
    assignment: dict[str, str] = field(default_factory=dict)
