"""The first schema.

Revision: 0001
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import Json, UtcDateTime

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", Id, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=255), server_default="", nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), server_default="admin", nullable=False),
        sa.Column("theme", sa.String(length=8), server_default="system", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_sign_in_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("address", name=op.f("uq_account_address")),
    )
    op.create_table(
        "api_usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=24), nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", "hour", "service", name=op.f("pk_api_usage")),
    )
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=320), server_default="", nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_table(
        "configuration",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuration")),
        sa.UniqueConstraint("name", name=op.f("uq_configuration_name")),
    )
    op.create_table(
        "conflict",
        sa.Column("id", Id, nullable=False),
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("group", sa.String(length=32), nullable=False),
        sa.Column("mailbox_value", Json, nullable=True),
        sa.Column("crm_value", Json, nullable=True),
        sa.Column("chosen", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    op.create_index(op.f("ix_conflict_at"), "conflict", ["at"], unique=False)
    op.create_index(op.f("ix_conflict_link_id"), "conflict", ["link_id"], unique=False)
    op.create_table(
        "connection",
        sa.Column("service", sa.String(length=24), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("identity", sa.String(length=128), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_connection")),
    )
    op.create_table(
        "crm_record",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("crm_id", sa.String(length=18), nullable=False),
        sa.Column("presence", sa.String(length=8), nullable=False),
        sa.Column("version", UtcDateTime(), nullable=False),
        sa.Column("values", Json, nullable=True),
        sa.Column("key_tag", sa.String(length=36), nullable=True),
        sa.Column("owner_id", sa.String(length=18), nullable=True),
        sa.Column("modified_by", sa.String(length=18), nullable=True),
        sa.Column("last_modified", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("activity_at", UtcDateTime(), nullable=True),
        sa.Column("is_child", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("strong_key", sa.String(length=320), nullable=True),
        sa.Column("natural_key", sa.String(length=32), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "crm_id", name=op.f("pk_crm_record")),
    )
    op.create_index(
        op.f("ix_crm_record_key_tag"),
        "crm_record",
        ["key_tag"],
        unique=False,
        sqlite_where=sa.text("key_tag IS NOT NULL"),
        postgresql_where=sa.text("key_tag IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_crm_record_kind_natural_key"),
        "crm_record",
        ["kind", "natural_key"],
        unique=False,
        sqlite_where=sa.text("natural_key IS NOT NULL"),
        postgresql_where=sa.text("natural_key IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_crm_record_kind_strong_key"),
        "crm_record",
        ["kind", "strong_key"],
        unique=False,
        sqlite_where=sa.text("strong_key IS NOT NULL"),
        postgresql_where=sa.text("strong_key IS NOT NULL"),
    )
    op.create_table(
        "line",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("crm_id", sa.String(length=18), nullable=True),
        sa.Column("incarnation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("key", name=op.f("uq_line_key")),
        sa.UniqueConstraint("kind", "crm_id", name=op.f("uq_line_kind_crm_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("crm_org_id", sa.String(length=18), nullable=True),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("cycle_at", UtcDateTime(), nullable=True),
        sa.Column("cycle_started_at", UtcDateTime(), nullable=True),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("api_used", sa.Integer(), nullable=True),
        sa.Column("api_max", sa.Integer(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_organisation_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "person",
        sa.Column("id", Id, nullable=False),
        sa.Column("crm_user_id", sa.String(length=18), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("profile", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("zone", sa.String(length=64), server_default="UTC", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("crm_user_id", name=op.f("uq_person_crm_user_id")),
    )
    op.create_index(op.f("ix_person_address"), "person", ["address"], unique=False)
    op.create_table(
        "sync_lease",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("token", Id, server_default="0", nullable=False),
        sa.Column("holder", sa.String(length=120), server_default="", nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_sync_lease")),
    )
    op.create_table(
        "sync_run",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("lease_token", Id, nullable=False),
        sa.Column("cause", sa.String(length=64), server_default="", nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=12), server_default="running", nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("remedy", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    op.create_index(op.f("ix_sync_run_started_at"), "sync_run", ["started_at"], unique=False)
    op.create_index(op.f("ix_sync_run_user_id"), "sync_run", ["user_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("profile", sa.String(length=255), nullable=True),
        sa.CheckConstraint("(username IS NULL) <> (profile IS NULL)", name=op.f("ck_assignment_user_or_profile")),
        sa.ForeignKeyConstraint(
            ["configuration_id"], ["configuration.id"], name=op.f("fk_assignment_configuration_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("profile", name=op.f("uq_assignment_profile")),
        sa.UniqueConstraint("username", name=op.f("uq_assignment_username")),
    )
    op.create_table(
        "crm_scope",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("crm_id", sa.String(length=18), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_crm_scope_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "crm_id", name=op.f("pk_crm_scope")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_crm_scope_kind_crm_id"), "crm_scope", ["kind", "crm_id"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", Id, nullable=False),
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("op", sa.String(length=8), nullable=False),
        sa.Column("groups", Json, nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_history_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_at"), "history", ["at"], unique=False)
    op.create_index(op.f("ix_history_link_id"), "history", ["link_id"], unique=False)
    op.create_table(
        "intent",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("op", sa.String(length=8), nullable=False),
        sa.Column("target", sa.String(length=600), nullable=False),
        sa.Column("values", Json, nullable=False),
        sa.Column("from_mailbox", Json, nullable=False),
        sa.Column("from_crm", Json, nullable=False),
        sa.Column("expect", sa.String(length=255), nullable=True),
        sa.Column("notify", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("config_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("code", sa.String(length=120), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("hold", sa.String(length=32), server_default="", nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=True),
        sa.Column("updated_at", UtcDateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_intent_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
    )
    op.create_index(op.f("ix_intent_link_id"), "intent", ["link_id"], unique=False)
    op.create_index(
        "ix_intent_unfinished_link",
        "intent",
        ["link_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('planned', 'sent', 'held')"),
        postgresql_where=sa.text("state IN ('planned', 'sent', 'held')"),
    )
    op.create_index(op.f("ix_intent_user_id_state"), "intent", ["user_id", "state"], unique=False)
    op.create_index(
        "uq_intent_open_target",
        "intent",
        ["target"],
        unique=True,
        sqlite_where=sa.text("state IN ('planned', 'sent')"),
        postgresql_where=sa.text("state IN ('planned', 'sent')"),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("line_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("mailbox_id", sa.String(length=512), nullable=True),
        sa.Column("original_start", sa.String(length=40), server_default="", nullable=False),
        sa.Column("incarnation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shadow_mailbox", Json, nullable=True),
        sa.Column("shadow_crm", Json, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("held_on", sa.String(length=64), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=True),
        sa.Column("updated_at", UtcDateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_link_line_id")),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_link_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("line_id", "user_id", name=op.f("uq_link_line_id_user_id")),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            "mailbox_id",
            "original_start",
            name=op.f("uq_link_user_id_kind_mailbox_id_original_start"),
        ),
    )
    op.create_index(op.f("ix_link_key"), "link", ["key"], unique=False)
    op.create_table(
        "mailbox_item",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("mailbox_id", sa.String(length=512), nullable=False),
        sa.Column("presence", sa.String(length=8), nullable=False),
        sa.Column("version", sa.String(length=255), server_default="", nullable=False),
        sa.Column("values", Json, nullable=True),
        sa.Column("series", Json, nullable=True),
        sa.Column("caps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("key_tag", sa.String(length=36), nullable=True),
        sa.Column("uid", sa.String(length=512), nullable=True),
        sa.Column("organizer", sa.String(length=320), nullable=True),
        sa.Column("guests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("strong_key", sa.String(length=320), nullable=True),
        sa.Column("natural_key", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("modified_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_run", Id, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_mailbox_item_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "mailbox_id", name=op.f("pk_mailbox_item")),
    )
    op.create_index(
        op.f("ix_mailbox_item_uid"),
        "mailbox_item",
        ["uid"],
        unique=False,
        sqlite_where=sa.text("uid IS NOT NULL"),
        postgresql_where=sa.text("uid IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_mailbox_item_user_id_kind_natural_key"),
        "mailbox_item",
        ["user_id", "kind", "natural_key"],
        unique=False,
        sqlite_where=sa.text("natural_key IS NOT NULL"),
        postgresql_where=sa.text("natural_key IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_mailbox_item_user_id_kind_strong_key"),
        "mailbox_item",
        ["user_id", "kind", "strong_key"],
        unique=False,
        sqlite_where=sa.text("strong_key IS NOT NULL"),
        postgresql_where=sa.text("strong_key IS NOT NULL"),
    )
    op.create_table(
        "meeting",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uid", sa.String(length=512), nullable=False),
        sa.Column("original_start", sa.String(length=40), server_default="", nullable=False),
        sa.Column("line_id", sa.String(length=36), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("incarnation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shadow_mailbox", Json, nullable=True),
        sa.Column("shadow_crm", Json, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("orphan_runs", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_meeting_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_index(op.f("ix_meeting_line_id"), "meeting", ["line_id"], unique=False)
    op.create_index(op.f("ix_meeting_uid"), "meeting", ["uid"], unique=False)
    op.create_index(
        "uq_meeting_uid_original_start",
        "meeting",
        ["uid", "original_start"],
        unique=True,
        sqlite_where=sa.text("state <> 'past'"),
        postgresql_where=sa.text("state <> 'past'"),
    )
    op.create_table(
        "note",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("ref", sa.String(length=600), nullable=False),
        sa.Column("title", sa.String(length=320), server_default="", nullable=False),
        sa.Column("code", sa.String(length=64), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_note_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "side", "ref", name=op.f("pk_note")),
    )
    op.create_table(
        "selection",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("uid", sa.String(length=512), nullable=False),
        sa.Column("mailbox_id", sa.String(length=512), nullable=True),
        sa.Column("original_start", sa.String(length=40), server_default="", nullable=False),
        sa.Column("who_ids", Json, nullable=True),
        sa.Column("what_id", sa.String(length=18), nullable=True),
        sa.Column("created_by", sa.String(length=320), server_default="", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_selection_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selection")),
    )
    op.create_index(
        "uq_selection_open",
        "selection",
        ["user_id", "uid", "original_start"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "series",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("mailbox_id", sa.String(length=512), nullable=False),
        sa.Column("uid", sa.String(length=512), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.Column("expanded_until", sa.Date(), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_series_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "mailbox_id", name=op.f("pk_series")),
    )
    op.create_index(op.f("ix_series_uid"), "series", ["uid"], unique=False)
    op.create_table(
        "stream",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("container", sa.String(length=512), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("listed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_stream_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_stream")),
    )
    op.create_table(
        "todo",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("ref", sa.String(length=512), nullable=False),
        sa.Column("stamp", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_todo_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "side", "ref", name=op.f("pk_todo")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tombstone",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("mailbox_id", sa.String(length=512), nullable=True),
        sa.Column("crm_id", sa.String(length=18), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_tombstone_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
    )
    op.create_index(op.f("ix_tombstone_user_id_kind_crm_id"), "tombstone", ["user_id", "kind", "crm_id"], unique=False)
    op.create_index(
        op.f("ix_tombstone_user_id_kind_mailbox_id"), "tombstone", ["user_id", "kind", "mailbox_id"], unique=False
    )
    op.create_table(
        "user_state",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("state", sa.String(length=24), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("remedy", sa.Text(), server_default="", nullable=False),
        sa.Column("mailbox_id", sa.String(length=128), nullable=True),
        sa.Column("mailbox_zone", sa.String(length=64), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("configuration_id", Id, nullable=True),
        sa.Column("syncs", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.Column("applied", Json, nullable=True),
        sa.Column("config_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("assigned_at", UtcDateTime(), nullable=True),
        sa.Column("planned_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contacts_leg_since", UtcDateTime(), nullable=True),
        sa.Column("events_leg_since", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("wanted_again", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_run_id", Id, nullable=True),
        sa.Column("last_complete_run_id", Id, nullable=True),
        sa.Column("last_ok_at", UtcDateTime(), nullable=True),
        sa.Column("first_sync_done_at", UtcDateTime(), nullable=True),
        sa.Column("progress", Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["configuration_id"], ["configuration.id"], name=op.f("fk_user_state_configuration_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_user_state_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_state")),
    )
    op.create_index(op.f("ix_user_state_configuration_id"), "user_state", ["configuration_id"], unique=False)


def downgrade() -> None:
    for table in (
        "user_state",
        "tombstone",
        "todo",
        "stream",
        "series",
        "selection",
        "note",
        "meeting",
        "mailbox_item",
        "link",
        "intent",
        "history",
        "crm_scope",
        "assignment",
        "sync_run",
        "sync_lease",
        "person",
        "organisation",
        "line",
        "crm_record",
        "connection",
        "conflict",
        "configuration",
        "audit",
        "api_usage",
        "account",
    ):
        op.drop_table(table)
