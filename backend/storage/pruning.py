"""Forgetting what has served its purpose. Links, stops, selections and lost values are never forgotten here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from backend.storage.tables import (
    api_usage,
    audit,
    history,
    intent,
    link,
    mailbox_item,
    service_cache,
    sync_run,
    tombstone,
    user_state,
)

KEPT_RUNS: Final = timedelta(days=30)
KEPT_HISTORY: Final = timedelta(days=180)
KEPT_TOMBSTONES: Final = timedelta(days=30)
KEPT_USAGE: Final = timedelta(days=400)
KEPT_AUDIT: Final = timedelta(days=400)
KEPT_INTENTS: Final = timedelta(days=30)
KEPT_ANSWERS: Final = timedelta(days=30)
"""Tokens and layouts in use are made anew more often; older ones belong to people who left."""
_ENDED: Final = ("done", "failed", "superseded")


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were forgotten, by table."""

    rows: Counter[str]


def prune(engine: sa.Engine, now: datetime) -> Pruned:
    """Forgets old runs, history, tombstones, ended writes, counts, audit, unused tokens, rows of vanished items."""
    linked = sa.exists().where(
        link.c.user_id == mailbox_item.c.user_id,
        link.c.kind == mailbox_item.c.kind,
        link.c.mailbox_id == mailbox_item.c.mailbox_id,
    )
    refused = sa.exists().where(link.c.id == intent.c.link_id, link.c.state == "held")  # its code tells the remedy
    # Each person's last run is shown as long as he syncs; and numbers of runs rise for ever, so the newest one stays.
    last = sa.exists().where(user_state.c.last_run_id == sync_run.c.id)
    newest = sa.select(sa.func.max(sync_run.c.id)).scalar_subquery()
    removals: tuple[tuple[sa.Table, sa.ColumnElement[bool]], ...] = (
        (sync_run, sa.and_(sync_run.c.started_at < now - KEPT_RUNS, sync_run.c.id < newest, sa.not_(last))),
        (history, history.c.at < now - KEPT_HISTORY),
        (tombstone, tombstone.c.deleted_at < now - KEPT_TOMBSTONES),
        (intent, sa.and_(intent.c.state.in_(_ENDED), intent.c.updated_at < now - KEPT_INTENTS, sa.not_(refused))),
        (api_usage, api_usage.c.day < (now - KEPT_USAGE).date()),
        (audit, audit.c.at < now - KEPT_AUDIT),
        (service_cache, service_cache.c.updated_at < now - KEPT_ANSWERS),
        (mailbox_item, sa.and_(mailbox_item.c.presence == "gone", sa.not_(linked))),
    )
    rows: Counter[str] = Counter()
    for table, condition in removals:  # one transaction each: nobody waits long for the write lock
        with engine.begin() as connection:
            rows[table.name] = connection.execute(sa.delete(table).where(condition)).rowcount
    return Pruned(+rows)
