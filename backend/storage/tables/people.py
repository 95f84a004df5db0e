"""Who syncs and by which settings: people, configurations, connections, accounts, the organisation's one row."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from backend.storage.tables.schema import Id, metadata, user_column
from backend.storage.types import Json, UtcDateTime

person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("crm_user_id", String(18), nullable=False, unique=True),
    Column("username", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("address", String(320), nullable=False, index=True),
    Column("profile", String(255), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("zone", String(64), nullable=False, server_default="UTC"),
)

user_state = Table(
    "user_state",
    metadata,
    user_column(primary_key=True),
    Column("state", String(24), nullable=False, server_default="waiting"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("remedy", Text, nullable=False, server_default=""),
    Column("mailbox_id", String(128)),
    Column("mailbox_zone", String(64)),
    Column("mailbox_address", String(320)),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("configuration_id", Id, ForeignKey("configuration.id", ondelete="SET NULL"), index=True),
    Column("syncs", Boolean, nullable=False, server_default=text("false")),
    Column("because", Text, nullable=False, server_default=""),
    Column("applied", Json),
    Column("config_version", Integer, nullable=False, server_default="0"),
    Column("assigned_at", UtcDateTime),
    Column("planned_version", Integer, nullable=False, server_default="0"),
    Column("contacts_leg_since", UtcDateTime),
    Column("events_leg_since", UtcDateTime),
    Column("private_since", UtcDateTime),
    Column("legs", Json),
    Column("due_at", UtcDateTime),
    Column("wanted_again", Boolean, nullable=False, server_default=text("false")),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("last_run_id", Id),
    Column("last_complete_run_id", Id),
    Column("last_ok_at", UtcDateTime),
    Column("first_sync_done_at", UtcDateTime),
    Column("progress", Json),
)

configuration = Table(
    "configuration",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("settings", Json, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", String(320), nullable=False, server_default=""),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("configuration_id", Id, ForeignKey("configuration.id", ondelete="CASCADE"), nullable=False),
    Column("username", String(255), unique=True),
    Column("profile", String(255), unique=True),
    CheckConstraint("(username IS NULL) <> (profile IS NULL)", name="user_or_profile"),
)

rehearsal = Table(
    "rehearsal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("configuration_id", Id, ForeignKey("configuration.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("base_version", Integer, nullable=False),
    Column("name", String(120), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("settings", Json, nullable=False),
    Column("started_by", String(320), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("state", String(12), nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer),
    Column("result", Json),
    Column("problem", Text, nullable=False, server_default=""),
)

followed = Table(
    "followed",
    metadata,
    Column("crm_user_id", String(18), primary_key=True),
    Column("crm_id", String(18), primary_key=True),
)

connection = Table(
    "connection",
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

service_cache = Table(
    "service_cache",
    metadata,
    Column("service", String(32), primary_key=True),
    Column("subject", String(320), primary_key=True),
    Column("sealed", LargeBinary),
    Column("expires_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", String(320), nullable=False, unique=True),
    Column("name", String(255), nullable=False, server_default=""),
    Column("password_hash", String(255), nullable=False),
    Column("role", String(16), nullable=False, server_default="admin"),
    Column("theme", String(8), nullable=False, server_default="system"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_sign_in_at", UtcDateTime),
    Column("crm_user_id", String(18), unique=True, index=True),
    Column("session_key", String(32), nullable=False, server_default=""),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", String(320), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(320), nullable=False, server_default=""),
    Column("detail", Json, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
)

api_usage = Table(
    "api_usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("service", String(24), primary_key=True),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("requests", Integer, nullable=False, server_default="0"),
)

chore = Table(
    "chore",
    metadata,
    Column("name", String(24), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crm_org_id", String(18)),
    Column("mark", Text),
    Column("cycle_at", UtcDateTime),
    Column("cycle_started_at", UtcDateTime),
    Column("stopped", Boolean, nullable=False, server_default=text("false")),
    Column("stopped_by", String(320), nullable=False, server_default=""),
    Column("stopped_at", UtcDateTime),
    Column("problem", Text, nullable=False, server_default=""),
    Column("api_used", Integer),
    Column("api_max", Integer),
    CheckConstraint("id = 1", name="single_row"),
)
