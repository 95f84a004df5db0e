"""Stand-in for Microsoft 365: the token endpoint of Entra, and Graph with mailboxes, calendars and contacts."""

from __future__ import annotations

from backend.sandbox.microsoft import (
    calendars_api,
    contacts_api,
    events_api,
    people_api,
    subscriptions_api,
)
from backend.sandbox.microsoft.graph import Graph
from backend.sandbox.microsoft.tenant import Tenant
from backend.sandbox.microsoft.web import GraphService
from backend.sandbox.world import World


def create(world: World) -> GraphService:
    """The stand-in, empty but for one consented application; its `tenant` is where tests do their part."""
    tenant = Tenant(world)
    operations = [
        *people_api.operations(),
        *contacts_api.operations(),
        *calendars_api.operations(),
        *events_api.operations(),
        *subscriptions_api.operations(),
    ]
    return GraphService(tenant, Graph(tenant, operations))
