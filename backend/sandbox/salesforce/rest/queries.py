"""query, queryAll and their further pages (SF-070 to SF-073)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse
from backend.sandbox.salesforce.soql import Answer, run

CURSOR_LIVES = timedelta(days=2)
PAGE, LEAST_PAGE = 2000, 200


@dataclass(frozen=True)
class Cursor:
    """An answer that is being read in pages."""

    user_id: str
    answer: Answer
    made: datetime
    size: int


def query(request: ApiRequest) -> ApiResponse:
    """GET /query?q=."""
    return _first(request, all_rows=False)


def query_all(request: ApiRequest) -> ApiResponse:
    """GET /queryAll?q=: deleted and archived rows too."""
    return _first(request, all_rows=True)


def _first(request: ApiRequest, *, all_rows: bool) -> ApiResponse:
    text = request.query.get("q")
    if not text:
        raise SalesforceError("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    org = request.standin.org
    answer = run(org, request.caller, text, all_rows=all_rows, version=request.version)
    if not answer.pageable and len(answer.rows) > org.settings.aggregate_rows:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise SalesforceError("EXCEEDED_ID_LIMIT", message)
    size = min(_asked(request), org.settings.page_rows)
    if len(answer.rows) <= size or not answer.pageable:
        return ApiResponse(200, _page(answer, answer.rows, None))
    locator = org.ids.new("01g")
    cursor = Cursor(request.caller.user_id, answer, org.world.clock.now(), size)
    request.standin.cursors[locator] = cursor
    return _answer(request, locator, cursor, 0)


def _asked(request: ApiRequest) -> int:
    """The page size asked for, which is advice within bounds."""
    options = request.headers.get("sforce-query-options", "").replace(" ", "").lower()
    text = options.partition("batchsize=")[2].partition(",")[0]
    return max(LEAST_PAGE, min(PAGE, int(text))) if text.isdigit() else PAGE


def more(request: ApiRequest, locator: str) -> ApiResponse:
    """GET /query/{locator}: the number after the dash is an offset."""
    key, _, offset = locator.rpartition("-")
    cursor = request.standin.cursors.get(key)
    now = request.standin.world.clock.now()
    foreign = cursor is not None and cursor.user_id != request.caller.user_id
    if cursor is None or foreign or now - cursor.made > CURSOR_LIVES or not offset.isdigit():
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _answer(request, key, cursor, int(offset))


def _answer(request: ApiRequest, locator: str, cursor: Cursor, offset: int) -> ApiResponse:
    end = offset + cursor.size
    rows = cursor.answer.rows
    following = request.url(f"query/{locator}-{end}") if end < len(rows) else None
    return ApiResponse(200, _page(cursor.answer, rows[offset:end], following))


def _page(answer: Answer, rows: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    page: dict[str, Any] = {"totalSize": answer.total, "done": following is None}
    if following:
        page["nextRecordsUrl"] = following
    page["records"] = [answer.show(row) for row in rows]
    return page
