"""The part of OData's $filter that Graph understands on contacts, events, folders and users.

Comparisons, and/or/not, startswith/endswith/contains, and any() over a collection. Text is compared
without regard to letter case, except the id of an extended property (MS-091).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.sandbox.microsoft import errors, fields, zones

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?P<number>-?\d+)"
    r"|(?P<word>[A-Za-z_@][\w.@]*(?:/[A-Za-z_@][\w.@]*)*)|(?P<sign>[(),:]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and b is not None and a > b,
    "ge": lambda a, b: a is not None and b is not None and a >= b,
    "lt": lambda a, b: a is not None and b is not None and a < b,
    "le": lambda a, b: a is not None and b is not None and a <= b,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda whole, part: part in whole,
}


@dataclass(frozen=True)
class Filter:
    """A compiled filter. `tag` is (id, value) where it asks for one extended property with one value."""

    test: Test
    tag: tuple[str, str] | None
    names: frozenset[str]
    operators: frozenset[str]


def compile_filter(text: str, variables: Iterable[str] = ()) -> Filter:
    """Read a filter; `variables` are names that stand for a whole member of a collection, as in any().

    Raises GraphError 400 ErrorInvalidUrlQueryFilter.
    """
    reader = _Reader(text, variables)
    test = reader.alternatives()
    if reader.peek() is not None:
        raise errors.bad_filter()
    return Filter(test, _tag_asked_for(text), frozenset(reader.names), frozenset(reader.operators))


_TAG = re.compile(
    r"\s*singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+'((?:[^']|'')*)'\s+and\s+"
    r"\1/value\s+eq\s+'((?:[^']|'')*)'\s*\)\s*",
    re.IGNORECASE,
)


def _tag_asked_for(text: str) -> tuple[str, str] | None:
    match = _TAG.fullmatch(text)
    if match is None:
        return None
    return fields.extended_id(match[2].replace("''", "'"), "$filter"), match[3].replace("''", "'")


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class _Reader:
    """A recursive-descent reader: alternatives of conjunctions of terms."""

    def __init__(self, text: str, variables: Iterable[str]) -> None:
        self.names: set[str] = set()
        self.operators: set[str] = set()
        self._variables = set(variables)
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise errors.bad_filter()
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self._at = 0

    def peek(self) -> tuple[str, str] | None:
        """The next token, not taken."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def alternatives(self) -> Test:
        """Terms joined with `or`."""
        tests = [self._conjunction()]
        while self._takes("or"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._term()]
        while self._takes("and"):
            tests.append(self._term())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _term(self) -> Test:
        if self._takes("not"):
            inner = self._term()
            return lambda row: not inner(row)
        if self._takes("("):
            inner = self.alternatives()
            self._must(")")
            return inner
        kind, word = self._next()
        if kind != "word":
            raise errors.bad_filter()
        if self._takes("("):
            return self._call(word)
        return self._comparison(word)

    def _call(self, word: str) -> Test:
        path, _, function = word.rpartition("/")
        if function.lower() == "any":
            return self._any(path)
        compare = _FUNCTIONS.get(word.lower())
        if compare is None:
            raise errors.bad_filter()
        self.operators.add(word.lower())
        get = self._getter(self._next()[1])
        self._must(",")
        wanted = str(self._literal(*self._next())).lower()
        self._must(")")
        return lambda row: compare(str(get(row) or "").lower(), wanted)

    def _any(self, path: str) -> Test:
        get = self._getter(path)
        variable = self._next()[1]
        self._must(":")
        self._variables.add(variable)
        inner = self.alternatives()
        self._variables.discard(variable)
        self._must(")")
        return lambda row: any(inner({variable: each}) for each in get(row) or ())

    def _comparison(self, path: str) -> Test:
        operator = self._next()[1].lower()
        compare = _COMPARE.get(operator)
        if compare is None:
            raise errors.bad_filter()
        self.operators.add(operator)
        get = self._getter(path)
        literal = self._literal(*self._next())
        if path.endswith("/id") and path.split("/")[0] in self._variables:
            exact = fields.extended_id(literal, "$filter")
            return lambda row: compare(get(row), exact)
        wanted = _folded(literal)
        return lambda row: compare(_folded(get(row)), wanted)

    def _getter(self, path: str) -> Callable[[Row], Any]:
        steps = path.split("/")
        if steps[0] not in self._variables:
            self.names.add(steps[0])
        if len(steps) == 1:
            return lambda row: row.get(steps[0])

        def get(row: Row) -> Any:
            value: Any = row
            for step in steps:
                value = value.get(step) if isinstance(value, Mapping) else None
            return value

        return get

    def _literal(self, kind: str, token: str) -> Any:
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return int(token)
        if kind == "moment":
            return _comparable_moment(token)
        if token in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token]
        raise errors.bad_filter()

    def _next(self) -> tuple[str, str]:
        token = self.peek()
        if token is None:
            raise errors.bad_filter()
        self._at += 1
        return token

    def _takes(self, token: str) -> bool:
        following = self.peek()
        if following is None or following[0] == "text" or following[1].lower() != token:
            return False
        self._at += 1
        return True

    def _must(self, token: str) -> None:
        if not self._takes(token):
            raise errors.bad_filter()


def _comparable_moment(token: str) -> str:
    try:
        moment = zones.parse_moment(token)
    except ValueError:
        raise errors.bad_filter() from None
    return zones.stamp(moment) if moment.tzinfo else zones.seven_digits(moment)
