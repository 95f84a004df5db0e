"""Events as Graph returns them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.sandbox.microsoft import bodies, zones
from backend.sandbox.microsoft.events import Event, Member, Response, defaults
from backend.sandbox.microsoft.store import Store

TYPE = "#microsoft.graph.event"
READABLE = frozenset(defaults()) | frozenset(
    [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "transactionId",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "iCalUId",
        "hasAttachments",
        "isAllDay",
        "isCancelled",
        "isOrganizer",
        "isDraft",
        "seriesMasterId",
        "type",
        "webLink",
        "start",
        "end",
        "onlineMeetingUrl",
        "recurrence",
        "responseStatus",
        "organizer",
        "originalStart",
        "occurrenceId",
        "cancelledOccurrences",
    ]
)
_PREFIX = "040000008200E00074C5B7101A82E008"


@dataclass(frozen=True, slots=True)
class Style:
    """How the caller wants events: time zone, body as text, immutable ids."""

    zone: str = "UTC"
    text_body: bool = False
    immutable: bool = False


def ical_uid(uid: str, day: date | None = None) -> str:
    """The iCalUId: the same for all copies of a meeting, another one for each occurrence (MS-048)."""
    stamp = f"{day.year:04X}{day.month:02X}{day.day:02X}" if day else "00000000"
    return _PREFIX + stamp + uid


def etag(store: Store, member: Member) -> str:
    """The weak entity tag: the change key in W/"" (MS-045)."""
    return f'W/"{store.change_key(member.version)}"'


def occurrence_id(store: Store, event: Event, day: date, immutable: bool) -> str:
    """The name of an occurrence in `cancelledOccurrences` (MS-070)."""
    return f"OID.{store.id_of(event, immutable)}.{day.isoformat()}"


def cancelled(store: Store, event: Event, immutable: bool) -> list[str]:
    """The occurrences that were deleted (MS-070)."""
    return [occurrence_id(store, event, day, immutable) for day in sorted(event.cancelled)]


def render(store: Store, member: Member, style: Style) -> dict[str, Any]:
    """The whole event; extended properties, cancelled occurrences and exceptions are not part of it."""
    event, values = member.event, member.values
    times = member.override or event
    key = store.change_key(member.version)
    return {
        "@odata.etag": f'W/"{key}"',
        "id": store.id_of(event, style.immutable, member.day),
        "createdDateTime": zones.stamp(times.created),
        "lastModifiedDateTime": zones.stamp(times.modified),
        "changeKey": key,
        "categories": list(values["categories"]),
        "transactionId": event.transaction,
        "originalStartTimeZone": event.start_zone,
        "originalEndTimeZone": event.end_zone,
        "iCalUId": ical_uid(event.uid, member.day),
        "hasAttachments": False,
        **{name: value for name, value in values.items() if name not in ("body", "categories")},
        "isAllDay": member.span.all_day,
        "isCancelled": member.is_cancelled,
        "isOrganizer": event.is_organizer,
        "isDraft": False,
        "webLink": "https://outlook.office365.com/owa/?itemid=" + store.id_of(event, False, member.day),
        "onlineMeetingUrl": None,
        "recurrence": event.recurrence if member.day is None else None,
        "responseStatus": _response(member.response),
        "body": _body(values["body"], style),
        **member.span.render(style.zone),
        "organizer": {"emailAddress": dict(event.organizer)},
        **_place_in_series(store, member, style),
    }


def _place_in_series(store: Store, member: Member, style: Style) -> dict[str, Any]:
    if member.day is None:
        return {"type": member.kind, "seriesMasterId": None}
    original = member.event.span.on(member.day).start_utc
    return {
        "type": member.kind,
        "seriesMasterId": store.id_of(member.event, style.immutable),
        "originalStart": zones.short_stamp(original),
        "occurrenceId": occurrence_id(store, member.event, member.day, style.immutable),
    }


def _response(response: Response) -> dict[str, str]:
    at = zones.short_stamp(response.at) if response.at else zones.ZERO_DATE
    return {"response": response.answer, "time": at}


def _body(document: str, style: Style) -> dict[str, str]:
    if style.text_body:
        return {"contentType": "text", "content": bodies.as_text(document)}
    return {"contentType": "html", "content": document}


def bare_occurrence(store: Store, member: Member, style: Style) -> dict[str, Any]:
    """The seven properties of an occurrence in calendar delta (MS-028)."""
    return {
        "@odata.type": TYPE,
        "@odata.etag": etag(store, member),
        "id": store.id_of(member.event, style.immutable, member.day),
        "seriesMasterId": store.id_of(member.event, style.immutable),
        "type": "occurrence",
        **member.span.render(style.zone),
    }
