"""Contacts that a duplicate rule refused: who they look like, and whether that is the same person (H-8, SF-049)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend.domain.identity import strong_key
from backend.domain.values import Kind, Name, Values
from backend.ports.answers import Answer, Result, Write
from backend.ports.crm import Record
from backend.salesforce import reading
from backend.salesforce.client import MAX_REQUESTS, Client, Inner, Reply
from backend.salesforce.errors import BUSY_STATUSES, failure, first_problem
from backend.salesforce.fields import Layout
from backend.salesforce.mapping import record_of


def settle(
    client: Client, layout: Layout, refused: Sequence[tuple[Write, dict[str, Any]]]
) -> dict[Any, Answer[Record]]:
    """Answers for refused creates, by write id.

    Collections do not name the candidates, single rows do: each is sent once more, 25 to a call. A row that passes
    now was created. A candidate with the same address and last name is our person; anything else stays refused
    with the rule's own text.
    """
    answers: dict[Any, Answer[Record]] = {}
    for first in range(0, len(refused), MAX_REQUESTS):
        portion = refused[first : first + MAX_REQUESTS]
        replies = client.composite([Inner("POST", f"sobjects/{layout.sobject}", row) for _, row in portion], wrote=True)
        records = _records(client, layout, replies)
        for (write, _), reply in zip(portion, replies, strict=True):
            answers[write.id] = _answer(write, reply, records)
    return answers


def _records(client: Client, layout: Layout, replies: Sequence[Reply]) -> dict[str, Record]:
    ids = sorted({id_ for reply in replies for id_ in (_created(reply) or candidates(reply.body))})
    if not ids:
        return {}
    rows = reading.rows_of(client, reading.by_id(layout, ids))
    return {row["Id"]: record_of(row, layout) for row in rows if not row["IsDeleted"]}


def _created(reply: Reply) -> list[str]:
    return [reply.body["id"]] if reply.ok else []


def _answer(write: Write, reply: Reply, records: Mapping[str, Record]) -> Answer[Record]:
    if reply.ok:
        return Answer(write.id, Result.OK, records.get(reply.body["id"]))
    if reply.status in BUSY_STATUSES:
        raise failure(reply.status, reply.body, wrote=True)
    problem = first_problem(reply.status, reply.body)
    same = [records[id_] for id_ in candidates(reply.body) if id_ in records and _is(write.values, records[id_].values)]
    if same:
        return Answer(write.id, Result.EXISTS, min(same, key=lambda record: record.id), problem.code, problem.message)
    return Answer(write.id, Result.REFUSED, None, problem.code, problem.message, problem.fields)


def candidates(body: Any) -> list[str]:
    """Ids of the records that a duplicate rule found; its key is sometimes misspelt (SF-052)."""
    return list(dict.fromkeys(_walk(body)))


def _walk(body: Any) -> Iterator[str]:
    for error in body if isinstance(body, list) else []:
        outcome = error.get("duplicateResult") or error.get("duplicateResut") or {}
        for match in outcome.get("matchResults") or ():
            for found in match.get("matchRecords") or ():
                id_ = (found.get("record") or {}).get("Id")
                if id_:
                    yield id_


def _is(ours: Values, theirs: Values) -> bool:
    """Same address and same last name, letter case aside."""
    mine, other = ours.get("name"), theirs.get("name")
    if not isinstance(mine, Name) or not isinstance(other, Name):
        return False
    address = strong_key(Kind.CONTACT, ours)
    same_name = (mine.last or "").strip().casefold() == (other.last or "").casefold()
    return same_name and address is not None and address == strong_key(Kind.CONTACT, theirs)
