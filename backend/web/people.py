"""A person's page and the page of a run."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request

from backend.domain.configuration import CONTAINERS, Direction
from backend.domain.values import Kind, Side
from backend.storage.views.activity import NONE, Writes, writes_since
from backend.storage.views.left_out import LeftOut
from backend.storage.views.people import PersonRow, person_by_id
from backend.storage.views.person import Details, details
from backend.storage.views.runs import run_by_id, runs_of, writes_of
from backend.web.numbers import count
from backend.web.paging import number, pager
from backend.web.reps import only_own
from backend.web.services import services
from backend.web.times import EPOCH, times
from backend.web.words import say

RUNS = 20
WRITES = 50

people = Blueprint("people", __name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the first sync: 'done', 'now' or 'ahead'."""

    title: str
    detail: str
    state: str


@dataclass(frozen=True, slots=True)
class Way:
    """One of the four directions. `on`: the configuration syncs this way; `written` of all time."""

    kind: Kind
    side: Side
    title: str
    on: bool
    written: int
    left_out: tuple[LeftOut, ...]
    more: int


@people.get("/people/<int:user_id>")
def page(user_id: int) -> str:
    """One person."""
    only_own(user_id)
    changed_only, at = request.args.get("runs") == "changed", number("page", 1)
    with services().reading.connect() as connection:
        person = person_by_id(connection, user_id, times().midnight())
        if person is None:
            abort(404, say("Nobody with this number is in a configuration. Look for the person by name."))
        found = details(connection, user_id)
        ever = writes_since(connection, [user_id], EPOCH).get(user_id, NONE)
        runs, all_runs = runs_of(connection, user_id, changed_only=changed_only, page=at, size=RUNS)
    return render_template(
        "people/page.html", person=person, details=found, steps=steps(person, found, ever), ways=ways(found, ever),
        runs=runs, changed_only=changed_only, pager=pager(at, RUNS, all_runs), all_runs=all_runs,
        live="live" in request.args,
    )  # fmt: skip


@people.get("/runs/<int:run>")
def run_page(run: int) -> str:
    """One run: what it read, wrote, left out and cost."""
    at = number("page", 1)
    with services().reading.connect() as connection:
        found = run_by_id(connection, run)
        if found is None:
            abort(404, say("There is no run with this number; runs are kept for a while only."))
        only_own(found[0].user_id)
        writes, written = writes_of(connection, run, at, WRITES)
    return render_template(
        "people/run.html", run=found[0], person=found[1], writes=writes, written=written,
        pager=pager(at, WRITES, written),
    )  # fmt: skip


def steps(person: PersonRow, found: Details, ever: Writes) -> tuple[Step, ...]:
    """The first sync in five steps, done ones first. Empty once it is over."""
    marks, progress = found.milestones, person.progress
    if marks.done_at is not None:
        return ()
    contacts = ever.of(Kind.CONTACT, Side.MAILBOX) + ever.of(Kind.CONTACT, Side.CRM)
    events_now = progress is not None and progress.kind == Kind.EVENT
    done = (
        marks.mailbox,
        marks.folder is not None,
        marks.contacts_listed is not None and (events_now or marks.events_listed is not None),
        False,
        False,
    )
    titles = (say("Mailbox linked"), say("Folder ready"), say("Contacts"), say("Events"), say("In sync"))
    running = say("%(n)s written", n=count(progress.done)) if progress else ""
    if progress is not None and progress.total:
        running = say("%(done)s of %(all)s", done=count(progress.done), all=count(progress.total))
    notes = ("", CONTAINERS[Kind.CONTACT], say("%(n)s written", n=count(contacts)) if done[2] else "", "", "")
    current = done.index(False)
    return tuple(
        Step(
            title,
            running if place == current and place >= 2 else notes[place] if done[place] else "",
            "done" if done[place] else "now" if place == current else "ahead",
        )
        for place, title in enumerate(titles)
    )


def ways(found: Details, ever: Writes) -> tuple[Way, ...]:
    """The four directions with what was left out of each and why."""
    titles = {
        (Kind.CONTACT, Side.MAILBOX): say("Contacts to mailbox"),
        (Kind.CONTACT, Side.CRM): say("Contacts to Salesforce"),
        (Kind.EVENT, Side.CRM): say("Events to Salesforce"),
        (Kind.EVENT, Side.MAILBOX): say("Events to mailbox"),
    }
    return tuple(_way(found, ever, kind, side, title) for (kind, side), title in titles.items())


def _way(found: Details, ever: Writes, kind: Kind, side: Side, title: str) -> Way:
    left = tuple(one for one in found.left_out if one.kind is kind and one.side is side.other)
    settings = found.settings.get(f"{kind.value}s")
    try:
        direction = Direction(settings["direction"]) if isinstance(settings, dict) else Direction.BOTH
    except (KeyError, ValueError):
        direction = Direction.BOTH
    on = direction.writes_mailbox if side is Side.MAILBOX else direction.writes_crm
    return Way(kind, side, title, on, ever.of(kind, side), left[:3], sum(one.number for one in left[3:]))
