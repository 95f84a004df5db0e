"""Rows of EventRelation as clients write them (SF-107 to SF-116)."""

from __future__ import annotations

from backend.sandbox.salesforce.activities import relations_of, relations_on
from backend.sandbox.salesforce.behaviour import Behaviour, Save
from backend.sandbox.salesforce.errors import SalesforceError, integrity, no_access
from backend.sandbox.salesforce.invitees import CALENDAR, check_whos, settle_invitations, whos
from backend.sandbox.salesforce.store import Row

_FLAGS = ("IsParent", "IsWhat", "IsInvitee")
MOST_INVITEES = 1000
MOST_INVITEES_OF_SERIES = 100


class EventRelationRules(Behaviour):
    """One row per person; a user's row brings a copy of the event into that user's calendar."""

    def creating(self, save: Save) -> None:
        """Flags, limits, and that nobody is there twice."""
        row = save.row
        event = save.org.database.find(row.get("EventId") or "")
        if event is None or not row.get("RelationId"):
            return  # the check for required fields names what is missing
        for flag in _FLAGS:
            row.setdefault(flag, False)
        if not any(row[flag] for flag in _FLAGS):
            row["IsInvitee"] = True
        if event["IsChild"]:
            raise integrity("Event ID: relations belong to the original event, not to an invitee's copy", "EventId")
        if not save.org.sharing.edits(save.caller, event, "Event"):
            raise no_access()
        others = relations_on(save.org, event["Id"])
        if any(other["RelationId"] == row["RelationId"] for other in others):
            raise integrity("Relation ID: this person is already related to the event", "RelationId")
        _check_limits(save, event, row, others)
        _settle_status(save, event, row)
        row["AccountId"] = (save.org.database.find(row["RelationId"]) or {}).get("AccountId")

    def created(self, save: Save) -> None:
        """The event follows: primary person, counts, copies."""
        row = save.row
        _settle_event(save, row["EventId"])

    def updating(self, save: Save) -> None:
        """A person who becomes an invitee has not answered yet."""
        row = save.row
        if row["IsInvitee"] and not row.get("Status"):
            row["Status"] = "New"

    def updated(self, save: Save) -> None:
        """The event follows where flags changed; an answer alone does not touch it (SF-119)."""
        old, row = save.old, save.row
        if any(old[flag] != row[flag] for flag in _FLAGS):
            _settle_event(save, row["EventId"])

    def deleted(self, save: Save) -> None:
        """The event follows, unless it went first."""
        row = save.row
        event = save.org.database.find(row["EventId"])
        if event and not event["IsDeleted"]:
            _settle_event(save, row["EventId"])


def _check_limits(save: Save, event: Row, row: Row, others: list[Row]) -> None:
    if row["IsParent"] and not row["IsWhat"]:
        check_whos([*whos(save.org, event["Id"]), row["RelationId"]], event.get("WhatId"))
    if row["IsInvitee"]:
        most = MOST_INVITEES_OF_SERIES if event["IsRecurrence2"] else MOST_INVITEES
        if sum(other["IsInvitee"] for other in others) >= most:
            raise integrity(f"Relation ID: an event has at most {most} invitees", "RelationId")


def _settle_status(save: Save, event: Row, row: Row) -> None:
    if not row["RelationId"].startswith(CALENDAR):
        if row["IsInvitee"]:
            row.setdefault("Status", "New")
        return
    if row.setdefault("Status", "Accepted") != "Accepted":
        raise integrity("Status: a resource can only accept", "Status")
    for other in relations_of(save.org, row["RelationId"]):
        taken = save.org.database.find(other["EventId"])
        if taken and not taken["IsDeleted"] and _overlap(taken, event):
            raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", "Relation ID: the resource is taken", ["RelationId"])


def _overlap(one: Row, other: Row) -> bool:
    return bool(one["StartDateTime"] < other["EndDateTime"] and other["StartDateTime"] < one["EndDateTime"])


def _settle_event(save: Save, event_id: str) -> None:
    """Primary person, What and counts from the rows; the event is touched only if one of them changed (SF-114)."""
    event = save.org.database.find(event_id)
    if event is None:
        return
    if save.org.settings.shared_activities:
        people = whos(save.org, event_id)
        things = [row["RelationId"] for row in relations_on(save.org, event_id) if row["IsWhat"]]
        who = event.get("WhoId") if event.get("WhoId") in people else (people[0] if people else None)
        what = things[0] if things else None
        if (who, what, len(people)) != (event.get("WhoId"), event.get("WhatId"), event.get("WhoCount") or 0):
            counts = {"WhoCount": len(people), "WhatCount": len(things)}
            changed = save.org.saver.touch(event, save.now, WhoId=who, WhatId=what, **counts)
            save.org.database.put({**changed, "AccountId": save.org.account_of(who, what)})
    settle_invitations(save, event_id)
