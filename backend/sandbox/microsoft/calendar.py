"""What can be done with events: create, update, delete, answer, cancel. Each says whom it mails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from backend.sandbox.microsoft import errors, events, fields, meetings, online, recurrence, spans
from backend.sandbox.microsoft.events import Event, Member, Response
from backend.sandbox.microsoft.spans import Span
from backend.sandbox.microsoft.store import Folder
from backend.sandbox.world import Mail

if TYPE_CHECKING:
    from backend.sandbox.microsoft.mailbox import Mailbox

_ANSWERS = {"accept": "accepted", "tentativelyAccept": "tentativelyAccepted", "decline": "declined"}
_TIMES = ("start", "end", "isAllDay")
_FILETIME_EPOCH = datetime.fromisoformat("1601-01-01T00:00:00+00:00")


class Calendar:
    """The calendars of a mailbox, as one who works in it: an application, or the owner. Mail goes to `outbox`."""

    def __init__(self, mailbox: Mailbox, outbox: list[Mail]) -> None:
        self.mailbox = mailbox
        self.post = meetings.Post(mailbox, outbox)

    # Create

    def repeated(self, body: Any, immutable: bool) -> Event | None:
        """The event that a create with the same transactionId made before (MS-049).

        Raises GraphError 400 when that was another event (MS-050).
        """
        known = self.mailbox.transactions.get(_transaction(body))
        if known is None or not self.mailbox.holds(known[0]):
            return None
        event, fingerprint = known
        if fingerprint == _fingerprint(body):
            return event
        raise errors.GraphError(
            400,
            "ErrorDuplicateTransactionId",
            "Your request can't be completed. The TransactionId specified in the request has already been used "
            "to create a different event.",
            extra={"@event.existingEventId": self.mailbox.id_of(event, immutable)},
        )

    def create(self, calendar: Folder, body: Any) -> Event:
        """Make an event; whoever is an attendee is invited (MS-073). Raises GraphError 400."""
        given = fields.check_object(body, events.CREATE_FIELDS, "event")
        span = spans.from_request(given, None)
        now = self.mailbox.clock.now()
        number = self.mailbox.next_number()
        event = Event(
            number=number,
            folder=calendar,
            version=0,
            created=now,
            modified=now,
            values=self._values(given, events.defaults(), number),
            extended=_tags(given),
            span=span,
            uid=_uid(now, self.mailbox.tenant.new_guid()),
            organizer={"name": self.mailbox.user.name, "address": self.mailbox.address},
            start_zone=span.zone,
            end_zone=span.end_zone,
            transaction=given.get("transactionId") or None,
        )
        if given.get("recurrence"):
            _make_series(event, given["recurrence"], span)
        self.mailbox.add_event(event)
        if event.transaction:
            self.mailbox.transactions[event.transaction] = (event, _fingerprint(body))
        self.post.send("invitation", event.addresses, event.values["subject"])
        meetings.spread(self.mailbox, event)
        return event

    def duplicate(self, event: Event) -> Event:
        """A copy as an event of its own, with the tag and without guests (MS-092)."""
        now = self.mailbox.clock.now()
        twin = replace(
            event,
            number=self.mailbox.next_number(),
            created=now,
            modified=now,
            values={**event.values, "attendees": []},
            extended=dict(event.extended),
            uid=_uid(now, self.mailbox.tenant.new_guid()),
            transaction=None,
            moves=0,
            exceptions={},
            cancelled=set(),
        )
        self.mailbox.add_event(twin)
        return twin

    def _values(self, given: Mapping[str, Any], present: Mapping[str, Any], number: int) -> dict[str, Any]:
        """The values of an event after a checked body has been applied to them."""
        names = self.mailbox.tenant.names() if "attendees" in given else {}
        values = {**present, **events.changes(given, present, names)}
        return values | online.changes(given, values, self.mailbox.allowed_providers, number)

    # Update

    def update(self, member: Member, body: Any) -> None:
        """Change an event, a series or an occurrence. Raises GraphError 400."""
        given = fields.check_object(body, events.UPDATE_FIELDS, "event")
        if not given:
            raise errors.bad_json("Empty Payload. JSON content expected.")
        before = set(_addresses(member.values))
        if member.day is None:
            self._update_whole(member.event, given)
        else:
            self._update_occurrence(member, given)
        self.mailbox.touch(member.event)
        if member.event.is_organizer:
            self._tell(member, given, before)

    def _update_whole(self, event: Event, given: Mapping[str, Any]) -> None:
        retimed = any(name in given for name in _TIMES)
        span = spans.from_request(given, event.span) if retimed else event.span
        rule = given.get("recurrence", event.recurrence)
        values = self._values(given, event.values, event.number)
        if rule and (retimed or "recurrence" in given):
            _make_series(event, rule, span)
        elif not rule:
            event.set_recurrence(None)
            event.span = span
            event.exceptions, event.cancelled = {}, set()
        event.values = values
        self.mailbox.set_extended(event, {each["id"]: each.get("value") for each in _extended(given)})

    def _update_occurrence(self, member: Member, given: Mapping[str, Any]) -> None:
        if given.get("recurrence"):
            raise errors.invalid_request("An occurrence of a series cannot have a recurrence of its own.")
        span = None
        if any(name in given for name in _TIMES):
            span = spans.from_request(given, member.span).in_zone(member.event.span.zone)
            _check_neighbours(member, span)
        present = member.values
        values = self._values(given, present, member.event.number)
        override = meetings.override_of(self.mailbox, member)
        override.values |= {name: value for name, value in values.items() if value is not present.get(name)}
        override.span = span or override.span
        override.extended |= _tags(given)

    def _tell(self, member: Member, given: Mapping[str, Any], before: set[str]) -> None:
        """Mail those concerned (MS-074, MS-075), and write the change into their copies."""
        event = member.event
        after = _addresses(member.values)
        subject = member.values["subject"]
        removed = sorted(before - set(after))
        self.post.send("invitation", [address for address in after if address not in before], subject)
        self.post.send("cancellation", removed, subject)
        if set(given) - events.PRIVATE - {"attendees"}:
            staying = [address for address in after if address in before]
            times = 1 + len(event.exceptions) if member.day is None else 1
            for _ in range(times):
                self.post.send("update", staying, subject)
        if set(given) - events.PRIVATE:
            meetings.withdraw(self.mailbox, event, removed, member.day)
            meetings.spread(self.mailbox, event)

    # Delete, cancel, answer

    def delete(self, member: Member, for_good: bool = False) -> None:
        """Delete: an organizer's meeting is called off by mail (MS-076), an attendee's copy is declined."""
        subject = member.values["subject"]
        if member.event.is_organizer:
            self._call_off(member, subject)
        elif not member.is_cancelled and member.response.answer != "declined":
            self._send_answer(member, "declined")
        self._remove(member, for_good)

    def cancel(self, member: Member) -> None:
        """Call a meeting off, as its organizer. Raises GraphError 400 for attendees (MS-077)."""
        if not member.event.is_organizer:
            raise errors.invalid_request("You need to be an organizer to cancel a meeting.")
        self.delete(member)

    def respond(self, member: Member, action: str, options: Mapping[str, Any]) -> None:
        """Accept, tentativelyAccept or decline; mail only if `sendResponse` (MS-078). Raises GraphError 400."""
        if member.event.is_organizer:
            raise errors.invalid_request(
                "Your request can't be completed. You can't respond to this meeting because you're the meeting "
                "organizer."
            )
        send = options.get("sendResponse", True)
        if options.get("proposedNewTime") and not send:
            raise errors.invalid_parameter("ProposedNewTime requires a response to be sent.")
        answer = _ANSWERS[action]
        self._set_answer(member, answer)
        if send:
            self._send_answer(member, answer)
        if action == "decline":
            self._remove(member, for_good=False)

    def _set_answer(self, member: Member, answer: str) -> None:
        response = Response(answer, self.mailbox.clock.now())
        shown = {"showAs": "tentative" if answer == "tentativelyAccepted" else "busy"}
        if member.day is None:
            member.event.response = response
            member.event.values.update(shown)
        else:
            override = meetings.override_of(self.mailbox, member)
            override.response = response
            override.values.update(shown)
        self.mailbox.touch(member.event)

    def _send_answer(self, member: Member, answer: str) -> None:
        event = member.event
        self.post.send("response", [event.organizer["address"].lower()], member.values["subject"])
        meetings.record_answer(self.mailbox, event, answer, self.mailbox.clock.now(), member.day)

    def _call_off(self, member: Member, subject: str) -> None:
        addresses = _addresses(member.values)
        self.post.send("cancellation", addresses, subject)
        meetings.withdraw(self.mailbox, member.event, addresses, member.day)

    def _remove(self, member: Member, for_good: bool) -> None:
        event = member.event
        if member.day is not None:
            event.cancelled.add(member.day)
            event.exceptions.pop(member.day, None)
            self.mailbox.touch(event)
        elif for_good:
            self.mailbox.destroy(event)
        else:
            self.mailbox.discard(event)


def _make_series(event: Event, rule: Mapping[str, Any], span: Span) -> None:
    """Give an event a recurrence. Other times or another pattern drop its exceptions (MS-069)."""
    zone = recurrence.zone_of(rule, span.zone)
    local = span.in_zone(zone)
    canonical = recurrence.canonical(rule, zone, _first_day(event, rule, local))
    days = recurrence.Days(canonical)
    first = days.first()
    if first is None:
        raise errors.GraphError(400, "ErrorRecurrenceHasNoOccurrence", "The recurrence has no occurrence.")
    placed = local.on(first)
    unchanged = event.recurrence is not None and (
        _without_end(event.recurrence) == _without_end(canonical) and placed == event.span
    )
    event.recurrence, event.days, event.span = canonical, days, placed
    if unchanged:
        event.exceptions = {day: own for day, own in event.exceptions.items() if day in days}
        event.cancelled = {day for day in event.cancelled if day in days}
    else:
        event.exceptions, event.cancelled = {}, set()


def _first_day(event: Event, rule: Mapping[str, Any], local: Span) -> date:
    """The day from which a rule counts: that of the start, or as before where neither was changed (MS-065)."""
    present = event.recurrence["range"]["startDate"] if event.recurrence else None
    if local == event.span and rule["range"]["startDate"] == present:
        return date.fromisoformat(present)
    return local.start.date()


def _without_end(canonical: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    limits = canonical["range"]
    return canonical["pattern"], limits["startDate"], limits["recurrenceTimeZone"]


def _check_neighbours(member: Member, span: Span) -> None:
    """An exception may not reach the day of its neighbours (MS-068)."""
    event, day = member.event, member.day
    if event.days is None or day is None:
        return
    earlier, later = event.days.around(day)
    before = next((each for each in reversed(earlier) if each not in event.cancelled), None)
    after = next((each for each in later if each not in event.cancelled), None)
    too_early = before is not None and span.start.date() <= Member(event, before).span.last_day()
    too_late = after is not None and span.last_day() >= Member(event, after).span.start.date()
    if too_early or too_late:
        raise errors.GraphError(
            400,
            "ErrorOccurrenceCrossingBoundary",
            "Modified occurrence is crossing or overlapping adjacent occurrence.",
        )


def _addresses(values: Mapping[str, Any]) -> list[str]:
    return [each["emailAddress"]["address"].lower() for each in values["attendees"]]


def _extended(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(given.get("singleValueExtendedProperties", ()))


def _tags(given: Mapping[str, Any]) -> dict[str, str | None]:
    return {each["id"]: each["value"] for each in _extended(given) if each.get("value") is not None}


def _transaction(body: Any) -> str:
    found = body.get("transactionId") if isinstance(body, dict) else None
    return found if isinstance(found, str) else ""


def _fingerprint(body: Any) -> str:
    return json.dumps(body, sort_keys=True)


def _uid(now: datetime, guid: str) -> str:
    """The part of an iCalUId behind its date: creation time, reserved bytes, length and data."""
    ticks = int((now - _FILETIME_EPOCH).total_seconds() * 10_000_000)
    data = guid.replace("-", "").upper()
    return f"{ticks.to_bytes(8, 'little').hex().upper()}{'0' * 16}10000000{data}"
