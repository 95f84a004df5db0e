"""When a leg or the private switch was switched on.

Revision: 0004
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import Json, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("user_state", sa.Column("private_since", UtcDateTime(), nullable=True))
    op.add_column("user_state", sa.Column("legs", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("user_state", "legs")
    op.drop_column("user_state", "private_since")
