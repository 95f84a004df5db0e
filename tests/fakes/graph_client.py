"""A plain client of the Microsoft stand-in: msal for the token, requests for everything else."""

from __future__ import annotations

from typing import Any

import msal
import requests

from backend.sandbox.microsoft.tenant import Tenant
from backend.sandbox.microsoft.web import GraphService
from backend.sandbox.world import World

SCOPE = "https://graph.microsoft.com/.default"
TAG = "String {5f3a1c77-1d0e-4d0a-9a60-6a3b8f2c1e11} Name LockstepKey"
IMMUTABLE = 'IdType="ImmutableId"'


class GraphClient:
    """Calls Graph over https, with immutable ids unless `prefer` says otherwise."""

    def __init__(self, service: GraphService, session: requests.Session) -> None:
        self.service = service
        self.session = session
        self.facts = service.credentials()
        self.ada = self.tenant.add_user("Ada Example", "ada@lockstep.example", "Europe/Vienna")
        self.bob = self.tenant.add_user("Bob Beispiel", "bob@lockstep.example", "America/New_York")
        self._token = ""

    @property
    def tenant(self) -> Tenant:
        """What the stand-in's administrator can do."""
        return self.service.tenant

    @property
    def version_url(self) -> str:
        """The address of Graph with its version."""
        return f"{self.facts['graph_url']}/v1.0"

    @property
    def world(self) -> World:
        """Clock, faults, calls and outbox."""
        return self.service.world

    def msal(self, credential: Any = None, **more: Any) -> msal.ConfidentialClientApplication:
        """An msal application as a product makes it."""
        return msal.ConfidentialClientApplication(
            more.pop("client_id", self.facts["client_id"]),
            client_credential=credential or self.facts["client_secret"],
            authority=more.pop("authority", self.facts["authority"]),
            instance_discovery=False,
            http_client=self.session,
        )

    def fresh_token(self) -> str:
        """A new access token, through msal."""
        self._token = self.msal().acquire_token_for_client([SCOPE])["access_token"]
        return self._token

    def call(
        self,
        method: str,
        address: str,
        json: Any = None,
        *,
        prefer: str | None = IMMUTABLE,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """A request with token; `address` is absolute, below the version, or below Ada ("~/events")."""
        url = address.replace("~", f"/users/{self.ada.id}", 1) if address.startswith("~") else address
        if not url.startswith("https://"):
            url = self.version_url + url
        sent = {"Authorization": f"Bearer {self._token or self.fresh_token()}"}
        if prefer:
            sent["Prefer"] = prefer
        return self.session.request(method, url, json=json, headers=sent | (headers or {}), timeout=30)

    def get(self, address: str, **more: Any) -> Any:
        """The JSON of a GET that has to succeed."""
        answer = self.call("GET", address, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, address: str, body: Any, status: int = 201, **more: Any) -> Any:
        """The JSON of a POST that has to answer with this status."""
        answer = self.call("POST", address, body, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def patch(self, address: str, body: Any, **more: Any) -> Any:
        """The JSON of a PATCH that has to succeed."""
        answer = self.call("PATCH", address, body, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(self, address: str, **more: Any) -> None:
        """A DELETE that has to succeed."""
        answer = self.call("DELETE", address, **more)
        assert answer.status_code == 204, answer.text

    def refused(self, method: str, address: str, json: Any = None, **more: Any) -> tuple[int, str]:
        """Status and code of a request that has to be refused."""
        answer = self.call(method, address, json, **more)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]["code"]

    def round(self, address: str, size: int | None = None) -> tuple[list[dict[str, Any]], str]:
        """A whole delta round: its entities in order, and the deltaLink."""
        prefer = f"{IMMUTABLE}, odata.maxpagesize={size}" if size else IMMUTABLE
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(address, prefer=prefer)
            found += page["value"]
            if "@odata.deltaLink" in page:
                return found, page["@odata.deltaLink"]
            address = page["@odata.nextLink"]

    def mails(self) -> list[tuple[str, tuple[str, ...]]]:
        """What would have been mailed: kind and recipients."""
        return [(mail.kind, mail.recipients) for mail in self.world.outbox]


def event(subject: str = "Review", start: str = "2026-12-01T09:00:00", hours: int = 1, **more: Any) -> dict[str, Any]:
    """The body of an event in Vienna's time."""
    hour = int(start[11:13]) + hours
    end = f"{start[:11]}{hour:02d}{start[13:]}"
    zone = "W. Europe Standard Time"
    return {
        "subject": subject,
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
        **more,
    }


def weekly(count: int = 5, day: str = "tuesday", start: str = "2026-12-01") -> dict[str, Any]:
    """A weekly recurrence; 1 December 2026 is a Tuesday."""
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [day]},
        "range": {"type": "numbered", "startDate": start, "numberOfOccurrences": count},
    }


def all_day(first: str, last: str, zone: str = "UTC", subject: str = "Off") -> dict[str, Any]:
    """The body of an all-day event from one midnight to another."""
    return {
        "subject": subject,
        "isAllDay": True,
        "start": {"dateTime": f"{first}T00:00:00", "timeZone": zone},
        "end": {"dateTime": f"{last}T00:00:00", "timeZone": zone},
    }


def guests(*addresses: str) -> list[dict[str, Any]]:
    """Attendees."""
    return [{"emailAddress": {"address": address}, "type": "required"} for address in addresses]
