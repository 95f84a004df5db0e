"""Each user's own view of what the mirrors hold, by his field map (LS-087). Pure, and the same when done twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backend.domain.field_choices import FieldMap
from backend.domain.field_view import crm_view, mailbox_view
from backend.domain.values import Kind, Values
from backend.ports.crm import Record
from backend.ports.mailbox import Item
from backend.sync.state import SeenItem, SeenRecord
from backend.sync.store import Snapshot


def own(kind: Kind, field_map: FieldMap, snapshot: Snapshot) -> Snapshot:
    """The snapshot as the field map shows it."""
    if not field_map.choices:
        return snapshot
    items: Mapping[str, SeenItem] = {
        id_: replace(item, values=mailbox_view(kind, field_map, item.values)) for id_, item in snapshot.items.items()
    }
    records: Mapping[str, SeenRecord] = {
        id_: replace(record, values=crm_view(kind, field_map, record.values, record.further))
        for id_, record in snapshot.records.items()
    }
    return replace(snapshot, items=items, records=records)


def own_values(kind: Kind, field_map: FieldMap, stored: Item | Record) -> Values:
    """Values that a service reports, as the field map shows them."""
    if isinstance(stored, Record):
        return crm_view(kind, field_map, stored.values, stored.further)
    return mailbox_view(kind, field_map, stored.values)
