"""Both Salesforce ports over an `Org`: the integration user's view, and one user's.

Rows become visible late with an older stamp (SF-079); many rows share a stamp (SF-080); a key is unique, in the
Recycle Bin too; updates have no precondition (sync.md B.6); a deleted row is GONE, one that is nowhere is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from backend.domain.attendees import ATTENDEES
from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.field_view import SHOWN_AS, empty_of, parts_off, pointed, with_part
from backend.domain.people import Found
from backend.domain.values import FieldValue, Kind, Side, Values
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.crm import EVERY_RIGHT, NO_FIELDS, FieldAccess, NamedAccount, OrganisationPage, Record, Right
from backend.ports.errors import CursorExpired, Malformed
from backend.ports.mailbox import Probe
from tests.fakes.fake_mailbox import alike
from tests.fakes.org import Refused, Row
from tests.fakes.world import ApiWrite, FakeWorld

OVERLAP = timedelta(minutes=10)


def record_of(row: Row) -> Record:
    """A row as the ports show it."""
    return Record(
        id=row.id,
        version=row.stamp,
        values=dict(row.values),
        key_tag=row.key,
        owner_id=row.owner,
        modified_by=row.modified_by,
        last_modified=row.last_modified,
        created_at=row.created,
        activity_at=row.last_modified if row.kind is Kind.CONTACT else None,
        is_child=row.child,
        in_bin=row.in_bin,
        related=any(tie.related for tie in row.ties),
        raw={},
        further=dict(row.further),
        series=row.series,
    )


def verdict_of(row: Row | None, kind: Kind) -> Record | Verdict:
    """A row's state for one who asks by id."""
    if row is None or row.erased or row.kind is not kind:
        return Verdict.UNKNOWN
    return Verdict.GONE if row.in_bin else record_of(row)


@contextmanager
def _call(world: FakeWorld, operation: str) -> Iterator[str]:
    """One request: a step of the run; a fault may strike it before or after its effect."""
    fault = world.fault(operation)
    with world.fuel.step(operation):
        world.clock.tick()
        world.org.be_born()
        if fault is not None and fault.kind not in ("lost", "half"):
            raise fault.error()
        yield fault.kind if fault is not None else ""
        if fault is not None:
            raise fault.error()


def _due(row: Row, since: datetime | None) -> bool:
    """Whether a reading from a mark on shows a row; the overlap catches what was committed late (SF-079)."""
    return since is None or row.stamp >= since - OVERLAP


def _tagged(world: FakeWorld, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
    rows = [row for row in world.org.rows.values() if row.kind is kind and row.key in keys]
    return [record_of(row) for row in rows if not row.erased]


class FakeOrganisation:
    """`ports.crm.Organisation`."""

    page_size = 3

    def __init__(self, world: FakeWorld) -> None:
        self.world = world

    def identity(self) -> str:
        """See Organisation."""
        with _call(self.world, "organisation.identity"):
            return "00D000000000001AAA"

    def changes(
        self,
        mark: str | None,
        filter_fields: Sequence[str],
        *,
        followed: bool = False,
        invitees: bool = False,
        pointed: Mapping[Kind, Sequence[str]] = NO_FIELDS,
    ) -> Iterator[OrganisationPage]:
        """See Organisation. Pages are read one after the other: a row changed in between is seen as it is then."""
        org = self.world.org
        since = datetime.fromisoformat(mark) if mark else None
        if since is not None and org.purged_before is not None and since < org.purged_before:
            with _call(self.world, "organisation.changes"):
                raise CursorExpired("Older deletions can no longer be told.", code="INVALID_REPLICATION_DATE")
        started = self.world.clock.now().replace(microsecond=0)
        next_mark = max((row.stamp for row in org.rows.values() if row.stamp <= started), default=since or started)
        ids = [row.id for row in sorted(org.rows.values(), key=lambda row: (row.stamp, row.id)) if _due(row, since)]
        batches = [ids[at : at + self.page_size] for at in range(0, len(ids), self.page_size)] or [[]]
        for number, batch in enumerate(batches, 1):
            with _call(self.world, "organisation.changes"):
                page = self._page(batch, next_mark if number == len(batches) else None, first_time=mark is None)
                if followed and page.mark is not None:
                    page = replace(page, followed=self._followed(since), all_followed=mark is None)
                if invitees and page.mark is not None:
                    page = replace(page, asked=org.asked())
            yield page

    def _followed(self, since: datetime | None) -> frozenset[tuple[str, str]]:
        made = self.world.org.followed.items()
        return frozenset(pair for pair, moment in made if since is None or moment >= since - OVERLAP)

    def _page(self, ids: Sequence[str], mark: datetime | None, *, first_time: bool) -> OrganisationPage:
        rows = [row for row in (self.world.org.rows[id] for id in ids) if not row.erased]
        return OrganisationPage(
            {kind: tuple(record_of(row) for row in rows if row.kind is kind and row.alive) for kind in Kind},
            {kind: tuple(row.id for row in rows if row.kind is kind and row.in_bin) for kind in Kind},
            {},
            tuple(self.world.org.users.values()) if mark is not None and first_time else (),
            mark.isoformat() if mark is not None else None,
        )

    def fetch(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Record | Verdict]:
        """See Organisation."""
        with _call(self.world, "organisation.fetch"):
            return {id: verdict_of(self.world.org.rows.get(id), kind) for id in ids}

    def find_tagged(self, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
        """See Organisation."""
        with _call(self.world, "organisation.find_tagged"):
            return _tagged(self.world, kind, keys)


class FakeCrm:
    """`ports.crm.Crm` as one user, who sees everything but what the organisation's `unseen` names."""

    batch_size = 200

    def __init__(self, world: FakeWorld, user: str) -> None:
        self.world = world
        self.user = user

    @classmethod
    def of(cls, world: FakeWorld, user_id: int) -> FakeCrm:
        """Salesforce as a person who syncs."""
        return cls(world, world.people[user_id].crm_user_id)

    def rights(self, kind: Kind) -> frozenset[Right]:
        """See Crm; known from the answer of describe, so no request of its own."""
        return EVERY_RIGHT - self.world.org.denied.get((self.user, kind), frozenset())

    def fetch(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Record | Verdict]:
        """See Crm."""
        with _call(self.world, "crm.fetch"):
            unseen = self.world.org.unseen.get(self.user, set())
            rows = {id: None if id in unseen else self.world.org.rows.get(id) for id in ids}
            return {id: verdict_of(row, kind) for id, row in rows.items()}

    def find_tagged(self, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
        """See Crm."""
        with _call(self.world, "crm.find_tagged"):
            return _tagged(self.world, kind, keys)

    def find_like(self, kind: Kind, probes: Sequence[Probe]) -> Mapping[UUID, list[Record]]:
        """See Crm."""
        with _call(self.world, "crm.find_like"):
            mine = [row for row in self.world.org.living(kind) if kind is Kind.CONTACT or row.owner == self.user]
            return {
                probe.id: [record_of(row) for row in mine if alike(kind, probe.values, row.values)] for probe in probes
            }

    def series_rows(self, events: Sequence[str]) -> Mapping[str, Sequence[Record]]:
        """See Crm."""
        if not events:
            return {}
        with _call(self.world, "crm.series_rows"):
            rows = self.world.org.rows
            series = {event: rows[event].series for event in events if event in rows}
            return {
                event: [record_of(row) for row in rows.values() if row.series == name and name and not row.erased]
                for event, name in series.items()
            }

    def find_people(self, addresses: Sequence[str], events: Sequence[str]) -> Found:
        """See Crm."""
        with _call(self.world, "crm.find_people"):
            return self.world.org.found(addresses, events)

    def access(self, kind: Kind, field_map: FieldMap = STANDARD) -> FieldAccess:
        """See Crm."""
        return FieldAccess()

    def readable(self, ids: Sequence[str]) -> frozenset[str]:
        """See Crm: everybody sees everything."""
        return frozenset(ids)

    def near_accounts(self, companies: Sequence[str]) -> Mapping[str, Sequence[NamedAccount]]:
        """See Crm. This organisation has no accounts: the company is a text of the contact."""
        return dict.fromkeys(companies, ())

    def write(self, writes: Sequence[Write]) -> list[Answer[Record]]:
        """See Crm."""
        if len(writes) > self.batch_size or len({(write.kind, write.op) for write in writes}) > 1:
            raise Malformed("A collection takes two hundred rows of one kind and one operation.", code="400")
        with _call(self.world, "crm.write") as fault:
            applied = writes[: len(writes) // 2] if fault == "half" else writes
            return [self._apply(write) for write in applied]

    def _apply(self, write: Write) -> Answer[Record]:
        org = self.world.org
        row = org.locked(write.target) if write.target in org.rows else None
        if write.op is not Op.CREATE and (row is None or not row.alive):
            return Answer(write.id, Result.GONE, code="ENTITY_IS_DELETED", message="entity is deleted")
        if write.op is Op.CREATE:
            taken = self._holder_of(write.key)
            if taken is not None:
                found = None if taken.in_bin else record_of(taken)
                message = "duplicate value found: Lockstep_Key__c"
                return Answer(write.id, Result.EXISTS, found, "DUPLICATE_VALUE", message)
        try:
            return self._commit(write, row)
        except Refused as refusal:
            return Answer(write.id, Result.REFUSED, None, refusal.code, refusal.message, refusal.fields)

    def _holder_of(self, key: UUID | None) -> Row | None:
        rows = self.world.org.rows.values()
        return next((row for row in rows if key is not None and row.key == key and not row.erased), None)

    def _commit(self, write: Write, row: Row | None) -> Answer[Record]:
        org = self.world.org
        before = dict(row.values) if row is not None else {}
        asked = write.values
        write = replace(write, values=standard_values(write, before))
        if write.op is not Op.DELETE:
            org.accepted(write.kind, write.values, before)
        if row is not None and row.series and write.values.keys() - {ATTENDEES} and not write.in_series:
            return Answer(write.id, Result.REFUSED, None, "EVENT_SERIES", "It belongs to a repeating Salesforce event.")
        self.world.about_to(
            ApiWrite(Side.CRM, self.user, write.kind, write.op, write.target, write.key, write.values, before)
        )
        if row is None:
            made = org.insert(write.kind, write.values, write.owner or self.user, self.user, write.key)
            made.by_api = True
            _fill(made, write.field_map, asked)
            if write.people is not None:
                org.tie(made, write.people)
            if write.pattern and org.series_allowed:
                org.repeat(made, write.pattern)
            return Answer(write.id, Result.OK, record_of(made))
        if write.op is Op.DELETE:
            row.in_bin = True
            org.stamp(row)
            return Answer(write.id, Result.OK)
        if write.people is not None:
            org.tie(row, write.people)
        values = {group: value for group, value in write.values.items() if group != ATTENDEES}
        if asked.keys() - {ATTENDEES}:
            org.change_series(row, values, self.user)
            _fill(row, write.field_map, asked)
        return Answer(write.id, Result.OK, record_of(row))


def standard_values(write: Write, before: Values) -> dict[str, FieldValue]:
    """What a write puts into the standard fields: parts that are off or go elsewhere stay as they were."""
    elsewhere = [row for row, _ in pointed(write.kind, write.field_map)]
    values = {
        group: value for group, value in write.values.items()
        if group not in {row.group for row in elsewhere if row.part is None}
    }  # fmt: skip
    for row in (*elsewhere, *parts_off(write.kind, write.field_map)):
        if row.part is not None and row.group in values:
            kept = getattr(before.get(row.group), row.part, None)
            values[row.group] = with_part(values[row.group] or empty_of(row.group), row.part, kept)
    return values


_NAMES = {value: name for name, value in SHOWN_AS.items()}


def _fill(row: Row, field_map: FieldMap, values: Values) -> None:
    for field, name in pointed(row.kind, field_map):
        if field.group in values and name.casefold() in row.further:
            value = values[field.group]
            text = getattr(value, field.part, None) if field.part else value
            row.further[name.casefold()] = text.isoformat() if isinstance(text, date) else _NAMES.get(text, text)
