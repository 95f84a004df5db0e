"""From words to a tree."""

from __future__ import annotations

from typing import NoReturn

from backend.sandbox.salesforce.soql.lexer import Token, error_at, tokens
from backend.sandbox.salesforce.soql.syntax import (
    Aggregate,
    Comparison,
    Condition,
    Literal,
    Logic,
    Membership,
    Not,
    Order,
    Path,
    Query,
    Selected,
    TypeOf,
)

_FUNCTIONS = ("COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG")
_OPERATORS = ("=", "!=", "<>", "<", "<=", ">", ">=", "LIKE")
_CLAUSES = ("WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "FOR")
_LITERALS = ("string", "number", "date", "datetime", "name")
MOST_OFFSET = 2000


def parse(query: str) -> Query:
    """The tree of a query. Raises SalesforceError MALFORMED_QUERY with a caret."""
    return _Parser(query).whole()


class _Parser:
    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = tokens(query)
        self._place = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _accept(self, *words: str) -> bool:
        if self._next.says(*words):
            self._place += 1
            return True
        return False

    def _expect(self, *words: str) -> Token:
        if not self._next.says(*words):
            self._unexpected()
        return self._take()

    def _name(self) -> Token:
        if self._next.kind != "name" or self._next.says(*_CLAUSES, "FROM"):
            self._unexpected()
        return self._take()

    def _unexpected(self, token: Token | None = None) -> NoReturn:
        token = token or self._next
        raise error_at(self._query, token.at, f"unexpected token: '{token.text}'")

    def whole(self) -> Query:
        query = self._query_body()
        if self._next.kind != "end":
            self._unexpected()
        return query

    def _query_body(self) -> Query:
        self._expect("SELECT")
        count = self._is_count()
        select = () if count else self._select_list()
        self._expect("FROM")
        sobject = self._name()
        where = self._condition() if self._accept("WHERE") else None
        group = self._group()
        order = self._order()
        limit = self._number("LIMIT")
        offset = self._number("OFFSET") or 0
        if offset > MOST_OFFSET:
            at = self._tokens[self._place - 1].at
            message = f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            raise error_at(self._query, at, message, "NUMBER_OUTSIDE_VALID_RANGE")
        if self._accept("FOR"):
            self._expect("VIEW", "REFERENCE")
        return Query(self._query, select, sobject, where, group, order, limit, offset, count)

    def _is_count(self) -> bool:
        ahead = self._tokens[self._place : self._place + 3]
        found = len(ahead) == 3 and ahead[0].says("COUNT") and ahead[1].says("(") and ahead[2].says(")")
        self._place += 3 if found else 0
        return found

    def _select_list(self) -> tuple[Selected, ...]:
        items = [self._selected()]
        while self._accept(","):
            items.append(self._selected())
        return tuple(items)

    def _selected(self) -> Selected:
        if self._next.says("TYPEOF"):
            return self._typeof()
        if self._next.says("("):
            raise error_at(self._query, self._next.at, "Nested queries of child rows are not known here")
        token = self._name()
        if not self._next.says("("):
            return Path(tuple(token.text.split(".")), token)
        if not token.says(*_FUNCTIONS):
            self._unexpected(token)
        self._expect("(")
        path = self._path()
        self._expect(")")
        alias = self._take().text if self._next.kind == "name" and not self._next.says("FROM") else ""
        return Aggregate(token.text.upper(), path, alias)

    def _typeof(self) -> TypeOf:
        self._expect("TYPEOF")
        relationship = self._name()
        cases = []
        while self._accept("WHEN"):
            kind = self._name().text
            self._expect("THEN")
            cases.append((kind, self._paths()))
        otherwise = self._paths() if self._accept("ELSE") else ()
        self._expect("END")
        return TypeOf(relationship, tuple(cases), otherwise)

    def _paths(self) -> tuple[Path, ...]:
        paths = [self._path()]
        while self._accept(","):
            paths.append(self._path())
        return tuple(paths)

    def _path(self) -> Path:
        token = self._name()
        return Path(tuple(token.text.split(".")), token)

    def _condition(self) -> Condition:
        """AND and OR cannot be mixed without parentheses."""
        operands = [self._factor()]
        operator = ""
        while self._next.says("AND", "OR"):
            if operator and not self._next.says(operator):
                self._unexpected()
            operator = self._take().text.upper()
            operands.append(self._factor())
        return operands[0] if len(operands) == 1 else Logic(operator, tuple(operands))

    def _factor(self) -> Condition:
        if self._accept("NOT"):
            return Not(self._factor())
        if self._accept("("):
            condition = self._condition()
            self._expect(")")
            return condition
        return self._test()

    def _test(self) -> Condition:
        path = self._path()
        negated = self._next.says("NOT")
        if negated:
            self._take()
        if self._accept("IN"):
            return self._membership(path, negated=negated)
        if negated:
            self._unexpected()
        operator = self._expect(*_OPERATORS).text.upper()
        return Comparison(path, "!=" if operator == "<>" else operator, self._literal())

    def _membership(self, path: Path, *, negated: bool) -> Membership:
        self._expect("(")
        if self._next.says("SELECT"):
            inner = self._query_body()
            self._expect(")")
            return Membership(path, negated, (), inner)
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return Membership(path, negated, tuple(values))

    def _literal(self) -> Literal:
        if self._next.kind not in _LITERALS:
            self._unexpected()
        return Literal(self._take())

    def _group(self) -> tuple[Path, ...]:
        if not self._accept("GROUP"):
            return ()
        self._expect("BY")
        return self._paths()

    def _order(self) -> tuple[Order, ...]:
        if not self._accept("ORDER"):
            return ()
        self._expect("BY")
        orders = [self._order_item()]
        while self._accept(","):
            orders.append(self._order_item())
        return tuple(orders)

    def _order_item(self) -> Order:
        path = self._path()
        descending = self._next.says("DESC")
        self._accept("ASC", "DESC")
        nulls_last = False
        if self._accept("NULLS"):
            nulls_last = self._expect("FIRST", "LAST").says("LAST")
        return Order(path, descending, nulls_last)

    def _number(self, word: str) -> int | None:
        if not self._accept(word):
            return None
        if self._next.kind != "number" or not self._next.text.isdigit():
            self._unexpected()
        return int(self._take().text)
