"""Mistakes in the configuration file as sentences: where they stand, what is wrong, what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from backend.domain.configuration import Direction
from backend.domain.field_choices import FieldMap
from backend.domain.field_choices import mistakes as field_mistakes
from backend.domain.field_types import DescribedField, type_mistakes
from backend.domain.values import Kind
from backend.storage.configuration_model import File, to_assigned
from backend.storage.yaml_places import Place

Described = Mapping[Kind, Sequence[DescribedField]]
"""What describe tells of the fields of each kind's object."""

_PLAINLY: Final = {
    "string_pattern_mismatch": "is no API name of a Salesforce field: letters, digits and underscores",
    "tuple_type": "is no list: write its parts below, each with a dash",
    "bool_parsing": "is neither on nor off",
    "bool_type": "is neither on nor off",
    "dict_type": "is no group of keys: write them below, indented",
    "model_type": "is no group of keys: write them below, indented",
}


def sentences(problems: Iterable[ErrorDetails], data: Any, lines: Mapping[Place, int]) -> list[str]:
    """The mistakes in the order of the file; `lines` as `yaml_places.parse` gave them with `data`."""
    in_order = sorted(problems, key=lambda problem: _line(problem["loc"], lines))
    return [
        f"Line {_line(problem['loc'], lines)}, {_path(problem['loc'], data)}: {_reason(problem, problem['loc'])}."
        for problem in in_order
    ]


def twice(file: File, lines: Mapping[Place, int]) -> Iterator[str]:
    """Names that stand in two places: a configuration's, or a user or profile who would have two configurations."""
    seen: dict[tuple[str, str], int] = {}
    for number, part in enumerate(file.configurations):
        base: Place = ("configurations", number)
        places = [("configuration", part.name, (*base, "name"))]
        places += [("user", name, (*base, "users", position)) for position, name in enumerate(part.users)]
        places += [("profile", name, (*base, "profiles", position)) for position, name in enumerate(part.profiles)]
        for what, name, place in places:
            line = _line(place, lines)
            first = seen.setdefault((what, name if what == "configuration" else name.casefold()), line)
            if first != line:
                yield f"Line {line}: the {what} “{name}” is named in line {first} already; keep one of the two."


def unfit_fields(file: File, data: Any, lines: Mapping[Place, int]) -> Iterator[str]:
    """Rows of the field map that cannot be as the file wants them."""
    yield from _of_rows(file, data, lines, lambda kind, wanted, _: field_mistakes(kind, wanted))


def unsuitable_fields(file: File, data: Any, lines: Mapping[Place, int], described: Described) -> Iterator[str]:
    """Rows that go to a field which Salesforce does not have, or which cannot hold what the row carries."""
    yield from _of_rows(
        file,
        data,
        lines,
        lambda kind, wanted, direction: type_mistakes(
            kind, wanted, described.get(kind, ()), written=direction.writes_crm
        ),
    )


def _of_rows(
    file: File,
    data: Any,
    lines: Mapping[Place, int],
    found: Callable[[Kind, FieldMap, Direction], Iterator[tuple[str, str]]],
) -> Iterator[str]:
    for number, part in enumerate(file.configurations):
        settings = to_assigned(part).configuration
        for kind in Kind:
            for row, sentence in found(kind, settings.of(kind).field_map, settings.of(kind).direction):
                place: Place = ("configurations", number, f"{kind.value}s", "fields", row)
                yield f"Line {_line(place, lines)}, {_path(place, data)}: {sentence}."


def _reason(problem: ErrorDetails, place: Place) -> str:
    given = problem["input"]
    if problem["type"] == "extra_forbidden":
        return f"unknown key “{place[-1]}”{_suggestion(str(place[-1]), _keys(place[:-1]))}"
    if problem["type"] == "missing":
        return f"the key “{place[-1]}” is missing"
    if problem["type"] == "enum":
        choices = [choice.strip(" '") for choice in problem["ctx"]["expected"].replace(" or ", ",").split(",")]
        near = _nearest(str(given), choices)
        return f"“{given}” is not one of {', '.join(choices)}" + (f"; perhaps “{near}” was meant" if near else "")
    if problem["type"] in _PLAINLY:
        return f"“{given}” {_PLAINLY[problem['type']]}"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"“{given}” does not fit: {message}" if isinstance(given, str | int | float | bool) else message


def _suggestion(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = _nearest(word, names)
    if near:
        return f"; perhaps “{near}” was meant"
    return f"; known are {', '.join(names)}" if names else ""


def _nearest(word: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)


def _keys(place: Place) -> list[str]:
    """The keys that may stand at a place."""
    model: type[BaseModel] = File
    for part in place:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = next(iter(get_args(annotation)), annotation)
            if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
                return []
            model = inner
    return list(model.model_fields)


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    """The line of a place, or of the nearest thing around it where it is missing."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _path(place: Place, data: Any) -> str:
    """The place in words: `configuration “Sales”, contacts.direction`."""
    if len(place) < 2 or place[0] != "configurations" or not isinstance(place[1], int):
        return ".".join(str(part) for part in place) or "the file"
    name = data["configurations"][place[1]].get("name") if isinstance(data["configurations"][place[1]], dict) else None
    owner = f"configuration “{name}”" if name else f"configuration {place[1] + 1}"
    inner = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place[2:]).strip(".")
    return f"{owner}, {inner}" if inner else owner
