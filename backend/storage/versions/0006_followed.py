"""Contacts that people follow in Chatter.

Revision: 0006
"""

from alembic import op
import sqlalchemy as sa

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "followed",
        sa.Column("crm_user_id", sa.String(length=18), nullable=False),
        sa.Column("crm_id", sa.String(length=18), nullable=False),
        sa.PrimaryKeyConstraint("crm_user_id", "crm_id", name=op.f("pk_followed")),
    )


def downgrade() -> None:
    op.drop_table("followed")
