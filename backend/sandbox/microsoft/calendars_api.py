"""Calendars of Graph, and the windows onto them: calendar view, its delta, and instances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.sandbox.microsoft import delta, errors, event_view, events, fields, odata, zones
from backend.sandbox.microsoft.delta_states import DeltaToken
from backend.sandbox.microsoft.events import Event, Member
from backend.sandbox.microsoft.graph import Operation, Request
from backend.sandbox.microsoft.store import Folder
from backend.sandbox.microsoft.wire import Answer, no_content

READ = ("Calendars.Read", "Calendars.ReadWrite")
WRITE = ("Calendars.ReadWrite",)
WINDOW = ("startdatetime", "enddatetime")
MOST_DAYS = timedelta(days=1825)
_COLORS = (
    "auto", "lightBlue", "lightGreen", "lightOrange", "lightGray", "lightYellow", "lightTeal", "lightPink",
    "lightBrown", "lightRed", "maxColor",
)  # fmt: skip
_FIELDS: fields.Fields = {
    "name": fields.text,
    "color": fields.one_of(*_COLORS),
    "defaultOnlineMeetingProvider": fields.one_of(*events.PROVIDERS),
}


def calendar_of(request: Request) -> Folder:
    """The calendar of the path, or the default one. Raises GraphError 404."""
    key = request.call.path_values.get("calendar")
    if key is None:
        return request.mailbox.calendar
    found = request.mailbox.folders.get(key)
    if found is None or found.kind != "calendar":
        raise errors.item_not_found()
    return found


def _json(request: Request, calendar: Folder) -> dict[str, Any]:
    mailbox = request.mailbox
    is_default = calendar is mailbox.calendar
    allowed = mailbox.allowed_providers
    return {
        "id": calendar.id,
        "name": calendar.name,
        "color": calendar.properties.get("color", "auto"),
        "hexColor": "",
        "isDefaultCalendar": is_default,
        "changeKey": mailbox.change_key(calendar.number),
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": list(allowed),
        "defaultOnlineMeetingProvider": allowed[0] if allowed else "unknown",
        "isTallyingResponses": is_default,
        "isRemovable": not is_default,
        "owner": {"name": mailbox.user.name, "address": mailbox.address},
    }


def _context(request: Request, rest: str = "") -> str:
    return request.call.context(f"users('{request.mailbox.owner}')/calendars{rest}")


def _list(request: Request) -> Answer:
    rows = [_json(request, each) for each in request.mailbox.folders.values() if each.kind == "calendar"]
    names = odata.selected_names(request.call, frozenset(rows[0]))
    wanted = odata.filter_of(request.call, frozenset(rows[0]))
    if wanted:
        rows = [row for row in rows if wanted.test(row)]
    return odata.page_of(request.call, rows, lambda row: odata.select(row, names), _context(request))


def _get(request: Request) -> Answer:
    body = _json(request, calendar_of(request))
    names = odata.selected_names(request.call, frozenset(body))
    return Answer(200, {"@odata.context": _context(request, "/$entity"), **odata.select(body, names)})


def _create(request: Request) -> Answer:
    given = fields.check_object(request.call.body, _FIELDS, "calendar")
    name = given.get("name")
    if not name:
        raise errors.invalid_request("The property 'name' is required.")
    _check_free(request, name)
    calendar = request.mailbox.add_calendar(name)
    calendar.properties.update(given)
    return Answer(201, {"@odata.context": _context(request, "/$entity"), **_json(request, calendar)})


def _check_free(request: Request, name: str) -> None:
    taken = {each.name.lower() for each in request.mailbox.folders.values() if each.kind == "calendar"}
    if name.lower() in taken:
        raise errors.GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.")


def _update(request: Request) -> Answer:
    calendar = calendar_of(request)
    given = fields.check_object(request.call.body, _FIELDS, "calendar")
    name = given.pop("name", None)
    if name and name != calendar.name:
        _check_free(request, name)
        request.mailbox.rename_folder(calendar, name)
    calendar.properties.update(given)
    return _get(request)


def _delete(request: Request) -> Answer:
    calendar = calendar_of(request)
    if calendar is request.mailbox.calendar:
        raise errors.invalid_request("The default calendar cannot be deleted.")
    request.mailbox.remove_folder(calendar)
    return no_content()


# Windows


def window_of(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """The window of startDateTime and endDateTime; without an offset they are UTC.

    Raises GraphError 400 if one is missing or wrong, or the window is longer than 1825 days (MS-025, MS-128).
    """
    if not start or not end:
        raise errors.invalid_parameter(
            "This request requires a time window specified by the query string parameters StartDateTime and "
            "EndDateTime."
        )
    first, last = _instant(start), _instant(end)
    if last <= first:
        raise errors.invalid_parameter("EndDateTime has to be after StartDateTime.")
    if last - first > MOST_DAYS:
        raise errors.invalid_request("The requested time duration exceeds the maximum.")
    return first, last


def _instant(text: str) -> datetime:
    try:
        moment = zones.parse_moment(text.replace(" ", "+"))
    except ValueError:
        raise errors.invalid_parameter(f"The value '{text}' is not a valid date and time.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def asked_window(request: Request) -> tuple[datetime, datetime]:
    """The window of the call."""
    return window_of(*(request.call.options.get(name) for name in WINDOW))


def in_window(calendar: Folder, first: datetime, last: datetime) -> list[Member]:
    """Single events, occurrences and exceptions, no masters (MS-071), by their start."""
    found = [member for event in events.events_of(calendar) for member in events.members(event, first, last)]
    return sorted(found, key=lambda member: member.span.start_utc)


def _view_delta(request: Request) -> Answer:
    calendar, mailbox = calendar_of(request), request.mailbox
    given: tuple[str, str] | None = None
    if delta.token_text(request) is None:
        asked_window(request)
        start, end = (request.call.options[name] for name in WINDOW)
        given = (start, end)
    kind = "calendarView"
    token = delta.open_round(request, delta.Start(kind, calendar.id, mailbox.sequence, window=given))
    reader = _ViewReader(request, calendar, token)
    context = request.call.context("Collection(microsoft.graph.event)")
    return delta.page(request, token, calendar.log, reader.render, context)


class _ViewReader:
    """Turns changed events into what calendar delta says of them."""

    def __init__(self, request: Request, calendar: Folder, token: DeltaToken) -> None:
        self._request = request
        self._calendar = calendar
        self._window = window_of(*(token.window or (None, None)))

    def render(self, number: int, tell_removal: bool) -> list[dict[str, Any]]:
        """A changed event: in the window, outside of it, or gone (MS-026, MS-027)."""
        event = events.as_event(self._calendar.items.get(number))
        shown = list(events.members(event, *self._window)) if event else []
        if event is None or not shown:
            return [self._removed(number, event)] if tell_removal else []
        if event.days is None:
            return [self._full(shown[0])]
        master = [] if self._request.tenant.quirks.omit_masters else [self._full(Member(event))]
        return master + [self._member(each) for each in shown]

    def _full(self, member: Member) -> dict[str, Any]:
        entity = event_view.render(self._request.mailbox, member, self._request.call.style)
        return {"@odata.type": event_view.TYPE, **entity}

    def _member(self, member: Member) -> dict[str, Any]:
        if member.override:
            return self._full(member)
        return event_view.bare_occurrence(self._request.mailbox, member, self._request.call.style)

    def _removed(self, number: int, event: Event | None) -> dict[str, Any]:
        mailbox, immutable = self._request.mailbox, self._request.call.style.immutable
        gone = mailbox.id_of(event, immutable) if event else mailbox.former_id(number, self._calendar, immutable)
        return {"@odata.type": event_view.TYPE, "id": gone, "@removed": {"reason": "deleted"}}


def operations() -> list[Operation]:
    """The operations of this module."""
    user = "/users/<user>"
    one = f"{user}/calendars/<calendar>"
    delta_options = (*WINDOW, *delta.OPTIONS)
    found = [
        Operation("calendars.list", "GET", f"{user}/calendars", _list, READ, options=odata.LIST_OPTIONS),
        Operation("calendars.create", "POST", f"{user}/calendars", _create, WRITE),
        Operation("calendars.get", "GET", one, _get, READ, options=("$select",)),
        Operation("calendars.update", "PATCH", one, _update, WRITE),
        Operation("calendars.delete", "DELETE", one, _delete, WRITE),
        Operation("calendar.get", "GET", f"{user}/calendar", _get, READ, options=("$select",)),
    ]
    for name, base in (
        ("calendarView", user),
        ("calendar.calendarView", f"{user}/calendar"),
        ("calendars.calendarView", one),
    ):
        path = f"{base}/calendarView/delta"
        found.append(Operation(f"{name}.delta", "GET", path, _view_delta, READ, options=delta_options))
    return found
