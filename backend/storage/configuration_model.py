"""The shape of the configuration file, and its translation to the values of the domain and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from backend.domain.configuration import (
    CompanyRule,
    Condition,
    Configuration,
    ConflictRule,
    ConflictScope,
    ContactFilter,
    DeletionChoice,
    Direction,
    GuestRule,
    KindSettings,
    MovedRule,
    OneWay,
    Operator,
    Ownership,
    Preference,
    SeriesRule,
    StartRule,
    Which,
)
from backend.domain.field_choices import FieldChoice, FieldMap
from backend.domain.presets import PRESETS, Preset
from backend.storage.configurations import Assigned

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?$")]
_DEFAULT = Configuration("default")
_NOT_MAPPED = "off"
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
    followed: bool = False
    conditions: tuple[ConditionPart, ...] = ()


class KindPart(Part):
    """Settings of both kinds."""

    direction: Direction
    conflicts: ConflictRule
    conflict_scope: ConflictScope = ConflictScope.FIELD
    deletions: DeletionChoice
    one_way: OneWay = OneWay.KEEP
    fields: dict[str, Word] = Field(default_factory=dict)


class ContactsPart(KindPart):
    """Settings for contacts."""

    direction: Direction = _DEFAULT.contacts.direction
    conflicts: ConflictRule = _DEFAULT.contacts.conflict
    deletions: DeletionChoice = _DEFAULT.contacts.deletion
    match: Preference = _DEFAULT.preference
    company: CompanyRule = _DEFAULT.company
    company_moves: bool = _DEFAULT.company_moves
    filter: FilterPart = FilterPart()


class EventsPart(KindPart):
    """Settings for events; days are whole days."""

    direction: Direction = _DEFAULT.events.direction
    conflicts: ConflictRule = _DEFAULT.events.conflict
    deletions: DeletionChoice = _DEFAULT.events.deletion
    which: Which = _DEFAULT.which
    private: bool = _DEFAULT.private
    series: SeriesRule = _DEFAULT.series
    relate: bool = _DEFAULT.relate
    attendees: bool = _DEFAULT.attendees
    invite_users: bool = _DEFAULT.invite_users
    invite_guests: bool = _DEFAULT.invite_guests
    guests: GuestRule = _DEFAULT.guests
    days_back: Annotated[int, Field(ge=0, le=3650)] = _DEFAULT.days_back
    days_ahead: Annotated[int, Field(ge=1, le=1830)] = _DEFAULT.days_ahead
    start: StartRule = _DEFAULT.start
    moved: MovedRule = _DEFAULT.moved


class ConfigurationPart(Part):
    """One configuration and who uses it. What it leaves out is as the preset has it."""

    name: Name
    preset: Preset = Preset.RECOMMENDED
    active: bool = True
    users: tuple[Word, ...] = ()
    profiles: tuple[Word, ...] = ()
    contacts: ContactsPart = ContactsPart()
    events: EventsPart = EventsPart()

    @model_validator(mode="before")
    @classmethod
    def _on_its_preset(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("preset") in set(Preset):
            return _overlaid(from_configuration(PRESETS[Preset(data["preset"])]), data)
        return data


class File(Part):
    """The whole file."""

    configurations: tuple[ConfigurationPart, ...]


def _overlaid(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _overlaid(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in given.items()
    }
    return base | both


# --- to the domain ---------------------------------------------------------------------------------------------------


def to_assigned(part: ConfigurationPart) -> Assigned:
    """A part of the file as a configuration with its assignments."""
    users = sorted(name.casefold() for name in part.users)
    return Assigned(to_configuration(part), tuple(users), tuple(sorted(part.profiles)))


def to_configuration(part: ConfigurationPart) -> Configuration:
    """A part of the file as a configuration."""
    contacts, events = part.contacts, part.events
    conditions = tuple(Condition(one.field, one.operator, one.value) for one in contacts.filter.conditions)
    return Configuration(
        name=part.name,
        active=part.active,
        contacts=_settings(contacts),
        events=_settings(events),
        contact_filter=ContactFilter(contacts.filter.owner, conditions, contacts.filter.followed),
        preference=contacts.match,
        company=contacts.company,
        company_moves=contacts.company_moves,
        which=events.which,
        private=events.private,
        series=events.series,
        relate=events.relate,
        attendees=events.attendees,
        invite_users=events.invite_users,
        invite_guests=events.invite_guests,
        guests=events.guests,
        start=events.start,
        moved=events.moved,
        days_back=events.days_back,
        days_ahead=events.days_ahead,
    )


def _settings(part: KindPart) -> KindSettings:
    return KindSettings(
        part.direction, part.conflicts, part.deletions, part.conflict_scope, part.one_way, field_map(part.fields)
    )


def field_map(fields: Mapping[str, str]) -> FieldMap:
    """The `fields` of the file: rows by key, with their Salesforce field or `off`."""
    return FieldMap(
        tuple(FieldChoice(row, None if field.lower() == _NOT_MAPPED else field) for row, field in fields.items())
    )


# --- to the file -----------------------------------------------------------------------------------------------------


def from_assigned(assigned: Assigned) -> dict[str, Any]:
    """A configuration as it is written to the file, every setting named."""
    settings = assigned.configuration
    return {
        "name": settings.name,
        "active": settings.active,
        "users": list(assigned.usernames),
        "profiles": list(assigned.profiles),
        **from_configuration(settings),
    }


def from_configuration(settings: Configuration) -> dict[str, Any]:
    """The settings for contacts and events as they are written to the file."""
    chosen = settings.contact_filter
    return {
        "contacts": {
            **_kind(settings.contacts),
            "match": settings.preference.value,
            "company": settings.company.value,
            "company_moves": settings.company_moves,
            "filter": {
                "owner": chosen.ownership.value,
                "followed": chosen.followed,
                "conditions": [_condition(one) for one in chosen.conditions],
            },
            "fields": _fields(settings.contacts.field_map),
        },
        "events": {
            **_kind(settings.events),
            "which": settings.which.value,
            "private": settings.private,
            "series": settings.series.value,
            "relate": settings.relate,
            "attendees": settings.attendees,
            "invite_users": settings.invite_users,
            "invite_guests": settings.invite_guests,
            "guests": settings.guests.value,
            "days_back": settings.days_back,
            "days_ahead": settings.days_ahead,
            "start": settings.start.value,
            "moved": settings.moved.value,
            "fields": _fields(settings.events.field_map),
        },
    }


def _kind(settings: KindSettings) -> dict[str, str]:
    return {
        "direction": settings.direction.value,
        "conflicts": settings.conflict.value,
        "conflict_scope": settings.conflict_scope.value,
        "deletions": settings.deletion.value,
        "one_way": settings.one_way.value,
    }


def _fields(chosen: FieldMap) -> dict[str, str]:
    return {row: field or _NOT_MAPPED for row, field in chosen.by_row.items()}


def _condition(condition: Condition) -> dict[str, str]:
    stored = {"field": condition.field, "operator": condition.operator.value}
    return stored | ({"value": condition.value} if condition.value else {})
