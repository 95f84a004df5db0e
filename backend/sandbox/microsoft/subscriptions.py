"""Subscriptions to changes: what can be subscribed to, for how long, and what a notification says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.sandbox.microsoft import zones
from backend.sandbox.microsoft.events import Event
from backend.sandbox.microsoft.store import Change, Folder, Item, Store

LONGEST = timedelta(minutes=10_080)
SHORTEST = timedelta(minutes=45)
LONGEST_CLIENT_STATE = 128

_RESOURCE = re.compile(
    r"/?users/(?P<user>[^/]+)/(?:(?P<events>events)|(?:contactfolders/(?P<folder>[^/]+)/)?(?P<contacts>contacts))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Resource:
    """What is subscribed to: the events of a user, or the contacts of one of his folders."""

    user: str
    kind: str
    folder: str | None

    @property
    def needs(self) -> tuple[str, ...]:
        """The roles, any of which suffices."""
        area = "Calendars" if self.kind == "calendar" else "Contacts"
        return (f"{area}.Read", f"{area}.ReadWrite")


def resource_of(text: str) -> Resource | None:
    """Read a `resource`; None when it cannot be subscribed to."""
    match = _RESOURCE.fullmatch(text)
    if match is None:
        return None
    folder = match["folder"]
    named = folder if folder and folder.lower() != "contacts" else None
    return Resource(match["user"], "calendar" if match["events"] else "contacts", named)


@dataclass(eq=False)
class Subscription:
    """One subscription. `immutable_ids` is decided at its creation, for life (MS-110)."""

    id: str
    app_id: str
    mailbox_id: str
    resource: str
    target: Resource
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    expires: datetime
    immutable_ids: bool
    paused: bool = False

    def wants(self, mailbox_id: str, change: Change, folder: Folder) -> bool:
        """Whether a change is notified."""
        if self.paused or mailbox_id != self.mailbox_id or change not in self.change_types:
            return False
        if folder.kind != self.target.kind:
            return False
        if self.target.kind == "calendar":
            return True
        return folder.id == self.target.folder if self.target.folder else folder.parent is None

    def as_json(self) -> dict[str, Any]:
        """The subscription as Graph returns it; its clientState is never told."""
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.app_id,
            "changeType": ",".join(sorted(self.change_types)),
            "clientState": None,
            "notificationUrl": self.notification_url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": zones.stamp(self.expires),
            "creatorId": self.app_id,
            "includeResourceData": None,
            "latestSupportedTlsVersion": "v1_2",
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }

    def notification(self, tenant_id: str, store: Store, change: Change, item: Item) -> dict[str, Any]:
        """What is sent of a change: names, no content."""
        sort = "Event" if isinstance(item, Event) else "Contact"
        item_id = store.id_of(item, self.immutable_ids)
        path = f"Users/{self.mailbox_id}/{sort}s/{item_id}"
        data = {
            "@odata.type": f"#Microsoft.Graph.{sort}",
            "@odata.id": path,
            "@odata.etag": f'W/"{store.change_key(item.version)}"',
            "id": item_id,
        }
        return {**self._envelope(tenant_id), "changeType": change, "resource": path, "resourceData": data}

    def lifecycle(self, tenant_id: str, event: str) -> dict[str, Any]:
        """A lifecycle notification: without `resource` (MS-107)."""
        return {**self._envelope(tenant_id), "lifecycleEvent": event}

    def _envelope(self, tenant_id: str) -> dict[str, Any]:
        return {
            "subscriptionId": self.id,
            "subscriptionExpirationDateTime": zones.stamp(self.expires),
            "clientState": self.client_state,
            "tenantId": tenant_id,
        }
