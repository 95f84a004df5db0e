"""Up to 200 rows in one call: each for itself, or all or none (SF-059 to SF-062)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, TypeVar

from backend.sandbox.salesforce import presenting
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.ids import canonical
from backend.sandbox.salesforce.rest import externals
from backend.sandbox.salesforce.rest.rows import wanted_fields
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse, true

MOST_ROWS = 200
MOST_CHUNKS = 10
MOST_IDS_BY_URL = 800
MOST_IDS_BY_BODY = 2000
_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
Result = dict[str, Any]
Item = TypeVar("Item")


def create(request: ApiRequest) -> ApiResponse:
    """POST: new rows, of one or several objects."""
    saver, options = request.standin.org.saver, request.options()

    def insert(record: dict[str, Any]) -> Result:
        kind = request.standin.org.sobject(record["attributes"]["type"])
        return {"id": saver.insert(request.caller, kind.name, record, options)}

    return _each(request, _records(request), insert)


def update(request: ApiRequest) -> ApiResponse:
    """PATCH: changes of rows that name their id."""
    saver, options = request.standin.org.saver, request.options()

    def change(record: dict[str, Any]) -> Result:
        record_id = next((value for name, value in record.items() if name.lower() == "id"), None)
        if not isinstance(record_id, str):
            raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call")
        data = {name: value for name, value in record.items() if name.lower() != "id"}
        saver.update(request.caller, record_id, data, options)
        return {"id": canonical(record_id)}

    return _each(request, _records(request), change)


def upsert(request: ApiRequest, sobject: str, field: str) -> ApiResponse:
    """PATCH by external id, rows of one object."""
    kind = request.standin.org.sobject(sobject)
    key = externals.external_field(request, kind, field)

    def save(record: dict[str, Any]) -> Result:
        value = next((value for name, value in record.items() if name.lower() == key.name.lower()), None)
        if not isinstance(value, str) or not value:
            raise SalesforceError("MISSING_ARGUMENT", f"{key.name} not specified", [key.name])
        found = externals.matches(request, kind, key, value)
        if len(found) > 1:
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", f"{key.name}: more than one record found for {value}")
        data = {name: other for name, other in record.items() if name.lower() != key.name.lower()}
        record_id, created = externals.save(request, kind, key, value, data, found)
        return {"id": record_id, "created": created}

    return _each(request, _records(request), save)


def delete(request: ApiRequest) -> ApiResponse:
    """DELETE ?ids=a,b&allOrNone=."""
    saver = request.standin.org.saver
    ids = _ids(request.query.get("ids", ""))
    _check_number(len(ids), MOST_ROWS)

    def remove(record_id: str) -> Result:
        saver.delete(request.caller, record_id)
        return {"id": canonical(record_id)}

    return _each(request, ids, remove, all_or_none=true(request.query.get("allOrNone")))


def _records(request: ApiRequest) -> list[dict[str, Any]]:
    records = request.list_of("records")
    _check_number(len(records), MOST_ROWS)
    for record in records:
        if not isinstance(record, dict) or not isinstance((record.get("attributes") or {}).get("type"), str):
            raise SalesforceError("JSON_PARSER_ERROR", "each record must be an object with attributes.type")
    chunks = sum(1 for _ in groupby(record["attributes"]["type"].lower() for record in records))
    if chunks > MOST_CHUNKS:
        raise SalesforceError("LIMIT_EXCEEDED", f"records of one type in a row make a chunk; {MOST_CHUNKS} are allowed")
    return records


def _check_number(rows: int, most: int) -> None:
    if rows > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise SalesforceError("EXCEEDED_ID_LIMIT", message)


def _each(
    request: ApiRequest, items: Iterable[Item], act: Callable[[Item], Result], *, all_or_none: bool | None = None
) -> ApiResponse:
    if all_or_none is None:
        all_or_none = bool(request.object_body().get("allOrNone"))
    database = request.standin.org.database
    start = database.mark()
    results = [_result(act, item) for item in items]
    if all_or_none and not all(result["success"] for result in results):
        database.rollback(start)
        results = [_failure(_ROLLED_BACK) if result["success"] else result for result in results]
    return ApiResponse(200, results)


def _result(act: Callable[[Item], Result], item: Item) -> Result:
    try:
        return {**act(item), "success": True, "errors": []}
    except SalesforceError as error:
        if error.code == "NOT_FOUND":
            error = SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return _failure(error.as_row())


def _failure(error: dict[str, Any]) -> Result:
    return {"success": False, "errors": [error]}


def read_by_url(request: ApiRequest, sobject: str) -> ApiResponse:
    """GET ?ids=&fields=."""
    ids = _ids(request.query.get("ids", ""))
    _check_number(len(ids), MOST_IDS_BY_URL)
    return _read(request, sobject, ids, request.query.get("fields", ""))


def read_by_body(request: ApiRequest, sobject: str) -> ApiResponse:
    """POST {"ids": […], "fields": […]}: reads, although it is a POST."""
    ids = [str(record_id) for record_id in request.list_of("ids")]
    _check_number(len(ids), MOST_IDS_BY_BODY)
    return _read(request, sobject, ids, ",".join(str(name) for name in request.list_of("fields")))


def _read(request: ApiRequest, sobject: str, ids: list[str], names: str) -> ApiResponse:
    """Rows in the order asked, null for those that are missing or invisible (SF-062)."""
    org, caller = request.standin.org, request.caller
    kind = org.sobject(sobject)
    fields = wanted_fields(request, kind, names)
    records = []
    for record_id in ids:
        row = org.database.find(canonical(record_id) or "")
        visible = (
            row is not None
            and not row.get("IsDeleted")
            and org.sobject_of(row["Id"]) is kind
            and org.sharing.sees(caller, row, kind.name)
        )
        shown = presenting.present(org, caller, row, kind, fields, request.version) if visible and row else None
        records.append(shown)
    return ApiResponse(200, records)


def _ids(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
