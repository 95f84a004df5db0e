"""Salesforce as one user: looking records up, creating, changing and deleting them (LS-093)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.people import Found
from backend.domain.values import Kind
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.crm import NO_FIELDS, FieldAccess, NamedAccount, Record, Right
from backend.ports.errors import AccessLost, ServiceError
from backend.ports.mailbox import Probe
from backend.salesforce import accounts, duplicates, event_series, looking, people, reading, writing
from backend.salesforce.client import Client, Row
from backend.salesforce.errors import DUPLICATE_RULE, FIELD_NOT_KNOWN, Problem, row_result
from backend.salesforce.fields import KEY_FIELD, Layout, Layouts
from backend.salesforce.mapping import fields_of, record_of
from backend.salesforce.record_id import long_id

_SERIES: Final = (
    "This event is one of a repeating Salesforce event. A change made from outside would change all its occurrences: "
    "change it in Salesforce."
)


class SalesforceUser:
    """One user of Salesforce; implements `ports.crm.Crm`. Not to be shared between threads.

    Without the key field nothing is created: after a lost answer nobody could tell our record from a colleague's
    of the same name, and a repeat would make a second one (INV-3).

    pointed: tells which fields anybody's field map points to; asked when Salesforce is.
    """

    def __init__(
        self,
        client: Client,
        layouts: Layouts,
        salesforce_id: str,
        pointed: Callable[[], Mapping[Kind, Sequence[str]]] = lambda: NO_FIELDS,
    ) -> None:
        self._client = client
        self._pointed = pointed
        self._looked_up: set[Kind] = set()
        self._layouts = layouts
        self._id = long_id(salesforce_id)
        self._in_series: dict[str, bool] = {}
        self._people_ids: dict[str, str] = {}

    @property
    def batch_size(self) -> int:
        """See Crm."""
        return writing.BATCH_SIZE

    def rights(self, kind: Kind) -> frozenset[Right]:
        """See Crm; in the answer of describe, which is asked for writing anyway."""
        return self._layouts.rights(self._client, kind)

    def fetch(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Record | Verdict]:
        """See Crm; one call for up to 1,000 ids."""
        if not ids:
            return {}
        layout = self._layout(kind)
        rows = self._read(reading.by_id(layout, ids))
        return reading.verdicts(layout, ids, rows)

    def find_tagged(self, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
        """See Crm. Raises AccessLost where the key field is missing."""
        if not keys:
            return []
        layout = self._layout(kind)
        if not layout.key_readable:
            raise self._no_key(layout)
        return [record_of(row, layout) for row in self._read(reading.by_key(layout, keys))]

    def find_like(self, kind: Kind, probes: Sequence[Probe]) -> Mapping[UUID, list[Record]]:
        """See Crm; mostly one call."""
        if not probes:
            return {}
        layout = self._layout(kind)
        rows = self._read(reading.likeness(layout, probes, self._id))
        return reading.sorted_out(kind, probes, (record_of(row, layout) for row in rows))

    def series_rows(self, events: Sequence[str]) -> Mapping[str, Sequence[Record]]:
        """See Crm."""
        if not events:
            return {}
        layout = self._layout(Kind.EVENT)
        heads = self._read(reading.by_id(layout, events))
        statements = event_series.statements(layout, heads)
        found = event_series.by_event(events, heads, self._read(statements) if statements else ())
        return {event: [record_of(row, layout) for row in rows] for event, rows in found.items()}

    def find_people(self, addresses: Sequence[str], events: Sequence[str]) -> Found:
        """See Crm."""
        return people.find(self._client, self._layout(Kind.EVENT), addresses, events)

    def access(self, kind: Kind, field_map: FieldMap = STANDARD) -> FieldAccess:
        """See Crm."""
        return self._layout(kind).access(field_map)

    def readable(self, ids: Sequence[str]) -> frozenset[str]:
        """See Crm."""
        return reading.readable(self._client, self._id, ids)

    def first_contacts(
        self, fields: Sequence[str], *, owned: bool, followed: bool
    ) -> tuple[list[Record], frozenset[str], frozenset[str]]:
        """A look at the user's contacts (see `looking`), those he follows, and fields that he may not read."""
        layout = self._layout(Kind.CONTACT)
        hidden = frozenset(fields) - layout.known(fields).keys()
        records, ids = looking.contacts(self._client, layout, self._id, fields, owned=owned, followed=followed)
        return records, ids, hidden

    def near_accounts(self, companies: Sequence[str]) -> Mapping[str, Sequence[NamedAccount]]:
        """See Crm."""
        return accounts.near(self._client, self._layout(Kind.CONTACT), companies)

    def write(self, writes: Sequence[Write]) -> list[Answer[Record]]:
        """See Crm. One call, and one more where companies have to be looked up. Raises Unclear, AccessLost."""
        if not writes:
            return []
        kind, op = writes[0].kind, writes[0].op
        if len(writes) > writing.BATCH_SIZE or any((write.kind, write.op) != (kind, op) for write in writes):
            raise ValueError("a call of write carries up to 200 writes of one kind and op")
        layout = self._layout(kind)
        perform = {Op.CREATE: self._create, Op.UPDATE: self._update, Op.DELETE: self._delete}[op]
        try:
            companies = self._companies(layout, writes)
            answers = perform(layout, writes, companies)
        except ServiceError as error:
            if error.code.startswith(FIELD_NOT_KNOWN):
                self._layouts.forget(self._client.username)
            raise
        if any((answer.code or "").startswith(FIELD_NOT_KNOWN) for answer in answers):
            self._layouts.forget(self._client.username)
        by_id = {answer.id: answer for answer in answers}
        return [replace(by_id[write.id], company=companies.unresolved(write)) for write in writes]

    def _create(self, layout: Layout, writes: Sequence[Write], companies: accounts.Companies) -> list[Answer[Record]]:
        if not layout.key_creatable:
            raise self._no_key(layout)
        rows = [self._new_row(layout, write, companies) for write in writes]
        statements = reading.by_key(layout, (_key_of(write) for write in writes))
        applied = writing.apply(self._client, Op.CREATE, layout, rows, statements)
        results, found = applied.results, applied.found
        self._note(found)
        living_last = sorted(found, key=lambda row: not row["IsDeleted"])
        by_key = {str(row[KEY_FIELD]).casefold(): row for row in living_last}
        answers: dict[UUID, Answer[Record]] = {}
        refused, alone, single = [], [], []
        for write, row, result in zip(writes, rows, results, strict=True):
            if result.problem is not None and _not_as_series(result.problem, row):
                single.append(replace(write, pattern=""))
                continue
            if result.problem is not None and result.problem.code == DUPLICATE_RULE:
                refused.append((write, row))
                continue
            if result.problem is not None and write.people is not None and people.about_people(result.problem):
                alone.append((write, result.problem))
                continue
            stored = by_key.get(str(_key_of(write)))
            answer = writing.answer_of(write, layout, result.problem, stored)
            answers[write.id] = _created(answer, self._client.username)
        answers.update(duplicates.settle(self._client, layout, refused) if refused else {})
        answers.update(self._without_people(layout, alone) if alone else {})
        answers.update({answer.id: answer for answer in self._create(layout, single, companies)} if single else {})
        return list(answers.values())

    def _without_people(self, layout: Layout, refused: Sequence[tuple[Write, Problem]]) -> dict[UUID, Answer[Record]]:
        """Events that Salesforce does not take with their people, made without them, then tied to each by itself."""
        answers = self._create(layout, [replace(write, people=None) for write, _ in refused], accounts.Companies())
        wanted = {write.id: write.people for write, _ in refused}
        rows = [
            row
            for answer in answers
            if answer.result is Result.OK and answer.stored is not None and (relations := wanted[answer.id]) is not None
            for row in people.one_by_one(relations, answer.id, answer.stored.id, shared=layout.shared_activities)
        ]
        problems: dict[UUID, list[Problem]] = {}
        writing.send(self._client, people.companions(Op.CREATE, rows), problems)
        return {answer.id: people.told(answer, problems.get(answer.id, ())) for answer in answers}

    def _new_row(self, layout: Layout, write: Write, companies: accounts.Companies) -> dict[str, Any]:
        row = fields_of(layout, write.values, layout.creatable, write.field_map)
        row = {name: value for name, value in row.items() if value is not None}
        row[KEY_FIELD] = str(_key_of(write))
        row["OwnerId"] = write.owner or self._id
        row |= people.new_fields(write.people, layout)
        if write.pattern and event_series.may_make(layout):
            row[event_series.PATTERN] = write.pattern
        account = companies.account_for(write)
        return row if account is None else {**row, accounts.ACCOUNT_FIELD: account}

    def _update(self, layout: Layout, writes: Sequence[Write], companies: accounts.Companies) -> list[Answer[Record]]:
        targets = [_target_of(write) for write in writes]
        self._learn_series(layout, targets)
        rows: dict[UUID, dict[str, Any]] = {}
        for write, target in zip(writes, targets, strict=True):
            row = fields_of(layout, write.values, layout.updatable, write.field_map)
            row |= people.cleared_fields(write.people)
            account = companies.account_for(write)
            if account is not None:
                row[accounts.ACCOUNT_FIELD] = account
            if row:
                rows[write.id] = {"id": target, **row}
        in_series = {
            write.id for write, target in zip(writes, targets, strict=True)
            if write.id in rows and self._in_series.get(target) and not write.in_series
        }  # fmt: skip
        rows = {id_: row for id_, row in rows.items() if id_ not in in_series}
        related = [write for write in writes if write.id not in in_series]
        applied = writing.apply(
            self._client,
            Op.UPDATE,
            layout,
            list(rows.values()),
            reading.by_id(layout, targets),
            people.removals(related),
            people.additions(related, shared=layout.shared_activities),
        )
        problems = {id_: result.problem for id_, result in zip(rows, applied.results, strict=True)}
        stored = {row["Id"]: row for row in applied.found}
        return [
            Answer(write.id, Result.REFUSED, None, "EVENT_SERIES", _SERIES)
            if write.id in in_series
            else people.judged(
                writing.answer_of(write, layout, problems.get(write.id), stored.get(target)),
                applied.problems.get(write.id, ()),
            )
            for write, target in zip(writes, targets, strict=True)
        ]

    def _delete(self, layout: Layout, writes: Sequence[Write], _companies: accounts.Companies) -> list[Answer[Record]]:
        """A person account is deleted as an account: Salesforce refuses to delete its contact (SF 3.4)."""
        targets = [_target_of(write) for write in writes]
        rows = [{"id": self._people_ids.get(target, target)} for target in targets]
        applied = writing.apply(self._client, Op.DELETE, layout, rows, reading.by_id(layout, targets))
        left = {row["Id"]: row for row in applied.found}
        return [
            _deleted(writing.answer_of(write, layout, result.problem, left.get(target)), left.get(target))
            for write, target, result in zip(writes, targets, applied.results, strict=True)
        ]

    def _companies(self, layout: Layout, writes: Sequence[Write]) -> accounts.Companies:
        if layout.kind is not Kind.CONTACT or writes[0].op is Op.DELETE:
            return accounts.Companies()
        return accounts.look_up(self._client, layout, writes, lambda: self._layouts.account_rights(self._client))

    def _learn_series(self, layout: Layout, targets: Sequence[str]) -> None:
        """Which events belong to a Salesforce series; the look before an update mostly told already (SF-102)."""
        unknown = [target for target in targets if target not in self._in_series]
        if layout.kind is Kind.EVENT and unknown:
            list(self._read(reading.by_id(layout, unknown)))

    def _read(self, statements: Sequence[str]) -> list[Row]:
        try:
            rows = list(reading.rows_of(self._client, statements))
        except ServiceError as error:
            if error.code == FIELD_NOT_KNOWN:
                self._layouts.forget(self._client.username)
            raise
        self._note(rows)
        return rows

    def _note(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._in_series[row["Id"]] = bool(row.get("IsRecurrence2"))
            if row.get("IsPersonAccount") and row.get("AccountId"):
                self._people_ids[row["Id"]] = row["AccountId"]

    def _layout(self, kind: Kind) -> Layout:
        afresh = kind not in self._looked_up
        self._looked_up.add(kind)
        return self._layouts.pointing(self._client, kind, self._pointed().get(kind, ()), afresh=afresh)

    def _no_key(self, layout: Layout) -> AccessLost:
        self._layouts.forget(self._client.username)
        return reading.keyless(self._client.username, layout)


def _key_of(write: Write) -> UUID:
    if write.key is None:
        raise ValueError("a create needs a key (D-3)")
    return write.key


def _target_of(write: Write) -> str:
    if write.target is None:
        raise ValueError(f"{write.op.value} needs a target")
    return write.target


def _not_as_series(problem: Problem, row: Mapping[str, Any]) -> bool:
    """Whether the event is to be made without its pattern: what else may be wrong, the second attempt tells."""
    return event_series.PATTERN in row and row_result(problem) is Result.REFUSED


def _created(answer: Answer[Record], username: str) -> Answer[Record]:
    """One in the Recycle Bin was deleted by a person, and is nothing to bind to (D-3).

    A record that was made, or is there, but does not show to the user is bound to nothing, and told to a person.
    """
    if answer.stored is not None and answer.result is Result.EXISTS and answer.stored.in_bin:
        return replace(answer, stored=None)
    if answer.stored is not None or answer.result not in (Result.OK, Result.EXISTS):
        return answer
    happened = "saved the record" if answer.result is Result.OK else f"has the record already ({answer.message})"
    text = f"Salesforce {happened} but does not show it to {username}: check sharing rules and who owns it."
    return Answer(answer.id, Result.REFUSED, None, answer.code or "NOT_VISIBLE", text)


def _deleted(answer: Answer[Record], left: Row | None) -> Answer[Record]:
    """A deletion is done when the row lies in the bin; what merely does not show may live on (SF-088)."""
    if answer.result is Result.OK:
        return Answer(answer.id, Result.OK)
    if answer.result is Result.GONE and (left is None or not left["IsDeleted"]) and answer.code != "ENTITY_IS_DELETED":
        text = f"Salesforce does not show this record to the user any more ({answer.message}); it was not deleted."
        return Answer(answer.id, Result.REFUSED, None, answer.code, text)
    return Answer(answer.id, answer.result, None, answer.code, answer.message, answer.fields)
