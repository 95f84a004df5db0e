"""Rows by external id: read, upsert, delete (SF-054 to SF-058)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.sandbox.salesforce.errors import SalesforceError, no_such_row
from backend.sandbox.salesforce.rest import rows
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse, true
from backend.sandbox.salesforce.schema import Field, SObject
from backend.sandbox.salesforce.store import Row


def external_field(request: ApiRequest, sobject: SObject, name: str) -> Field:
    """The external id field of that name. Raises 404 (SF-058)."""
    field = sobject.by_lower.get(name.lower())
    if field is None or not field.external_id or (sobject.name, field.name) in request.caller.hidden:
        raise no_such_row(name)
    return field


def matches(request: ApiRequest, sobject: SObject, field: Field, value: str) -> list[Row]:
    """Rows outside the Recycle Bin that have this value."""
    found = request.standin.org.database.table(sobject.name).having(field.name, value)
    return [row for row in found if not row["IsDeleted"]]


def read(request: ApiRequest, sobject: str, field: str, value: str) -> ApiResponse:
    """GET by external id."""
    kind = request.standin.org.sobject(sobject)
    found = matches(request, kind, external_field(request, kind, field), value)
    if len(found) > 1:
        return _choices(request, kind, found)
    row = request.standin.org.saver.fetch(request.caller, found[0]["Id"] if found else value)
    return rows.show(request, kind, row)


def upsert(request: ApiRequest, sobject: str, field: str, value: str) -> ApiResponse:
    """PATCH: creates without a match (201), updates the one match (200), refuses several (300)."""
    kind = request.standin.org.sobject(sobject)
    key = external_field(request, kind, field)
    data = request.object_body()
    if any(name.lower() == key.name.lower() for name in data):
        message = f"The {key.name} field should not be specified in the sobject data."
        raise SalesforceError("INVALID_FIELD", message, [key.name])
    found = matches(request, kind, key, value)
    if len(found) > 1:
        return _choices(request, kind, found)
    if not found and true(request.query.get("updateOnly")):
        raise no_such_row(value)
    record_id, created = save(request, kind, key, value, data, found)
    return ApiResponse(201 if created else 200, {"id": record_id, "success": True, "errors": [], "created": created})


def save(
    request: ApiRequest, sobject: SObject, field: Field, value: str, data: Mapping[str, Any], found: list[Row]
) -> tuple[str, bool]:
    """Update the match or create a row with this key; its id, and whether it is new."""
    saver, caller, options = request.standin.org.saver, request.caller, request.options()
    if found:
        saver.update(caller, found[0]["Id"], data, options)
        return found[0]["Id"], False
    return saver.insert(caller, sobject.name, {**data, field.name: value}, options), True


def delete(request: ApiRequest, sobject: str, field: str, value: str) -> ApiResponse:
    """DELETE by external id."""
    kind = request.standin.org.sobject(sobject)
    found = matches(request, kind, external_field(request, kind, field), value)
    if len(found) > 1:
        return _choices(request, kind, found)
    request.standin.org.saver.delete(request.caller, found[0]["Id"] if found else value)
    return ApiResponse(204)


def _choices(request: ApiRequest, sobject: SObject, found: list[Row]) -> ApiResponse:
    return ApiResponse(300, [request.url(f"sobjects/{sobject.name}/{row['Id']}") for row in found])
