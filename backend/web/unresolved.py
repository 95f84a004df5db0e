"""Unresolved items: companies without an account and events without a person (LS-077 to LS-081, LS-144).

A rep sees and answers his own; an admin everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.domain.identity import folded
from backend.storage.views.unresolved import Company, asking, company_of, company_page, lonely, lonely_page
from backend.web.numbers import count
from backend.web.paging import number, pager
from backend.web.reps import only_own, own_person
from backend.web.returning import next_page
from backend.web.services import NearAccount, services
from backend.web.sign_in import is_rep, manager, somebody
from backend.web.words import say, say_many

SIZE: Final = 10
"""Near matches are asked for five items to a call."""
SURE: Final = 0.9
LONGEST_ID: Final = 18
NO_ACCOUNT: Final = "none"

unresolved = Blueprint("unresolved", __name__)


def whose() -> int | None:
    """The rep whose items these are; None: everybody's."""
    return own_person() if is_rep() else None


@unresolved.get("/unresolved")
def page() -> str:
    """Companies that wait for an answer; with `near`, the accounts that each could mean."""
    at, mine = number("page", 1), whose()
    with services().reading.connect() as connection:
        rows, total = company_page(connection, mine, at, SIZE)
        events = lonely(connection, mine)
    near, problem = _near(rows) if "near" in request.args else ({}, "")
    return render_template(
        "unresolved/page.html", rows=rows, total=total, events=events, near=near, problem=problem, sure=sure,
        asked="near" in request.args, pager=pager(at, SIZE, total), may_answer=may_answer(), personal=mine is not None,
    )  # fmt: skip


@unresolved.get("/unresolved/events")
def of_nobody() -> str:
    """Events that relate to nobody."""
    at, mine = number("page", 1), whose()
    with services().reading.connect() as connection:
        rows, total = lonely_page(connection, mine, at, SIZE)
        contacts = asking(connection, mine)
    return render_template(
        "unresolved/events.html", rows=rows, total=total, contacts=contacts, pager=pager(at, SIZE, total),
        personal=mine is not None,
    )  # fmt: skip


@unresolved.post("/unresolved/<uuid:link_id>")
def answer(link_id: object) -> Response:
    """Take the answer to one item: an account, or none."""
    found = _found(str(link_id))
    _answered(found, request.form.get("account") or _chosen(found.link_id))
    flash(say("%(company)s is answered.", company=found.text))
    return redirect(next_page(url_for("unresolved.page")))


@unresolved.post("/unresolved")
def answer_many() -> Response:
    """Take the answers to all ticked items: each its chosen account, or with `leave` none."""
    _require_right()
    chosen = [_found(one) for one in request.form.getlist("items")[:SIZE]]
    given = {one.link_id: _chosen(one.link_id) for one in chosen}
    if "leave" in request.form:
        given = dict.fromkeys(given, NO_ACCOUNT)
    ready = [one for one in chosen if given[one.link_id]]
    if not ready:
        flash(say("Nothing was answered. Tick items and choose an account for each."))
        return redirect(next_page(url_for("unresolved.page")))
    for one in ready:
        _answered(one, given[one.link_id])
    flash(say_many("%(n)s company is answered.", "%(n)s companies are answered.", len(ready), n=count(len(ready))))
    return redirect(next_page(url_for("unresolved.page")))


def may_answer() -> bool:
    """Admins answer for everybody, reps for themselves, viewers not at all."""
    return is_rep() or somebody().may_manage


def sure(company: Company, accounts: Sequence[NearAccount]) -> str:
    """The account that is hardly anything else than what was typed, if it is one; it is chosen beforehand."""
    close = [one.id for one in accounts if _likeness(company.text, one.name) >= SURE]
    return close[0] if len(close) == 1 else ""


def _likeness(text: str, name: str) -> float:
    return SequenceMatcher(None, folded(text), folded(name)).ratio()


def _near(rows: Sequence[Company]) -> tuple[Mapping[str, Sequence[NearAccount]], str]:
    try:
        return services().resolving.near([row.link_id for row in rows]), ""
    except ValueError as error:
        return {}, str(error)


def _require_right() -> None:
    if not is_rep():
        manager()


def _found(link_id: str) -> Company:
    _require_right()
    with services().reading.connect() as connection:
        found = company_of(connection, link_id)
    if found is None:
        abort(404, say("This company is no longer unresolved: it was answered, or Salesforce has the account now."))
    only_own(found.user_id)
    return found


def _chosen(link_id: str) -> str:
    return request.form.get(f"account-{link_id}", "")


def _answered(found: Company, account: str) -> None:
    remember = f"remember-{found.link_id}" in request.form
    if not account or len(account) > LONGEST_ID:
        abort(422, say("Choose an account for “%(company)s”, or say that it has none.", company=found.text))
    try:
        if account == NO_ACCOUNT:
            services().resolving.leave(found.link_id)
        else:
            services().resolving.resolve(found.link_id, account, remember)
    except ValueError as error:
        abort(409, str(error))
    services().record(
        somebody().account.address, "company answered", found.text,
        {"title": found.title, "person": found.person, "to": account, "from": "", "remembered": remember},
    )  # fmt: skip
