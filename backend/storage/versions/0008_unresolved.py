"""Companies that no account stands for, and the spellings that people told.

Revision: 0008
"""

from alembic import op
import sqlalchemy as sa

from backend.storage.types import UtcDateTime

revision = "0008"
down_revision = "0007"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _user(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_user_id")
    return sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "unresolved",
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("text", sa.String(length=255), nullable=False),
        sa.Column("folded", sa.String(length=255), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.String(length=18), nullable=True),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", UtcDateTime(timezone=True), nullable=False),
        _user("unresolved"),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_unresolved")),
    )
    op.create_index(op.f("ix_unresolved_user_id"), "unresolved", ["user_id"])
    op.create_index(op.f("ix_unresolved_folded"), "unresolved", ["folded"])
    op.create_table(
        "spelling",
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("folded", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=18), nullable=False),
        _user("spelling"),
        sa.PrimaryKeyConstraint("user_id", "folded", name=op.f("pk_spelling")),
    )


def downgrade() -> None:
    op.drop_table("spelling")
    op.drop_table("unresolved")
