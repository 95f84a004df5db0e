"""The conflict journal, for reading."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, render_template, request

from backend.storage.views.conflicts import ConflictQuery, conflict_groups, conflict_rows
from backend.web.fields import beside, label, shown
from backend.web.paging import number, pager
from backend.web.services import services
from backend.web.times import times

SIZE = 25
PERIODS: Final = {"1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}

conflicts = Blueprint("conflicts", __name__)


@conflicts.get("/conflicts")
def page() -> str:
    """Fields that changed on both sides between two runs, newest first."""
    period = PERIODS.get(request.args.get("days", ""))
    query = ConflictQuery(
        text=request.args.get("q", "")[:200].strip(),
        group=request.args.get("field", ""),
        since=times().now - period if period else None,
        page=number("page", 1),
        size=SIZE,
    )
    with services().reading.connect() as connection:
        rows, total = conflict_rows(connection, query)
        groups = conflict_groups(connection)
    return render_template(
        "conflicts/page.html", rows=rows, total=total, query=query, days=request.args.get("days", ""), groups=groups,
        pager=pager(query.page, SIZE, total), shown=shown, beside=beside, label=label,
        filtered=bool(query.text or query.group or period),
    )  # fmt: skip
