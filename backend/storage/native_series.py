"""Salesforce series whose occurrences belong to repeating events of a mailbox (E-10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from backend.domain.recurrence import WHOLE
from backend.domain.values import Kind
from backend.storage.statements import IDS, look_up
from backend.storage.tables import crm_record, intent, line, link
from backend.sync.native_marks import ROW
from backend.sync.state import SeenRecord

_HERE = (
    sa.select(crm_record.c.series)
    .distinct()
    .join(line, sa.and_(line.c.kind == crm_record.c.kind, line.c.crm_id == crm_record.c.crm_id))
    .join(link, link.c.line_id == line.c.id)
    .where(
        crm_record.c.kind == Kind.EVENT.value,
        crm_record.c.series.in_(IDS),
        link.c.user_id == sa.bindparam("user"),
        link.c.original_start != WHOLE,
    )
)
_MAKING = (
    sa.select(intent.c.id)
    .where(
        intent.c.user_id == sa.bindparam("user"),
        intent.c.state.in_(["planned", "sent"]),  # by the index, past all that is done
        intent.c.native.startswith(ROW, autoescape=True),
    )
    .limit(1)
)


def known(connection: sa.Connection, user_id: int, records: Iterable[SeenRecord]) -> dict[str, Any]:
    """What a snapshot tells of the series of these records; nothing is asked where none belongs to one."""
    series = {record.series for record in records if record.series}
    if not series:
        return {}
    here = frozenset(row.series for row in look_up(connection, _HERE, series, user=user_id))
    making = connection.execute(_MAKING, {"user": user_id}).first() is not None
    return {"series_here": here, "making_series": making}
