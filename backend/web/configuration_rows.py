"""The editor's rows: every setting with its control, its choices in words, and why it is off where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from backend.domain.configuration import Configuration, Direction, Operator, Ownership
from backend.domain.configuration_rules import idle
from backend.domain.configuration_words import (
    OPERATORS,
    SETTINGS,
    Change,
    Setting,
    cautions,
    changes,
    in_words,
    place_of,
)
from backend.domain.field_choices import customisable
from backend.domain.field_types import DescribedField, suitable
from backend.domain.presets import PRESETS, Preset
from backend.domain.values import Kind
from backend.web.configuration_form import CONDITIONS, MOST_CONDITIONS, Form
from backend.web.words import say

PRESET_NAMES: Final = {
    Preset.RECOMMENDED: say("Recommended"),
    Preset.LIGHTNING_SYNC: say("As Lightning Sync did"),
}
DIRECTIONS: Final = {
    Direction.OFF: ("", say("Don't sync")),
    Direction.TO_MAILBOX: ("to-mailbox", say("To mailbox")),
    Direction.TO_CRM: ("to-salesforce", say("To Salesforce")),
    Direction.BOTH: ("both", say("Both ways")),
}
_ONLY_WHERE_CHOSEN: Final = frozenset({Ownership.UNSET, Ownership.SELECTED, Ownership.RECORDS})
"""Values that select nothing: never offered, and shown where a file chose them."""
_UNITS: Final = {"events.days_back": say("days ago"), "events.days_ahead": say("days ahead")}

_SETTING: Final = {one.key: one for one in SETTINGS}
_DECIDING: Final = (say("Conflicts and deletions"), ("conflicts", "conflict_scope", "deletions", "one_way"))
GROUPS: Final = {
    Kind.CONTACT: (
        ("", ("direction",)),
        (say("Which Salesforce contacts"), ("filter.owner", "filter.conditions", "filter.followed")),
        (say("Matching and companies"), ("match", "company", "company_moves")),
        _DECIDING,
    ),
    Kind.EVENT: (
        ("", ("direction",)),
        (say("Which events"), ("which", "private", "series", "days_back", "days_ahead", "start", "moved")),
        (say("People and invitations"), ("relate", "attendees", "invite_users", "invite_guests", "guests")),
        _DECIDING,
    ),
}
"""Every setting but the field maps, in the order of the page."""

Described = Mapping[Kind, Iterable[DescribedField]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value: as the form sends it, and in words."""

    value: str
    text: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. control: segments, radios, switch, number, conditions.

    off: why it has no effect · kept: what was chosen there · ruler: label and id of the setting that rules it.
    """

    key: str
    label: str
    meaning: str
    control: str
    value: str
    choices: tuple[Choice, ...] = ()
    unit: str = ""
    off: str = ""
    ruler: tuple[str, str] = ("", "")
    kept: str = ""
    caution: str = ""
    problem: str = ""

    @property
    def id(self) -> str:
        """Its id on the page."""
        return id_of(self.key)


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A row of the field map: its Salesforce field ('' standard, 'off') and what it may be pointed to."""

    key: str
    label: str
    standard: str
    value: str
    others: tuple[Choice, ...]
    problem: str = ""

    @property
    def id(self) -> str:
        """Its id on the page."""
        return id_of(self.key)


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one kind under their headings.

    field_map_off: why its field map has no effect · departures: how many of its rows are not standard.
    """

    kind: str
    title: str
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    fields: tuple[FieldChoice, ...]
    field_map_off: str
    departures: int


def id_of(key: str) -> str:
    """A setting's key as an id: 'contacts.filter.owner' -> 'contacts-filter-owner'."""
    return key.replace(".", "-")


def sections(form: Form, described: Described | None = None) -> tuple[Section, ...]:
    """Everything but name and activity. `described`: what Salesforce says of its fields, if it was asked."""
    return tuple(
        Section(
            kind.value,
            say("Contacts") if kind is Kind.CONTACT else say("Events"),
            tuple(
                (title, tuple(_row(form, _SETTING[f"{kind.value}s.{key}"]) for key in keys))
                for title, keys in GROUPS[kind]
            ),
            _fields(form, kind, described),
            _off_reason(form.settings, f"{kind.value}s.fields"),
            len(form.settings.of(kind).field_map.choices),
        )
        for kind in Kind
    )


def _off_reason(settings: Configuration, key: str) -> str:
    found = idle(settings).get(key)
    return found.reason if found else ""


def _row(form: Form, setting: Setting) -> Row:
    value = setting.read(form.settings)
    found = idle(form.settings).get(setting.key)
    ruler = next((one for one in SETTINGS if found and one.key == found.ruled_by), None)
    return Row(
        setting.key,
        setting.label,
        setting.meaning,
        _control(setting, value),
        form.typed.get(setting.key, _sent(value)),
        _choices(value),
        _UNITS.get(setting.key, ""),
        found.reason if found else "",
        (ruler.label, id_of(ruler.key)) if ruler else ("", ""),
        in_words(value) if found else "",
        dict(cautions(form.settings)).get(setting.key, ""),
        form.problems.get(setting.key, ""),
    )


def _control(setting: Setting, value: Any) -> str:
    match value:
        case Direction():
            return "segments"
        case bool():
            return "switch"
        case int():
            return "number"
        case StrEnum():
            return "radios"
    return "conditions" if setting.key == CONDITIONS else "text"


def _sent(value: Any) -> str:
    match value:
        case StrEnum():
            return value.value
        case bool():
            return "on" if value else "off"
        case int():
            return str(value)
    return ""


def _choices(value: Any) -> tuple[Choice, ...]:
    if isinstance(value, Direction):
        return tuple(Choice(one.value, text, icon) for one, (icon, text) in DIRECTIONS.items())
    if not isinstance(value, StrEnum):
        return ()
    return tuple(
        Choice(one.value, _begun(in_words(one))) for one in type(value) if one not in _ONLY_WHERE_CHOSEN or one == value
    )


def _begun(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def operators() -> tuple[Choice, ...]:
    """The comparisons of a condition."""
    return tuple(Choice(one.value, OPERATORS[one]) for one in Operator)


def condition_rows(form: Form, more: bool) -> tuple[tuple[tuple[str, str, str], str], ...]:
    """The conditions with their mistakes, and an empty one to fill in."""
    problems = {
        int(key.rpartition(".")[2]): text for key, text in form.problems.items() if key.startswith(CONDITIONS + ".")
    }
    given = [one for one in form.conditions if one[0].strip() or one[2].strip()]
    rows = [(one, problems.get(place, "")) for place, one in enumerate(given)]
    if (more or not rows) and len(rows) < MOST_CONDITIONS:
        rows.append((("", Operator.EQUALS.value, ""), ""))
    return tuple(rows)


def _fields(form: Form, kind: Kind, described: Described | None) -> tuple[FieldChoice, ...]:
    settings = form.settings.of(kind)
    chosen = settings.field_map.by_row
    known = tuple(described.get(kind, ())) if described is not None else ()
    rows = []
    for row in customisable(kind):
        key = f"{kind.value}s.fields.{row.key}"
        value = form.typed.get(key, (chosen[row.key] or "off") if row.key in chosen else "")
        fitting = suitable(row, known, written=settings.direction.writes_crm)
        others = [Choice(one.name, f"{one.label} ({one.name})") for one in fitting if one.name != row.salesforce]
        if value not in ("", "off", *(one.value for one in others)):
            others.append(Choice(value, value))
        rows.append(FieldChoice(key, row.label, row.salesforce, value, tuple(others), form.problems.get(key, "")))
    return tuple(rows)


# --- comparing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Differing:
    """How a configuration stands to the preset that it is nearest to."""

    preset: Preset
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        """What the screens call the preset."""
        return PRESET_NAMES[self.preset]


def nearest(settings: Configuration) -> Differing:
    """The preset that it differs least from, and in what; whether it is active does not count."""
    differing = [Differing(preset, _but_active(values, settings)) for preset, values in PRESETS.items()]
    return min(differing, key=lambda one: len(one.changes))


def _but_active(values: Configuration, settings: Configuration) -> tuple[Change, ...]:
    return tuple(one for one in changes(values, settings) if one.setting.key != "active")


def unsaved(form: Form) -> tuple[tuple[str, str, str], ...]:
    """What is different from what the form was opened with: place, before, after."""
    named = [(say("Name"), form.base.name, form.settings.name)] if form.base.name != form.settings.name else []
    return (*named, *((place_of(one.setting), one.old, one.new) for one in changes(form.base, form.settings)))


def field_of(key: str) -> tuple[str, str]:
    """Where a mistake is: the id of its row, and what the screens call it."""
    if key.startswith(CONDITIONS):
        return id_of(CONDITIONS), told(CONDITIONS, ())[0]
    for kind in Kind:
        row = key.removeprefix(f"{kind.value}s.fields.")
        label = next((one.label for one in customisable(kind) if one.key == row and row != key), None)
        if label is not None:
            return id_of(key), label
    return id_of(key), told(key, "")[0]


def told(key: str, value: Any) -> tuple[str, str]:
    """A setting's place and a value of it, in words."""
    found = next((one for one in SETTINGS if one.key == key), None)
    return (place_of(found), in_words(value)) if found else (say("Name"), str(value))
