"""What a person is told of settings that select nothing: fields that do not show, and a filter that is half set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from backend.domain.field_view import pointed, pointed_fields
from backend.domain.values import Kind
from backend.salesforce.marks import unshown
from backend.storage.configurations import Assigned
from backend.sync.state import UserView

UNSHOWN: Final = "Salesforce does not show a field that the field map names: {} does not sync; everything else does."
REMEDY: Final = (
    "Make the field visible to the integration user again, or choose another one under “fields” of the configuration."
)


HALF_SET: Final = "No Salesforce contacts sync: whose contacts is not chosen completely."
CHOOSE: Final = "Choose the person's own contacts, or all contacts."


def further_fields(configurations: Iterable[Assigned]) -> Mapping[Kind, Sequence[str]]:
    """Every field beyond the standard ones that an active configuration points to."""
    active = [one.configuration for one in configurations if one.configuration.active]
    return pointed_fields((kind, one.of(kind).field_map) for one in active for kind in Kind)


def without_effect(user: UserView, mark: str | None) -> tuple[str, str]:
    """What of the user's settings selects nothing, and what helps; empty if all does. `mark`: of the last reading."""
    settings = user.configuration
    if settings.contacts.direction.writes_mailbox and not settings.contact_filter.ownership.complete:
        return HALF_SET, CHOOSE
    return unshown_fields(user, mark)


def unshown_fields(user: UserView, mark: str | None) -> tuple[str, str]:
    """Why rows of the user's field map do not sync and what helps; empty if they do. `mark`: of the last reading."""
    maps = {kind: user.configuration.of(kind).field_map for kind in Kind}
    unseen = unshown(mark, pointed_fields(maps.items()))
    names = {(kind, name.casefold()) for kind, fields in unseen.items() for name in fields}
    rows = [(row, name) for kind in Kind for row, name in pointed(kind, maps[kind]) if (kind, name.casefold()) in names]
    if not rows:
        return "", ""
    return UNSHOWN.format(", ".join(f"{row.label} ({name})" for row, name in rows)), REMEDY
