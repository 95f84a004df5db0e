"""What belongs to the dirty things of a user: the closure of items, links, lines, records and meetings (D-11).

Every step asks only for what is new, and the steps repeat until nothing new turns up: a dirty occurrence brings its
whole series, a dirty newcomer everything that could be the same person or meeting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend.domain.identity import natural_key, strong_key
from backend.domain.recurrence import Series, same_rhythm
from backend.domain.values import Kind, Values
from backend.storage import todos
from backend.storage.reading_rows import (
    ITEM,
    LINE,
    LINK,
    MEETING,
    RECORD,
    to_item,
    to_line,
    to_link,
    to_meeting,
    to_record,
    to_series,
)
from backend.storage.statements import IDS, look_up
from backend.storage.stored_values import Decoder
from backend.storage.tables import crm_record, crm_scope, line, link, mailbox_item, meeting, series
from backend.sync.state import EVERYTHING, Line, Link, Meeting, MeetingState, Presence, SeenItem, SeenRecord, Todo

_USER: sa.BindParameter[int] = sa.bindparam("user")
_KIND: sa.BindParameter[str] = sa.bindparam("of_kind")
_item, _link, _record = mailbox_item.c, link.c, crm_record.c

_ITEMS = sa.select(*ITEM).where(_item.user_id == _USER, _item.kind == _KIND)
_ITEMS_BY_ID = _ITEMS.where(_item.mailbox_id.in_(IDS))
_ITEMS_BY_UID = _ITEMS.where(_item.uid.in_(IDS))
_ITEMS_BY_STRONG = _ITEMS.where(_item.strong_key.in_(IDS))
_ITEMS_BY_NATURAL = _ITEMS.where(_item.natural_key.in_(IDS))

_LINKS = sa.select(*LINK).where(_link.user_id == _USER, _link.kind == _KIND)
_LINKS_BY_ITEM = _LINKS.where(_link.mailbox_id.in_(IDS))
_LINKS_BY_KEY = _LINKS.where(_link.key.in_(IDS))
_LINKS_BY_LINE = _LINKS.where(_link.line_id.in_(IDS))

_LINES_BY_ID = sa.select(*LINE).where(line.c.id.in_(IDS))
_LINES_BY_RECORD = sa.select(*LINE).where(line.c.kind == _KIND, line.c.crm_id.in_(IDS))
_LINES_BY_KEY = sa.select(*LINE).where(line.c.key.in_(IDS))

_RECORDS = sa.select(*RECORD).where(_record.kind == _KIND)
_RECORDS_BY_ID = _RECORDS.where(_record.crm_id.in_(IDS))
_RECORDS_BY_TAG = _RECORDS.where(_record.key_tag.in_(IDS))
_RECORDS_BY_STRONG = _RECORDS.where(_record.strong_key.in_(IDS))
_RECORDS_BY_NATURAL = _RECORDS.where(_record.natural_key.in_(IDS))
_OWN_RECORDS_BY_NATURAL = _RECORDS_BY_NATURAL.where(
    _record.owner_id == sa.bindparam("owner"), _record.is_child.is_(sa.false())
)
_IN_SCOPE = sa.select(crm_scope.c.crm_id).where(crm_scope.c.user_id == _USER, crm_scope.c.kind == _KIND)

_SERIES = sa.select(series).where(series.c.user_id == _USER).order_by(series.c.mailbox_id)
_MEETINGS_BY_UID = sa.select(*MEETING).where(meeting.c.uid.in_(IDS))
_MEETINGS_BY_LINE = sa.select(*MEETING).where(meeting.c.line_id.in_(IDS))


class Closure:
    """Collects what one plan looks at. `owner`: the user's Salesforce id, whose events may match (D-14)."""

    def __init__(self, connection: sa.Connection, user_id: int, kind: Kind, owner: str, decode: Decoder) -> None:
        self.connection = connection
        self.kind = kind
        self.decode = decode
        self.items: dict[str, SeenItem] = {}
        self.records: dict[str, SeenRecord] = {}
        self.links: dict[UUID, Link] = {}
        self.lines: dict[UUID, Line] = {}
        self.meetings: dict[UUID, Meeting] = {}
        self._all_ours = False
        self._series: dict[str, Series] | None = None
        self._parameters = {"user": user_id, "of_kind": kind.value, "owner": owner}
        self._asked: dict[sa.Select[Any], set[str]] = {}

    def gather(self, marks: Iterable[Todo]) -> None:
        """Loads the marked things and all that belongs to them."""
        by_side: dict[str, list[str]] = {}
        for mark in marks:
            by_side.setdefault(mark.side, []).append(mark.ref)
        if EVERYTHING in by_side:
            self._everything()
        self._load_items(_ITEMS_BY_ID, by_side.get(todos.MAILBOX, ()))
        self._load_links(_LINKS_BY_ITEM, by_side.get(todos.MAILBOX, ()))
        self._load_records(_RECORDS_BY_ID, by_side.get(todos.CRM, ()))
        self._load_lines(_LINES_BY_RECORD, by_side.get(todos.CRM, ()))
        self._load_items(_ITEMS_BY_UID, by_side.get(todos.MEETING, ()))
        self._load_meetings(_MEETINGS_BY_UID, by_side.get(todos.MEETING, ()))
        size = -1
        while size != (size := self._size()):
            self._follow()

    def living_meetings(self) -> dict[tuple[str, str], Meeting]:
        """Meetings by UID and original start; a past one only where no living one has its place."""
        ordered = sorted(self.meetings.values(), key=lambda entry: entry.state is not MeetingState.PAST)
        return {(entry.uid, entry.original_start): entry for entry in ordered}

    def _size(self) -> int:
        return len(self.items) + len(self.records) + len(self.links) + len(self.lines) + len(self.meetings)

    def _everything(self) -> None:
        self._all_ours = True
        for row in self.connection.execute(_ITEMS, self._parameters):
            self._keep_item(row)
        for row in self.connection.execute(_LINKS, self._parameters):
            self._keep_link(row)
        scope = self.connection.execute(_IN_SCOPE, self._parameters).scalars()
        self._load_records(_RECORDS_BY_ID, scope)

    def _follow(self) -> None:
        """One round along every relation."""
        items, links = self.items.values(), self.links.values()
        lines, records = self.lines.values(), self.records.values()
        self._load_links(_LINKS_BY_ITEM, self.items)
        self._load_links(_LINKS_BY_LINE, _texts(self.lines))
        self._load_links(_LINKS_BY_KEY, (str(entry.key_tag) for entry in items if entry.key_tag))
        self._load_items(_ITEMS_BY_ID, (entry.mailbox_id for entry in links if entry.mailbox_id))
        self._load_lines(_LINES_BY_ID, (str(entry.line_id) for entry in links))
        self._load_lines(_LINES_BY_RECORD, self.records)
        self._load_lines(_LINES_BY_KEY, (str(entry.key_tag) for entry in records if entry.key_tag))
        self._load_records(_RECORDS_BY_ID, (entry.crm_id for entry in lines if entry.crm_id))
        self._load_records(_RECORDS_BY_TAG, (str(entry.key) for entry in lines if entry.crm_id is None))
        if self.kind is Kind.EVENT:
            self._load_meetings(_MEETINGS_BY_UID, (entry.uid for entry in items if entry.uid))
            self._load_meetings(_MEETINGS_BY_LINE, _texts(self.lines))
            self._load_meetings(_MEETINGS_BY_UID, [entry.uid for entry in self.meetings.values()])
            self._load_lines(_LINES_BY_ID, (str(entry.line_id) for entry in self.meetings.values() if entry.line_id))
            self._kindred()
        self._candidates()

    def _kindred(self) -> None:
        """Series of the same rhythm as one that no row names: it may go on with what was cut off there (E-4)."""
        linked = {entry.mailbox_id for entry in self.links.values()}
        new = [entry for entry in self.items.values() if entry.series is not None and entry.mailbox_id not in linked]
        definitions = [entry.series for entry in new if entry.series is not None]
        if definitions and self._series is None:
            rows = self.connection.execute(_SERIES, self._parameters)
            self._series = {row.mailbox_id: to_series(row).definition for row in rows}
        alike = [
            mailbox_id
            for mailbox_id, known in (self._series or {}).items()
            if any(same_rhythm(known, definition) for definition in definitions)
        ]
        self._load_items(_ITEMS_BY_ID, alike)

    # --- candidates ------------------------------------------------------------------------------------------------

    def _candidates(self) -> None:
        """Everything by the same name as a newcomer, or as a pair that misses a side (D-13, D-14)."""
        strong: set[str] = set()
        natural: set[str] = set()
        for values in self._unpaired():
            if key := strong_key(self.kind, values):
                strong.add(key)
            if key := natural_key(self.kind, values):
                natural.add(key)
        self._load_items(_ITEMS_BY_STRONG, strong)
        self._load_items(_ITEMS_BY_NATURAL, natural)
        own = self.kind is Kind.EVENT
        self._load_records(_OWN_RECORDS_BY_NATURAL if own else _RECORDS_BY_NATURAL, natural)
        if not own:
            self._load_records(_RECORDS_BY_STRONG, strong)

    def _unpaired(self) -> list[Values]:
        by_item = {entry.mailbox_id for entry in self.links.values()}
        by_line = {entry.line_id for entry in self.links.values()}
        by_record = {entry.crm_id for entry in self.lines.values() if entry.id in by_line}
        found = [item.values for item in self.items.values() if item.mailbox_id not in by_item]
        found += [record.values for record in self.records.values() if record.crm_id not in by_record]
        for pair in self.links.values():
            if self._misses_a_side(pair):
                found += [shadow for shadow in (pair.shadow_mailbox, pair.shadow_crm) if shadow is not None]
                found += [side.values for side in self._sides(pair) if side is not None]
        return found

    def _sides(self, pair: Link) -> tuple[SeenItem | None, SeenRecord | None]:
        known = self.lines.get(pair.line_id)
        record = self.records.get(known.crm_id) if known is not None and known.crm_id else None
        return self.items.get(pair.mailbox_id or ""), record

    def _misses_a_side(self, pair: Link) -> bool:
        return any(side is None or side.presence is not Presence.HERE for side in self._sides(pair))

    # --- loading -----------------------------------------------------------------------------------------------------

    def _new(self, statement: sa.Select[Any], ids: Iterable[str]) -> Iterator[sa.Row[Any]]:
        asked = self._asked.setdefault(statement, set())
        wanted = set(ids) - asked
        asked |= wanted
        return look_up(self.connection, statement, wanted, **self._parameters)

    def _load_items(self, statement: sa.Select[Any], ids: Iterable[str]) -> None:
        if self._all_ours:
            return
        for row in self._new(statement, ids):
            self._keep_item(row)

    def _keep_item(self, row: sa.Row[Any]) -> None:
        if row.mailbox_id not in self.items:
            self.items[row.mailbox_id] = to_item(row, self.decode)

    def _load_links(self, statement: sa.Select[Any], ids: Iterable[str]) -> None:
        if self._all_ours:
            return
        for row in self._new(statement, ids):
            self._keep_link(row)

    def _keep_link(self, row: sa.Row[Any]) -> None:
        found = to_link(row, self.decode)
        self.links[found.id] = found

    def _load_lines(self, statement: sa.Select[Any], ids: Iterable[str]) -> None:
        for row in self._new(statement, ids):
            found = to_line(row)
            self.lines[found.id] = found

    def _load_records(self, statement: sa.Select[Any], ids: Iterable[str]) -> None:
        for row in self._new(statement, ids):
            if row.crm_id not in self.records:
                self.records[row.crm_id] = to_record(row, self.decode)

    def _load_meetings(self, statement: sa.Select[Any], ids: Iterable[str]) -> None:
        for row in self._new(statement, ids):
            found = to_meeting(row, self.decode)
            self.meetings[found.id] = found


def _texts(ids: Iterable[UUID]) -> list[str]:
    return [str(one) for one in ids]
