"""The set-up guide: where one is among six steps, what to do there, what shows that it is done (order: LS-019)."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from backend.storage.views.guide import Progress, progress
from backend.web import connection_words as words
from backend.web.guide_steps import Step, first_undone, steps
from backend.web.mailbox_test import test_of_mailboxes
from backend.web.services import services
from backend.web.sign_in import manager

guide = Blueprint("guide", __name__)

FORMS = {"salesforce": "salesforce", "mail": "microsoft"}
"""Steps that are a form of Connections, as long as nothing works there."""


def how_far() -> Progress:
    """How far setting up has come."""
    with services().reading.connect() as connection:
        return progress(connection)


def all_steps() -> tuple[Step, ...]:
    """The steps, as they stand now."""
    return steps(how_far())


@guide.get("/guide")
def resume() -> Response:
    """On to the first step that is not done."""
    manager()
    step = first_undone(all_steps())
    return redirect(url_for("guide.page", name=step.name if step else "watch"))


@guide.get("/guide/<name>")
def page(name: str) -> str | Response:
    """One step; done ones can be opened again."""
    manager()
    found = how_far()
    every = steps(found)
    step = next((one for one in every if one.name == name), None)
    if step is None:
        abort(404)
    if name in FORMS and not step.done:
        return redirect(url_for("connections.edit", service=FORMS[name], guide=1))
    return render_template(
        "guide/page.html", step=step, steps=every, number=every.index(step) + 1, found=found, words=words,
        service=FORMS.get(name), test=test_of_mailboxes() if name == "test" else None,
        onwards=_next(every, step), all_done=first_undone(every) is None,
    )  # fmt: skip


def _next(every: tuple[Step, ...], step: Step) -> Step | None:
    """The step after this one."""
    at = every.index(step) + 1
    return every[at] if at < len(every) else None
