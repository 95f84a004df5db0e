"""What changed and what was deleted in a span of time (SF-083 to SF-087)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse
from backend.sandbox.salesforce.schema import SObject
from backend.sandbox.salesforce.values import moment, parse_datetime, stamp

UPDATED_REACHES = timedelta(days=30)
DELETED_REACHES = timedelta(days=15)
MOST_IDS = 600_000


def updated(request: ApiRequest, sobject: str) -> ApiResponse:
    """GET …/updated?start&end: ids by SystemModstamp, of rows that are there."""
    kind = _replicateable(request, sobject)
    start, end = _span(request, UPDATED_REACHES)
    read = request.standin.org.sharing.reader(request.caller, kind.name)
    live = request.standin.org.database.live(kind.name)
    ids = [row["Id"] for row in live if start <= row["SystemModstamp"] < end and read(row) is not None]
    _check_number(len(ids))
    return ApiResponse(200, {"ids": ids, "latestDateCovered": _covered(request, end)})


def deleted(request: ApiRequest, sobject: str) -> ApiResponse:
    """GET …/deleted?start&end: ids and times of deletion, also of rows gone from the Recycle Bin."""
    kind = _replicateable(request, sobject)
    org = request.standin.org
    start, end = _span(request, DELETED_REACHES)
    if org.delete_log_start and start < org.delete_log_start:
        raise _bad_date("the delete log was purged; start must be later")
    read = org.sharing.reader(request.caller, kind.name)
    binned = [row for row in org.database.table(kind.name).rows.values() if row.get("_deleted") and read(row)]
    log = [(row["Id"], row["_deleted"]) for row in binned]
    log += [(record_id, when) for name, record_id, when in org.purged if name == kind.name]
    records = [{"id": record_id, "deletedDate": when} for record_id, when in log if start <= when < end]
    _check_number(len(records))
    earliest = org.delete_log_start or stamp(org.world.clock.now() - DELETED_REACHES)
    body: dict[str, Any] = {
        "deletedRecords": records,
        "earliestDateAvailable": earliest,
        "latestDateCovered": _covered(request, end),
    }
    return ApiResponse(200, body)


def _replicateable(request: ApiRequest, sobject: str) -> SObject:
    kind = request.standin.org.sobject(sobject)
    if "P" not in kind.flags or not request.caller.may("R", kind.name):
        raise SalesforceError("INVALID_TYPE_FOR_OPERATION", f"object type {kind.name} is not replicateable")
    return kind


def _span(request: ApiRequest, reaches: timedelta) -> tuple[str, str]:
    """Start and end in whole minutes: seconds are ignored (SF-083)."""
    start, end = _minute(request, "start"), _minute(request, "end")
    if end - start <= timedelta(minutes=1):
        raise _bad_date("end must be later than start by more than a minute")
    if start < request.standin.world.clock.now() - reaches:
        raise _bad_date(f"start must lie within the last {reaches.days} days")
    return stamp(start), stamp(end)


def _minute(request: ApiRequest, name: str) -> datetime:
    parsed = parse_datetime(request.query.get(name, "").replace(" ", "+"))
    if parsed is None:
        raise SalesforceError("INVALID_FIELD", f"{name} must be a time such as 2026-11-22T13:00:00+00:00")
    return moment(parsed).replace(second=0)


def _covered(request: ApiRequest, end: str) -> str:
    """Earlier than the end while long transactions run (SF-085)."""
    org = request.standin.org
    return min([end, stamp(org.world.clock.now()), *org.open_transactions])


def _check_number(ids: int) -> None:
    if ids > MOST_IDS:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"more than {MOST_IDS} ids; narrow the span")


def _bad_date(reason: str) -> SalesforceError:
    return SalesforceError("INVALID_REPLICATION_DATE", reason)
