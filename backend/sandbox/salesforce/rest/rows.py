"""Single rows, with conditional requests (SF-021 to SF-029, SF-036 to SF-039)."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime

from backend.sandbox.salesforce import administration, presenting
from backend.sandbox.salesforce.errors import SalesforceError, no_such_row
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse
from backend.sandbox.salesforce.schema import Field, SObject
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import moment


def create(request: ApiRequest, sobject: str) -> ApiResponse:
    """POST: 201 with the id."""
    org = request.standin.org
    kind = org.sobject(sobject)
    _check_conditions(request)
    record_id = org.saver.insert(request.caller, kind.name, request.object_body(), request.options())
    location = {"Location": request.url(f"sobjects/{kind.name}/{record_id}")}
    return ApiResponse(201, {"id": record_id, "success": True, "errors": []}, location)


def find(request: ApiRequest, sobject: str, record: str) -> Row:
    """The row of a row URL. Raises 404."""
    org = request.standin.org
    kind = org.sobject(sobject)
    row = org.saver.fetch(request.caller, record)
    if org.sobject_of(row["Id"]) is not kind:
        raise no_such_row(record)
    return row


def read(request: ApiRequest, sobject: str, record: str) -> ApiResponse:
    """GET: the row, 304 when it has not changed since the time or tag given."""
    return show(request, request.standin.org.sobject(sobject), find(request, sobject, record))


def show(request: ApiRequest, sobject: SObject, row: Row) -> ApiResponse:
    """A row as answer, honouring conditions."""
    changed = moment(row["LastModifiedDate"])
    headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
    if sobject.name == "Account":
        headers["ETag"] = _tag(row)
        if _tag(row) in request.headers.get("if-none-match", ""):
            return ApiResponse(304, None, headers)
    try:
        since = request.moment("if-modified-since")
    except ValueError:
        since = None
    if since is not None and changed <= since:
        return ApiResponse(304, None, headers)
    fields = wanted_fields(request, sobject, request.query.get("fields"))
    org = request.standin.org
    body = presenting.present(org, request.caller, row, sobject, fields, request.version)
    return ApiResponse(200, body, headers)


def wanted_fields(request: ApiRequest, sobject: SObject, names: str | None) -> list[Field]:
    """The fields named, or all that the caller may see. Raises INVALID_FIELD."""
    visible = presenting.visible_fields(request.caller, sobject)
    if names is None:
        return visible
    by_lower = {field.name.lower(): field for field in visible}
    wanted = [by_lower["id"]]
    for name in names.split(","):
        field = by_lower.get(name.strip().lower())
        if field is None:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name.strip()}' on entity '{sobject.name}'")
        if field not in wanted:
            wanted.append(field)
    return wanted


def update(request: ApiRequest, sobject: str, record: str) -> ApiResponse:
    """PATCH: 204; 412 when the row has changed since the time or tag given (SF-036)."""
    row = find(request, sobject, record)
    _check_conditions(request)
    since = request.moment("if-unmodified-since")
    tag = request.headers.get("if-match")
    stale = since is not None and moment(row["LastModifiedDate"]) > since
    if row["Id"].startswith("001") and tag:
        stale = stale or _tag(row) not in tag
    if stale:
        raise SalesforceError("PRECONDITION_FAILED", "The record was changed since the time given", status=412)
    request.standin.org.saver.update(request.caller, row["Id"], request.object_body(), request.options())
    return ApiResponse(204)


def delete(request: ApiRequest, sobject: str, record: str) -> ApiResponse:
    """DELETE: 204, whatever conditions say (SF-039)."""
    request.standin.org.saver.delete(request.caller, find(request, sobject, record)["Id"])
    return ApiResponse(204)


def delete_series_from(request: ApiRequest, record: str) -> ApiResponse:
    """DELETE of a series' tail: success at once, in words that are not JSON; the rows go later (SF-104)."""
    administration.delete_from_here(request.standin.org, request.caller, record)
    return ApiResponse(200, b"{The events of this series from this one onwards are being deleted}")


def _check_conditions(request: ApiRequest) -> None:
    for header in ("if-modified-since", "if-unmodified-since"):
        try:
            request.moment(header)
        except ValueError as error:
            raise SalesforceError("INVALID_HEADER", f"{header}: not a date that HTTP knows") from error


def _tag(row: Row) -> str:
    digest = hashlib.sha256(f"{row['Id']}{row['LastModifiedDate']}".encode()).hexdigest()
    return f'"{digest[:16]}--gzip"'
