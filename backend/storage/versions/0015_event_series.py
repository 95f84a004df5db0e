"""Event series of Salesforce: which one a record belongs to, and what a write has to do with one.

Revision: 0015
"""

from alembic import op
import sqlalchemy as sa

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("crm_record", sa.Column("series", sa.String(length=64), nullable=True))
    op.create_index(
        op.f("ix_crm_record_series"),
        "crm_record",
        ["series"],
        sqlite_where=sa.text("series IS NOT NULL"),
        postgresql_where=sa.text("series IS NOT NULL"),
    )
    op.add_column("intent", sa.Column("native", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("intent", "native")
    op.drop_index(op.f("ix_crm_record_series"), table_name="crm_record")
    op.drop_column("crm_record", "series")
