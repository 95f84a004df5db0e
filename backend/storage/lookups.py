"""Single questions of the engine to its memory; each returns values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend.domain.values import Kind, Side
from backend.ports.answers import Op
from backend.storage.reading_rows import INTENT, LINE, LINK, MEETING, to_intent, to_line, to_link, to_meeting
from backend.storage.statements import IDS, database_time, look_up
from backend.storage.stored_values import Decoder
from backend.storage.tables import (
    crm_record,
    event_person,
    intent,
    line,
    link,
    mailbox_item,
    meeting,
    note,
    organisation,
    series,
    stream,
    sync_lease,
    user_state,
)
from backend.sync import limit
from backend.sync.orphans import PATIENCE
from backend.sync.state import (
    FOLDER_GONE,
    Intent,
    IntentState,
    Line,
    Link,
    LinkState,
    Meeting,
    MeetingState,
    Note,
    Presence,
    Ref,
    Stream,
    Todo,
)

_USER: sa.BindParameter[int] = sa.bindparam("user")
_KIND: sa.BindParameter[str] = sa.bindparam("of_kind")
_item = mailbox_item.c
_OF_USER = (_item.user_id == _USER, _item.kind == _KIND)
_NOT_GONE = _item.presence != Presence.GONE.value
_KNOWN = sa.select(_item.mailbox_id).where(
    *_OF_USER, _NOT_GONE, _item.generation < FOLDER_GONE, _item.mailbox_id.in_(IDS)
)
_UNSEEN = (
    sa.select(_item.mailbox_id)
    .where(*_OF_USER, _NOT_GONE, _item.generation < sa.bindparam("listing"))
    .order_by(_item.mailbox_id)
)
_SUSPECTS = (
    sa.select(_item.mailbox_id)
    .where(*_OF_USER, _item.presence == Presence.UNKNOWN.value, _item.problem.is_(None))
    .order_by(_item.mailbox_id)
)
_MIRRORED = sa.select(sa.func.count()).where(*_OF_USER, _item.presence == Presence.HERE.value)
_STRANDED = (
    sa.select(_item.mailbox_id)
    .select_from(mailbox_item)
    .join(
        link,
        sa.and_(link.c.user_id == _item.user_id, link.c.kind == _item.kind, link.c.mailbox_id == _item.mailbox_id),
    )
    .where(*_OF_USER, _item.generation == FOLDER_GONE, _NOT_GONE)
    .order_by(_item.mailbox_id)
)
_STREAM = sa.select(stream).where(stream.c.user_id == _USER, stream.c.kind == _KIND)
_FORGET_CURSOR = sa.update(stream).where(stream.c.user_id == _USER, stream.c.kind == _KIND).values(cursor=None)
_DUE = (
    sa.select(*INTENT)
    .where(
        intent.c.user_id == _USER,
        intent.c.kind == _KIND,
        intent.c.state.in_([IntentState.SENT.value, IntentState.PLANNED.value]),  # by the index, past all that is done
        sa.or_(
            intent.c.state == IntentState.SENT.value,
            sa.and_(
                intent.c.state == IntentState.PLANNED.value,
                sa.or_(intent.c.not_before.is_(None), intent.c.not_before <= sa.bindparam("now")),
            ),
        ),
    )
    .order_by(intent.c.created_at, intent.c.id)
)
_UNFINISHED = (
    sa.select(intent.c.user_id, intent.c.kind).where(sa.text("state IN ('planned', 'sent')")).distinct()
)  # as the partial index says it
_UNDER_WAY = (
    sa.select(_item.strong_key, _item.natural_key)
    .join(sync_lease, sync_lease.c.user_id == _item.user_id)
    .join(link, sa.and_(link.c.user_id == _item.user_id, link.c.kind == _KIND, link.c.mailbox_id == _item.mailbox_id))
    .join(intent, intent.c.link_id == link.c.id)
    .where(
        _item.user_id != _USER,
        _item.kind == _KIND,
        intent.c.side == Side.CRM.value,
        intent.c.op == Op.CREATE.value,
        sa.text("intent.state IN ('planned', 'sent')"),  # as the partial index says it
        sa.or_(intent.c.not_before.is_(None), intent.c.not_before <= sa.bindparam("now")),
        sync_lease.c.expires_at > database_time(sa.literal(0.0)),
    )
)
_CREATES_BEFORE = (
    sa.select(*INTENT)
    .where(
        intent.c.user_id == _USER,
        intent.c.state == IntentState.SUPERSEDED.value,
        intent.c.op == Op.CREATE.value,
        intent.c.link_id.in_(IDS),
    )
    .order_by(intent.c.created_at, intent.c.id)
)
_INTENT = sa.select(*INTENT).where(intent.c.id == sa.bindparam("intent"))
_LINKS = sa.select(*LINK).where(link.c.id.in_(IDS))
_LINKED_ITEMS = sa.select(link.c.id, link.c.mailbox_id, link.c.original_start).where(
    link.c.user_id == _USER, link.c.kind == _KIND, link.c.mailbox_id.in_(IDS)
)
_LINES_BY_ID = sa.select(*LINE).where(line.c.kind == _KIND, line.c.id.in_(IDS))
_LINES_BY_RECORD = sa.select(*LINE).where(line.c.kind == _KIND, line.c.crm_id.in_(IDS))
_MEETINGS_BY_LINE = sa.select(*MEETING).where(meeting.c.line_id.in_(IDS))
_MEETINGS_BY_UID = sa.select(*MEETING).where(meeting.c.uid.in_(IDS))
_OVER_LIMIT = (
    sa.select(note.c.side, note.c.ref)
    .where(note.c.user_id == _USER, note.c.kind == _KIND, note.c.code == limit.CODE)
    .order_by(note.c.at, note.c.ref)
)
_IN_STEP = sa.select(sa.func.count()).where(
    link.c.user_id == _USER, link.c.kind == _KIND, link.c.state == LinkState.LINKED.value
)
_LINKS_OF = sa.select(*LINK).where(link.c.line_id.in_(IDS)).order_by(link.c.id)
_USERS_OF_LINE = sa.select(link.c.user_id).where(link.c.line_id == sa.bindparam("line"))
_PLANNED_VERSION = sa.select(user_state.c.planned_version).where(user_state.c.user_id == _USER)
_LIVING_RECORD = (crm_record.c.kind == _KIND, crm_record.c.presence != Presence.GONE.value)
_KNOWN_RECORDS = sa.select(crm_record.c.crm_id, crm_record.c.version).where(
    *_LIVING_RECORD, crm_record.c.crm_id.in_(IDS)
)
_RECORD_IDS = sa.select(crm_record.c.crm_id).where(*_LIVING_RECORD)
_STALE_SERIES = (
    sa.select(series.c.mailbox_id)
    .where(series.c.user_id == _USER, series.c.expanded_until < sa.bindparam("before"))
    .order_by(series.c.mailbox_id)
)
_TIES = sa.select(event_person).where(event_person.c.line_id.in_(IDS))
_NOTED = (
    sa.select(note.c.user_id, note.c.side, note.c.ref, note.c.reason, note.c.title)
    .distinct()
    .select_from(
        note.join(
            link,
            sa.and_(link.c.user_id == note.c.user_id, link.c.kind == note.c.kind, link.c.mailbox_id == note.c.ref),
        ).join(line, line.c.id == link.c.line_id)
    )
    .where(
        note.c.kind == _KIND,
        note.c.side == Side.MAILBOX.value,
        note.c.code == sa.bindparam("code"),
        line.c.crm_id.in_(IDS),
    )
)
_ORPHANS = (
    sa.select(meeting.c.id)
    .join(link, link.c.line_id == meeting.c.line_id)
    .where(meeting.c.state == MeetingState.ORPHAN.value, link.c.user_id == _USER)
    .limit(1)
)
_RESTING = (
    sa.select(meeting.c.id)
    .join(series, series.c.uid == meeting.c.uid)
    .where(meeting.c.state == MeetingState.ORPHAN.value, meeting.c.line_id.is_(None), series.c.user_id == _USER)
    .where(meeting.c.orphan_runs < PATIENCE)
    .limit(1)
)
_MARK = sa.select(organisation.c.mark).where(organisation.c.id == 1)
_CYCLE = sa.select(organisation.c.cycle_at).where(organisation.c.id == 1)


def _whose(user_id: int, kind: Kind) -> dict[str, Any]:
    return {"user": user_id, "of_kind": kind.value}


def known(connection: sa.Connection, user_id: int, kind: Kind, ids: Iterable[str]) -> frozenset[str]:
    """Which of the ids are mirrored, not gone, and of no folder that was deleted."""
    return frozenset(row.mailbox_id for row in look_up(connection, _KNOWN, ids, **_whose(user_id, kind)))


def unseen(connection: sa.Connection, user_id: int, kind: Kind, generation: int) -> tuple[str, ...]:
    """Mirrored ids, not gone, that the listing of this generation did not show."""
    return tuple(connection.execute(_UNSEEN, _whose(user_id, kind) | {"listing": generation}).scalars())


def suspects(connection: sa.Connection, user_id: int, kind: Kind) -> tuple[str, ...]:
    """Mirrored ids of which a look could not tell what became of them."""
    return tuple(connection.execute(_SUSPECTS, _whose(user_id, kind)).scalars())


def mirrored(connection: sa.Connection, user_id: int, kind: Kind) -> int:
    """How many items are there."""
    return int(connection.execute(_MIRRORED, _whose(user_id, kind)).scalar_one())


def stranded_ids(connection: sa.Connection, user_id: int, kind: Kind) -> tuple[str, ...]:
    """Linked items that lay in a folder that was deleted, and were not seen since."""
    return tuple(connection.execute(_STRANDED, _whose(user_id, kind)).scalars())


def stream_of(connection: sa.Connection, user_id: int, kind: Kind) -> Stream | None:
    """Where the reading of the user's items of this kind stands."""
    row = connection.execute(_STREAM, _whose(user_id, kind)).one_or_none()
    if row is None:
        return None
    return Stream(
        row.user_id, Kind(row.kind), row.container, row.cursor, row.first, row.end, row.generation, row.listed_at
    )


def forget_cursor(connection: sa.Connection, user_id: int, kind: Kind) -> None:
    """Has the next pass list everything."""
    connection.execute(_FORGET_CURSOR, _whose(user_id, kind))


def has_orphans(connection: sa.Connection, user_id: int) -> bool:
    """Whether rows of the user's series are no longer included in them and wait, or new series wait for such rows."""
    return any(connection.execute(waiting, {"user": user_id}).first() for waiting in (_ORPHANS, _RESTING))


def planned_version(connection: sa.Connection, user_id: int) -> int:
    """Version of the settings that the last complete plan was made with; 0 before the first."""
    return int(connection.execute(_PLANNED_VERSION, {"user": user_id}).scalar() or 0)


def mark(connection: sa.Connection) -> str | None:
    """Where the next reading of the organisation starts; None: from the beginning."""
    return connection.execute(_MARK).scalar()


def served_cycle(connection: sa.Connection) -> datetime | None:
    """When the last cycle of the organisation was completed."""
    return connection.execute(_CYCLE).scalar()


def due_intents(connection: sa.Connection, user_id: int, kind: Kind, now: datetime) -> tuple[Intent, ...]:
    """Planned intents whose time has come, and sent ones that were never answered; oldest first."""
    decode = Decoder()
    rows = connection.execute(_DUE, _whose(user_id, kind) | {"now": now})
    return tuple(to_intent(row, decode) for row in rows)


def unfinished(connection: sa.Connection) -> frozenset[tuple[int, Kind]]:
    """Users with open intents, by kind."""
    return frozenset((row.user_id, Kind(row.kind)) for row in connection.execute(_UNFINISHED))


def creates_under_way(
    connection: sa.Connection, user_id: int, kind: Kind, keys: Iterable[str], now: datetime
) -> frozenset[tuple[str | None, str | None]]:
    """Strong and natural keys, of those asked for, of what running passes of other users are making records of."""
    wanted, whose = set(keys), _whose(user_id, kind) | {"now": now}
    rows = [*look_up(connection, _UNDER_WAY.where(_item.strong_key.in_(IDS)), wanted, **whose)]
    rows += look_up(connection, _UNDER_WAY.where(_item.natural_key.in_(IDS)), wanted, **whose)
    return frozenset((row.strong_key, row.natural_key) for row in rows)


def creates_before(connection: sa.Connection, user_id: int, links: Iterable[UUID]) -> dict[UUID, tuple[Intent, ...]]:
    """Superseded creates of these links, by link, the oldest first."""
    decode, found = Decoder(), defaultdict[UUID, list[Intent]](list)
    for row in look_up(connection, _CREATES_BEFORE, map(str, links), user=user_id):
        found[UUID(row.link_id)].append(to_intent(row, decode))
    return {link_id: tuple(creates) for link_id, creates in found.items()}


def one_intent(connection: sa.Connection, intent_id: UUID) -> Intent | None:
    """One intent, whatever its state."""
    row = connection.execute(_INTENT, {"intent": str(intent_id)}).one_or_none()
    return None if row is None else to_intent(row, Decoder())


def links(connection: sa.Connection, ids: Iterable[UUID]) -> Mapping[UUID, Link]:
    """Links by id."""
    decode = Decoder()
    found = (to_link(row, decode) for row in look_up(connection, _LINKS, _texts(ids)))
    return {one.id: one for one in found}


def links_of(connection: sa.Connection, line_ids: Iterable[UUID]) -> tuple[Link, ...]:
    """Links of lines, of all users."""
    decode = Decoder()
    return tuple(to_link(row, decode) for row in look_up(connection, _LINKS_OF, _texts(line_ids)))


def over_limit(connection: sa.Connection, user_id: int) -> tuple[Todo, ...]:
    """Contacts that waited for room and have it now, those that were seen first."""
    whose = _whose(user_id, Kind.CONTACT)
    waiting = connection.execute(_OVER_LIMIT, whose).all()
    room = limit.MOST - connection.execute(_IN_STEP, whose).scalar_one() if waiting else 0
    return tuple(Todo(user_id, Kind.CONTACT, row.side, row.ref) for row in waiting[: max(room, 0)])


def linked_refs(connection: sa.Connection, user_id: int, kind: Kind, refs: Iterable[Ref]) -> Mapping[Ref, UUID]:
    """Which of the items or occurrences have a link, and which."""
    wanted = set(refs)
    rows = look_up(connection, _LINKED_ITEMS, {ref.mailbox_id for ref in wanted}, **_whose(user_id, kind))
    found = {Ref(row.mailbox_id, row.original_start): UUID(row.id) for row in rows}
    return {ref: link_id for ref, link_id in found.items() if ref in wanted}


def lines(connection: sa.Connection, kind: Kind, ids: Iterable[UUID], crm_ids: Iterable[str]) -> tuple[Line, ...]:
    """Lines by id or by the record they stand for."""
    rows = [*look_up(connection, _LINES_BY_ID, _texts(ids), of_kind=kind.value)]
    rows += look_up(connection, _LINES_BY_RECORD, crm_ids, of_kind=kind.value)
    return tuple({row.id: to_line(row) for row in rows}.values())


def meetings(connection: sa.Connection, line_ids: Iterable[UUID], uids: Iterable[str]) -> tuple[Meeting, ...]:
    """Meetings by line or UID."""
    decode = Decoder()
    rows = [*look_up(connection, _MEETINGS_BY_LINE, _texts(line_ids)), *look_up(connection, _MEETINGS_BY_UID, uids)]
    return tuple({row.id: to_meeting(row, decode) for row in rows}.values())


def users_of_line(connection: sa.Connection, line_id: UUID) -> frozenset[int]:
    """Users whose links name the line."""
    return frozenset(connection.execute(_USERS_OF_LINE, {"line": str(line_id)}).scalars())


def ties(connection: sa.Connection, line_ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """Whom and what we tied to events, by line."""
    found: dict[UUID, frozenset[str]] = {}
    for row in look_up(connection, _TIES, _texts(line_ids)):
        known = UUID(row.line_id)
        found[known] = found.get(known, frozenset()) | {row.target}
    return found


def noted(connection: sa.Connection, kind: Kind, crm_ids: Iterable[str], code: str) -> tuple[Note, ...]:
    """Notes of a code about items whose records are named."""
    rows = look_up(connection, _NOTED, crm_ids, of_kind=kind.value, code=code)
    return tuple(Note(row.user_id, kind, Side(row.side), row.ref, row.reason, row.title, code) for row in rows)


def _texts(ids: Iterable[UUID]) -> list[str]:
    return [str(one) for one in ids]


def known_records(connection: sa.Connection, kind: Kind, ids: Iterable[str]) -> dict[str, datetime]:
    """Which of the records are mirrored and not gone, with their version."""
    rows = look_up(connection, _KNOWN_RECORDS, ids, of_kind=kind.value)
    return {row.crm_id: row.version for row in rows}


def record_ids(connection: sa.Connection, kind: Kind) -> frozenset[str]:
    """Ids of all mirrored records that are not gone."""
    return frozenset(connection.execute(_RECORD_IDS, {"of_kind": kind.value}).scalars())


def stale_series(connection: sa.Connection, user_id: int, before: date) -> tuple[str, ...]:
    """Mailbox ids of the user's series whose occurrences are made up to a day before the given one."""
    return tuple(connection.execute(_STALE_SERIES, {"user": user_id, "before": before}).scalars())
