"""Events: times, privacy, relations, series, and what happens to copies of invitees (SF-092 to SF-119, SF-136)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.sandbox.salesforce import classic_series, event_times, recurring
from backend.sandbox.salesforce.activities import children_of, relations_on
from backend.sandbox.salesforce.behaviour import Behaviour, Save
from backend.sandbox.salesforce.errors import SalesforceError, integrity
from backend.sandbox.salesforce.invitees import INVITEE_LISTS, check_whos, invite_listed, relate, update_children, whos
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

_CHILD_MAY_CHANGE = frozenset({"IsReminderSet", "ReminderDateTime"})
_RELATIONS = frozenset({"WhoId", "WhatId", "EventWhoIds"})
_LISTS = ("EventWhoIds", *INVITEE_LISTS)


class EventRules(Behaviour):
    """All the rules of an event."""

    def creating(self, save: Save) -> None:
        """Settle times and relations of a new event, and lay out its series if it has a rule."""
        row = save.row
        _check_owner(save, row)
        row.setdefault("ShowAs", "Busy")
        row.setdefault("EventSubtype", "Event")
        row["GroupEventType"] = "0"
        recurring.prepare(row)
        event_times.settle(row, save.given, multiday=save.org.settings.multiday_events)
        recurring.lay_out(save, row)
        _settle_relations(save, row, [])

    def created(self, save: Save) -> None:
        """Relation rows, invitees, and the other rows of a series."""
        row = save.row
        attach(save, row)
        for occurrence in recurring.further_rows(save, row) + classic_series.further_rows(save, row):
            save.org.database.put(occurrence)
            attach(save, occurrence)

    def updating(self, save: Save) -> None:
        """Settle a change; an invitee's copy takes nothing but a reminder (SF-108)."""
        old, row = save.old, save.row
        if old["IsChild"]:
            _check_child(save)
            _check_reminder(row)
            return
        _check_owner(save, row)
        event_times.settle(row, save.given, multiday=save.org.settings.multiday_events)
        recurring.mark_exception(save, old, row)
        _settle_relations(save, row, whos(save.org, row["Id"]))

    def updated(self, save: Save) -> None:
        """Relation rows, copies, and the rest of the series where a future occurrence changed (SF-102)."""
        old, row = save.old, save.row
        if old["IsChild"]:
            return
        attach(save, row)
        update_children(save, save.org.database.find(row["Id"]) or row)
        for other in recurring.change_series(save, old, row):
            attach(save, other)
            update_children(save, save.org.database.find(other["Id"]) or other)

    def dependants(self, org: Org, row: Row) -> Iterable[str]:
        """Relation rows, copies of invitees, and the occurrences of a classic series (SF-105)."""
        yield from (relation["Id"] for relation in relations_on(org, row["Id"]))
        yield from (child["Id"] for child in children_of(org, row["Id"]))
        if row["IsRecurrence"] and not row.get("RecurrenceActivityId"):
            yield from (event["Id"] for event in classic_series.occurrences(org, row["Id"]))

    def deleted(self, save: Save) -> None:
        """With Shared Activities a row in the bin has lost its relations (SF-089)."""
        row = save.row
        binned = save.org.database.find(row["Id"])
        if binned and save.org.settings.shared_activities:
            save.org.database.put({**binned, "WhoId": None, "WhatId": None, "AccountId": None})

    def undeleted(self, save: Save) -> None:
        """The relations are back; who and what are computed from them anew."""
        row = save.row
        if not save.org.settings.shared_activities:
            return
        original = row.get("_parent") or row["Id"]
        people = whos(save.org, original)
        things = [r["RelationId"] for r in relations_on(save.org, original) if r["IsWhat"]]
        who, what = next(iter(people), None), next(iter(things), None)
        related = {"WhoId": who, "WhatId": what, "AccountId": save.org.account_of(who, what)}
        save.org.database.put({**row, **related})


def attach(save: Save, row: Row) -> None:
    """Relation rows and invitees of a stored event."""
    people = row.get("_whos")
    if people is not None:
        bare = {name: value for name, value in row.items() if name != "_whos"}
        save.org.database.put(bare)
        relate(save, bare, people, row.get("WhatId"))
    invite_listed(save, row)


def _settle_relations(save: Save, row: Row, people: list[str]) -> None:
    """Who, What and the account behind them; `people` are those related so far."""
    shared = save.org.settings.shared_activities
    if shared:
        people = _wanted_people(save, row, people)
        row["WhoId"] = row["WhoId"] if row.get("WhoId") in people else next(iter(people), None)
        if not _RELATIONS.isdisjoint(save.given):
            row["_whos"] = people
        row["WhoCount"], row["WhatCount"] = len(people), 1 if row.get("WhatId") else 0
    for name in _LISTS:
        row.pop(name, None)
    check_whos(people if shared else filter(None, [row.get("WhoId")]), row.get("WhatId"))
    row["AccountId"] = save.org.account_of(row.get("WhoId"), row.get("WhatId"))
    related = [name for name in ("WhoId", "WhatId") if row.get(name)]
    if row["IsPrivate"] and related:
        raise integrity("Private: a private event can't be related to other records", *related)
    _check_reminder(row)


def _wanted_people(save: Save, row: Row, people: list[str]) -> list[str]:
    listed = save.given.get("EventWhoIds")
    if listed is not None:
        field = save.org.schema.objects["Event"].fields["WhoId"]
        for person in listed:
            save.org.saver.checker.check_reference(save.caller, field, person)
        who = save.given.get("WhoId")
        return list(dict.fromkeys([*listed, *([who] if who else [])]))
    if "WhoId" not in save.given:
        return people
    before = (save.org.database.find(row["Id"]) or {}).get("WhoId")
    kept = [person for person in people if person not in (before, save.given["WhoId"])]
    return [save.given["WhoId"], *kept] if save.given["WhoId"] else kept


def _check_child(save: Save) -> None:
    refused = sorted(set(save.given) - _CHILD_MAY_CHANGE)
    if refused:
        message = "Only the reminder of an invitee's copy can be changed"
        raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, refused)


def _check_reminder(row: Row) -> None:
    if row["IsReminderSet"] and not row.get("ReminderDateTime"):
        raise integrity("Reminder Date/Time: a reminder needs a time", "ReminderDateTime")


def _check_owner(save: Save, row: Row) -> None:
    """Only those above in the hierarchy and administrators write into somebody else's calendar."""
    owner = save.given.get("OwnerId")
    if owner and owner.startswith("005") and not save.org.sharing.owns(save.caller, row):
        message = f"insufficient access rights on cross-reference id: {owner[:15]}"
        raise SalesforceError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
