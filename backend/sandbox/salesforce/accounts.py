"""Accounts, person accounts with their shadow contacts, and opportunities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.sandbox.salesforce.activities import live, relations_of
from backend.sandbox.salesforce.behaviour import Behaviour, Save, full_name
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

_SAME_ON_CONTACT = ("FirstName", "MiddleName", "LastName", "Suffix", "Salutation", "Phone", "Fax", "Description")
_PROBABILITY = {
    "Prospecting": 10,
    "Qualification": 10,
    "Needs Analysis": 20,
    "Proposal/Price Quote": 75,
    "Negotiation/Review": 90,
    "Closed Won": 100,
    "Closed Lost": 0,
}


class AccountRules(Behaviour):
    """An account with a last name is a person where that feature is on."""

    def creating(self, save: Save) -> None:
        """The name of a person account is made of its parts."""
        row = save.row
        if row.get("LastName"):
            row["IsPersonAccount"] = True
        _settle_person(save, row)

    def created(self, save: Save) -> None:
        """A person account comes with a shadow contact."""
        row = save.row
        if row.get("IsPersonAccount"):
            _add_shadow(save, row)

    def updating(self, save: Save) -> None:
        """Turning a business account into a person's must be the only change in the call (SF-044)."""
        old, row = save.old, save.row
        record_type = save.given.get("RecordTypeId")
        target = save.org.database.find(record_type) if record_type else None
        if target and target["IsPersonType"] and not old.get("IsPersonAccount"):
            others = sorted(name for name in save.given if name != "RecordTypeId")
            if others:
                message = "The record type change must be the only change of this call"
                raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, others)
            row["IsPersonAccount"] = True
            row["LastName"] = row["Name"]
        _settle_person(save, row)

    def updated(self, save: Save) -> None:
        """The shadow contact follows."""
        row = save.row
        if not row.get("IsPersonAccount"):
            return
        if not row.get("PersonContactId"):
            _add_shadow(save, row)
        else:
            shadow = save.org.database.find(row["PersonContactId"])
            if shadow is not None:
                save.org.saver.touch(shadow, save.now, **_shadow_values(row))

    def dependants(self, org: Org, row: Row) -> Iterable[str]:
        """Contacts, opportunities and activities of the account."""
        for sobject, field in (("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Event", "WhatId")):
            yield from (child["Id"] for child in live(org, sobject, field, row["Id"]))


def _settle_person(save: Save, row: Row) -> None:
    if not row.get("IsPersonAccount"):
        return
    if "Name" in save.given:
        message = "Account Name: the name of a person account is made of its parts"
        raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, ["Name"])
    row["Name"] = full_name(row)


def _shadow_values(account: Row) -> Row:
    person = {name[6:]: value for name, value in account.items() if name.startswith("Person")}
    person.pop("ContactId", None)
    same = {name: account.get(name) for name in _SAME_ON_CONTACT}
    return {**same, **person, "Name": account["Name"], "OwnerId": account["OwnerId"]}


def _add_shadow(save: Save, account: Row) -> None:
    contact = save.org.schema.objects["Contact"]
    stamps = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
    shadow = {
        **contact.booleans,
        **_shadow_values(account),
        **{name: account[name] for name in stamps},
        "Id": save.org.ids.new(contact.prefix),
        "AccountId": account["Id"],
        "IsPersonAccount": True,
    }
    save.org.database.put(shadow)
    save.org.database.put({**account, "PersonContactId": shadow["Id"]})


class OpportunityRules(Behaviour):
    """What follows from the stage."""

    def creating(self, save: Save) -> None:
        """See `_settle_stage`."""
        row = save.row
        _settle_stage(row)

    def updating(self, save: Save) -> None:
        """See `_settle_stage`."""
        row = save.row
        _settle_stage(row)

    def dependants(self, org: Org, row: Row) -> Iterable[str]:
        """Activities about the opportunity."""
        return [event["Id"] for event in live(org, "Event", "WhatId", row["Id"])]

    def deleted(self, save: Save) -> None:
        """Relation rows of activities that stay."""
        row = save.row
        for relation in relations_of(save.org, row["Id"]):
            save.org.saver.bin(save, relation, group=row["Id"])


def _settle_stage(row: Row) -> None:
    stage = row.get("StageName")
    if stage not in _PROBABILITY:
        row.setdefault("ForecastCategory", "Pipeline")
        return
    row["IsClosed"] = stage.startswith("Closed")
    row["IsWon"] = stage == "Closed Won"
    row["Probability"] = _PROBABILITY[stage]
    row["ForecastCategory"] = "Closed" if row["IsWon"] else "Omitted" if row["IsClosed"] else "Pipeline"
