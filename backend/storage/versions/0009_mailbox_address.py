"""By which address a person's mailbox was found.

Revision: 0009
"""

from alembic import op
import sqlalchemy as sa

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("user_state", sa.Column("mailbox_address", sa.String(length=320), nullable=True))


def downgrade() -> None:
    op.drop_column("user_state", "mailbox_address")
