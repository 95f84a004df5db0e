"""The seeded world: a small company with Salesforce and Microsoft 365, full of the cases that go wrong elsewhere.

Deterministic: everything follows from the world's seed and its clock. All people and companies are invented.
"""

from __future__ import annotations

from typing import Any

from backend.sandbox.seed import contacts, edits, events, people
from backend.sandbox.world import World


def plant(world: World, salesforce: Any, microsoft: Any) -> None:
    """Fills both stand-ins; six people who sync, over 300 contacts and over 400 events."""
    org, tenant = salesforce.org, microsoft.tenant
    staff = people.hire(world, org, tenant)
    accounts = people.open_accounts(org)
    people.set_rules(org)
    contacts.fill(org, tenant, staff, accounts)
    events.fill(world, org, tenant, staff)


def edit(world: World, salesforce: Any, microsoft: Any) -> int:
    """Lets the people of the seeded world work on both sides; how many things they touched."""
    with world.lock:
        return edits.edit(world, salesforce.org, microsoft.tenant)
