"""GROUP BY and aggregate functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.sandbox.salesforce.schema import SObject
from backend.sandbox.salesforce.soql.fields import Resolver
from backend.sandbox.salesforce.soql.lexer import error_at
from backend.sandbox.salesforce.soql.syntax import Aggregate, Path, Query
from backend.sandbox.salesforce.store import Row

_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len(set(values)),
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
    "SUM": lambda values: sum(values) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
}


def grouped(resolver: Resolver, sobject: SObject, query: Query, rows: list[Row]) -> list[Row]:
    """One record per group, of type AggregateResult. Raises SalesforceError."""
    keys = [resolver.column(sobject, path) for path in query.group]
    for path, column in zip(query.group, keys, strict=True):
        if column.field is not None and not column.field.groupable:
            message = f"field '{column.names[-1]}' can not be grouped in a query call"
            raise error_at(query.text, path.token.at, message, "INVALID_FIELD")
    members: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        members.setdefault(tuple(column.get(row) for column in keys), []).append(row)
    if not query.group:
        members = {(): rows}
    make = _maker(resolver, sobject, query)
    found = [make(key, members[key]) for key in sorted(members, key=str)]
    return found[query.offset :][: query.limit] if query.limit is not None else found[query.offset :]


def _maker(resolver: Resolver, sobject: SObject, query: Query) -> Callable[[tuple[Any, ...], list[Row]], Row]:
    names = [resolver.column(sobject, path).names for path in query.group]
    items: list[tuple[str, Callable[[tuple[Any, ...], list[Row]], Any]]] = []
    unnamed = 0
    for item in query.select:
        if isinstance(item, Aggregate):
            get, function = resolver.column(sobject, item.path).get, _FUNCTIONS[item.function]
            name = item.alias or f"expr{unnamed}"
            unnamed += 0 if item.alias else 1
            items.append((name, _aggregated(get, function)))
        elif isinstance(item, Path):
            found = resolver.column(sobject, item).names
            if found not in names:
                message = f"Field must be grouped or aggregated: {item.names[-1]}"
                raise error_at(query.text, item.token.at, message)
            items.append((found[-1], _key_at(names.index(found))))
    return lambda key, rows: {
        "attributes": {"type": "AggregateResult"},
        **{name: value(key, rows) for name, value in items},
    }


def _aggregated(
    get: Callable[[Row], Any], function: Callable[[list[Any]], Any]
) -> Callable[[tuple[Any, ...], list[Row]], Any]:
    return lambda _key, rows: function([value for row in rows if (value := get(row)) is not None])


def _key_at(place: int) -> Callable[[tuple[Any, ...], list[Row]], Any]:
    return lambda key, _rows: key[place]
