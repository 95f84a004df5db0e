"""The editor's form and what it says: read from a request, checked as the configuration file is, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from backend.domain.configuration import Configuration, Operator
from backend.domain.configuration_words import SETTINGS
from backend.domain.field_choices import customisable, mistakes
from backend.domain.values import Kind
from backend.storage.configuration_model import ConfigurationPart, from_configuration, to_configuration
from backend.web.words import say

NAME: Final = "name"
CONDITIONS: Final = "contacts.filter.conditions"
MOST_CONDITIONS: Final = 20
_PLAIN: Final = tuple(one.key for one in SETTINGS if not one.key.endswith((".fields", ".conditions")))
_SAYINGS: Final = {
    "int_parsing": say("“%(given)s” is no whole number: write one like 30."),
    "int_from_float": say("“%(given)s” is no whole number: write one like 30."),
    "greater_than_equal": say("%(given)s is too small: write at least %(ge)s."),
    "less_than_equal": say("%(given)s is too large: write at most %(le)s."),
    "string_too_short": say("Give it a name."),
    "string_too_long": say("This is too long: use at most %(max_length)s characters."),
    "string_pattern_mismatch": say("“%(given)s” is no API name of a field: write one like MailingCountry."),
    "enum": say("“%(given)s” is none of the choices: choose one of them."),
    "bool_parsing": say("“%(given)s” is neither on nor off."),
}

Typed = tuple[str, str, str]
"""A condition as it stands in the form: field, operator, value."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the editor shows.

    base: the configuration as it was when the form was opened, with its version · settings: what the form says, with
    the base's value where something cannot be · typed: texts that cannot be, by field · problems: why not, by field.
    """

    base: Configuration
    settings: Configuration
    conditions: tuple[Typed, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything differs from what the form was opened with."""
        return self.settings != self.base or bool(self.problems)


def opened(stored: Configuration, draft: Configuration | None = None) -> Form:
    """The form for a stored configuration, or for what somebody made of it and did not save."""
    settings = replace(draft or stored, version=stored.version)
    return Form(stored, settings, _typed_conditions(settings))


def filled(form: Form, values: Configuration) -> Form:
    """The form with other values for all settings but the name and whether it is active."""
    settings = replace(values, name=form.settings.name, active=form.settings.active, version=form.settings.version)
    return Form(form.base, settings, _typed_conditions(settings))


def read(form: MultiDict[str, str], stored: Configuration) -> Form:
    """What was sent. What is missing stays as it is in `stored`; what cannot be is kept as text with its reason."""
    base = _base(form.get("base", ""), stored)
    given = from_configuration(base) | {NAME: form.get(NAME, base.name), "active": base.active}
    for key in _PLAIN:
        if key in form:
            _put(given, key, form.getlist(key)[-1])
    conditions = _sent_conditions(form)
    if conditions is not None:
        _put(given, CONDITIONS, [_as_condition(one) for one in conditions if any((one[0].strip(), one[2].strip()))])
    for kind in Kind:
        _put(given, f"{kind.value}s.fields", _sent_fields(form, kind, base))
    settings, typed, problems = _checked(given, base)
    problems |= _of_maps(settings)
    typed |= {key: form.get(key, "") for key in problems}
    shown = _typed_conditions(base) if conditions is None else tuple(conditions)
    return Form(base, replace(settings, version=base.version), shown, typed, problems)


def base_text(settings: Configuration) -> str:
    """A configuration as the form carries it along, to know later what it was opened with."""
    named = {NAME: settings.name, "active": settings.active, **from_configuration(settings)}
    return json.dumps({"version": settings.version, "settings": named}, separators=(",", ":"))


def _base(text: str, stored: Configuration) -> Configuration:
    """A base that is missing or was tampered with counts as the stored one: the version decides anyway."""
    try:
        found = json.loads(text)
        part = ConfigurationPart.model_validate(found["settings"])
        return replace(to_configuration(part), version=int(found["version"]))
    except (ValueError, KeyError, TypeError):
        return stored


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    *groups, last = key.split(".")
    for group in groups:
        data = data[group]
    data[last] = value


# --- conditions ------------------------------------------------------------------------------------------------------


def _typed_conditions(settings: Configuration) -> tuple[Typed, ...]:
    return tuple((one.field, one.operator.value, one.value) for one in settings.contact_filter.conditions)


def _sent_conditions(form: MultiDict[str, str]) -> list[Typed] | None:
    fields, operators, values = (form.getlist(f"{CONDITIONS}.{part}") for part in ("field", "operator", "value"))
    if not fields or not len(fields) == len(operators) == len(values):
        return None
    return list(zip(fields, operators, values, strict=True))[:MOST_CONDITIONS]


def _as_condition(typed: Typed) -> dict[str, str]:
    name, operator, value = typed[0].strip(), typed[1], typed[2].strip()
    idle = operator in (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
    return {"field": name, "operator": operator} | ({} if idle else {"value": value})


# --- the field map ---------------------------------------------------------------------------------------------------


def _sent_fields(form: MultiDict[str, str], kind: Kind, base: Configuration) -> dict[str, str]:
    group, standing = f"{kind.value}s", base.of(kind).field_map.by_row
    chosen = {row.key: form.get(f"{group}.fields.{row.key}") for row in customisable(kind)}
    if all(value is None for value in chosen.values()):
        return {row: name or "off" for row, name in standing.items()}
    return {row: name.strip() for row, name in chosen.items() if name and name.strip()}


def _of_maps(settings: Configuration) -> dict[str, str]:
    return {
        f"{kind.value}s.fields.{row}": f"{sentence[0].upper()}{sentence[1:]}."
        for kind in Kind
        for row, sentence in mistakes(kind, settings.of(kind).field_map)
    }


# --- checking --------------------------------------------------------------------------------------------------------


def _checked(given: dict[str, Any], base: Configuration) -> tuple[Configuration, dict[str, str], dict[str, str]]:
    """The settings as far as they can be, the texts that cannot, and why. Each round takes the mistakes out."""
    typed: dict[str, str] = {}
    problems: dict[str, str] = {}
    standing = from_configuration(base) | {NAME: base.name, "active": base.active}
    while True:
        try:
            return to_configuration(ConfigurationPart.model_validate(given)), typed, problems
        except ValidationError as error:
            found = [(_place(one["loc"]), one) for one in error.errors()]
            for (key, shown), one in found:
                problems.setdefault(shown, _sentence(one))
                if not isinstance(one["input"], dict):
                    typed.setdefault(shown, str(one["input"]))
                _put(given, key, _at(standing, key))


def _place(loc: Sequence[int | str]) -> tuple[str, str]:
    """The setting that a mistake is in, and the field of the form that shows it: a list counts as one setting."""
    names = [str(part) for part in loc]
    for place, part in enumerate(loc):
        if isinstance(part, int):
            return ".".join(names[:place]), ".".join(names[: place + 1])
    if len(names) > 2 and names[1] == "fields":
        return ".".join(names[:2]), ".".join(names)
    return ".".join(names), ".".join(names)


def _at(data: Mapping[str, Any], key: str) -> Any:
    found: Any = data
    for part in key.split("."):
        found = found[part]
    return found


def _sentence(error: Any) -> str:
    saying = _SAYINGS.get(error["type"])
    if saying is not None:
        return say(saying, given=error["input"], **error.get("ctx", {}))
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{message[0].upper()}{message[1:]}."


# --- two people at one configuration ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clash:
    """A setting that both changed, and to what (as values)."""

    key: str
    theirs: Any
    mine: Any


@dataclass(frozen=True, slots=True)
class Together:
    """Two changes of one configuration put together: what only one of them changed is as that one has it.

    settings: with mine where both changed the same setting.
    """

    settings: Configuration
    clashes: tuple[Clash, ...]
    taken: tuple[str, ...]
    """Settings that only the other changed."""


def together(base: Configuration, theirs: Configuration, mine: Configuration) -> Together:
    """Both changes; where both changed the same setting differently, mine."""
    result = theirs
    clashes, taken = [], []
    for key, was, is_, wanted, put in _columns(base, theirs, mine):
        if wanted in (was, is_):
            if is_ != was and wanted != is_:
                taken.append(key)
            continue
        if is_ != was:
            clashes.append(Clash(key, is_, wanted))
        result = put(result, wanted)
    return Together(result, tuple(clashes), tuple(taken))


def with_saved(form: Form, stored: Configuration, keys: Sequence[str]) -> Form:
    """The form with the stored values of these settings."""
    settings = form.settings
    for key, _, saved, _, put in _columns(form.base, stored, form.settings):
        if key in keys:
            settings = put(settings, saved)
    return replace(form, settings=settings, conditions=_typed_conditions(settings))


def _columns(
    base: Configuration, theirs: Configuration, mine: Configuration
) -> Iterator[tuple[str, Any, Any, Any, Any]]:
    yield NAME, base.name, theirs.name, mine.name, lambda settings, value: replace(settings, name=value)
    for one in SETTINGS:
        yield one.key, one.read(base), one.read(theirs), one.read(mine), one.put
