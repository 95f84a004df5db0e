"""Times over HTTP, both ways: around both changes of the clocks, whole days far from Greenwich, a fortnight.

What has to stand on either side is reckoned here by the calendar of `zoneinfo`, and read by raw requests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from backend.sandbox.world import Person
from tests.fakes.installation import Installation, in_salesforce, timed, whole_days

FORTNIGHT = timedelta(days=14)
ZONES = ["Australia/Sydney", "America/New_York", "Europe/London", "Asia/Kolkata"]
NAMES = {
    "Pacific/Pitcairn": {"Pacific/Pitcairn", "UTC-08"},
    "UTC": {"UTC"},
    "Pacific/Tongatapu": {"Pacific/Tongatapu", "Tonga Standard Time"},
}
"""Zones at -8, 0 and +13 hours, without any change of the clocks, by the names that Microsoft takes for them."""


def changes(zone: ZoneInfo, after: datetime) -> list[datetime]:
    """The moments of the next year at which the clocks are put on or back, UTC."""
    hours = [after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=number) for number in range(365 * 24)]
    return [
        later
        for earlier, later in pairwise(hours)
        if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()
    ]


def around(zone: ZoneInfo, now: datetime) -> list[tuple[datetime, timedelta]]:
    """Starts and lengths: in the hour before and after each change, over it, the days before and after, a fortnight."""
    moments = changes(zone, now + timedelta(days=2))
    assert len(moments) == (0 if zone.key == "Asia/Kolkata" else 2)
    found = [(now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=40), FORTNIGHT)]
    for moment in moments:
        hour = timedelta(hours=1)
        found += [
            (moment - hour, hour / 2),
            (moment, hour / 2),
            (moment - hour, 2 * hour),
            (moment - 24 * hour, hour),
            (moment + 24 * hour, hour),
            (moment - 7 * 24 * hour, FORTNIGHT),
        ]
    return found


def in_graph(installation: Installation, person: Person) -> dict[str, tuple[datetime, datetime]]:
    """Start and end of all events of the mailbox, UTC, by subject."""
    return {
        each["subject"]: (_utc(each["start"]["dateTime"]), _utc(each["end"]["dateTime"]))
        for each in installation.graph("events", person)
    }


def in_crm(installation: Installation, person: Person) -> dict[str, tuple[datetime, datetime]]:
    """Start and end of all events of the user, UTC, by subject."""
    rows = installation.records("Subject, StartDateTime, EndDateTime", "Event", f"OwnerId = '{person.salesforce_id}'")
    return {row["Subject"]: (_utc(row["StartDateTime"]), _utc(row["EndDateTime"])) for row in rows}


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ZONES)
def test_ls162_no_change_of_the_clocks_shifts_an_event(installation: Installation, name: str) -> None:
    """MS-055, SF-092: made on either side, moved on the other; the half hour that comes twice included."""
    zone, now = ZoneInfo(name), installation.world.clock.now()
    (ada,) = installation.stage.hire(1, name)
    installation.assign()
    installation.settle()
    wanted: dict[str, tuple[datetime, datetime]] = {}
    for number, (start, length) in enumerate(around(zone, now)):
        begin, end = start.astimezone(zone), (start + length).astimezone(zone)
        wanted[f"Salesforce {number}"] = (start, start + length)
        minutes = int(length / timedelta(minutes=1))
        row = in_salesforce(f"Salesforce {number}", start, ada, minutes)
        installation.org.insert("Event", row, ada.salesforce_id)
        if begin.fold or end.fold:
            continue  # no wall clock can say it
        wanted[f"Mailbox {number}"] = (start, start + length)
        times = {key: {"dateTime": one.replace(tzinfo=None).isoformat(), "timeZone": name}
                 for key, one in (("start", begin), ("end", end))}  # fmt: skip
        installation.box(ada).create_event({"subject": f"Mailbox {number}", **times})
    installation.settle()
    assert in_graph(installation, ada) == in_crm(installation, ada) == wanted

    day = timedelta(days=1)
    for each in installation.box(ada).events():
        if each["subject"].startswith("Salesforce"):
            start, end = wanted[each["subject"]]
            wanted[each["subject"]] = (start - 3 * day, end - 3 * day)
            body = {"start": _moment(start - 3 * day), "end": _moment(end - 3 * day)}
            installation.box(ada).update_event(each["id"], body)
    for row in installation.records("Id, Subject", "Event"):
        if row["Subject"].startswith("Mailbox"):
            start, end = wanted[row["Subject"]]
            wanted[row["Subject"]] = (start + 2 * day, end + 2 * day)
            moved = {"StartDateTime": (start + 2 * day).isoformat(), "EndDateTime": (end + 2 * day).isoformat()}
            installation.org.update(row["Id"], moved, ada.salesforce_id)
    installation.settle()
    assert in_graph(installation, ada) == in_crm(installation, ada) == wanted


@pytest.mark.parametrize("name", ZONES)
def test_ls162_a_series_keeps_its_wall_clock_over_a_change(installation: Installation, name: str) -> None:
    zone, now = ZoneInfo(name), installation.world.clock.now()
    change = (changes(zone, now + timedelta(days=30)) or [now + timedelta(days=60)])[0]
    (ada,) = installation.stage.hire(1, name)
    installation.assign()
    installation.later(seconds=(change - timedelta(days=17) - now).total_seconds())
    first = (change - timedelta(days=15)).astimezone(zone).replace(hour=9, minute=0, second=0, microsecond=0)
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{first:%A}".lower()]}
    limits = {"type": "numbered", "startDate": f"{first:%Y-%m-%d}", "numberOfOccurrences": 5}
    body = timed("Weekly", first, 45, name, recurrence={"pattern": weekly, "range": limits})
    installation.box(ada).create_event(body)
    installation.settle()
    found = sorted(_utc(row["StartDateTime"]) for row in installation.records("StartDateTime"))
    wall_clock = [first.replace(tzinfo=None) + timedelta(weeks=number) for number in range(5)]
    assert [one.astimezone(zone).replace(tzinfo=None) for one in found] == wall_clock
    assert len({one.time() for one in found}) == (1 if name == "Asia/Kolkata" else 2)


def _moment(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


@pytest.mark.parametrize("name", NAMES)
def test_ls159_whole_days_are_the_same_days_everywhere(installation: Installation, name: str) -> None:
    """MS-057, SF-094: for users at -8, 0 and +13 hours; one day, three, a fortnight, both ways and moved."""
    (ada,) = installation.stage.hire(1, name)
    installation.assign()
    installation.settle()
    first = installation.soon(20).date()
    wanted: dict[str, tuple[date, int]] = {}
    for days in (1, 3, 14):
        wanted[f"Mailbox {days}"] = wanted[f"Salesforce {days}"] = (first, days)
        installation.box(ada).create_event(whole_days(f"Mailbox {days}", first, days, name))
        row = {"Subject": f"Salesforce {days}", "OwnerId": ada.salesforce_id, **_days(first, days)}
        installation.org.insert("Event", row, ada.salesforce_id)
    installation.settle()
    assert days_in_graph(installation, ada) == days_in_crm(installation, ada) == wanted

    later = first + timedelta(days=5)
    for each in installation.box(ada).events():
        if each["subject"].startswith("Salesforce"):
            days = wanted[each["subject"]][1]
            wanted[each["subject"]] = (later, days)
            body = whole_days("", later, days, name)
            installation.box(ada).update_event(each["id"], {key: body[key] for key in ("start", "end")})
    for row in installation.records("Id, Subject", "Event"):
        if row["Subject"].startswith("Mailbox"):
            days = wanted[row["Subject"]][1]
            wanted[row["Subject"]] = (later, days)
            installation.org.update(row["Id"], _days(later, days), ada.salesforce_id)
    installation.settle()
    assert days_in_graph(installation, ada) == days_in_crm(installation, ada) == wanted


def _days(first: date, days: int) -> dict[str, object]:
    last = first + timedelta(days=days - 1)
    return {"IsAllDayEvent": True, "StartDateTime": f"{first}T00:00:00Z", "EndDateTime": f"{last}T00:00:00Z"}


def days_in_graph(installation: Installation, person: Person) -> dict[str, tuple[date, int]]:
    """First day and number of days of all events; each from midnight to midnight of the owner's zone."""
    found = {}
    for each in installation.box(person).events():
        span = installation.box(person).member(each["id"]).event.span
        assert span.all_day, each["subject"]
        assert {span.zone, span.end_zone} <= NAMES[person.time_zone]
        assert span.start.time() == span.end.time() == time()
        found[each["subject"]] = (span.start.date(), (span.end - span.start).days)
    return found


def days_in_crm(installation: Installation, person: Person) -> dict[str, tuple[date, int]]:
    """First day and number of days of all events, as Salesforce keeps them."""
    fields = "Subject, IsAllDayEvent, ActivityDate, StartDateTime, EndDateTime, DurationInMinutes"
    found = {}
    for row in installation.records(fields, "Event", f"OwnerId = '{person.salesforce_id}'"):
        assert row["IsAllDayEvent"], row["Subject"]
        days = row["DurationInMinutes"] // (24 * 60)
        start, end = _utc(row["StartDateTime"]), _utc(row["EndDateTime"])
        assert (start.hour, (end - start).days + 1) == (0, days)
        assert row["ActivityDate"] == f"{start:%Y-%m-%d}"
        found[row["Subject"]] = (start.date(), days)
    return found
