"""Both sides as anybody else reads them: simple-salesforce and plain Graph requests, none of our adapters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msal
import requests

from backend.sandbox.world import Person
from tests.fakes.salesforce_client import Standin
from tests.fakes.stage import FOLDER, Stage
from tests.torture.ledger import CONTACT, EVENT, MAILBOX, MEETING, OCCURRENCE, SALESFORCE, told_apart

_CONTACTS = (
    "SELECT Id, OwnerId, FirstName, LastName, Email, Title, Phone, MobilePhone, Department, MailingCity FROM Contact"
)
_EVENTS = (
    "SELECT Id, OwnerId, Subject, Location, Description, StartDateTime, EndDateTime, IsAllDayEvent FROM Event "
    "WHERE IsChild = false"
)
_TIES = "SELECT EventId, Relation.Email FROM EventRelation WHERE IsWhat = false"
_KINDS = {"Meeting": MEETING, "Weekly": OCCURRENCE}
_BEHIND, _AHEAD = timedelta(days=30), timedelta(days=180)
_SCOPE = "https://graph.microsoft.com/.default"
_PREFER = 'outlook.body-content-type="text", outlook.timezone="UTC", IdType="ImmutableId"'


@dataclass(frozen=True)
class Copy:
    """A thing as it stands on one side: whose it is (key of the person), and its fields as text."""

    side: str
    kind: str
    owner: str
    fields: dict[str, str]

    @property
    def marker(self) -> str:
        """What tells it apart from all others."""
        if self.kind == OCCURRENCE:
            return told_apart(self.fields["subject"], self.fields["when"])
        return self.fields["last" if self.kind == CONTACT else "subject"]


def read(stage: Stage) -> list[Copy]:
    """Everything that stands on both sides."""
    authority = str(stage.folder / "sandbox-ca.pem")
    with requests.Session() as session:
        session.verify = authority
        session.trust_env = False
        return [*_salesforce(stage, session, authority), *_mailboxes(stage, session)]


# --- Salesforce ------------------------------------------------------------------------------------------------------


def _salesforce(stage: Stage, session: requests.Session, authority: str) -> Iterator[Copy]:
    owners = {person.salesforce_id: person.key for person in stage.world.people}
    service: Any = stage.sandbox.services["salesforce"]
    username = service.credentials()["integration_username"]
    client = Standin(service, session, authority).simple(username)
    for row in client.query_all_iter(_CONTACTS):
        yield Copy(SALESFORCE, CONTACT, owners.get(row["OwnerId"], "nobody"), _contact_row(row))
    guests: dict[str, list[str]] = defaultdict(list)
    for row in client.query_all_iter(_TIES):
        guests[row["EventId"]].append((row["Relation"] or {}).get("Email") or "")
    for row in client.query_all_iter(_EVENTS):
        fields = _event_row(row) | {"guest": ", ".join(sorted(guests[row["Id"]]))}
        yield Copy(SALESFORCE, _kind(fields), owners.get(row["OwnerId"], "nobody"), fields)


def _kind(fields: dict[str, str]) -> str:
    return _KINDS.get(fields["subject"].partition(" ")[0], EVENT)


def _contact_row(row: dict[str, Any]) -> dict[str, str]:
    names = {
        "first": "FirstName", "last": "LastName", "email": "Email", "title": "Title", "phone": "Phone",
        "mobile": "MobilePhone", "department": "Department", "city": "MailingCity",
    }  # fmt: skip
    return {name: row[column] or "" for name, column in names.items()}


def _event_row(row: dict[str, Any]) -> dict[str, str]:
    start, end = (datetime.fromisoformat(row[name]) for name in ("StartDateTime", "EndDateTime"))
    if row["IsAllDayEvent"]:  # its last day is inclusive
        end = end.replace(hour=0, minute=0) + timedelta(days=1)
    return {
        "subject": row["Subject"] or "",
        "location": row["Location"] or "",
        "description": (row["Description"] or "").strip(),
        "when": f"{_naive(start)}/{_naive(end)}",
        "all_day": str(row["IsAllDayEvent"]),
    }


def _naive(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


# --- Microsoft 365 ---------------------------------------------------------------------------------------------------


def _mailboxes(stage: Stage, session: requests.Session) -> Iterator[Copy]:
    facts = stage.sandbox.credentials()["microsoft"]
    application = msal.ConfidentialClientApplication(
        facts["client_id"],
        client_credential=facts["client_secret"],
        authority=facts["authority"],
        instance_discovery=False,
        http_client=session,
    )
    token = application.acquire_token_for_client([_SCOPE])["access_token"]
    session.headers.update({"Authorization": f"Bearer {token}", "Prefer": _PREFER})
    colleagues = frozenset(person.address for person in stage.world.people)
    today = stage.world.clock.now().date()
    for person in stage.world.people:
        root = f"{facts['graph_url']}/v1.0/users/{person.microsoft_id}"
        folders = [one for one in _pages(session, f"{root}/contactFolders") if one["displayName"] == FOLDER]
        for folder in folders:
            for card in _pages(session, f"{root}/contactFolders/{folder['id']}/contacts?$top=200"):
                yield Copy(MAILBOX, CONTACT, person.key, _card(card))
        for entry in _pages(session, f"{root}/events?$top=200"):
            if entry["type"] == "singleInstance":
                yield _event(entry, person, colleagues)
        span = f"startDateTime={today - _BEHIND}T00:00:00Z&endDateTime={today + _AHEAD}T00:00:00Z"
        for entry in _pages(session, f"{root}/calendarView?{span}&$top=200"):
            if entry["type"] in ("occurrence", "exception"):
                yield _event(entry, person, colleagues)


def _event(entry: dict[str, Any], person: Person, colleagues: frozenset[str]) -> Copy:
    addresses = {one["emailAddress"]["address"] for one in entry["attendees"]}
    fields = _entry(entry) | {"guest": ", ".join(sorted(addresses - colleagues))}
    return Copy(MAILBOX, _kind(fields), person.key, fields)


def _pages(session: requests.Session, address: str | None) -> Iterator[dict[str, Any]]:
    while address is not None:
        answer = session.get(address, timeout=60)
        answer.raise_for_status()
        page = answer.json()
        yield from page["value"]
        address = page.get("@odata.nextLink")


def _first(values: Iterable[str]) -> str:
    return next(iter(values), "")


def _card(card: dict[str, Any]) -> dict[str, str]:
    return {
        "first": card["givenName"] or "",
        "last": card["surname"] or "",
        "email": _first(entry["address"] for entry in card["emailAddresses"]),
        "title": card["jobTitle"] or "",
        "phone": _first(card["businessPhones"]),
        "mobile": card["mobilePhone"] or "",
        "department": card["department"] or "",
        "city": (card["businessAddress"] or {}).get("city") or "",
    }


def _entry(entry: dict[str, Any]) -> dict[str, str]:
    start, end = (datetime.fromisoformat(entry[name]["dateTime"][:19]) for name in ("start", "end"))
    return {
        "subject": entry["subject"] or "",
        "location": (entry["location"] or {}).get("displayName") or "",
        "description": entry["body"]["content"].strip(),
        "when": f"{_naive(start)}/{_naive(end)}",
        "all_day": str(entry["isAllDay"]),
    }
