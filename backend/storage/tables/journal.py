"""The durable outbox and what people can look up: intents, runs, leases, conflicts, history, notes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, text

from backend.storage.tables.schema import Id, metadata, user_column
from backend.storage.types import Json, Key, UtcDateTime

OPEN = text("state IN ('planned', 'sent')")
UNFINISHED = text("state IN ('planned', 'sent', 'held')")

intent = Table(
    "intent",
    metadata,
    Column("id", Key, primary_key=True),
    user_column(nullable=False),
    Column("run_id", Id),
    Column("link_id", Key, nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("side", String(8), nullable=False),
    Column("op", String(8), nullable=False),
    Column("target", String(600), nullable=False),
    Column("values", Json, nullable=False),
    Column("from_mailbox", Json, nullable=False),
    Column("from_crm", Json, nullable=False),
    Column("expect", String(255)),
    Column("notify", Boolean, nullable=False, server_default=text("false")),
    Column("config_version", Integer, nullable=False, server_default="0"),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    Column("code", String(120), nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("rule", Text, nullable=False, server_default=""),
    Column("hold", String(32), nullable=False, server_default=""),
    Column("native", Text, nullable=False, server_default=""),
    Column("created_at", UtcDateTime, server_default=text("CURRENT_TIMESTAMP")),
    Column("updated_at", UtcDateTime, server_default=text("CURRENT_TIMESTAMP")),
    Index("uq_intent_open_target", "target", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_intent_unfinished_link", "link_id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    Index(None, "user_id", "state"),
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", Id, primary_key=True),
    Column("link_id", Key, nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("group", String(32), nullable=False),
    Column("mailbox_value", Json),
    Column("crm_value", Json),
    Column("chosen", String(8), nullable=False),
    Column("reason", Text, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("id", Id, primary_key=True),
    Column("link_id", Key, nullable=False, index=True),
    user_column(nullable=False),
    Column("run_id", Id),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("side", String(8), nullable=False),
    Column("op", String(8), nullable=False),
    Column("groups", Json, nullable=False),
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    Column("rule", Text, nullable=False),
)

note = Table(
    "note",
    metadata,
    user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("side", String(8), primary_key=True),
    Column("ref", String(600), primary_key=True),
    Column("title", String(320), nullable=False, server_default=""),
    Column("code", String(64), nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

unresolved = Table(
    "unresolved",
    metadata,
    Column("link_id", Key, primary_key=True),
    user_column(nullable=False, index=True),
    Column("text", String(255), nullable=False),
    Column("folded", String(255), nullable=False, index=True),
    Column("why", String(24), nullable=False),
    Column("standing", String(12), nullable=False),
    Column("answer", String(18)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

spelling = Table(
    "spelling",
    metadata,
    user_column(primary_key=True),
    Column("folded", String(255), primary_key=True),
    Column("account_id", String(18), nullable=False),
)

sync_lease = Table(
    "sync_lease",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("token", Id, nullable=False, server_default="0"),
    Column("holder", String(120), nullable=False, server_default=""),
    Column("expires_at", UtcDateTime, nullable=False),
)

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, nullable=False, index=True),
    Column("lease_token", Id, nullable=False),
    Column("cause", String(64), nullable=False, server_default=""),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(12), nullable=False, server_default="running"),
    Column("counts", Json, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("remedy", Text, nullable=False, server_default=""),
)
