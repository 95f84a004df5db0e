"""Lightning event series: many rows, one pattern, no master row that anybody sees (SF-098 to SF-104)."""

from __future__ import annotations

from datetime import timedelta

from backend.sandbox.salesforce.activities import occurrences_of
from backend.sandbox.salesforce.behaviour import Save
from backend.sandbox.salesforce.errors import integrity
from backend.sandbox.salesforce.series import FIELD, parse, shifted
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment, stamp

_TIMES = (
    "StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate", "ActivityDateTime", "EndDate", "IsAllDayEvent",
)  # fmt: skip
# Only the first row of a series carries a custom key: it could not be unique otherwise.
_OWN = ("Id", "Lockstep_Key__c", "IsRecurrence2Exception", *_TIMES[:6])


def prepare(row: Row) -> None:
    """Check and normalise the pattern text of a new event. Raises SalesforceError."""
    text = row.get(FIELD)
    if text is None:
        return
    if row["IsRecurrence"]:
        raise integrity("Repeat: an event belongs to a classic or to a Lightning series, not to both", FIELD)
    row[FIELD] = parse(text).text


def lay_out(save: Save, row: Row) -> None:
    """Make a new event with a pattern the first occurrence of its series."""
    if row.get(FIELD) is None:
        return
    zone = save.caller.time_zone
    starts = parse(row[FIELD]).starts(moment(row["StartDateTime"]), zone, save.org.settings.endless_occurrences)
    if not starts:
        raise integrity("Recurrence Pattern: the rule has no occurrence", FIELD)
    place(row, stamp(starts[0]), row["DurationInMinutes"])
    row.update(
        IsRecurrence2=True,
        Recurrence2PatternStartDate=row["StartDateTime"],
        Recurrence2PatternTimeZone=zone,
        Recurrence2PatternVersion="1",
        _series=save.org.ids.new("828"),
    )


def place(row: Row, start: str, minutes: int) -> None:
    """Set all time fields of an occurrence from its start and duration."""
    lasts = minutes - 1440 if row["IsAllDayEvent"] else minutes
    end = stamp(moment(start) + timedelta(minutes=lasts))
    row.update(
        StartDateTime=start,
        ActivityDateTime=start,
        ActivityDate=start[:10],
        EndDateTime=end,
        EndDate=end[:10],
        DurationInMinutes=minutes,
    )


def further_rows(save: Save, first: Row) -> list[Row]:
    """The other occurrences of a series just created, not yet stored."""
    if not first["IsRecurrence2"]:
        return []
    pattern = parse(first[FIELD])
    starts = pattern.starts(
        moment(first["StartDateTime"]), first["Recurrence2PatternTimeZone"], save.org.settings.endless_occurrences
    )
    return [_copy(save, first, stamp(start)) for start in starts[1:]]


def _copy(save: Save, first: Row, start: str) -> Row:
    row = {name: value for name, value in first.items() if name not in _OWN}
    row |= {"Id": save.org.ids.new("00U"), "IsRecurrence2Exception": False}
    place(row, start, first["DurationInMinutes"])
    return row


def mark_exception(save: Save, old: Row, row: Row) -> None:
    """An occurrence in the past changes alone (SF-102)."""
    if old["IsRecurrence2"] and not _in_future(save, old):
        row["IsRecurrence2Exception"] = True


def _in_future(save: Save, event: Row) -> bool:
    return bool(event["StartDateTime"] > stamp(save.org.world.clock.now()))


def change_series(save: Save, old: Row, row: Row) -> list[Row]:
    """Since v58 a change of one future occurrence is a change of all; the other rows, stored (SF-102)."""
    if not old["IsRecurrence2"] or old["IsRecurrence2Exclusion"] or not _in_future(save, old):
        return []
    names = (set(save.given) | {"_whos", "WhoId", "WhoCount", "WhatCount", "AccountId"}) - {*_TIMES, "Lockstep_Key__c"}
    content = {name: row[name] for name in names if name in row}
    stored = []
    for other in occurrences_of(save.org, row):
        if other["Id"] == row["Id"] or other["IsRecurrence2Exclusion"]:
            continue
        changed = {**other, **content}
        _move(changed, other, old, row)
        now = max(save.now, other["SystemModstamp"])
        changed |= {"SystemModstamp": now, "LastModifiedDate": now, "LastModifiedById": save.caller.user_id}
        save.org.database.put(changed)
        stored.append(changed)
    return stored


def _move(changed: Row, other: Row, old: Row, row: Row) -> None:
    changed["IsAllDayEvent"] = row["IsAllDayEvent"]
    start = shifted(
        moment(other["StartDateTime"]),
        moment(old["StartDateTime"]),
        moment(row["StartDateTime"]),
        other["Recurrence2PatternTimeZone"],
    )
    place(changed, stamp(start), row["DurationInMinutes"])


def delete_tail(save: Save, event: Row) -> None:
    """Delete this occurrence and all later ones (SF-104)."""
    for row in occurrences_of(save.org, event):
        if row["StartDateTime"] >= event["StartDateTime"]:
            save.org.saver.bin(save, row, group=row["Id"])


def check_tail(event: Row) -> None:
    """Refuse to cut a series at a copy, at an exclusion, or before its start (SF-104)."""
    if not event["IsRecurrence2"] or event["IsChild"] or event["IsRecurrence2Exclusion"]:
        raise integrity("Id: only an occurrence that follows the series' pattern can be given", "Id")
    if event["StartDateTime"] < event["Recurrence2PatternStartDate"]:
        raise integrity("Id: the occurrence lies before the start of the pattern", "Id")


def repattern(save: Save, event: Row, text: str) -> list[Row]:
    """What the user interface does when a pattern changes: future rows are made anew (SF-103); the new rows."""
    rows = occurrences_of(save.org, event)
    past = [row for row in rows if not _in_future(save, row)]
    for row in past:
        save.org.saver.touch(row, save.now, IsRecurrence2Exclusion=True)
    for row in rows:
        if row not in past:
            save.org.saver.bin(save, row, group=row["Id"])
    pattern = parse(text)
    template = {
        **rows[-1], FIELD: pattern.text, "_series": save.org.ids.new("828"), "CreatedDate": save.now,
        "SystemModstamp": save.now, "LastModifiedDate": save.now,
    }  # fmt: skip
    first = moment(rows[0]["Recurrence2PatternStartDate"])
    starts = pattern.starts(first, rows[0]["Recurrence2PatternTimeZone"], save.org.settings.endless_occurrences)
    fresh = [_copy(save, template, stamp(start)) for start in starts if start > save.org.world.clock.now()]
    for row in fresh:
        save.org.database.put(row)
    return fresh
