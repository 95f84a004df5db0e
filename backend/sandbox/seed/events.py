"""Events on both sides: singles, all-day, private, with guests, series with exceptions, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from backend.sandbox.seed.people import COMPANIES
from backend.sandbox.world import Person, World

SUBJECTS: Final = (
    "Quarterly review", "Pipeline call", "Site visit", "Contract walk-through", "Intro call", "Demo", "Lunch",
    "Renewal talk", "Workshop", "Follow-up",
)  # fmt: skip
PLACES: Final = ("Room Älvsborg", "Customer's office", "Phone", "", "Café on the corner")
SINGLES, SALESFORCE_ONLY, ON_BOTH = 44, 12, 5
"""Per person."""


def fill(world: World, org: Any, tenant: Any, staff: list[Person]) -> None:
    """About 70 events for each of the staff, from three weeks ago to half a year ahead."""
    today = world.clock.now().date()
    for number, person in enumerate(staff):
        mailbox = tenant.mailbox(person.microsoft_id)
        for index in range(SINGLES):
            mailbox.create_event(_single(person, number, index, today))
        for index in range(SALESFORCE_ONLY + ON_BOTH):
            _in_salesforce(org, mailbox, person, number, index, today)
        _special(mailbox, person, today)
        _series(mailbox, person, number, today)
    _meetings(tenant, staff, today)


def _local(person: Person, day: date, hour: int, minute: int = 0) -> dict[str, str]:
    moment = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - wall-clock time, its zone beside it
    return {"dateTime": moment.isoformat(), "timeZone": person.time_zone}


def _day(today: date, index: int) -> date:
    """Spreads over the working days around today, most of them ahead."""
    day = today + timedelta(days=(index * 5) % 170 - 20)
    return day + timedelta(days=max(0, 7 - day.isoweekday()) % 2) if day.isoweekday() > 5 else day


def _subject(number: int, index: int) -> str:
    return f"{SUBJECTS[(number + index) % len(SUBJECTS)]}, {COMPANIES[(number * 3 + index) % len(COMPANIES)]}"


def _single(person: Person, number: int, index: int, today: date) -> dict[str, Any]:
    day, hour = _day(today, index + number), 8 + (index * 3 + number) % 9
    return {
        "subject": _subject(number, index),
        "start": _local(person, day, hour, (index % 2) * 30),
        "end": _local(person, day, hour + 1, (index % 2) * 30),
        "location": {"displayName": PLACES[index % len(PLACES)]},
        "body": {"contentType": "html", "content": f"<p>Agenda for <b>{_subject(number, index)}</b></p><p>1. News</p>"},
        "showAs": ("busy", "tentative", "free", "oof", "workingElsewhere")[index % 5],
    }


def _in_salesforce(org: Any, mailbox: Any, person: Person, number: int, index: int, today: date) -> None:
    day = _day(today, index * 3 + number + 7)
    start = datetime(day.year, day.month, day.day, 9 + index % 8, tzinfo=ZoneInfo(person.time_zone)).astimezone(UTC)
    end = start + timedelta(minutes=45)
    subject = f"Account plan, {COMPANIES[(number + index) % len(COMPANIES)]}"
    times = {"StartDateTime": start.isoformat(), "EndDateTime": end.isoformat()}
    row = {"Subject": subject, "OwnerId": person.salesforce_id, **times}
    org.insert("Event", row | {"Description": "Prepared in Salesforce."}, person.salesforce_id)
    if index < ON_BOTH:
        clock = {"timeZone": "UTC"}
        mailbox.create_event(
            {
                "subject": subject,
                "start": clock | {"dateTime": start.replace(tzinfo=None).isoformat()},
                "end": clock | {"dateTime": end.replace(tzinfo=None).isoformat()},
            }
        )


def _special(mailbox: Any, person: Person, today: date) -> None:
    """All-day, private, long, old, and what Salesforce refuses."""
    soon = today + timedelta(days=4)

    def days(subject: str, first: date, count: int, **more: Any) -> None:
        start, end = _local(person, first, 0), _local(person, first + timedelta(days=count), 0)
        mailbox.create_event({"subject": subject, "isAllDay": True, "start": start, "end": end, **more})

    days("Trade fair", soon, 1, showAs="oof")
    days("Holiday", soon + timedelta(days=10), 14, showAs="oof")
    days("Sabbatical", soon + timedelta(days=40), 20)
    timed = {"start": _local(person, soon, 12), "end": _local(person, soon, 13)}
    mailbox.create_event({"subject": "Dentist", "sensitivity": "private", **timed})
    mailbox.create_event({"subject": "Secret plan", **timed})
    past = today - timedelta(days=90)
    mailbox.create_event({"subject": "Long ago", "start": _local(person, past, 9), "end": _local(person, past, 10)})


def _series(mailbox: Any, person: Person, number: int, today: date) -> None:
    """A weekly series with a moved and a cancelled occurrence, a monthly one, and an endless daily one for some."""
    monday = today - timedelta(days=today.weekday() + 14)
    weekly = mailbox.create_event(
        {
            "subject": f"Team meeting of {person.name.split()[0]}",
            "start": _local(person, monday, 9),
            "end": _local(person, monday, 9, 30),
            "recurrence": {
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
                "range": {"type": "numbered", "startDate": monday.isoformat(), "numberOfOccurrences": 20},
            },
        }
    )
    moved = monday + timedelta(days=28)
    new_times = {"start": _local(person, moved, 15), "end": _local(person, moved, 16)}
    mailbox.update_occurrence(weekly, moved, new_times)
    mailbox.delete_occurrence(weekly, monday + timedelta(days=35))
    if number % 3 == 0:
        first = today - timedelta(days=3)
        mailbox.create_event(
            {
                "subject": "Stand-up",
                "start": _local(person, first, 8, 45),
                "end": _local(person, first, 9),
                "recurrence": {
                    "pattern": {"type": "daily", "interval": 2},
                    "range": {"type": "noEnd", "startDate": first.isoformat()},
                },
            }
        )


def _meetings(tenant: Any, staff: list[Person], today: date) -> None:
    """Meetings with guests: colleagues get copies, and people outside are only addresses."""
    for number, person in enumerate(staff):
        colleague = staff[(number + 1) % len(staff)]
        day = today + timedelta(days=7 + number)
        guests = [colleague.address, f"buyer{number}@brightwater.example"]
        tenant.mailbox(person.microsoft_id).create_event(
            {
                "subject": f"Joint visit with {colleague.name.split()[0]}",
                "start": _local(person, day, 13),
                "end": _local(person, day, 14),
                "location": {"displayName": "Customer's office"},
                "attendees": [{"emailAddress": {"address": guest}, "type": "required"} for guest in guests],
            }
        )
