"""What a person's sync is up to, in one word, as an expression that filters, counts and sorts 10,000 people."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from backend.storage.runs import UserState
from backend.storage.tables import configuration, intent, person, user_state


class Standing(StrEnum):
    """State of a person, worst first where several hold: the one that says what happens next."""

    PAUSED = "paused"
    """A person or an inactive configuration stopped it."""
    ERROR = "error"
    """It cannot go on until something is put right; tried again by itself where that can help."""
    WAITING = "waiting"
    """The first pass has not begun, or a service asked for patience and the pass is tried again by itself."""
    FIRST = "first"
    """The first sync is under way."""
    HELD = "held"
    """In sync, but for steps that wait for a person's answer."""
    IN_SYNC = "in_sync"


HOLDING: Final = sa.select(intent.c.user_id).where(intent.c.state == "held").distinct()

STOPPED: Final = sa.or_(user_state.c.paused, sa.not_(person.c.active), sa.not_(configuration.c.active))
FAILED: Final = sa.or_(
    sa.not_(user_state.c.syncs),
    user_state.c.state == UserState.NEEDS_ATTENTION.value,
    sa.and_(user_state.c.failures > 0, user_state.c.state != UserState.THROTTLED.value),
)
PATIENT: Final = user_state.c.state == UserState.THROTTLED.value

STANDING: Final[sa.ColumnElement[str]] = sa.case(
    (STOPPED, Standing.PAUSED.value),
    (FAILED, Standing.ERROR.value),
    (PATIENT, Standing.WAITING.value),
    (
        user_state.c.first_sync_done_at.is_(None),
        sa.case((user_state.c.last_run_id.is_(None), Standing.WAITING.value), else_=Standing.FIRST.value),
    ),
    (user_state.c.user_id.in_(HOLDING), Standing.HELD.value),
    else_=Standing.IN_SYNC.value,
)


def in_standing(standing: Standing) -> sa.ColumnElement[bool]:
    """The condition that a person is in it."""
    return STANDING.in_([standing.value])


SYNCING: Final = (
    user_state.join(person, person.c.id == user_state.c.user_id)
    .join(configuration, configuration.c.id == user_state.c.configuration_id)
)  # fmt: skip
"""Everybody who is assigned to a configuration, active or not."""
