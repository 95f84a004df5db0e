"""Who stopped everything, and when.

Revision: 0014
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("organisation", sa.Column("stopped_by", sa.String(length=320), nullable=False, server_default=""))
    op.add_column("organisation", sa.Column("stopped_at", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("organisation", "stopped_at")
    op.drop_column("organisation", "stopped_by")
