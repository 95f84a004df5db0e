"""Who may do what: permissions of profiles and permission sets, field-level security, sharing by owner and role."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from backend.sandbox.salesforce.store import Database, Row

Reader = Callable[[Row], Row | None]

# Sharing outside the role hierarchy, per object: Private, Read or ReadWrite. All other objects can be read by all.
DEFAULT_SHARING = {
    "Account": "Read",
    "Contact": "Private",
    "Lead": "Private",
    "Opportunity": "Private",
    "Event": "Private",
    "Task": "Private",
}
ADMIN_PERMISSIONS = frozenset(
    {
        "ApiEnabled", "ViewAllData", "ModifyAllData", "ViewSetup", "EditEvent", "EditTask", "ManageUsers",
        "CreateAuditFields",
    }
)  # fmt: skip
STANDARD_PERMISSIONS = frozenset({"ApiEnabled", "EditEvent", "EditTask"})
LICENCES: dict[str, dict[str, str]] = {
    "Salesforce": {},
    "Lightning Platform - One App": dict.fromkeys(("Contact", "Lead", "Opportunity"), "CRED"),
}
"""Licences of users, and what each lacks whatever a profile says (LS-095); letters as in `Bundle.denied`."""
KEY_FIELDS = ("Contact.Lockstep_Key__c", "Event.Lockstep_Key__c", "Task.Lockstep_Key__c")
ACTIVITIES = ("Event", "Task")
# What other people's tokens do not get to read of a private event (SF-097).
_PRIVATE_DETAILS = ("Subject", "Description", "Location", "Type", "WhoId", "WhatId", "AccountId")


@dataclass
class Bundle:
    """A profile or a permission set. `denied` maps an object to letters of CREATE, READ, EDIT, DELETE: "CRED"."""

    name: str
    permissions: set[str] = field(default_factory=set)
    denied: dict[str, str] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    read_only: set[tuple[str, str]] = field(default_factory=set)
    shown: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Caller:
    """A user with everything that decides about access. `below` holds users further down the role hierarchy."""

    user_id: str
    time_zone: str
    permissions: frozenset[str]
    denied: dict[str, str]
    hidden: frozenset[tuple[str, str]]
    read_only: frozenset[tuple[str, str]]
    below: frozenset[str]

    def may(self, letter: str, sobject: str) -> bool:
        """Whether the object permission (C, R, E or D) is there."""
        return letter not in self.denied.get(sobject, "")

    @property
    def sees_all(self) -> bool:
        """View All Data or Modify All Data."""
        return bool(self.permissions & {"ViewAllData", "ModifyAllData"})

    @property
    def changes_all(self) -> bool:
        """Modify All Data."""
        return "ModifyAllData" in self.permissions


def fields_named(names: Iterable[str]) -> set[tuple[str, str]]:
    """Pairs of object and field from texts such as "Contact.Title"."""
    return {(name.partition(".")[0], name.partition(".")[2]) for name in names}


class Roles:
    """The role hierarchy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def users_below(self, user: Row) -> frozenset[str]:
        """Ids of the users whose role is somewhere below this user's role."""
        reached: set[str] = set()
        waiting = [user["UserRoleId"]] if user.get("UserRoleId") else []
        while waiting:
            children = self._database.table("UserRole").having("ParentRoleId", waiting.pop())
            fresh = [role["Id"] for role in children if role["Id"] not in reached]
            reached.update(fresh)
            waiting.extend(fresh)
        users = self._database.table("User")
        return frozenset(row["Id"] for role in reached for row in users.having("UserRoleId", role))


class Sharing:
    """Which rows a caller sees and may change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.defaults = dict(DEFAULT_SHARING)

    def reader(self, caller: Caller, sobject: str) -> Reader:
        """A function from a row to what the caller sees of it: the row, a copy without private details, or None."""
        if caller.sees_all:
            return lambda row: row
        if sobject == "EventRelation":
            return lambda row: row if self._sees_event_of(caller, row) else None
        if sobject in ACTIVITIES:
            return lambda row: self._activity(caller, row)
        if self.defaults.get(sobject) == "Private":
            return lambda row: row if self._owns(caller, row) else None
        if sobject == "Contact":
            return lambda row: row if row.get("AccountId") or row["OwnerId"] == caller.user_id else None
        return lambda row: row

    def sees(self, caller: Caller, row: Row, sobject: str) -> bool:
        """Whether the caller sees anything of the row."""
        return caller.may("R", sobject) and self.reader(caller, sobject)(row) is not None

    def edits(self, caller: Caller, row: Row, sobject: str) -> bool:
        """Whether sharing lets the caller change the row; object permissions come on top."""
        if caller.changes_all:
            return True
        if sobject == "EventRelation":
            event = self._database.find(row["EventId"])
            return event is not None and self._owns(caller, event)
        if "OwnerId" not in row:
            return sobject == "User" and "ManageUsers" in caller.permissions
        if self.defaults.get(sobject) == "ReadWrite" and self.sees(caller, row, sobject):
            return True
        return self._owns(caller, row)

    def owns(self, caller: Caller, row: Row) -> bool:
        """Whether the row is the caller's, or belongs to someone below: the right to delete and to hand over."""
        return caller.changes_all or self._owns(caller, row)

    def _owns(self, caller: Caller, row: Row) -> bool:
        owner = row["OwnerId"]
        if owner == caller.user_id:
            return True
        private_contact = row["Id"].startswith("003") and not row.get("AccountId")
        return owner in caller.below and not private_contact

    def _activity(self, caller: Caller, row: Row) -> Row | None:
        if row["OwnerId"] == caller.user_id or row["OwnerId"].startswith("023"):
            return row
        if row["OwnerId"] in caller.below:
            return _without_details(row) if row.get("IsPrivate") else row
        related = (self._database.find(row[name]) for name in ("WhoId", "WhatId") if row.get(name))
        return row if any(other and self._sees_by_prefix(caller, other) for other in related) else None

    def _sees_by_prefix(self, caller: Caller, row: Row) -> bool:
        sobject = {"003": "Contact", "00Q": "Lead", "001": "Account", "006": "Opportunity"}.get(row["Id"][:3])
        return sobject is not None and self.sees(caller, row, sobject)

    def _sees_event_of(self, caller: Caller, relation: Row) -> bool:
        event = self._database.find(relation["EventId"])
        return event is not None and self._activity(caller, event) is not None


def _without_details(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _PRIVATE_DETAILS}
