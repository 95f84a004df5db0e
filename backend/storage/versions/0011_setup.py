"""Connections in preparation, what checks found, and the last test of each mailbox.

Revision: 0011
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import Json, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("connection", sa.Column("checks", Json, nullable=True))
    op.create_table(
        "connection_draft",
        sa.Column("service", sa.String(length=24), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("identity", sa.String(length=128), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("checks", Json, nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_connection_draft")),
    )
    op.create_table(
        "mailbox_test",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("started_by", sa.String(length=320), nullable=False),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("stopping", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("wanted", Json, nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_mailbox_test_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_test")),
    )
    op.create_table(
        "tested_mailbox",
        sa.Column("crm_user_id", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("crm_user_id", name=op.f("pk_tested_mailbox")),
    )


def downgrade() -> None:
    for table in ("tested_mailbox", "mailbox_test", "connection_draft"):
        op.drop_table(table)
    op.drop_column("connection", "checks")
