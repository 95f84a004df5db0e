"""Classic recurring events: a master row, and occurrences that point at it (SF-105)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from backend.sandbox.salesforce.activities import live
from backend.sandbox.salesforce.behaviour import Save
from backend.sandbox.salesforce.errors import SalesforceError, integrity
from backend.sandbox.salesforce.recurring import place
from backend.sandbox.salesforce.series import Frequency
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment, stamp

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

_FREQUENCIES: dict[str, Frequency] = {
    "RecursDaily": DAILY,
    "RecursEveryWeekday": WEEKLY,
    "RecursWeekly": WEEKLY,
    "RecursMonthly": MONTHLY,
    "RecursMonthlyNth": MONTHLY,
    "RecursYearly": YEARLY,
    "RecursYearlyNth": YEARLY,
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_INSTANCES = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_PATTERN_FIELDS = ("RecurrenceType", "RecurrenceStartDateTime", "RecurrenceEndDateOnly")


def further_rows(save: Save, master: Row) -> list[Row]:
    """The occurrences of a master just created, not yet stored. Raises SalesforceError."""
    if not master["IsRecurrence"]:
        return []
    missing = [name for name in _PATTERN_FIELDS if master.get(name) is None]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise SalesforceError("REQUIRED_FIELD_MISSING", message, missing)
    if master["DurationInMinutes"] > 1440:
        raise integrity("Duration: an occurrence of a series can't last longer than a day", "DurationInMinutes")
    return [_occurrence(save, master, start) for start in _starts(master, save.caller.time_zone)]


def _starts(master: Row, zone_name: str) -> list[str]:
    zone = ZoneInfo(zone_name)
    first = moment(master["RecurrenceStartDateTime"]).astimezone(zone).replace(tzinfo=None)
    last = datetime.combine(datetime.fromisoformat(master["RecurrenceEndDateOnly"]).date(), time.max)
    kind = master["RecurrenceType"]
    month = master.get("RecurrenceMonthOfYear")
    rule = rrule(
        _FREQUENCIES[kind],
        dtstart=first,
        until=last,
        interval=master.get("RecurrenceInterval") or 1,
        byweekday=_weekdays(master, nth=kind.endswith("Nth")),
        bymonthday=None if kind.endswith("Nth") else master.get("RecurrenceDayOfMonth"),
        bymonth=_MONTHS.index(month) + 1 if month else None,
    )
    return [stamp(start.replace(tzinfo=zone).astimezone(UTC)) for start in rule]


def _weekdays(master: Row, *, nth: bool) -> list[weekday] | None:
    if master["RecurrenceType"] == "RecursEveryWeekday":
        return [weekday(day) for day in range(5)]
    mask = master.get("RecurrenceDayOfWeekMask") or 0
    days = [(day - 1) % 7 for day in range(7) if mask >> day & 1]  # Sunday is 1, Monday 2
    if nth:
        position = _INSTANCES[master.get("RecurrenceInstance") or "First"]
        return [weekday(day, position) for day in days]
    return [weekday(day) for day in days] or None


def _occurrence(save: Save, master: Row, start: str) -> Row:
    own = ("Id", "Lockstep_Key__c", "IsRecurrence")
    row = {name: value for name, value in master.items() if name not in own}
    row |= {"Id": save.org.ids.new("00U"), "IsRecurrence": False, "RecurrenceActivityId": master["Id"]}
    place(row, start, master["DurationInMinutes"])
    return row


def occurrences(org: Org, master_id: str) -> list[Row]:
    """The rows that point at a master."""
    return live(org, "Event", "RecurrenceActivityId", master_id)
