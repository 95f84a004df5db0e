"""The mirror of Salesforce, once for the whole organisation, and who has which record in scope (D-10, D-11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from backend.domain.codec import decode_values
from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.field_view import crm_view
from backend.domain.identity import natural_key, strong_key
from backend.domain.values import EMPTY, Kind
from backend.storage import namesakes, todos
from backend.storage.configuration_codec import decode_settings
from backend.storage.statements import IDS, insert_missing, look_up, run_many, upsert
from backend.storage.tables import crm_record, crm_scope, line, link, user_state
from backend.storage.work import Work, agrees
from backend.sync.state import Presence, SeenRecord

_record = crm_record.c
_STORED = (
    sa.select(crm_record)
    .where(_record.kind == sa.bindparam("of_kind"), _record.crm_id.in_(IDS))
    .order_by(_record.crm_id)
    .with_for_update()  # what is compared here must not change before it is written (PostgreSQL)
)
_SCOPES = sa.select(crm_scope.c.user_id, crm_scope.c.crm_id).where(
    crm_scope.c.kind == sa.bindparam("of_kind"), crm_scope.c.crm_id.in_(IDS)
)
_LINES_BY_RECORD = sa.select(line.c.id, line.c.crm_id, line.c.key).where(
    line.c.kind == sa.bindparam("of_kind"), line.c.crm_id.in_(IDS)
)
_LINES_BY_KEY = sa.select(line.c.id, line.c.crm_id, line.c.key).where(line.c.key.in_(IDS))
_LINKS = sa.select(link.c.id, link.c.user_id, link.c.line_id, link.c.state, link.c.shadow_crm).where(
    link.c.line_id.in_(IDS)
)
_SETTINGS = sa.select(user_state.c.user_id, sa.cast(user_state.c.applied, sa.Text).label("applied")).where(
    user_state.c.user_id.in_(IDS)
)
_TOUCH = (
    sa.update(crm_record)
    .where(_record.kind == sa.bindparam("of_kind"), _record.crm_id == sa.bindparam("id_of_record"))
    .values(
        version=sa.bindparam("new_version"),
        modified_by=sa.bindparam("new_modified_by"),
        activity_at=sa.bindparam("new_activity_at"),
    )
)
_ASKED = (
    sa.update(crm_record)
    .where(_record.kind == Kind.EVENT.value, _record.crm_id == sa.bindparam("id_of_record"))
    .values(asked=sa.bindparam("addresses"))
)
_HOLDERS = (
    sa.select(link.c.user_id, line.c.crm_id)
    .join(line, line.c.id == link.c.line_id)
    .where(line.c.kind == Kind.EVENT.value, line.c.crm_id.in_(IDS))
)
_FORGET = sa.delete(crm_record).where(
    _record.kind == sa.bindparam("of_kind"), _record.crm_id == sa.bindparam("id_of_record")
)
_LEAVE = sa.delete(crm_scope).where(
    crm_scope.c.user_id == sa.bindparam("user"),
    crm_scope.c.kind == sa.bindparam("of_kind"),
    crm_scope.c.crm_id == sa.bindparam("id_of_record"),
)


@dataclass
class _Pairing:
    """One user's link to the record's line, as this commit leaves it."""

    user_id: int
    state: str
    shadow: Any
    answered: bool


@dataclass
class _Seen:
    """A record as reported (or only its new scope), the row it meets, who had and has it in scope, who links it."""

    crm_id: str
    record: SeenRecord | None
    row: Any
    before: frozenset[int]
    after: frozenset[int]
    changed: bool
    has_line: bool = False
    pairings: list[_Pairing] = field(default_factory=list)

    @property
    def wanted(self) -> bool:
        """Whether anybody has a reason for us to keep the record."""
        return bool(self.after) or self.has_line


def store_records(work: Work) -> None:
    """Upserts `Changes.records` and `Changes.scopes`, and gathers marks for the users concerned."""
    for kind in Kind:
        records = _newest(record for record_kind, record in work.changes.records if record_kind is kind)
        scopes = {crm_id: users for scope_kind, crm_id, users in work.changes.scopes if scope_kind is kind}
        if records or scopes:
            _store_kind(work, kind, records, scopes)


def store_asked(work: Work) -> None:
    """Keeps whom Salesforce invites to events; marks the event for those who have it in scope or link it."""
    asked = {crm_id: sorted(addresses) for crm_id, addresses in work.changes.asked}
    if not asked:
        return
    known = {row.crm_id: row for row in look_up(work.connection, _STORED, asked, of_kind=Kind.EVENT.value)}
    news = [crm_id for crm_id, row in known.items() if row.asked != asked[crm_id]]
    run_many(work.connection, _ASKED, [{"id_of_record": crm_id, "addresses": asked[crm_id]} for crm_id in news])
    holders = [*look_up(work.connection, _HOLDERS, news), *look_up(work.connection, _SCOPES, news, of_kind="event")]
    work.marks.update((row.user_id, Kind.EVENT.value, todos.CRM, row.crm_id) for row in holders)


def _newest(records: Iterable[SeenRecord]) -> dict[str, SeenRecord]:
    newest: dict[str, SeenRecord] = {}
    for record in records:
        other = newest.get(record.crm_id)
        if other is None or record.version >= other.version:
            newest[record.crm_id] = record
    return newest


def _store_kind(work: Work, kind: Kind, records: dict[str, SeenRecord], scopes: dict[str, frozenset[int]]) -> None:
    of_kind = {"of_kind": kind.value}
    ids = records.keys() | scopes.keys()
    rows = {row.crm_id: row for row in look_up(work.connection, _STORED, ids, **of_kind)}
    before: dict[str, set[int]] = defaultdict(set)
    for scope in look_up(work.connection, _SCOPES, ids, **of_kind):
        before[scope.crm_id].add(scope.user_id)
    seen = []
    for crm_id in sorted(ids):
        record, row = records.get(crm_id), rows.get(crm_id)
        if record is not None and row is not None and record.version < row.version:
            continue  # read before the stored version was: neither content nor scope is news (INV-21)
        record = _completed(record, row)
        had = frozenset(before[crm_id])
        changed = record is not None and (row is None or not _same(work, record, row))
        seen.append(_Seen(crm_id, record, row, had, scopes.get(crm_id, had), changed))
    _add_lines(work, kind, seen)
    maps = _field_maps(work, kind, seen)
    _write(work, kind, seen)
    _write_scopes(work, kind, seen)
    for entry in seen:
        _mark(work, kind, entry, maps)
    if kind is Kind.CONTACT:
        namesakes.wake(work, (given_up for entry in seen if entry.changed for given_up in _given_up(entry)))


def _given_up(entry: _Seen) -> Iterator[tuple[int, str]]:
    """The address that a record had and has no longer, for everybody who links it."""
    before = None if entry.row is None else entry.row.strong_key
    values = EMPTY if entry.record is None else entry.record.values
    if before is not None and before != strong_key(Kind.CONTACT, values):
        yield from ((pairing.user_id, before) for pairing in entry.pairings)


def _field_maps(work: Work, kind: Kind, seen: list[_Seen]) -> dict[int, FieldMap]:
    """Field maps of users who link records that hold more than the standard fields."""
    users = {pairing.user_id for entry in seen if entry.record and entry.record.further for pairing in entry.pairings}
    rows = look_up(work.connection, _SETTINGS, users)
    return {row.user_id: decode_settings(row.applied).of(kind).field_map for row in rows if row.applied is not None}


def _completed(record: SeenRecord | None, row: Any) -> SeenRecord | None:
    """The record with what its reader may not see, as others saw it: hidden from one is deleted for nobody (D-16)."""
    if record is None or row is None or not record.hidden or row.values is None:
        return record
    known = {group: value for group, value in decode_values(row.values).items() if group in record.hidden}
    fields = {name: text for name, text in (row.further or {}).items() if name in record.hidden}
    if not known and not fields:
        return record
    return replace(record, values={**record.values, **known}, further={**record.further, **fields})


def _same(work: Work, record: SeenRecord, row: Any) -> bool:
    if record.presence is not Presence.HERE:
        return bool(record.presence.value == row.presence)
    return (
        row.presence == Presence.HERE.value
        and _circumstances(record) == (row.owner_id, row.is_child, row.problem)
        and row.key_tag == (None if record.key_tag is None else str(record.key_tag))
        and row.last_modified == record.last_modified
        and row.values == work.encode.json(record.values)
        and (row.further or {}) == record.further
        and record.series in (None, row.series)
    )


def _circumstances(record: SeenRecord) -> tuple[str | None, bool, str | None]:
    return record.owner_id, record.is_child, record.problem


def _add_lines(work: Work, kind: Kind, seen: list[_Seen]) -> None:
    """Finds lines and links of what changed, or is kept for the sake of a line only."""
    open_cases = [entry for entry in seen if not entry.after or entry.after != entry.before or entry.changed]
    by_id = {entry.crm_id: entry for entry in open_cases}
    by_key = {
        str(entry.record.key_tag): entry for entry in open_cases if entry.record and entry.record.key_tag is not None
    }
    lines: dict[str, _Seen] = {}
    known = [(str(changed.id), changed.crm_id, str(changed.key)) for changed in work.changes.lines]
    known += [tuple(row) for row in look_up(work.connection, _LINES_BY_RECORD, by_id, of_kind=kind.value)]
    known += [tuple(row) for row in look_up(work.connection, _LINES_BY_KEY, by_key)]
    for line_id, crm_id, key in known:
        entry = by_id.get(crm_id or "") or by_key.get(key)
        if entry is not None:
            entry.has_line = True
            lines[line_id] = entry
    _add_pairings(work, lines)


def _add_pairings(work: Work, lines: dict[str, _Seen]) -> None:
    answered = {str(changed.id): changed for changed in work.changes.links}
    for changed in answered.values():
        entry = lines.get(str(changed.line_id))
        if entry is not None:
            entry.pairings.append(_Pairing(changed.user_id, changed.state.value, changed.shadow_crm, True))
    for row in look_up(work.connection, _LINKS, lines):
        if row.id not in answered:
            shadow = None if row.shadow_crm is None else decode_values(row.shadow_crm)
            lines[row.line_id].pairings.append(_Pairing(row.user_id, row.state, shadow, False))


def _write(work: Work, kind: Kind, seen: list[_Seen]) -> None:
    written: list[dict[str, Any]] = []
    touched: list[dict[str, Any]] = []
    forgotten: list[dict[str, Any]] = []
    for entry in seen:
        place = {"of_kind": kind.value, "id_of_record": entry.crm_id}
        record, row = entry.record, entry.row
        if not entry.wanted:
            if row is not None:
                forgotten.append(place)
        elif record is None:
            continue
        elif entry.changed:
            written.append(_row(work, kind, record, row))
        elif _is_news(record, row):
            touched.append(place | _touch(record, row))
    upsert(work.connection, crm_record, written, newest="version")
    run_many(work.connection, _TOUCH, touched)
    run_many(work.connection, _FORGET, forgotten)


def _is_news(record: SeenRecord, row: Any) -> bool:
    """Whether a record with the same values brings anything to store: most rows of a whole reading do not."""
    return record.version > row.version or record.activity_at not in (None, row.activity_at)


def _touch(record: SeenRecord, row: Any) -> dict[str, Any]:
    return {
        "new_version": record.version,
        "new_modified_by": record.modified_by or row.modified_by,
        "new_activity_at": record.activity_at or row.activity_at,
    }


def _row(work: Work, kind: Kind, record: SeenRecord, row: Any) -> dict[str, Any]:
    here = record.presence is Presence.HERE
    kept = None if here else row
    return {
        "kind": kind.value,
        "crm_id": record.crm_id,
        "presence": record.presence.value,
        "version": record.version,
        "values": work.encode.text(record.values) if here else None,
        "further": dict(record.further) if here and record.further else None,
        "key_tag": str(record.key_tag) if record.key_tag else (kept.key_tag if kept else None),
        "owner_id": record.owner_id or (kept.owner_id if kept else None),
        "modified_by": record.modified_by,
        "last_modified": record.last_modified,
        "created_at": record.created_at or (kept.created_at if kept else None),
        "activity_at": record.activity_at,
        "is_child": record.is_child,
        "strong_key": strong_key(kind, record.values) if here else None,
        "natural_key": natural_key(kind, record.values) if here else None,
        "problem": record.problem,
        "series": record.series or (row.series if row is not None else None),  # no event ever leaves its series
    }


def _mark(work: Work, kind: Kind, entry: _Seen, maps: Mapping[int, FieldMap]) -> None:
    """Marks the record for whom a change concerns: users with scope before or after, and users who link it."""
    agreed = {pairing.user_id for pairing in entry.pairings if _echo(kind, entry, pairing, maps)}
    concerned = (entry.after - entry.before) - agreed | (entry.before - entry.after)
    if entry.changed:
        linked = {pairing.user_id for pairing in entry.pairings}
        concerned |= (linked | entry.before | entry.after) - agreed
    work.marks.update((user, kind.value, todos.CRM, entry.crm_id) for user in concerned)


def _echo(kind: Kind, entry: _Seen, pairing: _Pairing, maps: Mapping[int, FieldMap]) -> bool:
    record, row = entry.record, entry.row
    if record is None or record.presence is not Presence.HERE:
        return False
    if not pairing.answered and (
        row is None
        or row.presence != Presence.HERE.value
        or _circumstances(record) != (row.owner_id, row.is_child, row.problem)
        or record.further.keys() != (row.further or {}).keys()  # what does not show is not compared, so it waited
    ):
        return False
    values = crm_view(kind, maps.get(pairing.user_id, STANDARD), record.values, record.further)
    return agrees(pairing.state, pairing.shadow, values)


def _write_scopes(work: Work, kind: Kind, seen: list[_Seen]) -> None:
    entered = [(user, entry.crm_id) for entry in seen for user in entry.after - entry.before]
    left = [(user, entry.crm_id) for entry in seen for user in entry.before - entry.after]
    insert_missing(
        work.connection,
        crm_scope,
        [{"user_id": user, "kind": kind.value, "crm_id": crm_id} for user, crm_id in sorted(entered)],
    )
    run_many(
        work.connection,
        _LEAVE,
        [{"user": user, "of_kind": kind.value, "id_of_record": crm_id} for user, crm_id in sorted(left)],
    )
