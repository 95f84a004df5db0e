"""Whom Salesforce invites to an event, where a configuration has them asked in the mailbox.

Revision: 0007
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import Json

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("crm_record", sa.Column("asked", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("crm_record", "asked")
