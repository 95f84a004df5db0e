"""From the JSON of a client to clean values: which fields exist, may be written, and point at what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.schema import Field, SObject
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import convert, wrong_id

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

_AUDIT_FIELDS = frozenset({"CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate"})


class Checker:
    """Cleans what clients send. `clean` raises SalesforceError for the first thing wrong."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._writable: dict[tuple[str, str, bool], dict[str, Field]] = {}

    def clean(self, caller: Caller, sobject: SObject, data: Mapping[str, Any], *, creating: bool) -> Row:
        """The stored form of every value given, by the field's exact name."""
        writable = self._writable_fields(caller, sobject, creating)
        clean: Row = {}
        refused = []
        for key, value in data.items():
            field = writable.get(key.lower())
            if field is not None:
                clean[field.name] = convert(field, value)
            elif key != "attributes":
                refused.append(self._refused(sobject, key))
        if refused:
            raise SalesforceError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set.",
                refused,
            )
        return clean

    def _writable_fields(self, caller: Caller, sobject: SObject, creating: bool) -> dict[str, Field]:
        key = (caller.user_id, sobject.name, creating)
        if key not in self._writable:
            audit = _AUDIT_FIELDS if creating and "CreateAuditFields" in caller.permissions else frozenset()
            closed = caller.hidden | caller.read_only
            self._writable[key] = {
                lower: field
                for lower, field in sobject.by_lower.items()
                if (field.createable if creating else field.updateable) or field.name in audit
                if (sobject.name, field.name) not in closed
            }
        return self._writable[key]

    def forget(self) -> None:
        """Permissions or features changed."""
        self._writable.clear()

    def _refused(self, sobject: SObject, key: str) -> str:
        field = sobject.by_lower.get(key.lower())
        if field is None:
            message = f"No such column '{key}' on sobject of type {sobject.name}"
            raise SalesforceError("INVALID_FIELD", message, [key])
        return field.name

    def require(self, sobject: SObject, row: Row) -> None:
        """All required fields have a value (SF-028)."""
        missing = [name for name in sobject.required if row.get(name) is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise SalesforceError("REQUIRED_FIELD_MISSING", message, missing)

    def check_references(self, caller: Caller, sobject: SObject, given: Row) -> None:
        """Every id given points at a row of the right object that the caller may point at (SF-022, SF-032)."""
        for name, value in given.items():
            if value is None:
                continue
            field = sobject.fields[name]
            if field.type == "reference":
                self.check_reference(caller, field, value)

    def check_reference(self, caller: Caller, field: Field, record_id: str) -> None:
        """One id; see `check_references`."""
        target = self._org.schema.of_id(record_id)
        if target is None or target.name not in field.references:
            raise wrong_id(field, record_id)
        row = self._org.database.find(record_id)
        if row is None:
            message = f"{field.label}: this ID value isn't valid for the user: {record_id}"
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, [field.name])
        if row.get("IsDeleted"):
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", [field.name])
        if not self._org.sharing.sees(caller, row, target.name):
            message = f"insufficient access rights on cross-reference id: {record_id[:15]}"
            raise SalesforceError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
        if field.name == "OwnerId" and target.name == "User" and not row["IsActive"]:
            message = f"operation performed with inactive user [{record_id[:15]}] as owner"
            raise SalesforceError("INACTIVE_OWNER_OR_USER", message, [field.name])

    def check_unique(self, sobject: SObject, row: Row) -> None:
        """No other row outside the Recycle Bin has the same unique value (SF-056)."""
        for field in sobject.uniques:
            value = row.get(field.name)
            if value is None or not self._org.settings.key_unique:
                continue
            for other in self._org.database.table(sobject.name).having(field.name, value):
                if other["Id"] != row["Id"] and not other["IsDeleted"]:
                    message = (
                        f"duplicate value found: {field.name} duplicates value on record with id: {other['Id'][:15]}"
                    )
                    raise SalesforceError("DUPLICATE_VALUE", message)
