"""What a query says, as a tree."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.sandbox.salesforce.soql.lexer import Token


@dataclass(frozen=True)
class Path:
    """A field, perhaps of a parent: `Account.Name`. `token` is where it stands."""

    names: tuple[str, ...]
    token: Token


@dataclass(frozen=True)
class Aggregate:
    """COUNT(Id), MIN(x), MAX(x), SUM(x), AVG(x), COUNT_DISTINCT(x)."""

    function: str
    path: Path
    alias: str


@dataclass(frozen=True)
class TypeOf:
    """TYPEOF What WHEN Account THEN Name ELSE Id END."""

    relationship: Token
    cases: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True)
class Literal:
    """A value as written; `token.text` is NULL, TRUE, FALSE, a date word, or the literal itself."""

    token: Token


@dataclass(frozen=True)
class Comparison:
    """A field against a literal; operators =, !=, <, <=, >, >=, LIKE."""

    path: Path
    operator: str
    value: Literal


@dataclass(frozen=True)
class Membership:
    """A field against a list of literals, or the result of another query."""

    path: Path
    negated: bool
    values: tuple[Literal, ...]
    query: Query | None = None


@dataclass(frozen=True)
class Not:
    """The opposite."""

    operand: Condition


@dataclass(frozen=True)
class Logic:
    """All of the operands (AND) or any (OR)."""

    operator: str
    operands: tuple[Condition, ...]


Condition = Comparison | Membership | Not | Logic
Selected = Path | Aggregate | TypeOf


@dataclass(frozen=True)
class Order:
    """A sort key."""

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A whole query. `count` is set for SELECT COUNT()."""

    text: str
    select: tuple[Selected, ...]
    sobject: Token
    where: Condition | None = None
    group: tuple[Path, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    count: bool = field(default=False)
