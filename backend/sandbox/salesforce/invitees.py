"""Who and what an event is related to, who is invited, and the copies in the calendars of invited users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.sandbox.salesforce.activities import children_of, relations_on
from backend.sandbox.salesforce.behaviour import Save
from backend.sandbox.salesforce.errors import integrity
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

USER, CONTACT, LEAD, CALENDAR = "005", "003", "00Q", "023"
MOST_CONTACTS = 50
INVITEE_LISTS = {
    "AcceptedEventInviteeIds": "Accepted",
    "DeclinedEventInviteeIds": "Declined",
    "UndecidedEventInviteeIds": "New",
}
# What an invited user's copy does not share with the original. Whether custom fields are copied is unknown;
# a unique one could not be.
_OWN_OF_CHILD = frozenset(
    {"Id", "OwnerId", "IsChild", "IsReminderSet", "ReminderDateTime", "CreatedDate", "CreatedById", "_parent"}
)


def whos(org: Org, event_id: str) -> list[str]:
    """The people that the event is related to, as far as relation rows say so (Shared Activities)."""
    rows = relations_on(org, event_id)
    return [row["RelationId"] for row in rows if row["IsParent"] and not row["IsWhat"]]


def check_whos(people: Iterable[str], what: str | None) -> None:
    """At most 50 contacts, or one lead, and a lead excludes a What (SF-113, SF-115)."""
    listed = list(people)
    leads = [person for person in listed if person.startswith(LEAD)]
    if leads and len(listed) > 1:
        raise integrity("Name ID: an event has contacts or one lead", "WhoId")
    if len(listed) > MOST_CONTACTS:
        raise integrity("Name ID: an event has at most 50 contacts", "WhoId")
    if leads and what:
        raise integrity("Related To ID: an event with a lead can't be related to anything else", "WhoId", "WhatId")


def relate(save: Save, event: Row, people: list[str], what: str | None) -> None:
    """Make the relation rows of an event say exactly this; rows of people who are also invited stay (SF-111)."""
    wanted = dict.fromkeys(people, False) | ({what: True} if what else {})
    surplus = []
    for row in relations_on(save.org, event["Id"]):
        if row["RelationId"] not in wanted:
            surplus.append(row)
            continue
        is_what = wanted.pop(row["RelationId"])
        if not row["IsParent"]:
            save.org.saver.touch(row, save.now, IsParent=True, IsWhat=is_what)
    for record_id, is_what in wanted.items():
        add_relation(save, event, record_id, IsParent=True, IsWhat=is_what)
    for row in surplus:
        if row["IsParent"] and row["IsInvitee"]:
            save.org.saver.touch(row, save.now, IsParent=False)
        elif row["IsParent"]:
            save.org.saver.bin(save, row, group=row["Id"])


def add_relation(save: Save, event: Row, relation_id: str, **values: object) -> Row:
    """Store a relation row without asking."""
    person = save.org.database.find(relation_id)
    row: Row = {
        **save.org.schema.objects["EventRelation"].booleans,
        "IsParent": False,
        "IsWhat": False,
        "IsInvitee": False,
        "Id": save.org.ids.new("0RE"),
        "EventId": event["Id"],
        "RelationId": relation_id,
        "AccountId": (person or {}).get("AccountId"),
        "CreatedDate": save.now,
        "CreatedById": save.caller.user_id,
        "LastModifiedDate": save.now,
        "LastModifiedById": save.caller.user_id,
        "SystemModstamp": save.now,
        **values,
    }
    save.org.database.put(row)
    return row


def settle_invitations(save: Save, event_id: str) -> None:
    """After invitees changed: the event's group flags, without a new stamp (SF-119), and users' copies (SF-107)."""
    event = save.org.database.find(event_id)
    if event is None or event["IsDeleted"]:
        return
    invited = [row["RelationId"] for row in relations_on(save.org, event_id) if row["IsInvitee"]]
    grouped = bool(invited)
    if event["IsGroupEvent"] != grouped:
        event = {**event, "IsGroupEvent": grouped, "GroupEventType": "1" if grouped else "0"}
        save.org.database.put(event)
    users = {person for person in invited if person.startswith(USER)}
    for child in children_of(save.org, event_id):
        if child["OwnerId"] not in users:
            save.org.saver.bin(save, child, group=child["Id"])
        users.discard(child["OwnerId"])
    for user in sorted(users):
        _add_child(save, event, user)


def _add_child(save: Save, event: Row, user_id: str) -> None:
    child = {
        **_shared_with_child(event),
        "Id": save.org.ids.new("00U"),
        "OwnerId": user_id,
        "IsChild": True,
        "IsReminderSet": False,
        "CreatedDate": save.now,
        "CreatedById": save.caller.user_id,
        "LastModifiedDate": save.now,
        "LastModifiedById": save.caller.user_id,
        "SystemModstamp": save.now,
        "_parent": event["Id"],
    }
    save.org.database.put(child)


def _shared_with_child(event: Row) -> Row:
    return {
        name: value
        for name, value in event.items()
        if name not in _OWN_OF_CHILD and not name.endswith("__c") and name != "_parent"
    }


def update_children(save: Save, event: Row) -> None:
    """What changes on the original changes on the copies, under new stamps (SF-109)."""
    for child in children_of(save.org, event["Id"]):
        now = max(save.now, child["SystemModstamp"])
        stamps = {"SystemModstamp": now, "LastModifiedDate": now, "LastModifiedById": save.caller.user_id}
        save.org.database.put({**child, **_shared_with_child(event), **stamps})


def invite_listed(save: Save, event: Row) -> None:
    """The lists of invitees by status that came with an event: each states the whole set of its status."""
    for name, status in INVITEE_LISTS.items():
        if save.given.get(name) is not None:
            _set_invitees(save, event, save.given[name], status)


def _set_invitees(save: Save, event: Row, people: list[str], status: str) -> None:
    rows = {row["RelationId"]: row for row in relations_on(save.org, event["Id"])}
    for person in people:
        if person in rows:
            save.org.saver.touch(rows[person], save.now, IsInvitee=True, Status=status)
        else:
            add_relation(save, event, person, IsInvitee=True, Status=status)
    for person, row in rows.items():
        if person not in people and row["IsInvitee"] and row.get("Status") == status:
            save.org.saver.bin(save, row, group=row["Id"])
    settle_invitations(save, event["Id"])
