"""Whom Salesforce invites to events: read only where a configuration has them asked in the mailbox (LS-131, SF-119)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from backend.domain.identity import normal_email
from backend.salesforce import soql
from backend.salesforce.client import Client
from backend.salesforce.streams import Stream

RELATION: Final = "EventRelation"
REMOVED: Final = "deleted EventRelation"
_FIELDS: Final = ("Id", "EventId", "SystemModstamp")
_OBJECTS: Final = {"005": "User", "003": "Contact", "00Q": "Lead"}


def living(since: datetime | None) -> Stream:
    """Relation rows since a moment, or all of them: their events did not change by them (SF-119)."""
    return Stream(RELATION, _FIELDS, since)


def removed(since: datetime | None) -> Stream:
    """Relation rows in the Recycle Bin."""
    return Stream(RELATION, _FIELDS, since, "IsDeleted = true", name=REMOVED)


def asked(client: Client, events: Collection[str], *, shared: bool) -> dict[str, tuple[str, ...]]:
    """Addresses of the invitees of events; two calls for some hundred. Who has no address cannot be asked."""
    condition = "IsInvitee = true AND " if shared else ""
    statements = [
        soql.select(("EventId", "RelationId"), RELATION, condition + soql.any_of("EventId", portion))
        for portion in soql.portions(sorted(events))
    ]
    pairs = [(row["EventId"], row["RelationId"]) for rows in client.query(statements) for row in rows]
    addresses = _addresses(client, sorted({person for _, person in pairs}))
    found: dict[str, list[str]] = {event: [] for event in events}
    for event, person in pairs:
        if person in addresses:
            found[event].append(addresses[person])
    return {event: tuple(sorted(set(people))) for event, people in found.items()}


def _addresses(client: Client, people: Sequence[str]) -> dict[str, str]:
    statements = [
        soql.select(("Id", "Email"), sobject, soql.any_of("Id", portion))
        for prefix, sobject in _OBJECTS.items()
        for portion in soql.portions([person for person in people if person.startswith(prefix)])
    ]
    rows = [row for found in client.query(statements) for row in found] if statements else []
    return {row["Id"]: address for row in rows if (address := normal_email(row.get("Email")))}
