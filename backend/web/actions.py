"""What an admin can do to people's sync: now, pause, resume, reset. Each leaves a line in the audit."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.storage.views.people import Query, people_numbers, person_by_id
from backend.storage.views.person import details
from backend.web.numbers import count
from backend.web.returning import next_page
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.times import times
from backend.web.words import say, say_many

actions = Blueprint("actions", __name__)


def only_managers() -> None:
    """Looking is for everybody who may sign in; doing is not."""
    manager()


actions.before_request(only_managers)


def chosen() -> list[int] | None:
    """The people meant: one from a row's menu, everybody, or those who are ticked. Empty: nobody."""
    if request.form.get("only", "").isdigit():
        return [int(request.form["only"])]
    if request.form.get("everyone"):
        return None
    return [int(one) for one in request.form.getlist("ids") if one.isdigit()]


def _record(action: str, ids: list[int] | None) -> None:
    subject = "everybody" if ids is None else ",".join(map(str, ids))[:320]
    services().record(manager().account.address, action, subject, {})


def _say_it(ids: list[int] | None, everybody: str, one: str, many: str) -> None:
    flash(everybody if ids is None else say_many(one, many, len(ids), n=count(len(ids))))


def _nobody() -> Response:
    flash(say("Nobody is selected. Tick people first."))
    return redirect(next_page(url_for("status.page")))


@actions.post("/people/sync")
def sync() -> Response:
    """Ring for passes now."""
    ids = chosen()
    if ids == []:
        return _nobody()
    services().sync_now(ids, say("asked for by %(name)s", name=manager().label)[:64])
    _record("sync now", ids)
    _say_it(ids, say("Everybody syncs now."), "%(n)s person syncs now.", "%(n)s people sync now.")
    return redirect(next_page(url_for("status.page")))


@actions.post("/people/pause")
def pause() -> Response:
    """Pause; nothing is lost, changes are found when it goes on."""
    ids = chosen()
    if ids == []:
        return _nobody()
    services().set_paused(ids, True)
    _record("pause", ids)
    _say_it(ids, say("Everybody is paused."), "%(n)s person is paused.", "%(n)s people are paused.")
    return redirect(next_page(url_for("status.page")))


@actions.post("/people/resume")
def resume() -> Response:
    """Go on after a pause."""
    ids = chosen()
    if ids == []:
        return _nobody()
    services().set_paused(ids, False)
    _record("resume", ids)
    _say_it(ids, say("Everybody goes on."), "%(n)s person goes on.", "%(n)s people go on.")
    return redirect(next_page(url_for("status.page")))


@actions.get("/people/pause")
def pause_everyone() -> str:
    """Ask before pausing everybody."""
    with services().reading.connect() as connection:
        numbers = people_numbers(connection, Query())
    return render_template("actions/pause.html", numbers=numbers)


@actions.get("/stop")
def stop_everything() -> str:
    """Ask before everything stands still."""
    return render_template("actions/stop.html")


@actions.post("/stop")
def stop() -> Response:
    """Nothing is read or written any more, by any worker, until somebody lets it go on."""
    services().stand_still(manager().label)
    services().record(manager().account.address, "everything stopped", "", {})
    flash(say("Everything stands still. Nothing is read or written."))
    return redirect(url_for("status.page"))


@actions.post("/go-on")
def go_on() -> Response:
    """End of the standstill."""
    services().stand_still(None)
    services().record(manager().account.address, "everything goes on", "", {})
    flash(say("Everything goes on."))
    return redirect(url_for("status.page"))


@actions.get("/people/<int:user_id>/reset")
def reset(user_id: int) -> str:
    """Say what a reset does, and ask."""
    with services().reading.connect() as connection:
        person = person_by_id(connection, user_id, times().midnight())
        if person is None:
            abort(404)
        pairs = details(connection, user_id).pairs
    return render_template("actions/reset.html", person=person, pairs=sum(pairs.values()))


@actions.post("/people/<int:user_id>/reset")
def do_reset(user_id: int) -> Response:
    """Forget this person's links; no contact and no event changes (LS-177, LS-180)."""
    with services().reading.connect() as connection:
        person = person_by_id(connection, user_id, times().midnight())
    if person is None:
        abort(404)
    services().reset(user_id)
    _record("reset", [user_id])
    flash(say("%(name)s was reset. The pairs are found again in the next run.", name=person.name))
    return redirect(url_for("people.page", user_id=user_id))
