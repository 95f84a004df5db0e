"""Whom and what we tied to events: only these relations are ours to remove.

Revision: 0005
"""

from alembic import op
import sqlalchemy as sa

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "event_person",
        sa.Column("line_id", sa.String(length=36), nullable=False),
        sa.Column("target", sa.String(length=18), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_event_person_line_id_line")),
        sa.PrimaryKeyConstraint("line_id", "target", name=op.f("pk_event_person")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("event_person")
