"""What belongs together: lines, links, meetings, series, selections, tombstones."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from backend.storage.tables.schema import Id, metadata, user_column
from backend.storage.types import Json, Key, UtcDateTime

line = Table(
    "line",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("key", Key, nullable=False, unique=True),
    Column("crm_id", String(18)),
    Column("incarnation", Integer, nullable=False, server_default="0"),
    Column("state", String(16), nullable=False),
    UniqueConstraint("kind", "crm_id"),
    sqlite_with_rowid=False,
)

link = Table(
    "link",
    metadata,
    Column("id", Key, primary_key=True),
    user_column(nullable=False),
    Column("kind", String(8), nullable=False),
    Column("line_id", Key, ForeignKey("line.id"), nullable=False),
    Column("key", Key, nullable=False),
    Column("origin", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("mailbox_id", String(512)),
    Column("original_start", String(40), nullable=False, server_default=""),
    Column("incarnation", Integer, nullable=False, server_default="0"),
    Column("shadow_mailbox", Json),
    Column("shadow_crm", Json),
    Column("reason", Text, nullable=False, server_default=""),
    Column("held_on", String(64), nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, server_default=text("CURRENT_TIMESTAMP")),
    Column("updated_at", UtcDateTime, server_default=text("CURRENT_TIMESTAMP")),
    UniqueConstraint("line_id", "user_id"),
    UniqueConstraint("user_id", "kind", "mailbox_id", "original_start"),
    Index(None, "key"),
)

meeting = Table(
    "meeting",
    metadata,
    Column("id", Key, primary_key=True),
    Column("uid", String(512), nullable=False),
    Column("original_start", String(40), nullable=False, server_default=""),
    Column("line_id", Key, ForeignKey("line.id"), index=True),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("incarnation", Integer, nullable=False, server_default="0"),
    Column("shadow_mailbox", Json),
    Column("shadow_crm", Json),
    Column("state", String(16), nullable=False),
    Column("orphan_runs", Integer, nullable=False, server_default="0"),
    Index(
        "uq_meeting_uid_original_start",
        "uid",
        "original_start",
        unique=True,
        sqlite_where=text("state <> 'past'"),
        postgresql_where=text("state <> 'past'"),
    ),
    Index(None, "uid"),
)

event_person = Table(
    "event_person",
    metadata,
    Column("line_id", Key, ForeignKey("line.id"), primary_key=True),
    Column("target", String(18), primary_key=True),
    sqlite_with_rowid=False,
)
"""Whom and what we tied to an event, person or thing by Salesforce id: only these relations are ours to remove."""

series = Table(
    "series",
    metadata,
    user_column(primary_key=True),
    Column("mailbox_id", String(512), primary_key=True),
    Column("uid", String(512), nullable=False, index=True),
    Column("definition", Json, nullable=False),
    Column("expanded_until", Date, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),
)

selection = Table(
    "selection",
    metadata,
    Column("id", Id, primary_key=True),
    user_column(nullable=False),
    Column("uid", String(512), nullable=False),
    Column("mailbox_id", String(512)),
    Column("original_start", String(40), nullable=False, server_default=""),
    Column("who_ids", Json),
    Column("what_id", String(18)),
    Column("created_by", String(320), nullable=False, server_default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("applied_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Index(
        "uq_selection_open",
        "user_id",
        "uid",
        "original_start",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("id", Id, primary_key=True),
    user_column(nullable=False),
    Column("kind", String(8), nullable=False),
    Column("mailbox_id", String(512)),
    Column("crm_id", String(18)),
    Column("deleted_at", UtcDateTime, nullable=False),
    Index(None, "user_id", "kind", "mailbox_id"),
    Index(None, "user_id", "kind", "crm_id"),
)
