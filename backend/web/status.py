"""Sync Status: the organisation, what needs a person, and the people (LS-174, LS-175, LS-181, LS-190)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy import Connection

from backend.storage.views.error_report import error_rows
from backend.storage.views.organisation import Attention, Organisation, organisation_view
from backend.storage.views.people import (
    SIZES,
    Numbers,
    Order,
    Query,
    configurations,
    people_by_ids,
    people_numbers,
    people_page,
)
from backend.storage.views.standing import Standing
from backend.web.charts import BudgetChart, budget_chart
from backend.web.csv_file import csv_answer
from backend.web.looks import side_name
from backend.web.menu import waiting
from backend.web.paging import number, pager
from backend.web.remedies import remedy
from backend.web.services import services
from backend.web.status_words import Alarm, Sentence, alarms, answer, summary
from backend.web.times import times
from backend.web.words import say

status = Blueprint("status", __name__)

TABS: Final = (Standing.IN_SYNC, Standing.FIRST, Standing.WAITING, Standing.HELD, Standing.ERROR, Standing.PAUSED)
NAMES: Final = {
    Standing.IN_SYNC: say("In sync"),
    Standing.FIRST: say("First sync"),
    Standing.WAITING: say("Waiting"),
    Standing.HELD: say("Held"),
    Standing.ERROR: say("Error"),
    Standing.PAUSED: say("Paused"),
}
ALWAYS: Final = (Standing.IN_SYNC, Standing.FIRST, Standing.ERROR, Standing.PAUSED)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything on the page but its rows. `matching`: people by state, as far as the search takes them."""

    query: Query
    organisation: Organisation
    everyone: Numbers
    matching: Numbers
    attention: Attention
    answer: Sentence
    summary: str
    alarms: tuple[Alarm, ...]
    next_run: datetime | None
    cycle: timedelta
    chart: BudgetChart


def asked() -> Query:
    """What the address asks for; whatever it does not understand is left at its default."""
    state, order = request.args.get("state", ""), request.args.get("sort", "")
    return Query(
        standing=Standing(state) if state in set(Standing) else None,
        text=request.args.get("q", "")[:200].strip(),
        configuration_id=request.args.get("configuration", type=int),
        order=Order(order) if order in set(Order) else Order.PERSON,
        descending=request.args.get("dir") == "desc",
        page=number("page", 1),
        size=number("size", SIZES[0], SIZES),
    )


@status.get("/")
def page() -> str:
    """The page."""
    query = asked()
    with services().reading.connect() as connection:
        found = _surroundings(connection, query)
        total = found.matching.matching if query.standing is None else found.matching.of(query.standing)
        return render_template(
            "status/page.html",
            page=found,
            rows=people_page(connection, query, total, times().midnight()),
            configurations=configurations(connection),
            pager=pager(query.page, query.size, total),
            sizes=SIZES,
        )


@status.get("/status/live")
def live() -> str:
    """The parts of the page that change by themselves: numbers, and the people who are on it (`rows`: their ids)."""
    ids = [int(part) for part in request.args.get("rows", "").split(",") if part.isdigit()][: SIZES[-1]]
    with services().reading.connect() as connection:
        rows = people_by_ids(connection, ids, times().midnight())
        return render_template("status/live.html", page=_surroundings(connection, asked()), rows=rows)


def _surroundings(connection: Connection, query: Query) -> Surroundings:
    now, cycle = times().now, timedelta(seconds=services().cycle_seconds)
    organisation = organisation_view(connection, now.astimezone(UTC).date(), times().midnight())
    everyone = people_numbers(connection, Query())
    narrowed = bool(query.text) or query.configuration_id is not None
    return Surroundings(
        query=query,
        organisation=organisation,
        everyone=everyone,
        matching=people_numbers(connection, query) if narrowed else everyone,
        attention=waiting(),
        answer=answer(organisation, everyone, now, cycle),
        summary=summary(everyone),
        alarms=alarms(services().processes()),
        next_run=organisation.cycle_at + cycle if organisation.cycle_at and not organisation.stopped else None,
        cycle=cycle,
        chart=budget_chart(organisation.budget, now.astimezone(UTC)),
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """One filter by state with its count."""

    text: str
    count: int
    href: str
    current: bool


def tabs(found: Surroundings) -> list[Tab]:
    """All, then every standing; those that are rare only when somebody is in them."""
    chosen, numbers = found.query.standing, found.matching
    first = Tab(say("All"), numbers.matching, address(state=None), chosen is None)
    return [first] + [
        Tab(NAMES[one], numbers.of(one), address(state=one.value), chosen is one)
        for one in TABS
        if one in ALWAYS or one is chosen or numbers.of(one)
    ]


def address(**changes: object) -> str:
    """The page's address with one filter changed, from its beginning; the same from the page and its live parts."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name not in ("rows", "page")}
    kept |= changes
    return url_for("status.page", **{name: value for name, value in kept.items() if value is not None})


@status.get("/error-report.csv")
def report() -> Response:
    """Everything that does not sync, with reason and remedy, one row each (LS-181)."""
    head = (
        say("Person"), say("Address"), say("Kind"), say("Item"), say("Side"), say("Reason"), say("Remedy"),
        say("Code"), say("Since (UTC)"),
    )  # fmt: skip
    with services().reading.connect() as connection:
        rows = [
            (
                row.person, row.address, row.kind, row.title, side_name(row.side), row.reason,
                row.remedy or (remedy(row.refusal) if row.refusal else ""), row.code,
                row.since.isoformat(timespec="seconds") if row.since else "",
            )
            for row in error_rows(connection)
        ]  # fmt: skip
    return csv_answer(f"lockstep-errors-{times().today.isoformat()}.csv", head, rows)
