"""Every table (sync.md B.3 with sync-extensions.md D.1, E.1). All times are UTC; ids of lines, links, meetings and
intents are UUIDs as text, derived by the planner.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from backend.storage.types import Json, Key, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")


def _user_column(**options: Any) -> Column[Any]:
    return Column("user_id", Id, ForeignKey("person.id", ondelete="CASCADE"), **options)


# --- people and settings -------------------------------------------------------------------------------------------

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
    _user_column(primary_key=True),
    Column("state", String(24), nullable=False, server_default="waiting"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("remedy", Text, nullable=False, server_default=""),
    Column("mailbox_id", String(128)),
    Column("mailbox_zone", String(64)),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("planned_version", Integer, nullable=False, server_default="0"),
    Column("contacts_leg_since", UtcDateTime),
    Column("events_leg_since", UtcDateTime),
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

connection = Table(
    "connection",
    metadata,
    Column("service", String(24), primary_key=True),
    Column("settings", Json, nullable=False),
    Column("secret", LargeBinary),
    Column("identity", String(128)),
    Column("checked_at", UtcDateTime),
    Column("problem", Text, nullable=False, server_default=""),
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

api_usage = Table(
    "api_usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("service", String(24), primary_key=True),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("requests", Integer, nullable=False, server_default="0"),
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
    Column("problem", Text, nullable=False, server_default=""),
    Column("api_used", Integer),
    Column("api_max", Integer),
    CheckConstraint("id = 1", name="single_row"),
)

# --- mirrors ---------------------------------------------------------------------------------------------------------

stream = Table(
    "stream",
    metadata,
    _user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("container", String(512), nullable=False),
    Column("cursor", Text),
    Column("first", Date),
    Column("end", Date),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("listed_at", UtcDateTime),
)

mailbox_item = Table(
    "mailbox_item",
    metadata,
    _user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("mailbox_id", String(512), primary_key=True),
    Column("presence", String(8), nullable=False),
    Column("version", String(255), nullable=False, server_default=""),
    Column("values", Json),
    Column("series", Json),
    Column("caps", Integer, nullable=False, server_default="0"),
    Column("key_tag", Key),
    Column("uid", String(512)),
    Column("organizer", String(320)),
    Column("guests", Integer, nullable=False, server_default="0"),
    Column("strong_key", String(320)),
    Column("natural_key", String(32)),
    Column("digest", String(64), nullable=False, server_default=""),
    Column("problem", Text),
    Column("modified_at", UtcDateTime),
    Column("created_at", UtcDateTime),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("first_run", Id, nullable=False, server_default="0"),
    Index(None, "user_id", "kind", "strong_key"),
    Index(None, "user_id", "kind", "natural_key"),
    Index(None, "uid"),
)

crm_record = Table(
    "crm_record",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("crm_id", String(18), primary_key=True),
    Column("presence", String(8), nullable=False),
    Column("version", UtcDateTime, nullable=False),
    Column("values", Json),
    Column("key_tag", Key),
    Column("owner_id", String(18)),
    Column("modified_by", String(18)),
    Column("last_modified", UtcDateTime),
    Column("created_at", UtcDateTime),
    Column("activity_at", UtcDateTime),
    Column("is_child", Boolean, nullable=False, server_default=text("false")),
    Column("strong_key", String(320)),
    Column("natural_key", String(32)),
    Column("problem", Text),
    Index(None, "kind", "strong_key"),
    Index(None, "kind", "natural_key"),
    Index(None, "key_tag"),
)

crm_scope = Table(
    "crm_scope",
    metadata,
    _user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("crm_id", String(18), primary_key=True),
    Index(None, "kind", "crm_id"),
)

todo = Table(
    "todo",
    metadata,
    _user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("side", String(8), primary_key=True),
    Column("ref", String(512), primary_key=True),
    Column("stamp", Integer, nullable=False, server_default="1"),
)

# --- pairs -----------------------------------------------------------------------------------------------------------

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
)

link = Table(
    "link",
    metadata,
    Column("id", Key, primary_key=True),
    _user_column(nullable=False),
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
    UniqueConstraint("user_id", "kind", "line_id"),
    UniqueConstraint("user_id", "kind", "mailbox_id", "original_start"),
    Index(None, "line_id"),
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
    UniqueConstraint("uid", "original_start"),
)

series = Table(
    "series",
    metadata,
    _user_column(primary_key=True),
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
    _user_column(nullable=False),
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
    _user_column(nullable=False),
    Column("kind", String(8), nullable=False),
    Column("mailbox_id", String(512)),
    Column("crm_id", String(18)),
    Column("deleted_at", UtcDateTime, nullable=False),
    Index(None, "user_id", "kind", "mailbox_id"),
    Index(None, "user_id", "kind", "crm_id"),
)

# --- writes, runs, journal ---------------------------------------------------------------------------------------------

_OPEN = text("state IN ('planned', 'sent')")

intent = Table(
    "intent",
    metadata,
    Column("id", Key, primary_key=True),
    _user_column(nullable=False),
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
    Column("created_at", UtcDateTime, server_default=text("CURRENT_TIMESTAMP")),
    Column("updated_at", UtcDateTime, server_default=text("CURRENT_TIMESTAMP")),
    Index("uq_intent_open_target", "target", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "user_id", "state"),
    Index(None, "state", "not_before"),
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
    _user_column(nullable=False),
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
    _user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("side", String(8), primary_key=True),
    Column("ref", String(600), primary_key=True),
    Column("title", String(320), nullable=False, server_default=""),
    Column("code", String(64), nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
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
