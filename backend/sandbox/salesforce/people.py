"""Contacts, leads and users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.sandbox.salesforce.activities import events_with_who
from backend.sandbox.salesforce.behaviour import Behaviour, Save, full_name
from backend.sandbox.salesforce.errors import SalesforceError, integrity
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org


class ContactRules(Behaviour):
    """Compound names, shadow contacts of person accounts, and activities that lose their person."""

    def creating(self, save: Save) -> None:
        """A person account makes its own contact (SF-043)."""
        row = save.row
        row["Name"] = full_name(row)
        if self._person_account(save.org, row):
            raise integrity("Account ID: a contact cannot be added to a person account", "AccountId")

    def updating(self, save: Save) -> None:
        """Names follow their parts."""
        old, row = save.old, save.row
        row["Name"] = full_name(row)
        if not old.get("IsPersonAccount") and self._person_account(save.org, row):
            raise integrity("Account ID: a contact cannot be added to a person account", "AccountId")

    def updated(self, save: Save) -> None:
        """The shadow's name and details are those of the account."""
        row = save.row
        if not row.get("IsPersonAccount"):
            return
        account = save.org.database.find(row["AccountId"])
        if account is not None:
            shared = {f"Person{name}": row.get(name) for name in ("Email", "MobilePhone", "HomePhone", "Title")}
            names = {name: row.get(name) for name in ("FirstName", "LastName", "Name", "Phone")}
            save.org.saver.touch(account, save.now, **shared, **names)

    def deleting(self, save: Save) -> None:
        """A shadow goes with its account only (SF-043)."""
        row = save.row
        if row.get("IsPersonAccount") and save.org.database.find(row["AccountId"]):
            raise SalesforceError("DELETE_FAILED", "a contact of a person account is deleted with its account")

    def dependants(self, org: Org, row: Row) -> Iterable[str]:
        """Activities of nobody and nothing else."""
        return [event["Id"] for event in events_with_who(org, row["Id"]) if _hangs_on(org, event)]

    def deleted(self, save: Save) -> None:
        """Activities that have somebody or something else stay, without this person (SF-114)."""
        row = save.row
        for relation in save.org.database.table("EventRelation").having("RelationId", row["Id"]):
            if not relation["IsDeleted"]:
                save.org.saver.bin(save, relation, group=row["Id"])
        for event in events_with_who(save.org, row["Id"]):
            save.org.saver.touch(event, save.now, WhoId=None)

    def _person_account(self, org: Org, row: Row) -> bool:
        account = org.database.find(row.get("AccountId") or "")
        return bool(account and account.get("IsPersonAccount"))


def _hangs_on(org: Org, event: Row) -> bool:
    relations = org.database.table("EventRelation").having("EventId", event["Id"])
    others = [r for r in relations if r["IsParent"] and not r["IsWhat"] and not r["IsDeleted"]]
    return not event.get("WhatId") and not event["IsRecurrence2"] and len(others) <= 1


class LeadRules(Behaviour):
    """Company, assignment rules, and the lock of a converted lead."""

    def creating(self, save: Save) -> None:
        """Company is required although describe does not say so."""
        row = save.row
        row["Name"] = full_name(row)
        row.setdefault("Status", "Open - Not Contacted")
        if row.get("Company") is None:
            message = "Required fields are missing: [Company]"
            raise SalesforceError("REQUIRED_FIELD_MISSING", message, ["Company"])
        _assign(save, row)

    def updating(self, save: Save) -> None:
        """A converted lead is read-only (SF-046); the assignment rule runs again (SF-040)."""
        old, row = save.old, save.row
        if old["IsConverted"]:
            raise SalesforceError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        row["Name"] = full_name(row)
        _assign(save, row)


def _assign(save: Save, row: Row) -> None:
    owner = save.org.customizing.assignment.get("Lead")
    if owner and save.options.auto_assign:
        row["OwnerId"] = owner


class UserRules(Behaviour):
    """Names; users are never deleted (SF-047)."""

    def creating(self, save: Save) -> None:
        """New users are active standard users."""
        row = save.row
        row["Name"] = full_name(row)
        row["IsActive"] = save.given.get("IsActive", True)
        row["UserType"] = "Standard"

    def updating(self, save: Save) -> None:
        """Names follow their parts."""
        row = save.row
        row["Name"] = full_name(row)
