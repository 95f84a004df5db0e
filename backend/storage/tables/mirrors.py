"""The durable inbox: what was last seen on either side, and what a pass still has to look at."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, Text, text

from backend.storage.tables.schema import Id, index_where_given, metadata, user_column
from backend.storage.types import Json, Key, UtcDateTime

stream = Table(
    "stream",
    metadata,
    user_column(primary_key=True),
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
    user_column(primary_key=True),
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
    index_where_given("user_id", "kind", "strong_key"),
    index_where_given("user_id", "kind", "natural_key"),
    index_where_given("uid"),
)

crm_record = Table(
    "crm_record",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("crm_id", String(18), primary_key=True),
    Column("presence", String(8), nullable=False),
    Column("version", UtcDateTime, nullable=False),
    Column("values", Json),
    Column("further", Json),
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
    Column("asked", Json),
    Column("series", String(64)),
    index_where_given("kind", "strong_key"),
    index_where_given("kind", "natural_key"),
    index_where_given("key_tag"),
    index_where_given("series"),
)

crm_scope = Table(
    "crm_scope",
    metadata,
    user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("crm_id", String(18), primary_key=True),
    Index(None, "kind", "crm_id"),
    sqlite_with_rowid=False,
)

todo = Table(
    "todo",
    metadata,
    user_column(primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("side", String(8), primary_key=True),
    Column("ref", String(512), primary_key=True),
    Column("stamp", Integer, nullable=False, server_default="1"),
    sqlite_with_rowid=False,
)
