"""Event series of Salesforce end to end, over https against the sandbox (E-10, LS-152, LS-155, LS-156)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from backend.domain.configuration import SeriesRule
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, timed

NATIVE = replace(EVERYTHING, series=SeriesRule.NATIVE)
LONDON = ZoneInfo("Europe/London")  # where the sandbox's Salesforce users live
PATTERNS: dict[str, dict[str, Any]] = {
    "daily": {"type": "daily", "interval": 2},
    "weekly": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday", "thursday"], "firstDayOfWeek": "monday"},
    "absolute monthly": {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 12},
    "last day": {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
    "relative monthly": {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "last"},
    "weekday": {
        "type": "relativeMonthly",
        "interval": 2,
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "index": "first",
    },
}


def first_day(installation: Installation) -> datetime:
    """Nine o'clock in London, a few days ahead."""
    return installation.soon(4).astimezone(LONDON).replace(hour=9, minute=0, second=0, microsecond=0)


def repeating(
    installation: Installation, person: Person, pattern: dict[str, Any], number: int | None = None, **more: Any
) -> str:
    start = first_day(installation)
    limits: dict[str, Any] = {"type": "noEnd", "startDate": f"{start:%Y-%m-%d}"}
    if number is not None:
        limits |= {"type": "numbered", "numberOfOccurrences": number}
    body = timed("Stand-up", start, 45, "Europe/London", recurrence={"pattern": pattern, "range": limits}, **more)
    return str(installation.box(person).create_event(body))


def rows(installation: Installation) -> list[dict[str, Any]]:
    fields = "Id, Subject, StartDateTime, IsRecurrence2, Lockstep_Key__c"
    return sorted(installation.records(fields), key=lambda row: str(row["StartDateTime"]))


def expected(installation: Installation, person: Person) -> list[str]:
    """Starts of the occurrences that the mailbox shows for as long as they are made."""
    now = installation.world.clock.now()
    first, last = now - timedelta(days=30), (now + timedelta(days=180)).replace(hour=0, minute=0, second=0)
    path = f"calendarView?startDateTime={first:%Y-%m-%dT%H:%M:%SZ}&endDateTime={last:%Y-%m-%dT%H:%M:%SZ}&$top=500"
    return sorted(one["start"]["dateTime"][:16] for one in installation.graph(path, person))


@pytest.mark.parametrize("name", list(PATTERNS))
def test_ls152_patterns_of_graph_become_series_that_have_just_the_mailboxs_meetings(
    installation: Installation, name: str
) -> None:
    """SF-100: the stand-in expands the pattern by itself; over a change of summer time."""
    (ada,) = installation.stage.hire(1, "Europe/London")
    installation.assign(NATIVE)
    repeating(installation, ada, PATTERNS[name])
    installation.settle()

    found = rows(installation)
    assert all(row["IsRecurrence2"] for row in found)
    assert [row["StartDateTime"][:16] for row in found] == expected(installation, ada)
    assert sum(row["Lockstep_Key__c"] is not None for row in found) == 1
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 30}, "Salesforce has no such repetition"),
        ({"type": "absoluteYearly", "interval": 1, "month": 5, "dayOfMonth": 4}, "only one of its meetings"),
    ],
)
def test_ls155_what_salesforce_cannot_repeat_is_single_events_and_the_passport_says_why(
    installation: Installation, pattern: dict[str, Any], reason: str
) -> None:
    (ada,) = installation.stage.hire(1, "Europe/London")
    installation.assign(NATIVE)
    repeating(installation, ada, pattern)
    installation.settle()

    assert not any(row["IsRecurrence2"] for row in rows(installation))
    rules = {row.rule for row in installation.rows(sa.select(tables.history.c.rule))}
    assert all(reason in rule for rule in rules)
    assert len(rules) == 1


def test_ls156_sf102_all_and_one_are_changed_and_guests_are_never_mailed(installation: Installation) -> None:
    ada, _ = installation.stage.hire(2, "Europe/London")
    installation.assign(NATIVE, ada)
    guest = [{"emailAddress": {"address": "guest@elsewhere.example", "name": "Guest"}, "type": "required"}]
    contact = {"LastName": "Guest", "Email": "guest@elsewhere.example", "OwnerId": ada.salesforce_id}
    known = installation.org.insert("Contact", contact, ada.salesforce_id)
    master = repeating(installation, ada, PATTERNS["daily"], 6, attendees=guest)
    box = installation.box(ada)
    installation.world.outbox.clear()
    installation.settle()
    before = [row["Id"] for row in rows(installation)]
    assert len(before) == 6
    assert [row["WhoId"] for row in installation.records("WhoId")] == [known] * 6

    box.update_event(master, {"subject": "Huddle"})
    installation.world.outbox.clear()
    with installation.watched() as writes:
        installation.settle()
    assert sum(writes.values()) == 1, writes
    assert [row["Id"] for row in rows(installation)] == before
    assert {row["Subject"] for row in rows(installation)} == {"Huddle"}

    second = installation.graph(f"events/{master}/instances?{_around(installation)}", ada)[1]["id"]
    box.update_event(second, {"subject": "Late"})
    installation.world.outbox.clear()
    installation.settle()
    assert [row["Subject"] for row in rows(installation)] == ["Huddle", "Late", *["Huddle"] * 4]
    assert [row["IsRecurrence2"] for row in rows(installation)] == [True, False, *[True] * 4]
    assert [row["Id"] for row in rows(installation) if row["IsRecurrence2"]] == [before[0], *before[2:]]
    assert installation.records("WhoId", where="IsRecurrence2 = false") == [{"WhoId": known}]

    installation.org.update(before[0], {"Location": "Room 4"}, ada.salesforce_id)
    installation.settle()
    assert {row["Location"] for row in installation.records("Location", where="IsRecurrence2 = true")} == {"Room 4"}
    assert not box.event(master)["location"].get("displayName")
    assert list(installation.world.outbox) == []


def _around(installation: Installation) -> str:
    now = installation.world.clock.now()
    last = now + timedelta(days=60)
    return f"startDateTime={now:%Y-%m-%dT%H:%M:%SZ}&endDateTime={last:%Y-%m-%dT%H:%M:%SZ}"
