"""Differences that stay as they are: look at them, and send them one way (F-9)."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.domain.values import Kind, Side
from backend.storage.views.people import person_by_id
from backend.web.fields import label
from backend.web.numbers import count
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.times import times
from backend.web.words import say, say_many

differing = Blueprint("differing", __name__)

TITLES: Final = {Kind.CONTACT: say("Contacts"), Kind.EVENT: say("Events")}
BUTTONS: Final = {
    Side.MAILBOX: say("Send the mailbox's values to Salesforce"),
    Side.CRM: say("Send Salesforce's values to the mailbox"),
}


@differing.get("/people/<int:user_id>/differences")
def page(user_id: int) -> str:
    """What stays different for a person."""
    manager()
    with services().reading.connect() as connection:
        person = person_by_id(connection, user_id, times().midnight())
    if person is None:
        abort(404)
    try:
        found = services().differences(user_id)
    except ValueError as error:
        abort(409, str(error))
    return render_template(
        "people/differences.html", person=person, found=found, titles=TITLES, buttons=BUTTONS, label=label
    )


@differing.post("/people/<int:user_id>/differences")
def send(user_id: int) -> Response:
    """Send the differences of a kind one way."""
    who = manager()
    try:
        kind, source = Kind(request.form.get("kind", "")), Side(request.form.get("source", ""))
    except ValueError:
        abort(422, say("Choose what is to be sent, and which way."))
    try:
        number = services().send_differences(user_id, kind, source)
    except ValueError as error:
        abort(409, str(error))
    services().record(
        who.account.address,
        "send differences",
        str(user_id),
        {"kind": kind.value, "from": source.value, "pairs": number},
    )
    services().sync_now([user_id], say("differences were sent"))
    flash(
        say_many("The values of %(n)s pair are sent with the next run.", "The values of %(n)s pairs are sent with the "
                 "next run.", number, n=count(number))
    )  # fmt: skip
    return redirect(url_for("people.page", user_id=user_id))
