"""Start, end and duration of an event: many fields, one value (SF-092 to SF-095)."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta

from backend.sandbox.salesforce.errors import SalesforceError, integrity
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment, stamp

DAY = 1440
MOST_DAYS = 14
_START_FIELDS = ("StartDateTime", "ActivityDateTime", "ActivityDate")


def settle(row: Row, given: Row, *, multiday: bool) -> None:
    """Bring all time fields of a new or changed row into agreement. Raises SalesforceError.

    `row` holds the old values under the given ones; `given` only what the client sent now.
    """
    if row["IsAllDayEvent"]:
        _settle_days(row, given)
    else:
        _settle_minutes(row, given)
    if row["DurationInMinutes"] > DAY and not multiday:
        raise integrity("Duration must be between 0 and 1440 minutes", "DurationInMinutes")
    if row["DurationInMinutes"] > MOST_DAYS * DAY:
        raise integrity("End Date Time: an event can't last longer than 14 days", "EndDateTime")
    row["EndDate"] = row["EndDateTime"][:10]


def _settle_days(row: Row, given: Row) -> None:
    first = _first_day(row, given)
    end, minutes = given.get("EndDateTime"), given.get("DurationInMinutes")
    if end is not None:
        days = (date.fromisoformat(end[:10]) - first).days + 1
    elif minutes is not None:
        days = max(1, math.ceil(minutes / DAY))
    else:
        days = max(1, math.ceil((row.get("DurationInMinutes") or DAY) / DAY))
    if days < 1:
        raise integrity("End Date Time: the event can't end before it starts", "EndDateTime")
    if end is not None and minutes is not None and minutes != days * DAY:
        raise _disagree()
    midnight = datetime.combine(first, time(), UTC)
    row["StartDateTime"] = row["ActivityDateTime"] = stamp(midnight)
    row["ActivityDate"] = first.isoformat()
    row["EndDateTime"] = stamp(midnight + timedelta(days=days - 1))
    row["DurationInMinutes"] = days * DAY


def _first_day(row: Row, given: Row) -> date:
    days = {given[name][:10] for name in _START_FIELDS if given.get(name) is not None}
    if len(days) > 1:
        raise integrity("Start Date Time: start and due date differ", *_given_starts(given))
    day = days.pop() if days else (row.get("StartDateTime") or "")[:10]
    if not day:
        raise _no_start()
    return date.fromisoformat(day)


def _settle_minutes(row: Row, given: Row) -> None:
    start = _start(row, given)
    end, minutes = given.get("EndDateTime"), given.get("DurationInMinutes")
    if end is not None:
        lasts = math.floor((moment(end) - start).total_seconds() / 60)
        if minutes is not None and minutes != lasts:
            raise _disagree()
    elif minutes is not None:
        lasts = minutes
    elif row.get("DurationInMinutes") is not None:
        lasts = row["DurationInMinutes"]
    else:
        raise integrity("End Date Time: an event needs an end or a duration", "EndDateTime")
    if lasts < 0:
        raise integrity("End Date Time: the event can't end before it starts", "EndDateTime")
    row["StartDateTime"] = row["ActivityDateTime"] = stamp(start)
    row["ActivityDate"] = row["StartDateTime"][:10]
    row["EndDateTime"] = end if end is not None else stamp(start + timedelta(minutes=lasts))
    row["DurationInMinutes"] = lasts


def _start(row: Row, given: Row) -> datetime:
    starts = {given[name] for name in ("StartDateTime", "ActivityDateTime") if given.get(name) is not None}
    if len(starts) > 1:
        raise integrity("Start Date Time: start and due time differ", *_given_starts(given))
    start = starts.pop() if starts else row.get("StartDateTime")
    if start is None:
        raise _no_start()
    day = given.get("ActivityDate")
    if day is not None and day != start[:10]:
        raise integrity("Start Date Time: start and due date differ", *_given_starts(given))
    return moment(start)


def _given_starts(given: Row) -> list[str]:
    return [name for name in _START_FIELDS if given.get(name) is not None]


def _no_start() -> SalesforceError:
    message = "Required fields are missing: [ActivityDateTime]"
    return SalesforceError("REQUIRED_FIELD_MISSING", message, ["ActivityDateTime"])


def _disagree() -> SalesforceError:
    return integrity("Duration: duration and end differ", "DurationInMinutes")
