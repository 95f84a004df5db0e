"""Looking for our own tags in folders and calendars beside the one that is kept in step (MS-090, MS-091)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from backend.microsoft import tags
from backend.microsoft.batch import Batches, Inner
from backend.microsoft.errors import Treatment, as_error
from backend.microsoft.tags import query

FOUND: Final = 100
"""How many hits of one search are looked at."""


def find(batches: Batches, places: Iterable[str], keys: Sequence[UUID], operation: str) -> dict[UUID, str]:
    """Ids of what carries one of these keys, by key. `places`: paths of lists. One call for five keys in twenty places.

    Raises the errors of `ports.errors` where a service is busy. A place that cannot be read, as a calendar shared by
    others, holds nothing of ours.
    """
    found: dict[UUID | None, str] = {}
    wanted = set(keys)
    requests = [_search(place, text) for place in places for text in tags.filters(keys)]
    for outcome in batches.read(requests, operation):
        if not outcome.ok and outcome.refusal.row.treatment is Treatment.RETRY:
            raise as_error(outcome.refusal)
        for row in outcome.body["value"] if outcome.ok else ():
            key = tags.tag_of(tags.properties(row))
            if key in wanted:
                found.setdefault(key, str(row["id"]))
    return {key: id_ for key, id_ in found.items() if key is not None}


def _search(place: str, text: str) -> Inner:
    options = (("$filter", text), ("$select", "id"), ("$expand", tags.expand((tags.TAG,))), ("$top", str(FOUND)))
    return Inner("GET", query(place, options))
