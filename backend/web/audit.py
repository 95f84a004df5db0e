"""The audit: who changed what, from what to what; who answered which held step. Filters and a download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, render_template, request

from backend.storage.pruning import KEPT_AUDIT
from backend.storage.views.audit import AuditQuery, AuditRow, audit_choices, audit_rows
from backend.web.csv_file import csv_answer
from backend.web.numbers import count
from backend.web.paging import number, pager
from backend.web.services import services
from backend.web.times import times
from backend.web.words import say

SIZE: Final = 50
MOST_LINES: Final = 50_000
PERIODS: Final = {"1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}
_CHANGE: Final = frozenset({"from", "to"})

audit = Blueprint("audit", __name__)


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that became another; `name` is empty where the line is about nothing else."""

    name: str
    old: str
    new: str


def asked(page: int, size: int) -> AuditQuery:
    """What the address asks for."""
    period = PERIODS.get(request.args.get("days", ""))
    return AuditQuery(
        text=request.args.get("q", "")[:200].strip(),
        actor=request.args.get("who", "")[:320],
        action=request.args.get("what", "")[:64],
        since=times().now - period if period else None,
        page=page,
        size=size,
    )


@audit.get("/audit")
def page() -> str:
    """The lines, newest first."""
    query = asked(number("page", 1), SIZE)
    with services().reading.connect() as connection:
        rows, total = audit_rows(connection, query)
        actors, actions = audit_choices(connection)
    return render_template(
        "audit/page.html", rows=rows, total=total, query=query, days=request.args.get("days", ""), actors=actors,
        actions=actions, pager=pager(query.page, SIZE, total), changes=changes, others=others, subject=subject,
        through=through, kept=KEPT_AUDIT.days, filtered=bool(query.text or query.actor or query.action or query.since),
    )  # fmt: skip


@audit.get("/audit.csv")
def download() -> Response:
    """What the filter shows, all of it, as a file."""
    head = (
        say("When (UTC)"), say("Who"), say("What"), say("About"), say("From"), say("To"), say("Other"), say("Through"),
    )  # fmt: skip
    with services().reading.connect() as connection:
        rows, _ = audit_rows(connection, asked(1, MOST_LINES))
    lines = [line for row in rows for line in _lines(row)]
    return csv_answer(f"lockstep-audit-{times().today.isoformat()}.csv", head, lines)


def _lines(row: AuditRow) -> list[tuple[str, ...]]:
    """A line for each value that changed; one for an act without any."""
    start = (row.at.isoformat(timespec="seconds"), row.actor, row.action, subject(row))
    end = ("; ".join(f"{name}: {value}" for name, value in others(row)), through(row))
    found = changes(row) or (Changed("", "", ""),)
    return [(*start[:3], f"{start[3]} {one.name}".strip(), one.old, one.new, *end) for one in found]


def subject(row: AuditRow) -> str:
    """What it was done to, in names; ids that only machines read are left out."""
    if row.people:
        further = say(" and %(n)s more", n=count(len(row.people) - 3)) if row.people[3:] else ""
        return ", ".join(row.people[:3]) + further
    if "title" in row.detail:
        return str(row.detail["title"])
    return row.subject


def changes(row: AuditRow) -> tuple[Changed, ...]:
    """Values that became others."""
    listed = row.detail.get("changes")
    if isinstance(listed, list):
        return tuple(_changed(one) if isinstance(one, Mapping) else Changed(_text(one), "", "") for one in listed)
    return (_changed(row.detail),) if "to" in row.detail else ()


def _changed(told: Mapping[str, Any]) -> Changed:
    return Changed(_text(told.get("name", "")), _text(told.get("from", "")), _text(told.get("to", "")))


def others(row: AuditRow) -> tuple[tuple[str, str], ...]:
    """What else the line keeps: a note, a reason, an address."""
    hidden = {"changes", "through", "title"} | (_CHANGE if "to" in row.detail else frozenset())
    found = ((name, _text(value)) for name, value in row.detail.items() if name not in hidden)
    return tuple((name, value) for name, value in found if value)


def through(row: AuditRow) -> str:
    """By which door it came."""
    return str(row.detail.get("through", "")) or say("page")


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return say("on") if value else say("off")
    return "" if value is None else str(value)
