"""Rehearsals of changed configurations.

Revision: 0016
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import Json, UtcDateTime

revision = "0016"
down_revision = "0015"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rehearsal",
        sa.Column("id", _Id, nullable=False),
        sa.Column("configuration_id", _Id, nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("started_by", sa.String(length=320), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("result", Json, nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["configuration_id"], ["configuration.id"], name=op.f("fk_rehearsal_configuration_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsal")),
    )
    op.create_index(op.f("ix_rehearsal_configuration_id"), "rehearsal", ["configuration_id"])


def downgrade() -> None:
    op.drop_table("rehearsal")
