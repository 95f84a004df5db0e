"""Stand-in for Microsoft 365: the token endpoint of Entra, and Graph with mailboxes, calendars and contacts.

Calls are named `token`, `discovery`, `adminconsent`, `batch`, or after the collection and what is done to it:
`events.create`, `calendarView.delta`, `contacts.update`; in a folder's path `folderContacts.create`, in a named
calendar's `calendars.events.create`. Fault rules for requests inside a batch name the service `microsoft.inner`.
Deliberately other than the service: http is allowed for notifications to this machine, and what a mailbox's
owner does through `Mailbox` puts no mail into the outbox.
"""

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
