"""The way of a row into the database: checks, rules, stamps; and out of it, through the Recycle Bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce import duplicates
from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.behaviour import Behaviour, Options, Save
from backend.sandbox.salesforce.checking import Checker
from backend.sandbox.salesforce.errors import SalesforceError, no_access, no_such_row
from backend.sandbox.salesforce.ids import canonical
from backend.sandbox.salesforce.rules import AutomationFailure
from backend.sandbox.salesforce.schema import SObject
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment, stamp

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

NO_OPTIONS = Options()
_PARENTS = ("AccountId", "WhoId", "WhatId")


class Saver:
    """Saves rows as a caller. Every method raises SalesforceError and then leaves nothing behind."""

    def __init__(self, org: Org, behaviours: Mapping[str, Behaviour]) -> None:
        self._org = org
        self._behaviours = behaviours
        self._plain = Behaviour()
        self.checker = Checker(org)

    def insert(self, caller: Caller, sobject_name: str, data: Mapping[str, Any], options: Options = NO_OPTIONS) -> str:
        """Create a row; its id."""
        sobject = self._org.sobject(sobject_name)
        if "C" not in sobject.flags or not caller.may("C", sobject.name):
            raise _forbidden(sobject)
        if any(key.lower() == "id" for key in data):
            message = "cannot specify Id in an insert call"
            raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, ["Id"])
        given = self.checker.clean(caller, sobject, data, creating=True)
        save = Save(self._org, caller, options, given, self._org.stamp())
        mark = self._org.database.mark()
        save.row = self._new_row(save, sobject)
        try:
            return self._insert(save, sobject, save.row)
        except SalesforceError:
            self._org.database.rollback(mark)
            raise

    def _insert(self, save: Save, sobject: SObject, row: Row) -> str:
        behaviour = self._behaviour(sobject)
        self.checker.check_references(save.caller, sobject, save.given)
        behaviour.creating(save)
        self.checker.require(sobject, row)
        self._check_and_put(save, sobject, row, None)
        behaviour.created(save)
        record_id: str = row["Id"]
        self._org.changed(sobject.name)
        return record_id

    def _new_row(self, save: Save, sobject: SObject) -> Row:
        row: Row = dict(sobject.booleans)
        if "OwnerId" in sobject.fields:
            row["OwnerId"] = save.caller.user_id
        row.update(
            CreatedDate=save.now,
            CreatedById=save.caller.user_id,
            LastModifiedDate=save.now,
            LastModifiedById=save.caller.user_id,
        )
        row.update((name, value) for name, value in save.given.items() if value is not None)
        row["SystemModstamp"] = save.now
        row["Id"] = self._org.ids.new(sobject.prefix)
        return row

    def update(self, caller: Caller, record_id: str, data: Mapping[str, Any], options: Options = NO_OPTIONS) -> None:
        """Change a row."""
        old = self.fetch(caller, record_id)
        sobject = self._org.sobject_of(old["Id"])
        if "U" not in sobject.flags or not caller.may("E", sobject.name):
            raise no_access()
        if not self._org.sharing.edits(caller, old, sobject.name):
            raise no_access()
        given = self.checker.clean(caller, sobject, data, creating=False)
        save = Save(self._org, caller, options, given, self._org.stamp())
        mark = self._org.database.mark()
        row = {**old, **given}
        save.row, save.old = row, old
        try:
            self._update(save, sobject, old, row)
        except SalesforceError:
            self._org.database.rollback(mark)
            raise

    def _update(self, save: Save, sobject: SObject, old: Row, row: Row) -> None:
        behaviour = self._behaviour(sobject)
        self.checker.check_references(save.caller, sobject, save.given)
        behaviour.updating(save)
        self.checker.require(sobject, row)
        row["LastModifiedDate"] = max(save.now, old["SystemModstamp"])
        row["LastModifiedById"] = save.caller.user_id
        row["SystemModstamp"] = row["LastModifiedDate"]
        self._check_and_put(save, sobject, row, old)
        behaviour.updated(save)
        self._org.changed(sobject.name)

    def _check_and_put(self, save: Save, sobject: SObject, row: Row, old: Row | None) -> None:
        self._check_locks(row)
        self._automate(sobject, row)
        for rule in self._org.customizing.validation:
            if rule.sobject == sobject.name and rule.fails(row):
                fields = [rule.field] if rule.field else []
                raise SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)
        if self._org.customizing.duplicates:
            duplicates.check(save, sobject, row, old)
        self.checker.check_unique(sobject, row)
        self._org.database.put(row)

    def _automate(self, sobject: SObject, row: Row) -> None:
        for automation in self._org.customizing.automation:
            if automation.sobject != sobject.name:
                continue
            try:
                row.update(automation.change(row))
            except AutomationFailure as failure:
                code = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
                raise SalesforceError(code, str(failure)) from failure
            if automation.touches_after:
                later = moment(row["SystemModstamp"]) + timedelta(seconds=automation.touches_after)
                row["SystemModstamp"] = stamp(later)

    def _check_locks(self, row: Row) -> None:
        if not self._org.locked:
            return
        for record_id in (row["Id"], *(row.get(name) for name in _PARENTS)):
            if self._org.locked.get(record_id, 0) > 0:
                self._org.locked[record_id] -= 1
                message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
                raise SalesforceError("UNABLE_TO_LOCK_ROW", message)

    def fetch(self, caller: Caller, record_id: str) -> Row:
        """The row as the caller sees it. Raises 404 where there is none for this caller (SF-023 to SF-025)."""
        row = self._org.database.find(canonical(record_id) or "")
        if row is None:
            raise no_such_row(record_id)
        if not self._org.sharing.sees(caller, row, self._org.sobject_of(row["Id"]).name):
            raise no_such_row(record_id)
        if row.get("IsDeleted"):
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    def delete(self, caller: Caller, record_id: str) -> None:
        """Put a row into the Recycle Bin, and its dependants with it."""
        row = self.fetch(caller, record_id)
        sobject = self._org.sobject_of(row["Id"])
        if "D" not in sobject.flags or not caller.may("D", sobject.name):
            raise no_access()
        if not self._may_delete(caller, row, sobject):
            raise no_access()
        save = Save(self._org, caller, NO_OPTIONS, {}, self._org.stamp(), row=row)
        self._check_locks(row)
        mark = self._org.database.mark()
        try:
            self._behaviour(sobject).deleting(save)
            self.bin(save, row, group=row["Id"])
        except SalesforceError:
            self._org.database.rollback(mark)
            raise

    def _may_delete(self, caller: Caller, row: Row, sobject: SObject) -> bool:
        if sobject.name == "EventRelation":
            return self._org.sharing.edits(caller, row, sobject.name)
        return "OwnerId" not in row or self._org.sharing.owns(caller, row)

    def bin(self, save: Save, row: Row, group: str) -> None:
        """Move a row and what hangs on it into the bin, without asking. `group` comes back together."""
        current = self._org.database.find(row["Id"])
        if current is None or current.get("IsDeleted"):
            return
        sobject = self._org.sobject_of(row["Id"])
        if "IsDeleted" not in sobject.fields:
            self._org.database.remove(row["Id"])
            self._org.changed(sobject.name)
            return
        now = max(save.now, current["SystemModstamp"])
        self._org.database.put(
            {
                **current,
                "IsDeleted": True,
                "SystemModstamp": now,
                "LastModifiedDate": now,
                "LastModifiedById": save.caller.user_id,
                "_deleted": now,
                "_group": group,
            }
        )
        behaviour = self._behaviour(sobject)
        for dependant in list(behaviour.dependants(self._org, current)):
            other = self._org.database.find(dependant)
            if other is not None:
                self.bin(save, other, group)
        behaviour.deleted(replace(save, row=current))

    def undelete(self, caller: Caller, record_id: str) -> None:
        """Bring a row and what was deleted with it back, under new stamps (SF-089)."""
        found = self._org.database.find(canonical(record_id) or "")
        if found is None or not found.get("IsDeleted"):
            raise SalesforceError("UNDELETE_FAILED", "Entity is not in the recycle bin")
        save = Save(self._org, caller, NO_OPTIONS, {}, self._org.stamp())
        back = [row for row in self._org.bin_rows() if row["_group"] == found["_group"]]
        for row in back:
            fresh = {name: value for name, value in row.items() if name not in ("_deleted", "_group")}
            self.checker.check_unique(self._org.sobject_of(row["Id"]), fresh)
            now = max(save.now, row["SystemModstamp"])
            fresh |= {"IsDeleted": False, "SystemModstamp": now, "LastModifiedDate": now}
            self._org.database.put(fresh)
        for row in back:
            behaviour = self._behaviour(self._org.sobject_of(row["Id"]))
            behaviour.undeleted(replace(save, row=self._org.database.find(row["Id"]) or row))

    def touch(self, row: Row, now: str, **changes: Any) -> Row:
        """A change by the system: moves SystemModstamp alone (SF-081)."""
        new: Row = {**row, **changes, "SystemModstamp": max(now, row["SystemModstamp"])}
        self._org.database.put(new)
        return new

    def _behaviour(self, sobject: SObject) -> Behaviour:
        return self._behaviours.get(sobject.name, self._plain)


def _forbidden(sobject: SObject) -> SalesforceError:
    message = f"entity type {sobject.name} does not support create, or this user may not create it"
    return SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", message, status=403)
