"""From text to words, each with its place in the query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.sandbox.salesforce.errors import SalesforceError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<mark><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "N": "\n", "R": "\r", "T": "\t", "B": "\b", "F": "\f",
    '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%",
}  # fmt: skip
_ECHO = 60


@dataclass(frozen=True)
class Token:
    """A word: its kind (name, string, number, date, datetime, mark, end), text as written, and offset."""

    kind: str
    text: str
    at: int

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords or marks."""
        return self.kind in ("name", "mark") and self.text.upper() in words


def tokens(query: str) -> list[Token]:
    """All words and an end. Raises SalesforceError MALFORMED_QUERY."""
    found, place = [], 0
    end = len(query.rstrip())
    while place < end:
        match = _TOKEN.match(query, place)
        if match is None:
            at = place + len(query[place:]) - len(query[place:].lstrip())
            raise error_at(query, at, f"unexpected token: '{query[at]}'")
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    found.append(Token("end", "<EOF>", end))
    return found


def error_at(query: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> SalesforceError:
    """An error that echoes the query around the place, with a caret under it (SF-075)."""
    line = query.count("\n", 0, at) + 1
    column = at - (query.rfind("\n", 0, at) + 1) + 1
    begin = max(0, at - _ECHO)
    echo = query[begin : at + _ECHO].replace("\n", " ")
    caret = " " * (at - begin) + "^"
    return SalesforceError(code, f"\n{echo}\n{caret}\nERROR at Row:{line}:Column:{column}\n{message}")


def unquoted(query: str, token: Token) -> str:
    """The value of a string literal. Raises SalesforceError for an escape that does not exist."""

    def replaced(match: re.Match[str]) -> str:
        escape = match[1]
        if escape.startswith("u") and len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPED:
            raise error_at(
                query, token.at + 1 + match.start(), f"Illegal string literal - Invalid string escape \\{escape}"
            )
        return _ESCAPED[escape]

    return _ESCAPE.sub(replaced, token.text[1:-1])


def like_pattern(query: str, token: Token) -> re.Pattern[str]:
    """The pattern of a LIKE literal: % any text, _ one character, escaped ones themselves."""
    parts: list[str] = []
    text, place = token.text[1:-1], 0
    while place < len(text):
        if text[place] == "\\":
            match = _ESCAPE.match(text, place)
            assert match  # the lexer lets no lone backslash through
            parts.append(re.escape(unquoted(query, Token("string", f"'{match[0]}'", token.at + place))))
            place = match.end()
            continue
        parts.append({"%": ".*", "_": "."}.get(text[place], re.escape(text[place])))
        place += 1
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
