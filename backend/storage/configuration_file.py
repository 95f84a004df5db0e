"""All configurations and assignments as one reviewable YAML file: `lockstep config apply` and `lockstep config export`.

The file is the whole truth: a configuration that it does not name is removed (nobody's items are touched by that).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from backend.domain.configuration_words import warnings
from backend.storage.configuration_mistakes import Described, sentences, twice, unfit_fields, unsuitable_fields
from backend.storage.configuration_model import File, from_assigned, to_assigned
from backend.storage.configurations import Assigned, Configurations
from backend.storage.yaml_places import YamlError, parse

_HEADER = "# Configurations of Lockstep and who uses them. Change, then: lockstep config apply FILE.yaml\n"


class FileRefused(ValueError):
    """The file cannot be applied; `problems` holds one sentence each with line, place and remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read(text: str, described: Described | None = None) -> tuple[Assigned, ...]:
    """The file's configurations, by name. Raises FileRefused with every mistake in it.

    described: the fields that Salesforce has; without it nothing is said of fields that rows go to.
    """
    try:
        data, lines = parse(text)
    except YamlError as error:
        raise FileRefused([f"{str(error)[0].upper()}{str(error)[1:]}"]) from None
    if not isinstance(data, dict):
        raise FileRefused(["Line 1: the file must begin with “configurations:” and list them below."])
    try:
        file = File.model_validate(data)
    except ValidationError as error:
        raise FileRefused(sentences(error.errors(), data, lines)) from None
    unfit = [*twice(file, lines), *unfit_fields(file, data, lines)]
    if not unfit and described is not None:
        unfit = [*unsuitable_fields(file, data, lines, described)]
    if unfit:
        raise FileRefused(unfit)
    return tuple(sorted((to_assigned(part) for part in file.configurations), key=lambda one: one.configuration.name))


def write(configurations: Sequence[Assigned]) -> str:
    """The file for these configurations; reading it gives the same again."""
    data = {"configurations": [from_assigned(one) for one in configurations]}
    body = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
    return _HEADER + body


def differences(present: Sequence[Assigned], wanted: Sequence[Assigned]) -> tuple[str, ...]:
    """What applying would change, one line each; nothing for nothing."""
    old = {one.configuration.name: one for one in present}
    new = {one.configuration.name: one for one in wanted}
    lines: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            lines.append(f"remove configuration “{name}”: its people stop syncing, their items stay")
        elif name not in old:
            lines.append(f"add configuration “{name}”")
            lines += _changed(name, {}, _flat(from_assigned(new[name])))
        else:
            lines += _changed(name, _flat(from_assigned(old[name])), _flat(from_assigned(new[name])))
    return tuple(lines)


def warned(wanted: Sequence[Assigned]) -> tuple[str, ...]:
    """What an admin should know about these settings before he applies them, one line each."""
    return tuple(
        f"“{one.configuration.name}”: {sentence}" for one in wanted for sentence in warnings(one.configuration)
    )


def apply(configurations: Configurations, wanted: Sequence[Assigned], by: str = "command line") -> frozenset[int]:
    """Makes the stored configurations those of the file; ids of people to whom other settings apply since."""
    with configurations.editing(by) as editor:
        names = {one.configuration.name for one in wanted}
        for present in editor.all():
            if present.configuration.name not in names:
                editor.remove(present.configuration.name)
            editor.unassign(usernames=present.usernames, profiles=present.profiles)
        for one in wanted:
            editor.save(one.configuration)
            editor.assign(one.configuration.name, usernames=one.usernames, profiles=one.profiles)
    return editor.affected


# --- differences -----------------------------------------------------------------------------------------------------


def _flat(data: Any, place: str = "") -> dict[str, Any]:
    if not isinstance(data, dict):
        return {place: data}
    return {
        name: value for key, part in data.items() for name, value in _flat(part, f"{place}.{key}".strip(".")).items()
    }


def _changed(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for place in dict.fromkeys((*new, *old)):
        before, value = old.get(place), new.get(place)
        if place in ("users", "profiles"):
            added, left = set(value or ()) - set(before or ()), set(before or ()) - set(value or ())
            yield from (f"“{name}”: assign {place[:-1]} {one}" for one in sorted(added))
            yield from (f"“{name}”: no longer assign {place[:-1]} {one}" for one in sorted(left))
        elif place != "name" and old and before != value:
            yield f"“{name}”: {place} {_shown(before)} → {_shown(value)}"


def _shown(value: Any) -> str:
    if value is None:
        return "standard"
    if isinstance(value, list):
        return "; ".join(" ".join(one.values()) for one in value) or "none"
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
