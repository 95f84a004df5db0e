"""The shape of the configuration file, and its translation to the values of the domain and back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from backend.domain.configuration import (
    Condition,
    Configuration,
    ConflictRule,
    ContactFilter,
    DeletionChoice,
    Direction,
    GuestRule,
    KindSettings,
    Operator,
    Ownership,
    Preference,
    Which,
)
from backend.storage.configurations import Assigned

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?$")]
_DEFAULT = Configuration("default")
_WITHOUT_VALUE = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)


class Part(BaseModel):
    """A part of the file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionPart(Part):
    """One condition on a Salesforce contact."""

    field: FieldName
    operator: Operator
    value: str = ""

    @model_validator(mode="before")
    @classmethod
    def _as_text(cls, data: Any) -> Any:
        """Numbers and truth values are compared as text."""
        if isinstance(data, dict) and isinstance(data.get("value"), bool | int | float):
            return data | {"value": str(data["value"]).lower()}
        return data

    @model_validator(mode="after")
    def _has_its_value(self) -> ConditionPart:
        if self.operator in _WITHOUT_VALUE and self.value:
            raise ValueError(f"{self.operator} takes no value")
        if self.operator not in _WITHOUT_VALUE and not self.value:
            raise ValueError(f"{self.operator} needs a value")
        return self


class FilterPart(Part):
    """Which Salesforce contacts belong to a user."""

    owner: Ownership = Ownership.OWN
    conditions: tuple[ConditionPart, ...] = ()


class ContactsPart(Part):
    """Settings for contacts."""

    direction: Direction = _DEFAULT.contacts.direction
    conflicts: ConflictRule = _DEFAULT.contacts.conflict
    deletions: DeletionChoice = _DEFAULT.contacts.deletion
    match: Preference = _DEFAULT.preference
    filter: FilterPart = FilterPart()


class EventsPart(Part):
    """Settings for events; days are whole days."""

    direction: Direction = _DEFAULT.events.direction
    conflicts: ConflictRule = _DEFAULT.events.conflict
    deletions: DeletionChoice = _DEFAULT.events.deletion
    which: Which = _DEFAULT.which
    private: bool = _DEFAULT.private
    guests: GuestRule = _DEFAULT.guests
    days_back: Annotated[int, Field(ge=0, le=3650)] = _DEFAULT.days_back
    days_ahead: Annotated[int, Field(ge=1, le=1830)] = _DEFAULT.days_ahead


class ConfigurationPart(Part):
    """One configuration and who uses it."""

    name: Name
    active: bool = True
    users: tuple[Word, ...] = ()
    profiles: tuple[Word, ...] = ()
    contacts: ContactsPart = ContactsPart()
    events: EventsPart = EventsPart()


class File(Part):
    """The whole file."""

    configurations: tuple[ConfigurationPart, ...]


def to_assigned(part: ConfigurationPart) -> Assigned:
    """A part of the file as a configuration with its assignments."""
    contacts, events = part.contacts, part.events
    conditions = tuple(Condition(one.field, one.operator, one.value) for one in contacts.filter.conditions)
    settings = Configuration(
        name=part.name,
        active=part.active,
        contacts=KindSettings(contacts.direction, contacts.conflicts, contacts.deletions),
        events=KindSettings(events.direction, events.conflicts, events.deletions),
        contact_filter=ContactFilter(contacts.filter.owner, conditions),
        preference=contacts.match,
        which=events.which,
        private=events.private,
        guests=events.guests,
        days_back=events.days_back,
        days_ahead=events.days_ahead,
    )
    users = sorted(name.casefold() for name in part.users)
    return Assigned(settings, tuple(users), tuple(sorted(part.profiles)))


def from_assigned(assigned: Assigned) -> dict[str, Any]:
    """A configuration as it is written to the file, every setting named."""
    settings = assigned.configuration
    conditions = [_condition(one) for one in settings.contact_filter.conditions]
    return {
        "name": settings.name,
        "active": settings.active,
        "users": list(assigned.usernames),
        "profiles": list(assigned.profiles),
        "contacts": {
            **_kind(settings.contacts),
            "match": settings.preference.value,
            "filter": {"owner": settings.contact_filter.ownership.value, "conditions": conditions},
        },
        "events": {
            **_kind(settings.events),
            "which": settings.which.value,
            "private": settings.private,
            "guests": settings.guests.value,
            "days_back": settings.days_back,
            "days_ahead": settings.days_ahead,
        },
    }


def _kind(settings: KindSettings) -> dict[str, str]:
    return {
        "direction": settings.direction.value,
        "conflicts": settings.conflict.value,
        "deletions": settings.deletion.value,
    }


def _condition(condition: Condition) -> dict[str, str]:
    stored = {"field": condition.field, "operator": condition.operator.value}
    return stored | ({"value": condition.value} if condition.value else {})
