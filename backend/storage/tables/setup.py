"""What setting up leaves behind: connections in preparation, and the last test of each mailbox."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, LargeBinary, String, Table, Text, text

from backend.storage.tables.schema import metadata
from backend.storage.types import Json, UtcDateTime

connection_draft = Table(
    "connection_draft",
    metadata,
    Column("service", String(24), primary_key=True),
    Column("settings", Json, nullable=False),
    Column("secret", LargeBinary),
    Column("identity", String(128)),
    Column("checked_at", UtcDateTime),
    Column("problem", Text, nullable=False, server_default=""),
    Column("checks", Json),
    Column("updated_at", UtcDateTime, nullable=False),
)

mailbox_test = Table(
    "mailbox_test",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("started_by", String(320), nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("stopping", Boolean, nullable=False, server_default=text("false")),
    Column("wanted", Json, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer),
    Column("problem", Text, nullable=False, server_default=""),
    CheckConstraint("id = 1", name="single_row"),
)

tested_mailbox = Table(
    "tested_mailbox",
    metadata,
    Column("crm_user_id", String(18), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("address", String(320), nullable=False),
    Column("result", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
