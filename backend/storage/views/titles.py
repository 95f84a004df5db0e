"""What an item is called: a contact's name, an event's subject, from whichever mirror still has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from backend.domain.codec import decode
from backend.domain.values import Kind, Name, Values
from backend.storage.tables import crm_record, link, mailbox_item

_GROUP: Final = {Kind.CONTACT: "name", Kind.EVENT: "subject"}
CHUNK: Final = 500
"""Databases limit how many values a query may list."""


@dataclass(frozen=True, slots=True)
class Named:
    """A pair that needs a title."""

    link_id: str
    user_id: int
    kind: str
    mailbox_id: str | None
    crm_id: str | None


def title_of(kind: str, values: Mapping[str, Any] | None) -> str:
    """The title within stored values, '' when they have none."""
    group = _GROUP[Kind(kind)]
    stored = (values or {}).get(group)
    return title_from(Kind(kind), {group: decode(stored)}) if stored is not None else ""


def title_from(kind: Kind, values: Values) -> str:
    """The title within values, '' when they have none."""
    value = values.get(_GROUP[kind])
    if isinstance(value, Name):
        return value.display
    return value if isinstance(value, str) else ""


def titles(connection: sa.Connection, pairs: Sequence[Named]) -> dict[str, str]:
    """Titles by link id: from Salesforce's mirror, else the mailbox's, else the last agreed values."""
    if len(pairs) > CHUNK:
        return titles(connection, pairs[:CHUNK]) | titles(connection, pairs[CHUNK:])
    records = _records(connection, {(pair.kind, pair.crm_id) for pair in pairs if pair.crm_id})
    items = _items(connection, {(pair.user_id, pair.kind, pair.mailbox_id) for pair in pairs if pair.mailbox_id})
    found: dict[str, str] = {}
    for pair in pairs:
        found[pair.link_id] = records.get((pair.kind, pair.crm_id or ""), "") or items.get(
            (pair.user_id, pair.kind, pair.mailbox_id or ""), ""
        )
    missing = [pair.link_id for pair in pairs if not found[pair.link_id]]
    for row in connection.execute(sa.select(link).where(link.c.id.in_(missing))) if missing else ():
        found[row.id] = title_of(row.kind, row.shadow_crm) or title_of(row.kind, row.shadow_mailbox)
    return found


def _records(connection: sa.Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    ids = sorted({crm_id for _, crm_id in keys})
    query = sa.select(crm_record.c.kind, crm_record.c.crm_id, crm_record.c["values"]).where(
        crm_record.c.crm_id.in_(ids)
    )
    return {(kind, crm_id): title_of(kind, values) for kind, crm_id, values in connection.execute(query)} if ids else {}


def _items(connection: sa.Connection, keys: Iterable[tuple[int, str, str]]) -> dict[tuple[int, str, str], str]:
    ids, users = sorted({key[2] for key in keys}), sorted({key[0] for key in keys})
    query = sa.select(
        mailbox_item.c.user_id, mailbox_item.c.kind, mailbox_item.c.mailbox_id, mailbox_item.c["values"]
    ).where(mailbox_item.c.user_id.in_(users), mailbox_item.c.mailbox_id.in_(ids))
    if not ids:
        return {}
    return {(user, kind, item): title_of(kind, values) for user, kind, item, values in connection.execute(query)}
