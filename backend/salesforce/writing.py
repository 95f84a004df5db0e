"""Collections of up to 200 rows, and the read-back that belongs to them, in one call (B.6, SF-034, SF-059)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.crm import Record
from backend.ports.errors import Transient, Unclear
from backend.salesforce import reading
from backend.salesforce.client import MAX_QUERIES, Client, Inner, Reply, Row, page_of, query
from backend.salesforce.errors import (
    SERVICE,
    Problem,
    failure,
    first_problem,
    problems,
    row_result,
    unreadable,
)
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


@dataclass(frozen=True, slots=True)
class Companion:
    """A collection that goes with the records; `owners`: to which write each of its rows belongs."""

    inner: Inner
    owners: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a call: of its records, what was read back, and problems of companions by write."""

    results: list[RowResult]
    found: list[Row]
    problems: dict[UUID, list[Problem]]


def apply(
    client: Client,
    op: Op,
    layout: Layout,
    rows: Sequence[dict[str, Any]],
    statements: Sequence[str],
    before: Sequence[Companion] = (),
    after: Sequence[Companion] = (),
) -> Applied:
    """Writes the rows, and reads all rows of the statements as they are afterwards, in one call.

    before, after: collections that go with them, in the same call as far as they fit. Raises Unclear when it cannot be
    told whether the rows were written.
    """
    problems: dict[UUID, list[Problem]] = {}
    room = MAX_QUERIES - len(statements) - bool(rows)
    if len(before) + len(after) > max(room, 0):
        send(client, before, problems)
        before = ()
    inside, later = after[: max(room - len(before), 0)], after[max(room - len(before), 0) :]
    write = [collection(op, layout.sobject, rows)] if rows else []
    parts = [*(one.inner for one in before), *write, *(one.inner for one in inside)]
    replies = client.composite([*parts, *(query(text, all_rows=True) for text in statements)], wrote=bool(parts))
    results: list[RowResult] = []
    if rows:
        first = replies.pop(len(before))
        if not first.ok:
            raise failure(first.status, first.body, wrote=True)
        results = _results(first.body, len(rows))
    companions = [*before, *inside]
    _note_problems(companions, replies[: len(companions)], problems)
    found = _read_back(
        client, statements, replies[len(companions) :], wrote=any(row.problem is None for row in results)
    )
    send(client, later, problems)
    return Applied(results, found, problems)


def _read_back(client: Client, statements: Sequence[str], replies: Sequence[Reply], *, wrote: bool) -> list[Row]:
    try:
        pages = [page_of(reply) for reply in replies]
        if any(page.more for page in pages):
            return list(reading.rows_of(client, statements))
    except Transient as error:
        if not wrote:
            raise
        text = "Salesforce saved records but could not show them: they are looked up before anything is repeated."
        raise Unclear(text, code=error.code, service=SERVICE, retry_after=error.retry_after) from error
    return [row for page in pages for row in page.rows]


def send(client: Client, companions: Sequence[Companion], problems: dict[UUID, list[Problem]]) -> None:
    """Sends collections by themselves, five to a call; adds what went wrong to the problems of their writes."""
    for first in range(0, len(companions), MAX_QUERIES):
        portion = companions[first : first + MAX_QUERIES]
        _note_problems(portion, client.composite([one.inner for one in portion], wrote=True), problems)


def _note_problems(
    companions: Sequence[Companion], replies: Sequence[Reply], problems: dict[UUID, list[Problem]]
) -> None:
    for companion, reply in zip(companions, replies, strict=True):
        if reply.ok:
            results = _results(reply.body, len(companion.owners))
        else:
            results = [RowResult(None, first_problem(reply.status, reply.body))] * len(companion.owners)
        for owner, result in zip(companion.owners, results, strict=True):
            if result.problem is not None:
                problems.setdefault(owner, []).append(result.problem)


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
