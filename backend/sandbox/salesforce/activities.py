"""Looking up events and their relation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org


def live(org: Org, sobject: str, field: str, value: str) -> list[Row]:
    """Rows outside the Recycle Bin whose field has this value."""
    return [row for row in org.database.table(sobject).having(field, value) if not row["IsDeleted"]]


def events_with_who(org: Org, person_id: str) -> list[Row]:
    """Events whose primary person this is."""
    return live(org, "Event", "WhoId", person_id)


def relations_of(org: Org, person_or_record_id: str) -> list[Row]:
    """Relation rows that point at a person, resource or record."""
    return live(org, "EventRelation", "RelationId", person_or_record_id)


def relations_on(org: Org, event_id: str) -> list[Row]:
    """Relation rows of an event, oldest first."""
    return live(org, "EventRelation", "EventId", event_id)


def children_of(org: Org, event_id: str) -> list[Row]:
    """The copies in the calendars of invited users."""
    return live(org, "Event", "_parent", event_id)


def occurrences_of(org: Org, event: Row) -> list[Row]:
    """All rows of the Lightning series that an occurrence belongs to, itself included, by start."""
    series = event.get("_series")
    rows = live(org, "Event", "_series", series) if series else [event]
    return sorted((row for row in rows if not row["IsChild"]), key=lambda row: row["StartDateTime"])
