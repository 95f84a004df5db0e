"""Events: what may be written, what the server makes of it, and the members of a series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from backend.sandbox.microsoft import bodies, fields
from backend.sandbox.microsoft import recurrence as recurrences
from backend.sandbox.microsoft.recurrence import Days
from backend.sandbox.microsoft.spans import Span
from backend.sandbox.microsoft.store import Folder, Item

MOST_ATTENDEES = 500
PROVIDERS = ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness")
# Writing only these tells nobody (the reference's section on mail).
PRIVATE = frozenset(
    ("categories", "isReminderOn", "reminderMinutesBeforeStart", "showAs", "singleValueExtendedProperties")
)

_LOCATION = fields.shape(
    {
        "displayName": fields.text,
        "address": fields.optional(fields.ADDRESS),
        "coordinates": fields.optional(fields.shape({}, "outlookGeoCoordinates")),
        "locationEmailAddress": fields.text,
        "locationUri": fields.text,
        "locationType": fields.one_of(
            "default", "conferenceRoom", "homeAddress", "businessAddress", "geoCoordinates",
            "streetAddress", "hotel", "restaurant", "localBusiness", "postalAddress",
        ),
        "uniqueId": fields.text,
        "uniqueIdType": fields.one_of("unknown", "locationStore", "directory", "private", "bing"),
    },
    "location",
)  # fmt: skip
_ATTENDEE = fields.shape(
    {
        "emailAddress": fields.EMAIL,
        "type": fields.one_of("required", "optional", "resource"),
        "status": lambda value, _where: value,  # tolerated and ignored: the server keeps the status
        "proposedNewTime": lambda value, _where: value,
    },
    "attendee",
    ("emailAddress",),
)
UPDATE_FIELDS: fields.Fields = {
    "subject": fields.text,
    "body": fields.optional(
        fields.shape({"contentType": fields.one_of("text", "html"), "content": fields.text}, "itemBody")
    ),
    "start": fields.optional(fields.TIME),
    "end": fields.optional(fields.TIME),
    "isAllDay": fields.flag,
    "location": fields.optional(_LOCATION),
    "locations": fields.list_of(_LOCATION),
    "attendees": fields.list_of(_ATTENDEE, most=MOST_ATTENDEES),
    "recurrence": fields.optional(recurrences.CHECK),
    "categories": fields.list_of(fields.required_text),
    "importance": fields.optional(fields.one_of("low", "normal", "high")),
    "sensitivity": fields.optional(fields.one_of("normal", "personal", "private", "confidential")),
    "showAs": fields.optional(fields.one_of("free", "tentative", "busy", "oof", "workingElsewhere", "unknown")),
    "isReminderOn": fields.optional(fields.flag),
    "reminderMinutesBeforeStart": fields.optional(fields.integer(0, 2_147_483_647)),
    "responseRequested": fields.optional(fields.flag),
    "allowNewTimeProposals": fields.optional(fields.flag),
    "hideAttendees": fields.optional(fields.flag),
    "isOnlineMeeting": fields.flag,
    "onlineMeetingProvider": fields.one_of(*PROVIDERS),
    "singleValueExtendedProperties": fields.EXTENDED,
}
CREATE_FIELDS: fields.Fields = {**UPDATE_FIELDS, "transactionId": fields.text}
# Properties kept as they are sent; a default stands where the service sets one on create (MS-061).
_PLAIN: dict[str, Any] = {
    "subject": "",
    "importance": "normal",
    "sensitivity": "normal",
    "showAs": "busy",
    "isReminderOn": True,
    "reminderMinutesBeforeStart": 15,
    "responseRequested": True,
    "allowNewTimeProposals": True,
    "hideAttendees": False,
}


@dataclass(frozen=True, slots=True)
class Response:
    """How the mailbox's owner answered a meeting, and when."""

    answer: str
    at: datetime | None = None


@dataclass(eq=False)
class Override:
    """What one day of a series has of its own: an exception."""

    version: int
    created: datetime
    modified: datetime
    values: dict[str, Any] = field(default_factory=dict)
    span: Span | None = None
    extended: dict[str, str | None] = field(default_factory=dict)
    response: Response | None = None
    is_cancelled: bool = False


@dataclass(eq=False, kw_only=True)
class Event(Item):
    """A single event or the master of a series. `span` of a master is its first occurrence (MS-030)."""

    span: Span
    uid: str
    organizer: dict[str, str]
    is_organizer: bool = True
    response: Response = Response("organizer")
    start_zone: str = "UTC"
    end_zone: str = "UTC"
    transaction: str | None = None
    is_cancelled: bool = False
    recurrence: dict[str, Any] | None = None
    days: Days | None = None
    exceptions: dict[date, Override] = field(default_factory=dict)
    cancelled: set[date] = field(default_factory=set)

    def set_recurrence(self, canonical: dict[str, Any] | None) -> None:
        """Make it a series, another series, or a single event."""
        self.recurrence = canonical
        self.days = Days(canonical) if canonical else None

    @property
    def addresses(self) -> list[str]:
        """The attendees' addresses, in lower case."""
        return [each["emailAddress"]["address"].lower() for each in self.values["attendees"]]


@dataclass(frozen=True, slots=True)
class Member:
    """An event as a whole (`day` is None), or the occurrence of a series that belongs to a day."""

    event: Event
    day: date | None = None

    @property
    def override(self) -> Override | None:
        """What this day has of its own, if it is an exception."""
        return self.event.exceptions.get(self.day) if self.day else None

    @property
    def kind(self) -> str:
        """singleInstance, seriesMaster, occurrence or exception."""
        if self.day is None:
            return "seriesMaster" if self.event.recurrence else "singleInstance"
        return "exception" if self.override else "occurrence"

    @property
    def span(self) -> Span:
        """When it takes place."""
        if self.day is None:
            return self.event.span
        override = self.override
        return override.span if override and override.span else self.event.span.on(self.day)

    @property
    def values(self) -> dict[str, Any]:
        """The Graph properties, those of the exception over those of the series."""
        override = self.override
        return self.event.values | override.values if override else self.event.values

    @property
    def response(self) -> Response:
        """How the owner answered: this day, or the series."""
        override = self.override
        return (override.response if override else None) or self.event.response

    @property
    def is_cancelled(self) -> bool:
        """Whether the organizer called it off."""
        override = self.override
        return self.event.is_cancelled or (override.is_cancelled if override else False)

    @property
    def version(self) -> int:
        """The number of its latest touch; a plain occurrence has the one of its series."""
        override = self.override
        return override.version if override else self.event.version


def exists(event: Event, day: date) -> bool:
    """Whether a series has an occurrence that belongs to this day."""
    return event.days is not None and day in event.days and day not in event.cancelled


def members(event: Event, first: datetime, last: datetime) -> Iterator[Member]:
    """What of an event takes place between two instants: itself, or occurrences and exceptions of a series."""
    if event.days is None:
        if event.span.overlaps(first, last):
            yield Member(event)
        return
    length = event.span.end - event.span.start
    earliest = (first - length - timedelta(days=2)).date()
    latest = (last + timedelta(days=2)).date()
    days = {day for day in event.days.between(earliest, latest) if day not in event.cancelled}
    for day in sorted(days | event.exceptions.keys()):
        member = Member(event, day)
        if member.span.overlaps(first, last):
            yield member


def defaults() -> dict[str, Any]:
    """The values of a new event before anything is applied (MS-061)."""
    return {
        **_PLAIN,
        "body": "",
        "bodyPreview": "",
        "categories": [],
        "attendees": [],
        **_places([]),
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "onlineMeeting": None,
    }


def changes(given: Mapping[str, Any], values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What a checked body changes in an event's values; times, recurrence and online meetings apart.

    `names` tells the display names of addresses in the tenant.
    """
    changed: dict[str, Any] = {
        name: default if given[name] is None else given[name] for name, default in _PLAIN.items() if name in given
    }
    if "categories" in given:
        changed["categories"] = given["categories"]
    if "body" in given:
        body = given["body"] or {}
        changed["body"] = bodies.stored(body.get("content"), body.get("contentType", "text"))
        changed["bodyPreview"] = bodies.preview(changed["body"])
    if "location" in given:
        changed |= _places([given["location"]] if given["location"] else [])
    elif "locations" in given:
        changed |= _places(given["locations"])
    if "attendees" in given:
        changed["attendees"] = _attendees(given["attendees"], values["attendees"], names)
    return changed


def _places(given: list[dict[str, Any]]) -> dict[str, Any]:
    """`location` and `locations` mirror each other (MS-060)."""
    places = [_place(each) for each in given if each.get("displayName")]
    return {"location": dict(places[0]) if places else _place({}), "locations": places}


def _place(given: Mapping[str, Any]) -> dict[str, Any]:
    name = given.get("displayName") or ""
    extra = {key: value for key, value in given.items() if value is not None and key != "displayName"}
    found = {"uniqueId": name, "uniqueIdType": "private"} if name else {"uniqueIdType": "unknown"}
    return {"displayName": name, "locationType": "default", **found, **extra}


def _attendees(
    given: list[dict[str, Any]], present: list[dict[str, Any]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    known = {each["emailAddress"]["address"].lower(): each for each in present}
    result: dict[str, dict[str, Any]] = {}
    for each in given:
        address = each["emailAddress"].get("address")
        if not address:
            continue
        before = known.get(address.lower())
        name = each["emailAddress"].get("name") or names.get(address.lower()) or address
        result[address.lower()] = {
            "type": each.get("type", "required"),
            "status": before["status"] if before else {"response": "none", "time": "0001-01-01T00:00:00Z"},
            "emailAddress": {"name": name, "address": address},
        }
    return list(result.values())


def as_event(item: Item | None) -> Event | None:
    """The item as an event, or None when it is something else."""
    return item if isinstance(item, Event) else None


def events_of(calendar: Folder) -> Iterator[Event]:
    """Single events and masters of a calendar, in order of arrival."""
    return (item for item in calendar.items.values() if isinstance(item, Event))
