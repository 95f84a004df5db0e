"""Reset of one user: everything is matched anew, nothing is deleted on either side (docs/sync.md G-2)."""

from __future__ import annotations

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import leases, todos
from backend.storage.tables import intent, link, mailbox_item, note, series, stream, unresolved, user_state
from backend.sync.state import IntentState, LinkState

_UNFINISHED = (IntentState.PLANNED.value, IntentState.SENT.value, IntentState.HELD.value)


def reset_user(engine: sa.Engine, user_id: int) -> None:
    """Forgets cursors, mirrors and links of a user; stops, selections, lost values and history stay.

    A pass that is under way cannot commit any more. What an unanswered create made is found again by its key, which
    stays in the superseded intent.
    """
    with engine.begin() as connection:
        leases.fence(connection, user_id)
        for table in (stream, mailbox_item, series, note, unresolved):
            connection.execute(sa.delete(table).where(table.c.user_id == user_id))
        connection.execute(
            sa.update(intent)
            .where(intent.c.user_id == user_id, intent.c.state.in_(_UNFINISHED))
            .values(state=IntentState.SUPERSEDED.value, message="The user was reset.")
        )
        connection.execute(sa.delete(link).where(link.c.user_id == user_id, link.c.state != LinkState.STOPPED.value))
        connection.execute(
            sa.update(user_state)
            .where(user_state.c.user_id == user_id)
            .values(
                epoch=user_state.c.epoch + 1,
                planned_version=0,
                failures=0,
                due_at=None,
                first_sync_done_at=None,
                last_complete_run_id=None,
                mailbox_id=None,
                state="waiting",
                reason="",
                remedy="",
            )
        )
        todos.mark_everything(connection, [user_id], Kind)
