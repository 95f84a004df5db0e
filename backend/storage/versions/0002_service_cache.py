"""Tokens and field layouts that all processes share.

Revision: 0002
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "service_cache",
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", "subject", name=op.f("pk_service_cache")),
    )


def downgrade() -> None:
    op.drop_table("service_cache")
