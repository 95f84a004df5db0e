"""Extended properties: our own tag, and phone numbers that Graph's contact has no place for (MS-090 to MS-093).

Ids are compared without regard to case; a property that was never set is not in the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

TAG: Final = "String {0c9d3c5e-7d5b-4f0e-9a8a-51c0a1de5b6e} Name LockstepKey"
"""Readable over EWS too, and carried along when an item is copied (MS-092, MS-093)."""

_TAG_FOLDED: Final = TAG.casefold()
KEYS_PER_FILTER: Final = 5
"""Keys joined with `or` in one filter; more make the address too long."""
_SAFE: Final = "$,()/:'"
OUR_VERSION: Final = 5
"""Keys are derived (UUID version 5); transaction ids of other programs are random ones."""


def properties(item: Mapping[str, Any]) -> dict[str, str | None]:
    """Extended properties of an answer, by folded id."""
    rows = item.get("singleValueExtendedProperties") or ()
    return {row["id"].casefold(): row.get("value") for row in rows}


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def transaction_key(text: str | None) -> UUID | None:
    """A transaction id as our key; None if it is another program's (MS-051)."""
    key = _uuid(text)
    return key if key is not None and key.version == OUR_VERSION else None


def tag_of(extended: Mapping[str, str | None]) -> UUID | None:
    """Our key among an item's extended properties."""
    return _uuid(extended.get(_TAG_FOLDED))


def tag_row(key: UUID) -> dict[str, str]:
    """Our key as it is written."""
    return {"id": TAG, "value": str(key)}


def expand(ids: Sequence[str]) -> str:
    """The $expand term that reads these extended properties."""
    return "singleValueExtendedProperties($filter=" + " or ".join(f"id eq '{id}'" for id in ids) + ")"


def filters(keys: Sequence[UUID]) -> list[str]:
    """$filter texts that together find every key."""
    clauses = [f"singleValueExtendedProperties/Any(ep: ep/id eq '{TAG}' and ep/value eq '{key}')" for key in keys]
    return [" or ".join(clauses[at : at + KEYS_PER_FILTER]) for at in range(0, len(clauses), KEYS_PER_FILTER)]


def literal(text: str) -> str:
    """A string in a $filter."""
    return "'" + text.replace("'", "''") + "'"


def query(path: str, options: Iterable[tuple[str, str]]) -> str:
    """A path with query options; blanks as %20, since Graph takes + for a plus."""
    return path + "?" + "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in options)
