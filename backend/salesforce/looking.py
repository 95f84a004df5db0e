"""A first look at a user's contacts, for a person who writes a filter: one call, and a limit to what is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backend.ports.crm import Record
from backend.salesforce import soql
from backend.salesforce.client import Client
from backend.salesforce.fields import Layout
from backend.salesforce.mapping import record_of

LOOKED_AT: Final = 2000
"""Contacts that are looked at: as many as one call gives (SF-076)."""
_MOST_FOLLOWED: Final = 1000


def contacts(
    client: Client, layout: Layout, user_id: str, fields: Sequence[str], *, owned: bool, followed: bool
) -> tuple[list[Record], frozenset[str]]:
    """Up to LOOKED_AT contacts that the user can read, with these fields in `raw`, and ids of those he follows.

    owned: his own ones only, and those he follows.
    """
    filters = layout.known(fields)
    selected = layout.with_fields(filters.values())
    mine = f"SubscriberId = {soql.quoted(user_id)}"
    follows = f"{soql.select(('ParentId',), 'EntitySubscription', mine)} LIMIT {_MOST_FOLLOWED}"
    ids: set[str] = set()
    if followed:
        (rows,) = client.query([follows])
        ids = {row["ParentId"] for row in rows if str(row["ParentId"]).startswith("003")}
    wheres = [f"OwnerId = {soql.quoted(user_id)}" if owned else ""]
    wheres += [soql.any_of("Id", portion) for portion in soql.portions(sorted(ids))] if owned else []
    statements = [f"{soql.select(selected, layout.sobject, where)} LIMIT {LOOKED_AT}" for where in wheres]
    found = {row["Id"]: row for rows in client.query(statements) for row in rows}
    return [record_of(row, layout, filters) for row in found.values()], frozenset(ids)
