"""A copy of the engine's memory for a rehearsal: all that a pass looks at, and nothing that tells of the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from backend.storage.engine import reading
from backend.storage.tables import (
    account,
    api_usage,
    audit,
    conflict,
    history,
    metadata,
    rehearsal,
    sync_lease,
    sync_run,
)

LEFT_OUT: Final = frozenset({
    table.name for table in (account, api_usage, audit, conflict, history, rehearsal, sync_lease, sync_run)
})  # fmt: skip
ROWS_AT_ONCE: Final = 2000


def copy_memory(source: sa.Engine, target: sa.Engine, go_on: Callable[[], bool]) -> bool:
    """Copies what passes look at into an empty database; False if `go_on`, asked after every portion, said no.

    One consistent view of the source is read, which nobody has to wait for.
    """
    metadata.create_all(target)
    with reading(source).connect() as origin, target.begin() as copy:
        for table in metadata.sorted_tables:
            if table.name in LEFT_OUT:
                continue
            rows = origin.execution_options(yield_per=ROWS_AT_ONCE).execute(sa.select(table))
            for portion in rows.mappings().partitions():
                copy.execute(sa.insert(table), [dict(row) for row in portion])
                if not go_on():
                    return False
    return True
