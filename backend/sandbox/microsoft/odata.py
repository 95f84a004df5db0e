"""Query options of Graph: which are known, and what $select, $expand, $orderby, $top and $skip do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from backend.sandbox.microsoft import errors, fields
from backend.sandbox.microsoft.filters import Filter, compile_filter
from backend.sandbox.microsoft.wire import Answer, Call

Thing = TypeVar("Thing")

DEFAULT_PAGE = 10
MOST_PER_PAGE = 1000
LIST_OPTIONS = ("$select", "$filter", "$top", "$skip", "$orderby", "$expand", "$count")
ITEM_OPTIONS = ("$select", "$expand")


def check_options(call: Call, allowed: Iterable[str]) -> None:
    """Refuse options that the operation does not know (MS-014, MS-024). Raises GraphError 400."""
    known = set(allowed)
    for name in call.options:
        if name not in known:
            raise errors.bad_query(f"The query parameter '{name}' is not supported here.")


def selected_names(call: Call, readable: frozenset[str]) -> tuple[str, ...] | None:
    """The properties asked for with $select, None for all. Raises GraphError 400 for unknown ones."""
    text = call.options.get("$select")
    if text is None:
        return None
    return check_names(text, readable)


def check_names(text: str, readable: frozenset[str]) -> tuple[str, ...]:
    """A comma-separated list of properties. Raises GraphError 400 for unknown ones."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in readable:
            raise errors.bad_query(f"Could not find a property named '{name}'.")
    return names


def select(entity: dict[str, Any], names: Sequence[str] | None) -> dict[str, Any]:
    """Only these properties, with id and annotations."""
    if names is None:
        return entity
    kept = {name: value for name, value in entity.items() if name[0] == "@" or name == "id"}
    kept.update((name, entity[name]) for name in names if name in entity)
    return kept


# $expand


@dataclass(frozen=True)
class Expansion:
    """What $expand asks for: extended properties by id, and the exceptions of a series with own options."""

    tags: Filter | None = None
    exceptions: Mapping[str, str] | None = field(default=None)

    def add_tags(self, entity: dict[str, Any], extended: Mapping[str, str | None]) -> None:
        """Put the asked extended properties into an entity; without any, nothing is added (MS-090)."""
        if self.tags is None:
            return
        rows = [{"id": key, "value": value} for key, value in extended.items()]
        found = [row for row in rows if self.tags.test({"item": row})]
        if found:
            entity["singleValueExtendedProperties"] = found


def expansion(text: str | None) -> Expansion:
    """Read $expand. Raises GraphError 400 for what cannot be expanded."""
    tags: Filter | None = None
    exceptions: Mapping[str, str] | None = None
    for part in _split(text or "", ","):
        match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", part, re.DOTALL)
        name = match[1].lower() if match else ""
        options = _inner_options(match[2] or "") if match else {}
        if name == "singlevalueextendedproperties":
            tags = _tag_filter(options)
        elif name == "exceptionoccurrences":
            exceptions = options
        else:
            raise errors.bad_query(f"Could not expand '{part.strip()}'.")
    return Expansion(tags, exceptions)


def _tag_filter(options: Mapping[str, str]) -> Filter:
    """Expanding extended properties needs a filter on their ids."""
    text = options.get("$filter")
    if text is None:
        raise errors.bad_filter("$expand of singleValueExtendedProperties needs a $filter on id.")
    asked = re.sub(
        r"\bid(\s+eq\s+)'((?:[^']|'')*)'",
        lambda match: f"item/id{match[1]}'{fields.extended_id(match[2], '$expand')}'",
        text,
    )
    return compile_filter(asked, variables=("item",))


def _inner_options(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in _split(text, ";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _split(text: str, separator: str) -> list[str]:
    """Split at the top level: neither inside parentheses nor inside quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for index, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == separator and not quoted and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part for part in (*parts, text[start:]) if part.strip()]


# Pages


def page_of(
    call: Call,
    things: Sequence[Thing],
    render: Callable[[Thing], dict[str, Any] | None],
    context: str,
) -> Answer:
    """A page of a list with `nextLink` by $skip (MS-016). A thing that renders to None is counted only."""
    top = _number(call, "$top", call.prefer.page_size or DEFAULT_PAGE, least=1)
    skip = _number(call, "$skip", 0, least=0)
    if top > MOST_PER_PAGE:
        raise errors.invalid_request(f"The limit of '{MOST_PER_PAGE}' for Top query has been exceeded.")
    shown = [render(thing) for thing in things[skip : skip + top]]
    body: dict[str, Any] = {"@odata.context": context}
    if call.options.get("$count", "false").lower() == "true":
        body["@odata.count"] = len(things)
    body["value"] = [each for each in shown if each is not None]
    if skip + top < len(things):
        body["@odata.nextLink"] = call.link({**call.options, "$top": str(top), "$skip": str(skip + top)})
    return Answer(200, body)


def _number(call: Call, name: str, default: int, least: int) -> int:
    text = call.options.get(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < least:
        raise errors.bad_query(f"Invalid value '{text}' for {name} query option found.")
    return int(text)


def filter_of(call: Call, readable: frozenset[str]) -> Filter | None:
    """The compiled $filter, if there is one. Raises GraphError 400."""
    text = call.options.get("$filter")
    if text is None:
        return None
    found = compile_filter(text)
    unknown = found.names - readable - {"singleValueExtendedProperties"}
    if unknown:
        raise errors.bad_query(f"Could not find a property named '{min(unknown)}'.")
    return found


def order_of(call: Call, readable: frozenset[str]) -> tuple[Callable[[Mapping[str, Any]], Any], bool] | None:
    """The sort key and direction of $orderby (one property), if there is one. Raises GraphError 400."""
    text = call.options.get("$orderby")
    if not text:
        return None
    match = re.fullmatch(r"\s*([\w/]+)(?:\s+(asc|desc))?\s*", text, re.IGNORECASE)
    if match is None:
        raise errors.bad_query(f"The $orderby '{text}' is not supported.")
    steps = match[1].split("/")
    check_names(steps[0], readable)

    def key(row: Mapping[str, Any]) -> tuple[bool, str]:
        value: Any = row
        for step in steps:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value is not None, str(value).lower()

    return key, (match[2] or "asc").lower() == "desc"
