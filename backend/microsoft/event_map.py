"""Events between Graph and field groups, in both directions, and what may be done to an event (I.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from backend.domain import text
from backend.domain.attendees import ATTENDEES, Attendee, Attendees, Part, Reply
from backend.domain.identity import normal_email
from backend.domain.recurrence import Series
from backend.domain.timezones import UnknownZone
from backend.domain.values import AllDay, FieldValue, ShowAs, Timed, Values
from backend.microsoft import tags
from backend.microsoft.body import own_text, text_of
from backend.microsoft.moments import instant, when, when_body, zone_name
from backend.microsoft.recurrence import Unreadable, series
from backend.ports.mailbox import OWN, Caps, Item

Json = Mapping[str, Any]

FIELDS: Final = (
    "id,changeKey,createdDateTime,lastModifiedDateTime,transactionId,iCalUId,type,seriesMasterId,subject,body,start,end,"
    "isAllDay,originalStartTimeZone,originalStart,location,showAs,sensitivity,attendees,organizer,isOrganizer,"
    "isCancelled,isOnlineMeeting,recurrence"
)
SERIES_QUERY: Final = f"$select={FIELDS},cancelledOccurrences&$expand=exceptionOccurrences"
"""Reads an event whole, a series with its cancelled and changed occurrences (MS-070)."""

_SHOW_AS: Final = {
    "busy": ShowAs.BUSY, "free": ShowAs.FREE, "oof": ShowAs.OUT_OF_OFFICE, "tentative": ShowAs.TENTATIVE,
    "workingelsewhere": ShowAs.ELSEWHERE,
}  # fmt: skip
_GRAPH_SHOW_AS: Final = {
    ShowAs.BUSY: "busy", ShowAs.FREE: "free", ShowAs.OUT_OF_OFFICE: "oof", ShowAs.TENTATIVE: "tentative",
    ShowAs.ELSEWHERE: "workingElsewhere",
}  # fmt: skip
_REPLIES: Final = {
    "accepted": Reply.ACCEPTED, "tentativelyaccepted": Reply.TENTATIVE, "declined": Reply.DECLINED,
}  # fmt: skip
_PRIVATE: Final = frozenset({"private", "confidential"})
_BROKEN: Final = "The event's times cannot be read: open it in Outlook and set them again."

SILENT: Final = frozenset({"show_as"})
"""Groups whose change on the organiser's item mails nobody."""


# --- reading --------------------------------------------------------------------------------------------------------


def values_of(event: Json) -> dict[str, FieldValue]:
    """Field groups of an event; empty ones are left out. Raises UnknownZone, ValueError, KeyError for broken times."""
    found: dict[str, FieldValue] = {
        "subject": text.line(event.get("subject")),
        "when": when(event),
        "location": text.line((event.get("location") or {}).get("displayName")) or _rooms(event),
        "description": _description(event),
        "show_as": _SHOW_AS.get((event.get("showAs") or "").casefold(), ShowAs.BUSY),
        "private": (event.get("sensitivity") or "").casefold() in _PRIVATE,
        ATTENDEES: attendees_of(event),
    }
    return {group: value for group, value in found.items() if value is not None}


def _description(event: Json) -> str | None:
    body = event.get("body") or {}
    content = body.get("content")
    if not content:
        return None
    plain = text_of(content) if (body.get("contentType") or "").casefold() == "html" else content
    return text.block(own_text(plain, online=bool(event.get("isOnlineMeeting"))))


def _rooms(event: Json) -> str | None:
    """A meeting that books rooms and says no place takes place there (LS-135)."""
    names = (
        each["emailAddress"].get("name") or each["emailAddress"].get("address")
        for each in event.get("attendees") or ()
        if (each.get("type") or "").casefold() == Part.RESOURCE and each.get("emailAddress")
    )
    return text.line("; ".join(name for name in names if name))


def attendees_of(event: Json) -> Attendees | None:
    """Who is asked, with their answers; None for an own event without guests. Nobody's name is taken over."""
    own, organizer = bool(event.get("isOrganizer")), normal_email(_organizer(event))
    people = []
    for each in event.get("attendees") or ():
        address = normal_email((each.get("emailAddress") or {}).get("address"))
        if address is not None and address != organizer:
            people.append(Attendee(address, _part(each), _reply(each)))
    return Attendees(own, organizer, tuple(people)) if people or not own else None


def _part(attendee: Json) -> Part:
    text_ = (attendee.get("type") or "").casefold()
    return Part(text_) if text_ in tuple(Part) else Part.REQUIRED


def _reply(attendee: Json) -> Reply:
    return _REPLIES.get(((attendee.get("status") or {}).get("response") or "").casefold(), Reply.NONE)


def guests_of(event: Json, owner: str | None) -> frozenset[str]:
    """Addresses of the people invited: neither the mailbox's owner, nor the organiser, nor rooms."""
    own = {(owner or "").casefold(), (_organizer(event) or "").casefold()}
    addresses = {
        ((attendee.get("emailAddress") or {}).get("address") or "").casefold()
        for attendee in event.get("attendees") or ()
        if (attendee.get("type") or "").casefold() != "resource"
    }
    return frozenset(addresses - own - {""})


def _organizer(event: Json) -> str | None:
    address: str | None = ((event.get("organizer") or {}).get("emailAddress") or {}).get("address")
    return address


def caps_of(event: Json, guests: frozenset[str]) -> Caps:
    """What may be done to an event; an answer that does not say whose it is gives no rights."""
    if not event.get("isOrganizer"):
        return Caps.NONE
    if event.get("isCancelled"):
        return Caps.ORGANIZER
    return OWN | Caps.WOULD_MAIL if guests else OWN


def event_item(event: Json, owner: str | None) -> Item:
    """A single event, or a series from a whole read of its master. What cannot be read becomes `problem`."""
    changed = event.get("exceptionOccurrences") or ()
    guests = guests_of(event, owner).union(*(guests_of(each, owner) for each in changed))
    values, repeating, problem = _contents(event)
    return Item(
        id=event["id"],
        version=_version(event),
        values=values,
        caps=caps_of(event, guests),
        key_tag=tags.transaction_key(event.get("transactionId")) or tags.tag_of(tags.properties(event)),
        uid=event.get("iCalUId"),
        organizer=_organizer(event),
        guests=len(guests),
        cancelled=bool(event.get("isCancelled")),
        modified_at=instant(event.get("lastModifiedDateTime")),
        created_at=instant(event.get("createdDateTime")),
        series=repeating,
        problem=problem,
    )


def _contents(event: Json) -> tuple[Values, Series | None, str | None]:
    values: Values = {}
    try:
        values = values_of(event)
        repeating = series(event, values_of) if event.get("recurrence") else None
    except (UnknownZone, Unreadable) as error:
        return values, None, str(error)
    except (KeyError, TypeError, ValueError):
        return values, None, _BROKEN
    return values, repeating, None


def _version(event: Json) -> str:
    """The etag; for a series also what its occurrences look like, which need not touch the master's etag."""
    etag: str = event["@odata.etag"]
    if not event.get("recurrence"):
        return etag
    parts = [each["@odata.etag"] for each in event.get("exceptionOccurrences") or ()]
    parts += sorted(event.get("cancelledOccurrences") or ())
    return f"{etag};{hashlib.blake2b('|'.join(parts).encode(), digest_size=8).hexdigest()}"


def etag(version: str) -> str:
    """The part of a version that the service knows, for If-Match."""
    return version.partition(";")[0]


# --- writing --------------------------------------------------------------------------------------------------------


def event_body(values: Values, zone: str, key: UUID | None = None) -> dict[str, Any]:
    """A request body that writes these groups, attendees apart. `zone` for times without one."""
    body: dict[str, Any] = {}
    for group, value in values.items():
        match group, value:
            case "when", Timed() | AllDay():
                body |= when_body(value, zone)
            case "subject", str() | None:
                body["subject"] = value or ""
            case "location", str() | None:
                body["location"] = {"displayName": value or ""}
            case "description", str() | None:
                body["body"] = {"contentType": "text", "content": value or ""}
            case "show_as", ShowAs() | None:
                body["showAs"] = _GRAPH_SHOW_AS[value or ShowAs.BUSY]
            case "private", bool() | None:
                body["sensitivity"] = "private" if value else "normal"
    if key is not None:
        body["transactionId"] = str(key)
        body["singleValueExtendedProperties"] = [tags.tag_row(key)]
    return body


def attendees_body(attendees: Attendees, event: Json) -> list[dict[str, Any]]:
    """The attendees of an event as they are to be: those who stay as the service knows them, rooms among them."""
    rows = {normal_email((one.get("emailAddress") or {}).get("address")): one for one in event.get("attendees") or ()}
    return [
        {"type": row.get("type") or one.part.value, "emailAddress": row["emailAddress"]}
        if (row := rows.get(one.address)) is not None
        else {"type": one.part.value, "emailAddress": {"address": one.address}}
        for one in attendees.people
    ]


def zone_of(event: Json) -> str | None:
    """IANA name of the zone that an event was made in, if it is a known one."""
    return zone_name(event.get("originalStartTimeZone"))
