"""Collections of up to 200 rows, and the read-back that belongs to them, in one call (B.6, SF-034, SF-059)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.crm import Record
from backend.ports.errors import Transient, Unclear
from backend.salesforce import reading
from backend.salesforce.client import Client, Inner, Row, page_of, query
from backend.salesforce.errors import SERVICE, Problem, failure, problems, row_result, unreadable
from backend.salesforce.fields import Layout
from backend.salesforce.mapping import record_of

BATCH_SIZE: Final = 200
_METHODS: Final = {Op.CREATE: "POST", Op.UPDATE: "PATCH", Op.DELETE: "DELETE"}


@dataclass(frozen=True, slots=True)
class RowResult:
    """What Salesforce says of one row: its id if it was written, else the problem."""

    id: str | None
    problem: Problem | None


def collection(op: Op, sobject: str, rows: Sequence[dict[str, Any]]) -> Inner:
    """The collection request; rows are independent of each other. A delete names ids only."""
    if op is Op.DELETE:
        ids = ",".join(row["id"] for row in rows)
        return Inner("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false")
    records = [{"attributes": {"type": sobject}, **row} for row in rows]
    return Inner(_METHODS[op], "composite/sobjects", {"allOrNone": False, "records": records})


def apply(
    client: Client, op: Op, layout: Layout, rows: Sequence[dict[str, Any]], statements: Sequence[str]
) -> tuple[list[RowResult], list[Row]]:
    """Writes the rows, and reads all rows of the statements as they are afterwards, in one call.

    Raises Unclear when it cannot be told whether the rows were written.
    """
    write = [collection(op, layout.sobject, rows)] if rows else []
    parts = [*write, *(query(text, all_rows=True) for text in statements)]
    replies = client.composite(parts, wrote=bool(rows))
    results: list[RowResult] = []
    if rows:
        first = replies.pop(0)
        if not first.ok:
            raise failure(first.status, first.body, wrote=True)
        results = _results(first.body, len(rows))
    try:
        pages = [page_of(reply) for reply in replies]
        found = [row for page in pages for row in page.rows]
        if any(page.more for page in pages):
            found = list(reading.rows_of(client, statements))
    except Transient as error:
        if not any(result.problem is None for result in results):
            raise
        text = "Salesforce saved records but could not show them: they are looked up before anything is repeated."
        raise Unclear(text, code=error.code, service=SERVICE, retry_after=error.retry_after) from error
    return results, found


def _results(body: Any, expected: int) -> list[RowResult]:
    try:
        results = [_result(entry) for entry in body]
    except (TypeError, KeyError) as error:
        raise unreadable("a collection without results", wrote=True) from error
    if len(results) != expected:
        raise unreadable(f"{len(results)} results for {expected} rows", wrote=True)
    return results


def _result(entry: dict[str, Any]) -> RowResult:
    if entry["success"]:
        return RowResult(entry["id"], None)
    found = problems(entry.get("errors"))
    return RowResult(None, found[0] if found else Problem("", "Salesforce refused the record without saying why."))


def answer_of(write: Write, layout: Layout, problem: Problem | None, row: Row | None) -> Answer[Record]:
    """The answer for a row, with what was read back. Salesforce's own words stay as they are (LS-089)."""
    stored = record_of(row, layout) if row is not None else None
    if problem is None:
        return Answer(write.id, Result.OK, stored)
    return Answer(write.id, row_result(problem), stored, problem.code, problem.message, problem.fields)
