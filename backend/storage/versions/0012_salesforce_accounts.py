"""Accounts of people who sign in with Salesforce, and a key that ends all sessions of an account when it changes.

Revision: 0012
"""

from alembic import op
import sqlalchemy as sa

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("account", sa.Column("crm_user_id", sa.String(length=18), nullable=True))
    op.add_column("account", sa.Column("session_key", sa.String(length=32), nullable=False, server_default=""))
    op.create_index(op.f("ix_account_crm_user_id"), "account", ["crm_user_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_account_crm_user_id"), "account")
    op.drop_column("account", "session_key")
    op.drop_column("account", "crm_user_id")
