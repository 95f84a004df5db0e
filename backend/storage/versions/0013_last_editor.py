"""Who changed a configuration last.

Revision: 0013
"""

from alembic import op
import sqlalchemy as sa

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("configuration", sa.Column("updated_by", sa.String(length=320), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("configuration", "updated_by")
