"""The people of events: looked up by address, tied to events by rows of EventRelation (SF-107 to SF-116, I.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from backend.domain.attendees import Reply
from backend.domain.identity import normal_email
from backend.domain.people import Found, Person, Relations, Sort, Tie
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.crm import Record
from backend.ports.errors import AccessLost
from backend.salesforce import soql
from backend.salesforce.client import MAX_QUERIES, Client, Row, page_of, query
from backend.salesforce.errors import FIELD_NOT_KNOWN, Problem, failure, row_result
from backend.salesforce.fields import Layout
from backend.salesforce.mapping import moment
from backend.salesforce.writing import BATCH_SIZE, Companion, collection

STATUS: Final = {Reply.NONE: "New", Reply.ACCEPTED: "Accepted", Reply.TENTATIVE: "Accepted", Reply.DECLINED: "Declined"}
LISTS: Final = {
    "Accepted": "AcceptedEventInviteeIds",
    "Declined": "DeclinedEventInviteeIds",
    "New": "UndecidedEventInviteeIds",
}
"""Fields of a new event that name its invitees by status: written with it or not at all."""
WHO, WHAT, WHOS = "WhoId", "WhatId", "EventWhoIds"
PEOPLE_FIELDS: Final = frozenset({WHO, WHAT, WHOS, *LISTS.values()})
NOT_ALL: Final = "Salesforce did not take all its attendees: {}"
_REPLIES: Final = {"Accepted": Reply.ACCEPTED, "Declined": Reply.DECLINED}
_ADDRESS_CHARACTERS: Final = 60_000
"""Characters of addresses in one statement: a statement may have 100,000 (SF-016)."""
_USER_FIELDS: Final = ("Id", "Email", "CreatedDate", "LastModifiedDate")
_SOURCES: Final = (
    (Sort.USER, "User", _USER_FIELDS, "IsActive = true AND UserType = 'Standard'"),
    (Sort.CONTACT, "Contact", (*_USER_FIELDS, "LastActivityDate"), ""),
    (Sort.LEAD, "Lead", (*_USER_FIELDS, "LastActivityDate"), "IsConverted = false"),
)  # fmt: skip


# --- looking up ------------------------------------------------------------------------------------------------------


def find(client: Client, layout: Layout, addresses: Sequence[str], events: Sequence[str]) -> Found:
    """See Crm.find_people. Objects and fields that the user may not read count as empty (LS-146)."""
    people: dict[str, list[Person]] = {}
    ties: dict[str, list[Tie]] = {}
    asked = [*_by_address(addresses), *_by_event(layout, events)]
    for (what, _), rows in zip(asked, _answers(client, [text for _, text in asked]), strict=True):
        for row in rows:
            if isinstance(what, Sort):
                people.setdefault(normal_email(row["Email"]) or "", []).append(_person(what, row))
            elif what == "Event":
                ties.setdefault(row["Id"], []).extend(_fields_as_ties(row))
            else:
                ties.setdefault(row["EventId"], []).append(_tie(row, shared=layout.shared_activities))
    return Found(people, ties, layout.shared_activities)


def _by_address(addresses: Sequence[str]) -> Iterator[tuple[Sort | str, str]]:
    for portion in _portions(addresses):
        listed = soql.any_of("Email", portion)
        for sort, sobject, fields, condition in _SOURCES:
            yield sort, soql.select(fields, sobject, f"{condition} AND {listed}" if condition else listed)


def _portions(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    """As few statements as may be: a first reading names hundreds of addresses."""
    portion: list[str] = []
    length = 0
    for address in addresses:
        size = len(soql.quoted(address)) + 1
        if portion and length + size > _ADDRESS_CHARACTERS:
            yield portion
            portion, length = [], 0
        portion.append(address)
        length += size
    if portion:
        yield portion


def _by_event(layout: Layout, events: Sequence[str]) -> Iterator[tuple[Sort | str, str]]:
    flags = ("IsParent", "IsWhat", "IsInvitee") if layout.shared_activities else ()
    for portion in soql.portions(events):
        fields = ("Id", "EventId", "RelationId", "Status", *flags)
        yield "EventRelation", soql.select(fields, "EventRelation", soql.any_of("EventId", portion))
        if not layout.shared_activities:
            yield "Event", soql.select(("Id", WHO, WHAT), "Event", soql.any_of("Id", portion))


def _answers(client: Client, statements: Sequence[str]) -> Iterator[list[Row]]:
    for first in range(0, len(statements), MAX_QUERIES):
        portion = statements[first : first + MAX_QUERIES]
        for reply in client.composite([query(text) for text in portion], wrote=False):
            if not reply.ok and _hidden(failure(reply.status, reply.body)):
                yield []
            else:
                yield list(client.rows(page_of(reply)))


def _hidden(error: Exception) -> bool:
    code = getattr(error, "code", "")
    return (isinstance(error, AccessLost) and code == "INVALID_TYPE") or code == FIELD_NOT_KNOWN


def _person(sort: Sort, row: Row) -> Person:
    active = row.get("LastActivityDate")
    return Person(
        id=row["Id"],
        sort=sort,
        created_at=moment(row["CreatedDate"]),
        updated_at=moment(row["LastModifiedDate"]),
        active_at=moment(f"{active}T00:00:00+00:00") if active else None,
    )


def _tie(row: Row, *, shared: bool) -> Tie:
    reply = _REPLIES.get(row.get("Status") or "", Reply.NONE)
    related, invited = (bool(row["IsParent"]), bool(row["IsInvitee"])) if shared else (False, True)
    return Tie(row["Id"], row["RelationId"], related, invited, reply)


def _fields_as_ties(row: Row) -> Iterator[Tie]:
    """Without Shared Activities, Who and What are fields of the event: their names stand for the rows."""
    for name in (WHO, WHAT):
        if row.get(name):
            yield Tie(name, row[name], related=True, invited=False)


# --- writing ---------------------------------------------------------------------------------------------------------


def new_fields(relations: Relations | None, layout: Layout) -> dict[str, Any]:
    """The people of a new event as fields of it, so that they are written with it or not at all (I-7)."""
    if relations is None:
        return {}
    found: dict[str, Any] = {}
    if relations.whos:
        found |= {WHOS: list(relations.whos)} if layout.shared_activities else {WHO: relations.whos[0]}
    if relations.what:
        found[WHAT] = relations.what
    for person, reply in relations.invited:
        found.setdefault(LISTS[STATUS[reply]], []).append(person)
    return {name: value for name, value in found.items() if name in layout.creatable}


def cleared_fields(relations: Relations | None) -> dict[str, Any]:
    """Relations that are fields of the event and go."""
    return {name: None for name in (relations.removed if relations else ()) if name in (WHO, WHAT)}


def about_people(problem: Problem) -> bool:
    """Whether a new event may have been refused for its people: it is then made without them (LS-146)."""
    return bool(PEOPLE_FIELDS.intersection(problem.fields)) or "CROSS_REFERENCE" in problem.code


def removals(writes: Iterable[Write]) -> list[Companion]:
    """Relation rows that go. They come before the events: a private event keeps no relation (SF-136)."""
    rows = [
        (write.id, {"id": id_})
        for write, people in _updates(writes)
        for id_ in people.removed
        if id_ not in (WHO, WHAT)
    ]
    return companions(Op.DELETE, rows)


def additions(writes: Sequence[Write], *, shared: bool) -> list[Companion]:
    """Relation rows that say something else, and new ones."""
    changed = [(write.id, _changed(tie, shared=shared)) for write, people in _updates(writes) for tie in people.changed]
    invited = [
        (write.id, {"EventId": write.target, "RelationId": person, "Status": STATUS[reply]})
        for write, people in _updates(writes)
        for person, reply in people.invited
    ]
    return [*companions(Op.UPDATE, changed), *companions(Op.CREATE, invited)]


def one_by_one(people: Relations, write: UUID, event: str, *, shared: bool) -> list[tuple[UUID, dict[str, Any]]]:
    """The people of an event that was made without them, each as a row of its own, so that each fails alone.

    Without Shared Activities a Who is no row; it is left out.
    """
    replies = dict(people.invited)
    rows: list[tuple[UUID, dict[str, Any]]] = []
    for person in people.made:
        row: dict[str, Any] = {"EventId": event, "RelationId": person}
        if shared:
            row |= {"IsParent": person in people.whos, "IsInvitee": person in replies}
        if person in replies:
            row["Status"] = STATUS[replies[person]]
        if shared or person in replies:
            rows.append((write, row))
    return rows


def _updates(writes: Iterable[Write]) -> Iterator[tuple[Write, Relations]]:
    for write in writes:
        if write.people is not None and write.op is Op.UPDATE:
            yield write, write.people


def _changed(tie: Tie, *, shared: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": tie.id}
    if shared:
        row["IsInvitee"] = tie.invited
    return {**row, "Status": STATUS[tie.reply]} if tie.invited else row


def companions(op: Op, rows: Sequence[tuple[UUID, dict[str, Any]]]) -> list[Companion]:
    """Rows of EventRelation, each with the write that it belongs to, as collections."""
    portions = [rows[first : first + BATCH_SIZE] for first in range(0, len(rows), BATCH_SIZE)]
    return [
        Companion(collection(op, "EventRelation", [row for _, row in portion]), tuple(owner for owner, _ in portion))
        for portion in portions
    ]


def judged(answer: Answer[Record], problems: Sequence[Problem]) -> Answer[Record]:
    """The answer to a write with what became of its relation rows: what may pass is repeated, the rest is told."""
    if answer.result is not Result.OK:
        return answer
    for problem in problems:
        if row_result(problem) is Result.TRANSIENT:
            return Answer(answer.id, Result.TRANSIENT, answer.stored, problem.code, problem.message)
    return told(answer, [problem for problem in problems if row_result(problem) is not Result.GONE])


def told(answer: Answer[Record], problems: Sequence[Problem]) -> Answer[Record]:
    """The answer with the first thing that was wrong with people."""
    if answer.result is not Result.OK or not problems:
        return answer
    return replace(answer, people=NOT_ALL.format(problems[0].message))
