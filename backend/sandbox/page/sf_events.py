"""Events in Salesforce: the week, the form, and what their owner does to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend.sandbox.microsoft import zones
from backend.sandbox.page import event_times
from backend.sandbox.page.event_times import Times
from backend.sandbox.page.refusals import salesforce_words
from backend.sandbox.page.sf_names import live_row, name_of, options
from backend.sandbox.page.shelf import Done, Entry, Form, Values
from backend.sandbox.page.stage import Stage
from backend.sandbox.salesforce.activities import live, relations_on
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment
from backend.sandbox.world import Person

SHOW_AS = [("Busy", "Busy"), ("Free", "Free"), ("OutOfOffice", "Out of office")]
_DAY = timedelta(days=1)
_FIELDS = {"subject": "Subject", "place": "Location", "notes": "Description", "show_as": "ShowAs"}
_PLACES = {field: name for name, field in _FIELDS.items()} | {
    "StartDateTime": "start", "ActivityDateTime": "start", "ActivityDate": "first_day", "EndDateTime": "end",
    "DurationInMinutes": "end", "IsPrivate": "private", "WhoId": "who", "WhatId": "what",
}  # fmt: skip


class SalesforceEvents:
    """The events that one person owns."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self.stage = stage
        self.person = person
        self.user = person.salesforce_id

    # Reading

    def between(self, first: date, last: date) -> list[Entry]:
        """What takes place from the first day to the last, both included, by start."""
        rows = live(self.stage.org, "Event", "OwnerId", self.user)
        entries = [self._entry(row) for row in rows if not _is_master(row)]
        shown = [each for each in entries if each.start.date() <= last and each.last_day >= first]
        return sorted(shown, key=lambda each: (each.start, each.end, each.title))

    def _entry(self, row: Row) -> Entry:
        start, end = self._span(row)
        org = self.stage.org
        guests = [each for each in relations_on(org, row["Id"]) if each["IsInvitee"]]
        return Entry(
            id=row["Id"],
            title=row.get("Subject") or "",
            start=start,
            end=end,
            all_day=row["IsAllDayEvent"],
            fresh=self.stage.is_fresh_row(row["SystemModstamp"]),
            place=row.get("Location") or "",
            private=row["IsPrivate"],
            repeats=row["IsRecurrence2"] or bool(row.get("RecurrenceActivityId")),
            guests=len(guests),
            note="copy of an invitee" if row["IsChild"] else "",
            who=name_of(org, row.get("WhoId")),
            what=name_of(org, row.get("WhatId")),
        )

    def _span(self, row: Row) -> tuple[datetime, datetime]:
        """Naive start and end in the person's zone; an all-day event floats and ends with its last day."""
        start, end = moment(row["StartDateTime"]), moment(row["EndDateTime"])
        if row["IsAllDayEvent"]:
            return start.replace(tzinfo=None), end.replace(tzinfo=None) + _DAY
        return zones.to_local(start, self.person.time_zone), zones.to_local(end, self.person.time_zone)

    # The form

    def blank(self, day: date) -> Form:
        """A new event of an hour on that day."""
        start = datetime.combine(day, event_times.TEN)
        times = event_times.show(start, start + timedelta(hours=1), self.person.time_zone, all_day=False)
        return Form({**times, "show_as": "Busy"}, choices=self._choices({}))

    def load(self, item_id: str) -> Form:
        """The event in its owner's zone."""
        with salesforce_words(_PLACES):
            row = live_row(self.stage.org, item_id)
        start, end = self._span(row)
        shown = {name: row.get(field) or "" for name, field in _FIELDS.items()}
        shown |= event_times.show(start, end, self.person.time_zone, all_day=row["IsAllDayEvent"])
        shown |= {
            "private": "on" if row["IsPrivate"] else "",
            "who": row.get("WhoId") or "",
            "what": row.get("WhatId") or "",
        }
        shown["notes"] = shown["notes"].replace("\r\n", "\n").strip()
        return Form(shown, _about(row), choices=self._choices(row))

    def _choices(self, row: Row) -> dict[str, list[tuple[str, str]]]:
        org = self.stage.org
        return {
            "show_as": SHOW_AS,
            "who": options(org, "Contact", row.get("WhoId"), self.user),
            "what": options(org, "Account", row.get("WhatId")),
        }

    # Writing

    def create(self, values: Values) -> Done:
        """Make an event that the person owns."""
        times = event_times.read(values)
        with salesforce_words(_PLACES):
            self.stage.org.insert("Event", _data(values, set(values), times), self.user)
        return Done(values.get("subject", ""), times.start.date())

    def change(self, item_id: str, values: Values, changed: set[str]) -> Done:
        """Write what was changed."""
        times = event_times.read(values)
        data = _data(values, changed, times)
        with salesforce_words(_PLACES):
            live_row(self.stage.org, item_id)
            if data:
                self.stage.org.update(item_id, data, self.user)
        return Done(values.get("subject", ""), times.start.date(), changed=bool(data))

    def delete(self, item_id: str) -> Done:
        """Put the event into the Recycle Bin."""
        with salesforce_words(_PLACES):
            subject = live_row(self.stage.org, item_id).get("Subject") or ""
            self.stage.org.delete(item_id, self.user)
        return Done(subject, undo=item_id)

    def restore(self, item_id: str) -> Done:
        """Bring the event back from the Recycle Bin."""
        with salesforce_words(_PLACES):
            self.stage.org.undelete(item_id, self.user)
            row = live_row(self.stage.org, item_id)
        return Done(row.get("Subject") or "", self._span(row)[0].date())


def _is_master(row: Row) -> bool:
    """Whether the row stands for a whole classic series, which no calendar shows."""
    return bool(row["IsRecurrence"] and not row.get("RecurrenceActivityId"))


def _about(row: Row) -> str:
    if row["IsChild"]:
        return "The copy of an invitee: Salesforce lets nobody change it but through the organizer's event."
    if row["IsRecurrence2"]:
        return "One occurrence of a Salesforce series: a change of a future one changes them all."
    return ""


def _data(values: Mapping[str, str], changed: set[str], times: Times) -> dict[str, Any]:
    """What of a form goes to Salesforce, in its field names."""
    data: dict[str, Any] = {field: values[name] or None for name, field in _FIELDS.items() if name in changed}
    if changed & set(event_times.FIELDS):
        data |= _times(times)
    if "private" in changed:
        data["IsPrivate"] = bool(values["private"])
    for name, field in (("who", "WhoId"), ("what", "WhatId")):
        if name in changed:
            data[field] = values[name] or None
    return data


def _times(times: Times) -> dict[str, Any]:
    if times.all_day:
        first = times.start.replace(tzinfo=UTC)
        last = datetime.combine(times.last_day, first.time(), UTC)
        return {"IsAllDayEvent": True, "StartDateTime": first.isoformat(), "EndDateTime": last.isoformat()}
    start, end = times.utc()
    return {"IsAllDayEvent": False, "StartDateTime": start.isoformat(), "EndDateTime": end.isoformat()}
