"""The connection test: start it for one or for all, watch it, stop it; it runs elsewhere (LS-019 to LS-024)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.storage.mailbox_tests import MailboxResult
from backend.storage.views import connections as view
from backend.web import connection_words as words
from backend.web.numbers import count
from backend.web.paging import Pager, number, pager
from backend.web.returning import next_page
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.times import times
from backend.web.words import say, say_many

mailbox_test = Blueprint("mailbox_test", __name__)

SIZE = 50


@dataclass(frozen=True, slots=True)
class TestShown:
    """What the card shows. `ready`: whether both sides are connected · `sentence`: how it stands, in words."""

    tested: view.Tested
    rows: Sequence[MailboxResult]
    pager: Pager
    ready: bool
    running: bool
    sentence: str
    problem: str


def test_of_mailboxes() -> TestShown:
    """The card as it is now."""
    at = number("page", 1)
    with services().reading.connect() as connection:
        tested = view.tested(connection)
        rows = view.results_page(connection, at, SIZE)
        used = view.connected(connection).used
    now, state = times().now, tested.state
    return TestShown(
        tested=tested,
        rows=rows,
        pager=pager(at, SIZE, tested.all),
        ready={"salesforce", "microsoft"} <= used.keys(),
        running=state is not None and state.running(now),
        sentence=_sentence(tested),
        problem=_problem(tested),
    )


def _sentence(tested: view.Tested) -> str:
    if not tested.all:
        return ""
    if not tested.failed:
        return say_many("%(n)s mailbox answers.", "All %(n)s mailboxes answer.", tested.fine, n=count(tested.fine))
    return say("%(fine)s of %(all)s mailboxes answer.", fine=count(tested.fine), all=count(tested.all))


def _problem(tested: view.Tested) -> str:
    state = tested.state
    if state is None:
        return ""
    if state.lost(times().now):
        return say("The last test was cut off. What it found by then is below; start it again.")
    return state.problem


@mailbox_test.post("/connections/test")
def start() -> Response:
    """Begin a test of one person or of everybody."""
    who, wanted = manager().account.address, request.form.get("person", "").strip()[:320]
    ids = [request.form["only"][:18]] if request.form.get("only") else []
    if request.form.get("one") and not wanted:
        flash(say("Type the mail address or Salesforce user name of the person to test."))
        return _back()
    if wanted:
        with services().reading.connect() as connection:
            found = view.who_is(connection, wanted)
        if found is None:
            flash(say("No active Salesforce user has the address or user name “%(wanted)s”.", wanted=wanted))
            return _back()
        ids = [found]
    if services().connections.begin_test(who, ids):
        services().record(who, "connection test", ",".join(ids) or "everybody", {})
    else:
        flash(say("A test is running already. Stop it, or wait for its end."))
    return _back()


@mailbox_test.post("/connections/test/stop")
def stop() -> Response:
    """Let the running test end."""
    who = manager().account.address
    services().connections.stop_test()
    services().record(who, "connection test stopped", "", {})
    flash(say("The test ends after the people it is at."))
    return _back()


@mailbox_test.get("/connections/test/live")
def live() -> str:
    """The card while a test runs."""
    return render_template("connections/live.html", test=test_of_mailboxes(), words=words)


def _back() -> Response:
    return redirect(next_page(url_for("connections.page", _anchor="mailbox-test")))
