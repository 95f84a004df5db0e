"""What setup pages, background runs and the user interface do, apart from plain saves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from backend.sandbox.salesforce import recurring
from backend.sandbox.salesforce.access import (
    ADMIN_PERMISSIONS,
    KEY_FIELDS,
    LICENCES,
    STANDARD_PERMISSIONS,
    Bundle,
    Caller,
    fields_named,
)
from backend.sandbox.salesforce.activities import live
from backend.sandbox.salesforce.behaviour import Options, Save
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import stamp

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

ARCHIVED_AFTER = timedelta(days=365)
BIN_KEEPS = timedelta(days=15)
BIN_SWEPT_EVERY = timedelta(hours=1)
STANDARD_PROFILE = "Standard User"
_FULL_LICENCE = "Salesforce"
_POINTS_AT_PERSON = (("Event", "WhoId"), ("EventRelation", "RelationId"), ("Contact", "ReportsToId"))
_POINTS_AT_ACCOUNT = (("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Event", "WhatId"))


def found(org: Org) -> tuple[str, str, str, str]:
    """Make an empty organisation; ids of organisation, admin profile, our permission set and administrator."""
    admin_id = org.ids.new("005")
    organisation = _system_row(org, "Organization", admin_id, Name="Lockstep Sandbox", IsSandbox=True)
    org.database.put({**organisation, "InstanceName": "SBX1", "OrganizationType": "Developer Edition",
                      "LanguageLocaleKey": "en_US", "TimeZoneSidKey": "Europe/London"})  # fmt: skip
    for name in LICENCES:
        org.database.put(_system_row(org, "UserLicense", admin_id, Name=name, MasterLabel=name))
    admin_profile = _add_bundle(org, "Profile", Bundle("System Administrator", set(ADMIN_PERMISSIONS)), admin_id)
    _add_bundle(org, "Profile", Bundle(STANDARD_PROFILE, set(STANDARD_PERMISSIONS)), admin_id)
    keys = Bundle("Lockstep_Sync", shown=fields_named(KEY_FIELDS))
    key_set = _add_bundle(org, "PermissionSet", keys, admin_id)
    admin = _system_row(org, "User", admin_id, Username="admin@lockstep.sandbox", Email="admin@lockstep.sandbox")
    admin |= {"LastName": "Administrator", "Name": "Administrator", "ProfileId": admin_profile, "IsActive": True,
              "UserType": "Standard", "TimeZoneSidKey": "Europe/London", **user_defaults("admin")}  # fmt: skip
    org.database.put({**admin, "Id": admin_id})
    assignment = _system_row(org, "PermissionSetAssignment", admin_id, IsActive=True)
    org.database.put({**assignment, "AssigneeId": admin_id, "PermissionSetId": key_set})
    return organisation["Id"], admin_profile, key_set, admin_id


def _system_row(org: Org, sobject: str, by: str, **values: object) -> Row:
    kind = org.schema.objects[sobject]
    now = org.stamp()
    stamps = {"CreatedDate": now, "CreatedById": by, "LastModifiedDate": now, "LastModifiedById": by}
    return {**kind.booleans, **stamps, "SystemModstamp": now, "Id": org.ids.new(kind.prefix), **values}


def add_bundle(org: Org, kind: str, bundle: Bundle, licence: str = _FULL_LICENCE) -> str:
    """Store a profile or permission set; its id. A profile has no rights that its licence lacks."""
    with org.world.lock:
        org.changed(kind)
        return _add_bundle(org, kind, bundle, org.admin_id, licence)


def _add_bundle(org: Org, kind: str, bundle: Bundle, by: str, licence: str = _FULL_LICENCE) -> str:
    row = _system_row(org, kind, by, Name=bundle.name)
    if kind == "PermissionSet":
        row["Label"] = bundle.name.replace("_", " ")
    else:
        row["UserLicenseId"] = next(one["Id"] for one in org.database.live("UserLicense") if one["Name"] == licence)
        bundle.denied |= LICENCES[licence]
    for permission in bundle.permissions:
        name = f"Permissions{permission}"
        if name in org.schema.objects[kind].fields:
            row[name] = True
    org.database.put(row)
    org.bundles[row["Id"]] = bundle
    return str(row["Id"])


def standard_profile(org: Org) -> str:
    """The id of the profile of ordinary users."""
    return next(str(row["Id"]) for row in org.database.live("Profile") if row["Name"] == STANDARD_PROFILE)


def user_defaults(username: str) -> Row:
    """What a user needs besides a name and an address."""
    short = username.partition("@")[0]
    return {
        "Alias": short[:8],
        "CommunityNickname": short[:40],
        "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US",
        "LocaleSidKey": "en_GB",
    }


def rights(org: Org, user_id: str) -> Caller:
    """Work out what a user may do from profile, permission sets and role."""
    user = org.row(user_id)
    assigned = org.database.table("PermissionSetAssignment").having("AssigneeId", user_id)
    nothing = Bundle("made through the API")
    profile = org.bundles.get(user["ProfileId"], nothing)
    sets = [org.bundles.get(row["PermissionSetId"], nothing) for row in assigned]
    shown = {field for bundle in sets for field in bundle.shown}
    custom = {
        (sobject.name, field.name)
        for sobject in org.schema.objects.values()
        for field in sobject.fields.values()
        if field.custom
    }
    return Caller(
        user_id=user_id,
        time_zone=user["TimeZoneSidKey"],
        permissions=frozenset(profile.permissions.union(*(bundle.permissions for bundle in sets))),
        denied=profile.denied,
        hidden=frozenset((profile.hidden | custom) - shown),
        read_only=frozenset(profile.read_only - shown),
        below=org.roles.users_below(user),
    )


def empty_bin(org: Org, deleted_before: str = "9") -> None:
    """Take rows in the bin out for good; the delete log keeps their ids (SF-090)."""
    for row in org.bin_rows():
        if row["_deleted"] >= deleted_before:
            continue
        org.purged.append((org.sobject_of(row["Id"]).name, row["Id"], row["_deleted"]))
        org.database.remove(row["Id"])


def merge(org: Org, winner_id: str, loser_ids: tuple[str, ...]) -> None:
    """Re-point what hangs on the losers, then put them into the bin with a pointer to the winner (SF-045)."""
    save = _as_admin(org)
    winner = org.row(winner_id)
    pointers = _POINTS_AT_ACCOUNT if winner["Id"].startswith("001") else _POINTS_AT_PERSON
    for loser_id in loser_ids:
        loser = org.row(loser_id)
        for sobject, field in pointers:
            for row in live(org, sobject, field, loser["Id"]):
                org.saver.touch(row, save.now, **{field: winner["Id"]})
        org.saver.bin(save, loser, group=loser["Id"])
        org.database.put({**org.row(loser_id), "MasterRecordId": winner["Id"]})
    org.saver.touch(org.row(winner_id), save.now, LastModifiedDate=save.now)


def convert_lead(org: Org, lead_id: str) -> str:
    """Contact, account and link back in one transaction; activities move to the contact (SF-046)."""
    save = _as_admin(org)
    lead = org.row(lead_id)
    options = Options(allow_save=True)
    account = org.saver.insert(save.caller, "Account", {"Name": lead["Company"], "OwnerId": lead["OwnerId"]}, options)
    same = ("FirstName", "LastName", "Email", "Phone", "MobilePhone", "Title", "OwnerId")
    person = {name: lead[name] for name in same if lead.get(name)}
    contact = org.saver.insert(save.caller, "Contact", {**person, "AccountId": account}, options)
    for sobject, field in _POINTS_AT_PERSON[:2]:
        for row in live(org, sobject, field, lead["Id"]):
            org.saver.touch(row, save.now, **{field: contact, "AccountId": account})
    converted = {"IsConverted": True, "ConvertedContactId": contact, "ConvertedAccountId": account}
    today = org.world.clock.now().date().isoformat()
    org.saver.touch(lead, save.now, ConvertedDate=today, Status="Closed - Converted", **converted)
    return contact


def archive(org: Org) -> int:
    """Archive events that ended over a year ago: no edit, no new stamp (SF-118)."""
    before = stamp(org.world.clock.now() - ARCHIVED_AFTER)
    old = [row for row in org.database.live("Event") if row["EndDateTime"] < before and not row["IsArchived"]]
    for row in old:
        org.database.put({**row, "IsArchived": True})
    return len(old)


def delete_from_here(org: Org, caller: Caller, event_id: str) -> None:
    """Take the order to delete the tail of a series; the rows vanish later (SF-104). Raises SalesforceError."""
    event = org.saver.fetch(caller, event_id)
    recurring.check_tail(event)
    if not org.sharing.owns(caller, event):
        raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403)
    due = org.world.clock.now() + timedelta(seconds=org.settings.series_deletion_delay)
    org.jobs.append((due, caller.user_id, event["Id"]))


def run_jobs(org: Org) -> None:
    """Series tails that are due, and once an hour rows that were in the bin for fifteen days."""
    now = org.world.clock.now()
    if now >= org.next_bin_sweep:
        org.next_bin_sweep = now + BIN_SWEPT_EVERY
        empty_bin(org, deleted_before=stamp(now - BIN_KEEPS))
    for job in [job for job in org.jobs if job[0] <= now]:
        org.jobs.remove(job)
        _, user_id, event_id = job
        save = Save(org, org.caller(user_id), Options(), {}, org.stamp())
        recurring.delete_tail(save, org.row(event_id))


def _as_admin(org: Org) -> Save:
    return Save(org, org.caller(org.admin_id), Options(), {}, org.stamp())
