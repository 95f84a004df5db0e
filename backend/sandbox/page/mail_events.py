"""Events in the mailbox: the week, the form, and what its owner does to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend.sandbox.microsoft import bodies
from backend.sandbox.microsoft.events import Member, events_of, members
from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.microsoft.recurrence import DAYS
from backend.sandbox.page import event_times
from backend.sandbox.page.event_times import Times
from backend.sandbox.page.refusals import Refusal, mailbox_words
from backend.sandbox.page.shelf import Done, Entry, Form, Values
from backend.sandbox.page.stage import Stage
from backend.sandbox.world import Person

SHOW_AS = [
    ("busy", "Busy"), ("free", "Free"), ("tentative", "Tentative"), ("oof", "Out of office"),
    ("workingElsewhere", "Working elsewhere"),
]  # fmt: skip
REPEATS = [("", "Never"), ("daily", "Every day"), ("weekly", "Every week"), ("absoluteMonthly", "Every month")]
MOST_TIMES = 60
_CLOCKS = timedelta(hours=14)  # no clock on earth is further from UTC, and all-day events float
_ABOUT = {
    "singleInstance": "",
    "seriesMaster": "The whole series: its first occurrence stands here. Another time moves every occurrence.",
    "occurrence": "One occurrence of a series. A change makes it an exception.",
    "exception": "One occurrence of a series, different from the others.",
}


class MailEvents:
    """The calendar of one person."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self.stage = stage
        self.person = person
        self.mailbox: Mailbox = stage.mailbox(person)

    # Reading

    def between(self, first: date, last: date) -> list[Entry]:
        """What takes place from the first day to the last, both included, by start; occurrences one by one."""
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - _CLOCKS
        end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1) + _CLOCKS
        entries = (
            self._entry(each) for event in events_of(self.mailbox.calendar) for each in members(event, begin, end)
        )
        shown = [each for each in entries if each.start.date() <= last and each.last_day >= first]
        return sorted(shown, key=lambda each: (each.start, each.end, each.title))

    def _entry(self, member: Member) -> Entry:
        span, values = member.span.in_zone(self.person.time_zone), member.values
        return Entry(
            id=self._id(member),
            title=values["subject"],
            start=span.start,
            end=span.end,
            all_day=span.all_day,
            fresh=self.stage.is_fresh((member.override or member.event).modified),
            place=values["location"]["displayName"],
            private=values["sensitivity"] in ("private", "confidential"),
            repeats=member.day is not None,
            cancelled=member.is_cancelled,
            guests=len(values["attendees"]),
            note="" if member.event.is_organizer else f"invited by {member.event.organizer['name']}",
        )

    def _id(self, member: Member) -> str:
        return self.mailbox.id_of(member.event, immutable=True, day=member.day)

    # The form

    def blank(self, day: date) -> Form:
        """A new event of an hour on that day."""
        start = datetime.combine(day, event_times.TEN)
        times = event_times.show(start, start + timedelta(hours=1), self.person.time_zone, all_day=False)
        return Form({**times, "show_as": "busy", "times": "5"}, choices={"show_as": SHOW_AS, "repeats": REPEATS})

    def load(self, item_id: str) -> Form:
        """The event, or the occurrence, in its owner's zone."""
        with mailbox_words():
            member = self.mailbox.member(item_id)
        span, values = member.span.in_zone(self.person.time_zone), member.values
        shown = {
            **event_times.show(span.start, span.end, self.person.time_zone, all_day=span.all_day),
            "subject": values["subject"],
            "place": values["location"]["displayName"],
            "notes": bodies.as_text(values["body"]).replace("\r\n", "\n").strip(),
            "private": "on" if values["sensitivity"] in ("private", "confidential") else "",
            "show_as": values["showAs"],
            "guests": ", ".join(each["emailAddress"]["address"] for each in values["attendees"]),
        }
        series = self.mailbox.id_of(member.event, immutable=True) if member.day else ""
        about = _ABOUT[member.kind]
        if not member.event.is_organizer:
            about = f"Invited by {member.event.organizer['name']}: this is a copy. {about}".strip()
        return Form(shown, about, series, {"show_as": SHOW_AS})

    # Writing

    def create(self, values: Values) -> Done:
        """Make an event or a series."""
        times = event_times.read(values)
        body = {**_body(values, set(values), times), **_series(values, times.start)}
        with mailbox_words():
            self.mailbox.create_event(body)
        return Done(values.get("subject", ""), times.start.date())

    def change(self, item_id: str, values: Values, changed: set[str]) -> Done:
        """Write what was changed; nothing is sent to guests, as if the person had chosen so."""
        times = event_times.read(values)
        body = _body(values, changed, times)
        if body:
            with mailbox_words():
                self.mailbox.update_event(item_id, body)
        return Done(values.get("subject", ""), times.start.date(), changed=bool(body))

    def delete(self, item_id: str) -> Done:
        """Delete an event, a series or one occurrence; an occurrence does not lie in Deleted Items."""
        with mailbox_words():
            member = self.mailbox.member(item_id)
            subject: str = member.values["subject"]
            self.mailbox.delete_event(item_id)
        return Done(subject, undo="" if member.day else item_id)

    def restore(self, item_id: str) -> Done:
        """Take an event out of Deleted Items."""
        with mailbox_words():
            self.mailbox.undelete(item_id)
            member = self.mailbox.member(item_id)
        return Done(member.values["subject"], member.span.in_zone(self.person.time_zone).start.date())


def _body(values: Mapping[str, str], changed: set[str], times: Times) -> dict[str, Any]:
    """What of a form goes to the mailbox, in Graph's words."""
    body: dict[str, Any] = {}
    if changed & set(event_times.FIELDS):
        body |= {
            "start": {"dateTime": times.start.isoformat(), "timeZone": times.zone},
            "end": {"dateTime": times.end.isoformat(), "timeZone": times.zone},
            "isAllDay": times.all_day,
        }
    if "subject" in changed:
        body["subject"] = values["subject"]
    if "place" in changed:
        body["location"] = {"displayName": values["place"]}
    if "notes" in changed:
        body["body"] = {"contentType": "text", "content": values["notes"]}
    if "private" in changed:
        body["sensitivity"] = "private" if values["private"] else "normal"
    if "show_as" in changed:
        body["showAs"] = values["show_as"]
    if "guests" in changed:
        body["attendees"] = [{"emailAddress": {"address": each}} for each in _addresses(values["guests"])]
    return body


def _addresses(text: str) -> list[str]:
    found = text.replace(",", " ").replace(";", " ").split()
    for each in found:
        name, _, host = each.partition("@")
        if not name or "." not in host:
            raise Refusal({"guests": f"“{each}” is not an address. Separate several addresses with commas."})
    return found


def _series(values: Mapping[str, str], start: datetime) -> dict[str, Any]:
    kind = values.get("repeats", "")
    if not kind:
        return {}
    text = values.get("times", "")
    if not text.isascii() or not text.isdigit() or not 2 <= int(text[:4]) <= MOST_TIMES:
        raise Refusal({"times": f"How many times? Give a number from 2 to {MOST_TIMES}."})
    pattern: dict[str, Any] = {"type": kind, "interval": 1}
    if kind == "weekly":
        pattern["daysOfWeek"] = [DAYS[start.weekday()]]
    elif kind == "absoluteMonthly":
        pattern["dayOfMonth"] = start.day
    limits = {"type": "numbered", "startDate": start.date().isoformat(), "numberOfOccurrences": int(text)}
    return {"recurrence": {"pattern": pattern, "range": limits}}
