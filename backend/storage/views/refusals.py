"""Who refused a pair's write, and with which code: from the last write of the pair that failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from backend.storage.tables import intent
from backend.storage.views.titles import CHUNK


@dataclass(frozen=True, slots=True)
class Refusal:
    """The side that would not take it ('crm', 'mailbox') and its code."""

    side: str
    code: str


def refusals(connection: sa.Connection, links: Iterable[str]) -> dict[str, Refusal]:
    """The last refusal of each pair; pairs that were held for another reason are missing."""
    wanted = sorted(set(links))
    found: dict[str, Refusal] = {}
    for start in range(0, len(wanted), CHUNK):
        query = (
            sa.select(intent.c.link_id, intent.c.side, intent.c.code)
            .where(intent.c.link_id.in_(wanted[start : start + CHUNK]), intent.c.state == "failed")
            .order_by(intent.c.updated_at)
        )
        found |= {row.link_id: Refusal(row.side, row.code) for row in connection.execute(query)}
    return found
