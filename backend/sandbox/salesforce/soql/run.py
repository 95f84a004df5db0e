"""Running a query: find, filter, group, sort, cut, and say how rows are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.access import ACTIVITIES, Caller
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.schema import SObject
from backend.sandbox.salesforce.soql import groups, record_access
from backend.sandbox.salesforce.soql.fields import Resolver
from backend.sandbox.salesforce.soql.lexer import error_at
from backend.sandbox.salesforce.soql.parser import parse
from backend.sandbox.salesforce.soql.select import shower
from backend.sandbox.salesforce.soql.syntax import Aggregate, Order, Path, Query
from backend.sandbox.salesforce.soql.where import Conditions, candidates, selective
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

MOST_CHARACTERS = 100_000


@dataclass(frozen=True)
class Answer:
    """Matching rows and how to show one. `total` counts them all; `rows` is empty for SELECT COUNT()."""

    total: int
    rows: list[Row]
    show: Callable[[Row], dict[str, Any]]
    pageable: bool = True


def run(org: Org, caller: Caller, text: str, *, all_rows: bool, version: str) -> Answer:
    """The answer to a query; `all_rows` includes deleted and archived ones (SF-073). Raises SalesforceError."""
    if len(text) > MOST_CHARACTERS:
        raise SalesforceError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MOST_CHARACTERS} characters")
    return _Run(org, caller, parse(text), all_rows=all_rows, version=version).answer()


class _Run:
    def __init__(self, org: Org, caller: Caller, query: Query, *, all_rows: bool, version: str) -> None:
        self._org = org
        self._caller = caller
        self._query = query
        self._all_rows = all_rows
        self._version = version
        self._resolver = Resolver(org, caller, query.text)
        self._sobject = self._find_sobject()

    def _find_sobject(self) -> SObject:
        token = self._query.sobject
        found = self._org.schema.find(token.text)
        if found is None or not self._caller.may("R", found.name):
            message = (
                f"sObject type '{token.text}' is not supported. If you are attempting to use a custom object, be sure "
                "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
                "appropriate names."
            )
            raise error_at(self._query.text, token.at, message, "INVALID_TYPE")
        return found

    def answer(self) -> Answer:
        query = self._query
        if query.group or any(isinstance(item, Aggregate) for item in query.select):
            found = groups.grouped(self._resolver, self._sobject, query, self._matching())
            return Answer(len(found), found, lambda row: row, pageable=False)
        show = shower(self._org, self._resolver, self._sobject, query, self._version)
        rows = self._sorted(self._matching())
        rows = rows[query.offset :] if query.limit is None else rows[query.offset : query.offset + query.limit]
        return Answer(len(rows), [] if query.count else rows, show)

    def ids(self) -> set[str]:
        """The values of the only column of a query inside IN."""
        if len(self._query.select) != 1 or not isinstance(self._query.select[0], Path):
            message = "The inner query must have one field"
            raise error_at(self._query.text, self._query.sobject.at, message)
        get = self._resolver.column(self._sobject, self._query.select[0]).get
        return {get(row) for row in self._matching()} - {None}

    def _matching(self) -> list[Row]:
        query, sobject = self._query, self._sobject
        if sobject.name == "UserRecordAccess":
            return record_access.rows(self._org, query)
        conditions = Conditions(self._org, self._caller, query.text, sobject, self._subquery)
        test = conditions.test(query.where) if query.where else None
        table = self._org.database.table(sobject.name)
        if sobject.name in ACTIVITIES and not self._caller.sees_all:
            self._check_selective(len(table.rows))
        found = self._readable(candidates(table, sobject, query.where, query.text))
        return [row for row in found if test(row)] if test else list(found)

    def _check_selective(self, rows: int) -> None:
        if rows > self._org.settings.unselective_rows and not selective(self._sobject, self._query.where):
            message = f"{self._sobject.name}: the query needs a filter on an indexed field such as the owner"
            raise SalesforceError("OPERATION_TOO_LARGE", message)

    def _readable(self, rows: Iterable[Row]) -> Iterable[Row]:
        if not self._all_rows:
            rows = (row for row in rows if not row.get("IsDeleted") and not row.get("IsArchived"))
        if self._caller.sees_all:
            return rows
        read = self._org.sharing.reader(self._caller, self._sobject.name)
        return (seen for row in rows if (seen := read(row)) is not None)

    def _subquery(self, query: Query) -> set[str]:
        return _Run(self._org, self._caller, query, all_rows=self._all_rows, version=self._version).ids()

    def _sorted(self, rows: list[Row]) -> list[Row]:
        for order in reversed(self._query.order):
            rows = self._sorted_by(rows, order)
        return rows

    def _sorted_by(self, rows: list[Row], order: Order) -> list[Row]:
        column = self._resolver.column(self._sobject, order.path)
        if column.field is not None and not column.field.sortable:
            message = f"field '{column.names[-1]}' can not be sorted in a query call"
            raise error_at(self._query.text, order.path.token.at, message, "INVALID_FIELD")
        get = column.get
        empty = [row for row in rows if get(row) is None]
        full = rows if not empty else [row for row in rows if get(row) is not None]
        exact = column.field is not None and column.field.type in ("id", "reference")
        full = sorted(full, key=get if exact else lambda row: _sort_key(get(row)), reverse=order.descending)
        nulls_last = order.nulls_last
        return full + empty if nulls_last else empty + full


def _sort_key(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
