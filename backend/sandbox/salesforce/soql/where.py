"""Conditions as functions of a row, and the rows that an index offers for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.ids import canonical
from backend.sandbox.salesforce.schema import SObject
from backend.sandbox.salesforce.soql.fields import Column, Resolver
from backend.sandbox.salesforce.soql.lexer import error_at, like_pattern, unquoted
from backend.sandbox.salesforce.soql.syntax import Comparison, Condition, Literal, Logic, Membership, Not, Query
from backend.sandbox.salesforce.store import Row, Table
from backend.sandbox.salesforce.values import parse_date, parse_datetime, stamp

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

Test = Callable[[Row], bool]
Subquery = Callable[[Query], set[str]]
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_NUMBERS = ("int", "double", "currency", "percent")
_DATE_WORDS = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}


class Conditions:
    """Compiles the WHERE of one query."""

    def __init__(self, org: Org, caller: Caller, query: str, sobject: SObject, subquery: Subquery) -> None:
        self._org = org
        self._caller = caller
        self._query = query
        self._sobject = sobject
        self._resolver = Resolver(org, caller, query)
        self._subquery = subquery

    def test(self, condition: Condition) -> Test:
        """The condition as a function. Raises SalesforceError for fields and values that don't fit."""
        match condition:
            case Not(operand):
                inner = self.test(operand)
                return lambda row: not inner(row)
            case Logic("AND", operands):
                return _all([self.test(operand) for operand in operands])
            case Logic(_, operands):
                return _any([self.test(operand) for operand in operands])
            case Membership():
                return self._membership(condition)
            case Comparison():
                return self._comparison(condition)

    def _column(self, condition: Comparison | Membership) -> Column:
        column = self._resolver.column(self._sobject, condition.path)
        if column.field is not None and not column.field.filterable:
            message = f"field '{column.names[-1]}' can not be filtered in a query call"
            raise error_at(self._query, condition.path.token.at, message, "INVALID_FIELD")
        return column

    def _comparison(self, condition: Comparison) -> Test:
        column = self._column(condition)
        get = column.get
        if condition.operator == "LIKE":
            if condition.value.token.kind != "string":
                raise self._wrong_type(column, condition.value, "string")
            pattern = like_pattern(self._query, condition.value.token)
            return lambda row: pattern.fullmatch(get(row) or "") is not None
        value = self._value(column, condition.value)
        if condition.operator in ("=", "!="):
            wanted = condition.operator == "="
            if isinstance(value, str) and not _exact(column):
                return lambda row: ((get(row) or "").lower() == value) is wanted
            return lambda row: (get(row) == value) is wanted
        compare = _ORDER[condition.operator]
        if value is None or isinstance(value, bool):
            raise error_at(self._query, condition.value.token.at, "invalid operator for this value")
        if isinstance(value, str) and not _exact(column):
            return lambda row: (found := get(row)) is not None and compare(found.lower(), value)
        return lambda row: (found := get(row)) is not None and compare(found, value)

    def _membership(self, condition: Membership) -> Test:
        column = self._column(condition)
        values: set[Any]
        if condition.query is not None:
            values = {value.lower() if not _exact(column) else value for value in self._subquery(condition.query)}
        else:
            values = {self._value(column, value) for value in condition.values}
        get, wanted = column.get, not condition.negated
        if _exact(column):
            return lambda row: (get(row) in values) is wanted
        return lambda row: (_lower(get(row)) in values) is wanted

    def _value(self, column: Column, literal: Literal) -> Any:
        """A literal in the stored form of the column, text in lower case."""
        token, kind = literal.token, column.field.type if column.field else "string"
        if token.says("NULL"):
            return None
        if kind == "boolean":
            if not token.says("TRUE", "FALSE"):
                raise self._wrong_type(column, literal, "boolean")
            return token.says("TRUE")
        if kind in ("datetime", "date"):
            return self._moment(column, literal, kind)
        if kind in _NUMBERS:
            if token.kind != "number":
                raise self._wrong_type(column, literal, kind)
            return float(token.text)
        if token.kind != "string":
            raise self._wrong_type(column, literal, "string")
        text = unquoted(self._query, token)
        return _id(text) if kind in ("id", "reference") else text.lower()

    def _moment(self, column: Column, literal: Literal, kind: str) -> str:
        token = literal.token
        if token.kind == kind:
            parsed = parse_datetime(token.text) if kind == "datetime" else parse_date(token.text)
            if parsed is not None:
                return parsed
        elif token.kind == "name":
            day = self._day(token.text.upper())
            if day is not None:
                return stamp(day) if kind == "datetime" else day.date().isoformat()
        raise self._wrong_type(column, literal, "dateTime" if kind == "datetime" else "date")

    def _day(self, word: str) -> datetime | None:
        """The start of the day that a date word means, in the zone of the querying user."""
        name, _, number = word.partition(":")
        days = _DATE_WORDS.get(name)
        if number and name in ("LAST_N_DAYS", "NEXT_N_DAYS"):
            days = -int(number) if name == "LAST_N_DAYS" else int(number)
        if days is None:
            return None
        zone = ZoneInfo(self._caller.time_zone)
        today = self._org.world.clock.now().astimezone(zone).date()
        return datetime.combine(today + timedelta(days=days), time(), zone)

    def _wrong_type(self, column: Column, literal: Literal, kind: str) -> SalesforceError:
        quotes = "should be enclosed in quotes" if kind == "string" else "should not be enclosed in quotes"
        message = f"value of filter criterion for field '{column.names[-1]}' must be of type {kind} and {quotes}"
        return error_at(self._query, literal.token.at, message, "INVALID_FIELD")


def _id(text: str) -> str:
    found = canonical(text)
    if found is None:
        raise SalesforceError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
    return found


def _exact(column: Column) -> bool:
    """Whether values compare as they are; text compares without case."""
    return column.field is not None and column.field.type in (
        "id", "reference", "datetime", "date", "boolean", *_NUMBERS,
    )  # fmt: skip


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) and second(row)
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) or second(row)
    return lambda row: any(test(row) for test in tests)


def candidates(table: Table, sobject: SObject, condition: Condition | None, query: str) -> Iterable[Row]:
    """Rows among which all matches are: from an index where the condition asks for ids or keys, else all."""
    for part in _conjuncts(condition):
        wanted = _wanted(sobject, part, query)
        if wanted is not None:
            name, values = wanted
            if name == "Id":
                ids = (canonical(value) or "" for value in values)
                return [table.rows[key] for key in dict.fromkeys(ids) if key in table.rows]
            found = {row["Id"]: row for value in values for row in table.having(name, canonical(value) or value)}
            return list(found.values())
    return list(table.rows.values())


def _conjuncts(condition: Condition | None) -> Iterable[Condition]:
    if isinstance(condition, Logic) and condition.operator == "AND":
        for operand in condition.operands:
            yield from _conjuncts(operand)
    elif condition is not None:
        yield condition


def _wanted(sobject: SObject, part: Condition, query: str) -> tuple[str, list[str]] | None:
    """Field and values of an equality on an indexed field."""
    if isinstance(part, Comparison) and part.operator == "=":
        literals: tuple[Literal, ...] = (part.value,)
    elif isinstance(part, Membership) and not part.negated and part.query is None:
        literals = part.values
    else:
        return None
    field = sobject.by_lower.get(part.path.names[0].lower()) if len(part.path.names) == 1 else None
    if field is None or not (field.type in ("id", "reference") or field.external_id or "L" in field.flags):
        return None
    if any(literal.token.kind != "string" for literal in literals):
        return None
    return field.name, [unquoted(query, literal.token) for literal in literals]


SELECTIVE = frozenset(
    {"Id", "OwnerId", "WhoId", "WhatId", "AccountId", "SystemModstamp", "CreatedDate", "LastModifiedDate",
     "StartDateTime", "EndDateTime", "ActivityDate", "ActivityDateTime", "Lockstep_Key__c"}
)  # fmt: skip


def selective(sobject: SObject, condition: Condition | None) -> bool:
    """Whether some conjunct filters by an indexed field (SF-077)."""
    for part in _conjuncts(condition):
        if isinstance(part, Comparison | Membership) and len(part.path.names) == 1:
            field = sobject.by_lower.get(part.path.names[0].lower())
            if field is not None and field.name in SELECTIVE:
                return True
    return False
