"""Steps that were held: look at them and answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.storage.views.held import HeldStep, held_step, held_steps_page
from backend.web.fields import ORDER, Piece, beside, diff, label, shown
from backend.web.numbers import count
from backend.web.paging import number, pager
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.words import say, say_many

SIZE = 50
WOULD_MAIL: Final = "would_mail"
FOLDER_LOST: Final = "folder_lost"

held = Blueprint("held", __name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """One way out: what it is called, what follows, what the button says."""

    value: str
    title: str
    effect: str
    button: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a held step: the mailbox's value, Salesforce's, and the way from the first to the second."""

    label: str
    mailbox: str
    salesforce: str
    pieces: tuple[Piece, ...]


@held.get("/held")
def steps() -> str:
    """All of them, oldest first."""
    at = number("page", 1)
    with services().reading.connect() as connection:
        rows, total = held_steps_page(connection, at, SIZE)
    return render_template(
        "held/list.html",
        rows=rows,
        total=total,
        pager=pager(at, SIZE, total),
        sentence=sentence,
        because=because,
        fields=fields,
    )


@held.get("/held/<uuid:step>")
def page(step: object) -> str:
    """One step with its possible answers."""
    return _render(_found(str(step)))


@held.post("/held/<uuid:step>")
def decide(step: object) -> str | Response | tuple[str, int]:
    """Take the answer."""
    who = manager()
    found = _found(str(step))
    answer, allowed = request.form.get("answer", ""), {one.value: one for one in answers(found)}
    if answer not in allowed:
        return _render(found, missing=True), 422
    try:
        services().decide(found.id, answer)
    except ValueError as error:
        abort(409, str(error))
    services().record(
        who.account.address, f"held step: {answer}", found.id,
        {"person": found.person, "title": found.title, "note": request.form.get("note", "")[:500]},
    )  # fmt: skip
    if answer != "leave":
        services().sync_now([found.user_id], say("a held step was answered"))
    flash(say("%(title)s: %(answer)s.", title=found.title or say("The step"), answer=allowed[answer].title.lower()))
    return redirect(url_for("held.steps"))


def _found(step: str) -> HeldStep:
    with services().reading.connect() as connection:
        found = held_step(connection, step)
    if found is None:
        abort(404, say("This step is not held any more: it was answered, or the mailbox changed the same field."))
    return found


def _render(found: HeldStep, *, missing: bool = False) -> str:
    return render_template(
        "held/page.html", step=found, fields=fields(found), answers=answers(found), sentence=sentence(found),
        because=because(found), missing=missing,
    )  # fmt: skip


def fields(step: HeldStep) -> tuple[Field, ...]:
    """What the step would write, in the order of the field map."""
    groups = sorted(step.values, key=lambda group: ORDER[step.kind].get(group, 99))
    mailbox = {group: shown(step.mailbox.get(group)) for group in groups}
    crm = {group: beside(step.values.get(group), step.mailbox.get(group)) for group in groups}
    return tuple(Field(label(group), mailbox[group], crm[group], diff(mailbox[group], crm[group])) for group in groups)


def sentence(step: HeldStep) -> str:
    """What was held, as a title."""
    if step.hold == FOLDER_LOST:
        return say("The contact folder was deleted in the mailbox")
    titles = {
        ("delete", "mailbox"): say("Deletion in the mailbox"),
        ("delete", "crm"): say("Deletion in Salesforce"),
        ("update", "mailbox"): say("Change in the mailbox"),
        ("update", "crm"): say("Change in Salesforce"),
    }
    what = titles.get((step.op, step.side), say("Write"))
    return say("%(what)s: %(title)s", what=what, title=step.title or say("an item without a title"))


GUARDS: Final = {
    "mass_delete": say("Held by the deletion guard: too many deletions for this person in one run."),
    "mass_update": say("Held by the change guard: too many changes for this person in one run."),
    "mass_series": say(
        "Held by the deletion guard: more than 20 meetings of one repeating event are gone from the mailbox at once."
    ),
    "mass_blank": say("Held by the change guard: one field would be emptied on too many items in one run."),
}


def because(step: HeldStep) -> str:
    """Why it was held."""
    if step.hold == FOLDER_LOST:
        return say("Nothing was deleted in Salesforce, and a new, empty folder was made.")
    if step.hold != WOULD_MAIL:
        return GUARDS.get(step.hold, step.hold)
    if not step.guests:
        return say("The meeting has guests: the mail service would mail them.")
    return say_many(
        "The meeting has %(n)s guest: the mail service would mail this person.",
        "The meeting has %(n)s guests: the mail service would mail all of them.",
        step.guests, n=count(step.guests),
    )  # fmt: skip


def answers(step: HeldStep) -> tuple[Answer, ...]:
    """The possible answers, the safe one first; it is chosen beforehand."""
    if step.hold == FOLDER_LOST:
        return _folder_answers(step)
    leave = Answer(
        "leave", say("Leave both as they are"),
        say("Mailbox and Salesforce keep their own values. Nobody is mailed."), say("Leave both"),
    )  # fmt: skip
    back = Answer(
        "put_back", say("Put the mailbox's value back"),
        say("Salesforce gets what the mailbox has. Nobody is mailed.") if step.op != "delete"
        else say("The record is made again in Salesforce from the mailbox. Nobody is mailed."),
        say("Put it back into Salesforce"),
    )  # fmt: skip
    if step.hold != WOULD_MAIL:
        return leave, Answer("send", say("Do it"), say("The step is written as it was planned."), say("Do it"))
    effect = say_many(
        "The change goes to the mailbox; the mail service mails %(n)s guest now.",
        "The change goes to the mailbox; the mail service mails %(n)s guests now.",
        step.guests, n=count(step.guests),
    ) if step.guests else say("The change goes to the mailbox; the mail service mails the guests now.")  # fmt: skip
    button = (
        say_many("Send it to %(n)s guest", "Send it to %(n)s guests", step.guests, n=count(step.guests))
        if step.guests
        else say("Send it")
    )
    return leave, back, Answer("send", say("Send it"), effect, button)


def _folder_answers(step: HeldStep) -> tuple[Answer, ...]:
    leave = Answer(
        "leave", say("Leave them"),
        say("Both sides stay as they are. A contact goes on when its owner moves it back into the new folder."),
        say("Leave them"),
    )  # fmt: skip
    back = Answer(
        "put_back", say("Make them again"),
        say("Whoever is still missing is made again in the new folder, with what Salesforce has of them. Photos, "
            "categories and further addresses are not in Salesforce; the old contacts may still lie in Deleted Items."),
        say("Make them again"),
    )  # fmt: skip
    stop = Answer(
        "stop", say("Stop following them"),
        say("Their records stay in Salesforce and are not made again in the mailbox."), say("Stop following them"),
    )  # fmt: skip
    return (leave, back, stop) if step.to_mailbox else (leave, stop)
