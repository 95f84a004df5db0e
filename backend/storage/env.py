"""What Alembic runs to migrate: on the connection that `backend.storage.migrate` hands over, within its transaction."""

from __future__ import annotations

from alembic import context

from backend.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    compare_type=True,
    compare_server_default=False,
)
context.run_migrations()
