"""Rows of Salesforce as people know them: by name."""

from __future__ import annotations

from backend.sandbox.salesforce.activities import live
from backend.sandbox.salesforce.errors import no_such_row
from backend.sandbox.salesforce.ids import canonical
from backend.sandbox.salesforce.org import Org
from backend.sandbox.salesforce.store import Row

MOST_OPTIONS = 300


def live_row(org: Org, record_id: str) -> Row:
    """The row, if it is outside the Recycle Bin. Raises SalesforceError 404."""
    row = org.database.find(canonical(record_id) or "")
    if row is None or row.get("IsDeleted"):
        raise no_such_row(record_id)
    return row


def name_of(org: Org, record_id: str | None) -> str:
    """The name of the record that a field points at."""
    row = org.database.find(record_id) if record_id else None
    return str(row.get("Name") or row.get("LastName") or record_id) if row else record_id or ""


def options(org: Org, sobject: str, chosen: str | None, owner: str | None = None) -> list[tuple[str, str]]:
    """Ids and names for a field that points at this object: nothing, what is chosen now, and the first by name."""
    rows = live(org, sobject, "OwnerId", owner) if owner else org.rows(sobject)
    named = sorted(((row["Id"], name_of(org, row["Id"])) for row in rows), key=lambda pair: pair[1].casefold())
    if chosen and all(chosen != record_id for record_id, _ in named[:MOST_OPTIONS]):
        named.insert(0, (chosen, name_of(org, chosen)))
    return [("", "None"), *named[:MOST_OPTIONS]]
