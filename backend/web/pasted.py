"""A list of people that somebody pasted or uploaded: who of them is known, and who might have been meant."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from backend.domain.identity import normal_email
from backend.storage.views.assignments import Somebody

_SEPARATORS: Final = re.compile(r"[,;]+")
_GUESSED: Final = 20
"""For so many unknown names something similar is looked for."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that nobody or more than one has; `meant`: the user name that is nearest; `shared`: who share it."""

    line: int
    text: str
    meant: str = ""
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sorted:
    """Those who were found, each once, and the names that were not."""

    found: tuple[Somebody, ...]
    unknown: tuple[Unknown, ...]


def named(text: str) -> Iterator[tuple[int, str]]:
    """Line number and name for every name of a text: one per line, or with commas or semicolons between.

    Of “Maya Lindqvist <maya@example.com>”, as mail programs write it, the address counts.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for part in _SEPARATORS.split(line):
            words = part.split()
            addresses = [word.strip("<>()\"'") for word in words if "@" in word]
            yield from ((number, name) for name in addresses or [" ".join(words)] if name)


def named_in_csv(text: str) -> Iterator[tuple[int, str]]:
    """Line number and name for every row of a CSV file: the first cell that looks like an address or a user name."""
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), dialect)
    for place, row in enumerate(reader):
        name = next((cell.strip() for cell in row if "@" in cell), None)
        if name is not None:
            yield reader.line_num, name
        elif place and any(cell.strip() for cell in row):  # the first row without an address is the header
            yield reader.line_num, next(cell.strip() for cell in row if cell.strip())


def sorted_out(names: Iterator[tuple[int, str]], people: Sequence[Somebody]) -> Sorted:
    """Who is meant, by user name or mail address, capitals aside."""
    by_username = {one.username.casefold(): one for one in people}
    by_address: dict[str, list[Somebody]] = {}
    for one in people:
        by_address.setdefault(normal_email(one.address) or "", []).append(one)
    found: dict[int, Somebody] = {}
    unknown: list[Unknown] = []
    for line, name in names:
        sharing = by_address.get(normal_email(name) or "-", [])
        one_of = by_username.get(name.casefold()) or (sharing[0] if len(sharing) == 1 else None)
        if one_of is not None:
            found.setdefault(one_of.id, one_of)
        else:
            near = _near(name, by_username, by_address) if not sharing and len(unknown) < _GUESSED else ""
            unknown.append(Unknown(line, name[:320], near, tuple(one.username for one in sharing)))
    return Sorted(tuple(found.values()), tuple(unknown))


def _near(name: str, by_username: dict[str, Somebody], by_address: dict[str, list[Somebody]]) -> str:
    close = difflib.get_close_matches(name.casefold(), [*by_address, *by_username], n=1, cutoff=0.75)
    return close[0] if close else ""
