"""Events of Graph: lists, calendar view, instances, single events and the actions on meetings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.sandbox.microsoft import errors, event_view, events, fields, odata, zones
from backend.sandbox.microsoft.calendar import Calendar
from backend.sandbox.microsoft.calendars_api import (
    READ,
    WINDOW,
    WRITE,
    asked_window,
    calendar_of,
    in_window,
)
from backend.sandbox.microsoft.events import Event, Member
from backend.sandbox.microsoft.graph import Operation, Request
from backend.sandbox.microsoft.wire import Answer, accepted, check_etag, no_content
from backend.sandbox.microsoft.writes import check_collision

_VIEW_OPTIONS = (*odata.LIST_OPTIONS, *WINDOW)
_SLOT = fields.shape({"start": fields.TIME, "end": fields.TIME}, "timeSlot")
_ANSWER: fields.Fields = {
    "comment": fields.text,
    "sendResponse": fields.optional(fields.flag),
    "proposedNewTime": fields.optional(_SLOT),
}
_RECIPIENT = fields.shape({"emailAddress": fields.EMAIL}, "recipient", ("emailAddress",))
_FORWARD: fields.Fields = {"comment": fields.text, "toRecipients": fields.list_of(_RECIPIENT)}


def _member(request: Request) -> Member:
    """The event of the path; in a calendar's path it must lie there."""
    member = request.mailbox.member(request.value("event"))
    if "calendar" in request.call.path_values and member.event.folder is not calendar_of(request):
        raise errors.item_not_found()
    return member


def _desk(request: Request) -> Calendar:
    """The calendars as the application works in them: what it mails goes to the world's outbox."""
    return Calendar(request.mailbox, request.tenant.world.outbox)


def _context(request: Request, rest: str = "") -> str:
    return request.call.context(f"users('{request.mailbox.owner}')/events{rest}")


def _shown(request: Request, member: Member) -> dict[str, Any]:
    return event_view.render(request.mailbox, member, request.call.style)


def _one(request: Request, member: Member, status: int = 200) -> Answer:
    entity = _shown(request, member)
    answer = Answer(status, {"@odata.context": _context(request, "/$entity"), **entity})
    answer.headers["ETag"] = entity["@odata.etag"]
    if status == 201:
        answer.headers["Location"] = f"{request.call.root}/users/{request.mailbox.owner}/events/{entity['id']}"
    return answer


# Reading


class _Presenter:
    """Shows events with $select and $expand of a call."""

    def __init__(self, request: Request, options: Mapping[str, str]) -> None:
        text = options.get("$select")
        self._names = odata.check_names(text, event_view.READABLE) if text else None
        self._expansion = odata.expansion(options.get("$expand"))
        self._request = request

    def show(self, member: Member) -> dict[str, Any]:
        """The event as the call wants it."""
        entity = odata.select(_shown(self._request, member), self._names)
        self._expansion.add_tags(entity, (member.override or member.event).extended)
        return entity

    def show_alone(self, member: Member) -> dict[str, Any]:
        """As `show`, with what only a GET of a single event returns (MS-070)."""
        entity = self.show(member)
        if member.kind != "seriesMaster":
            return entity
        mailbox, event = self._request.mailbox, member.event
        if self._names and "cancelledOccurrences" in self._names:
            entity["cancelledOccurrences"] = event_view.cancelled(mailbox, event, self._request.call.style.immutable)
        if self._expansion.exceptions is not None:
            inner = _Presenter(self._request, self._expansion.exceptions)
            days = sorted(event.exceptions)
            entity["exceptionOccurrences"] = [inner.show(Member(event, day)) for day in days]
        return entity


def _get(request: Request) -> Answer:
    entity = _Presenter(request, request.call.options).show_alone(_member(request))
    return Answer(200, {"@odata.context": _context(request, "/$entity"), **entity})


def _list(request: Request) -> Answer:
    """Single events and masters, no occurrences (MS-071)."""
    calendar = calendar_of(request)
    wanted = odata.filter_of(request.call, event_view.READABLE)
    if wanted and wanted.tag:
        tagged = (events.as_event(item) for item in request.mailbox.tagged(*wanted.tag))
        found = [event for event in tagged if event and event.folder is calendar]
    else:
        found = list(events.events_of(calendar))
    return _page(request, [Member(event) for event in found])


def _view(request: Request) -> Answer:
    return _page(request, in_window(calendar_of(request), *asked_window(request)))


def _instances(request: Request) -> Answer:
    """The members of one series in a window (MS-071)."""
    event = _member(request).event
    if event.days is None:
        raise errors.invalid_request("The event is not a series.")
    return _page(request, list(events.members(event, *asked_window(request))))


def _page(request: Request, members: list[Member]) -> Answer:
    call = request.call
    wanted = odata.filter_of(call, event_view.READABLE)
    if wanted:
        members = [member for member in members if wanted.test(_row(request, member))]
    order = odata.order_of(call, event_view.READABLE)
    if order:
        key, backwards = order
        members.sort(key=lambda member: key(_row(request, member)), reverse=backwards)
    presenter = _Presenter(request, call.options)
    return odata.page_of(call, members, presenter.show, _context(request))


def _row(request: Request, member: Member) -> dict[str, Any]:
    """What $filter and $orderby look at: times in UTC."""
    tags = [{"id": key, "value": value} for key, value in (member.override or member.event).extended.items()]
    event = member.event
    return {
        **member.values,
        **member.span.render("UTC"),
        "iCalUId": event_view.ical_uid(event.uid, member.day),
        "transactionId": event.transaction,
        "isAllDay": member.span.all_day,
        "isOrganizer": event.is_organizer,
        "isCancelled": member.is_cancelled,
        "type": member.kind,
        "organizer": {"emailAddress": event.organizer},
        "createdDateTime": zones.stamp(event.created),
        "lastModifiedDateTime": zones.stamp(event.modified),
        "seriesMasterId": request.mailbox.id_of(event, request.call.style.immutable) if member.day else None,
        "singleValueExtendedProperties": tags,
    }


# Writing


def _create(request: Request) -> Answer:
    desk, body = _desk(request), request.call.body
    event: Event | None = desk.repeated(body, request.call.style.immutable)
    return _one(request, Member(event or desk.create(calendar_of(request), body)), 201)


def _update(request: Request) -> Answer:
    member = _checked(request)
    _desk(request).update(member, request.call.body)
    return _one(request, member)


def _delete(request: Request) -> Answer:
    _desk(request).delete(_checked(request))
    return no_content()


def _delete_for_good(request: Request) -> Answer:
    _desk(request).delete(_member(request), for_good=True)
    return no_content()


def _checked(request: Request) -> Member:
    member = _member(request)
    check_etag(request.call, event_view.etag(request.mailbox, member))
    check_collision(request)
    return member


# Actions


def _options(request: Request, allowed: fields.Fields) -> dict[str, Any]:
    """An action's parameters; their names may begin with either case."""
    body = {} if request.call.body is None else request.call.body
    if not isinstance(body, dict):
        raise errors.bad_json()
    return fields.check_object({name[:1].lower() + name[1:]: value for name, value in body.items()}, allowed, "event")


def _respond(request: Request) -> Answer:
    action = request.value("action")
    given = _options(request, _ANSWER)
    if given.get("sendResponse") is None:
        given["sendResponse"] = True
    _desk(request).respond(_member(request), action, given)
    return accepted()


def _cancel(request: Request) -> Answer:
    _options(request, {"comment": fields.text})
    _desk(request).cancel(_member(request))
    return accepted()


def _forward(request: Request) -> Answer:
    given = _options(request, _FORWARD)
    addresses = [each["emailAddress"]["address"].lower() for each in given.get("toRecipients", ())]
    _desk(request).post.send("invitation", addresses, _member(request).values["subject"])
    return accepted()


def _operations_below(name: str, base: str) -> list[Operation]:
    path, one = f"{base}/events", f"{base}/events/<event>"
    answering = f"{one}/<any(accept,tentativelyAccept,decline):action>"
    return [
        Operation(f"{name}.list", "GET", path, _list, READ, options=odata.LIST_OPTIONS),
        Operation(f"{name}.create", "POST", path, _create, WRITE),
        Operation(f"{name}.get", "GET", one, _get, READ, options=odata.ITEM_OPTIONS),
        Operation(f"{name}.update", "PATCH", one, _update, WRITE),
        Operation(f"{name}.delete", "DELETE", one, _delete, WRITE),
        Operation(f"{name}.instances", "GET", f"{one}/instances", _instances, READ, options=_VIEW_OPTIONS),
        Operation(f"{name}.respond", "POST", answering, _respond, WRITE),
        Operation(f"{name}.cancel", "POST", f"{one}/cancel", _cancel, WRITE),
        Operation(f"{name}.forward", "POST", f"{one}/forward", _forward, READ),
        Operation(f"{name}.permanentDelete", "POST", f"{one}/permanentDelete", _delete_for_good, WRITE),
    ]


def operations() -> list[Operation]:
    """The operations of this module."""
    user = "/users/<user>"
    found: list[Operation] = []
    bases: Sequence[tuple[str, str, str]] = (
        ("events", "calendarView.list", user),
        ("calendar.events", "calendar.calendarView.list", f"{user}/calendar"),
        ("calendars.events", "calendars.calendarView.list", f"{user}/calendars/<calendar>"),
    )
    for name, view, base in bases:
        found += _operations_below(name, base)
        found.append(Operation(view, "GET", f"{base}/calendarView", _view, READ, options=_VIEW_OPTIONS))
    return found
