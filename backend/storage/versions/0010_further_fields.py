"""Fields of Salesforce that configurations point to beyond the standard ones.

Revision: 0010
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import Json

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("crm_record", sa.Column("further", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("crm_record", "further")
