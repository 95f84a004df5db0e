"""Rows to the engine's values."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend.domain.attendees import ATTENDEES, Attendee, Attendees
from backend.domain.values import EMPTY, Kind, Side, Values
from backend.ports.answers import Op
from backend.ports.mailbox import Caps
from backend.storage.series_codec import decode_series
from backend.storage.stored_values import Decoder
from backend.storage.tables import crm_record, intent, line, link, mailbox_item, meeting
from backend.sync.state import (
    Intent,
    IntentState,
    Line,
    LineState,
    Link,
    LinkState,
    Meeting,
    MeetingState,
    Origin,
    Presence,
    SeenItem,
    SeenRecord,
    SeriesRow,
)


def _columns(table: sa.Table, left_out: tuple[str, ...], texts: tuple[str, ...]) -> list[Any]:
    """A table's columns with those in `texts` as JSON text, so that equal values are decoded once."""
    return [
        sa.cast(column, sa.Text).label(column.name) if column.name in texts else column
        for column in table.c
        if column.name not in left_out
    ]


ITEM = _columns(mailbox_item, ("user_id", "kind", "strong_key", "natural_key", "generation"), ("values",))
RECORD = _columns(crm_record, ("kind", "strong_key", "natural_key"), ("values",))
LINE = list(line.c)
LINK = _columns(link, ("created_at", "updated_at"), ("shadow_mailbox", "shadow_crm"))
MEETING = _columns(meeting, (), ("shadow_mailbox", "shadow_crm"))
INTENT = _columns(intent, ("run_id", "updated_at"), ("values", "from_mailbox", "from_crm"))


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def to_item(row: sa.Row[Any], decode: Decoder) -> SeenItem:
    """A mirrored item."""
    return SeenItem(
        mailbox_id=row.mailbox_id,
        presence=Presence(row.presence),
        version=row.version,
        values=decode(row.values) or EMPTY,
        caps=Caps(row.caps),
        key_tag=_uuid(row.key_tag),
        uid=row.uid,
        organizer=row.organizer,
        guests=row.guests,
        modified_at=row.modified_at,
        created_at=row.created_at,
        series=None if row.series is None else decode_series(row.series),
        problem=row.problem,
        digest=row.digest,
        first_run=row.first_run,
    )


def to_record(row: sa.Row[Any], decode: Decoder) -> SeenRecord:
    """A mirrored record."""
    return SeenRecord(
        crm_id=row.crm_id,
        presence=Presence(row.presence),
        version=row.version,
        values=_with_asked(decode(row.values) or EMPTY, row.asked),
        key_tag=_uuid(row.key_tag),
        owner_id=row.owner_id,
        modified_by=row.modified_by,
        last_modified=row.last_modified,
        created_at=row.created_at,
        activity_at=row.activity_at,
        is_child=row.is_child,
        problem=row.problem,
        further=row.further or {},
        series=row.series,
    )


def _with_asked(values: Values, asked: list[str] | None) -> Values:
    """The record's values with whom Salesforce invites, where that is read at all."""
    if asked is None or not values:
        return values
    return {**values, ATTENDEES: Attendees(own=True, organizer=None, people=tuple(map(Attendee, asked)))}


def to_line(row: sa.Row[Any]) -> Line:
    """A line."""
    return Line(UUID(row.id), Kind(row.kind), UUID(row.key), row.crm_id, row.incarnation, LineState(row.state))


def to_link(row: sa.Row[Any], decode: Decoder) -> Link:
    """A link."""
    return Link(
        id=UUID(row.id),
        user_id=row.user_id,
        kind=Kind(row.kind),
        line_id=UUID(row.line_id),
        key=UUID(row.key),
        origin=Origin(row.origin),
        state=LinkState(row.state),
        mailbox_id=row.mailbox_id,
        original_start=row.original_start,
        incarnation=row.incarnation,
        shadow_mailbox=decode(row.shadow_mailbox),
        shadow_crm=decode(row.shadow_crm),
        reason=row.reason,
        held_on=row.held_on,
        attempts=row.attempts,
    )


def to_meeting(row: sa.Row[Any], decode: Decoder) -> Meeting:
    """A meeting or occurrence."""
    return Meeting(
        id=UUID(row.id),
        uid=row.uid,
        original_start=row.original_start,
        line_id=_uuid(row.line_id),
        epoch=row.epoch,
        incarnation=row.incarnation,
        shadow_mailbox=decode(row.shadow_mailbox),
        shadow_crm=decode(row.shadow_crm),
        state=MeetingState(row.state),
        orphan_runs=row.orphan_runs,
    )


def to_intent(row: sa.Row[Any], decode: Decoder) -> Intent:
    """An intent."""
    return Intent(
        id=UUID(row.id),
        user_id=row.user_id,
        link_id=UUID(row.link_id),
        kind=Kind(row.kind),
        side=Side(row.side),
        op=Op(row.op),
        target=row.target,
        values=decode(row.values) or EMPTY,
        from_mailbox=decode(row.from_mailbox) or EMPTY,
        from_crm=decode(row.from_crm) or EMPTY,
        expect=row.expect,
        notify=row.notify,
        config_version=row.config_version,
        state=IntentState(row.state),
        attempts=row.attempts,
        not_before=row.not_before,
        code=row.code,
        message=row.message,
        rule=row.rule,
        hold=row.hold,
        decided_at=row.created_at,
        native=row.native,
    )


def to_series(row: sa.Row[Any]) -> SeriesRow:
    """What was last known of a series."""
    return SeriesRow(row.user_id, row.mailbox_id, row.uid, decode_series(row.definition), row.expanded_until, row.epoch)
