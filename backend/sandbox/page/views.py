"""The page, its live parts, and saving, deleting and restoring what is on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, json, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.sandbox.page import editor, faults, look
from backend.sandbox.page.editor import EVENTS, SHELVES, Editor
from backend.sandbox.page.faults import Switchboard
from backend.sandbox.page.refusals import WHOLE, Gone, Refusal
from backend.sandbox.page.shelf import Done, Form, Shelf
from backend.sandbox.page.spot import NEW, Spot
from backend.sandbox.page.stage import Stage
from backend.sandbox.page.told import Note, Told
from backend.sandbox.world import Person

_PLACES = {
    "mail-event": "the mailbox",
    "mail-contact": "the mailbox",
    "sf-event": "Salesforce",
    "sf-contact": "Salesforce",
}


class Views:
    """The views of one sandbox."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.told = Told()
        self.switchboard = Switchboard(stage)

    def register(self, page: Blueprint) -> None:
        """Add the views to the blueprint."""
        page.get("/", endpoint="start")(self.start)
        page.get("/people/<person>", endpoint="show")(self.show)
        page.get("/people/<person>/live", endpoint="live")(self.live)
        for verb, view in (("save", self.save), ("delete", self.delete), ("restore", self.restore)):
            path = f"/people/<person>/<any({', '.join(map(repr, SHELVES))}):shelf>/{verb}"
            page.post(path, endpoint=verb)(view)
            page.get(path, endpoint=f"{verb}_reloaded")(self.reloaded)

    # Looking

    def start(self) -> Response:
        """The first person's page, or a page that says that there is nobody."""
        with self.stage.world.lock:
            people = list(self.stage.world.people)
        if not people:
            return make_response(render_template("sandbox/nobody.html"))
        return redirect(url_for("page.show", person=people[0].key))

    def show(self, person: str) -> Response:
        """The page of a person."""
        spot = Spot.read(person, request.args)
        opened, gone = None, ""
        with self.stage.world.lock:
            if spot.shelf in SHELVES:
                try:
                    someone = self.found(person)
                    shelf = editor.shelf_of(self.stage, someone, spot.shelf)
                    opened = editor.opened(shelf, spot.shelf, spot.item, look.first_choice(self.stage, spot, someone))
                except Gone as error:
                    gone = str(error)
        return self.page(spot, opened, gone=gone, note=self.told.take(request.args.get("told", "")))

    def page(self, spot: Spot, opened: Editor | None = None, status: int = 200, **more: Any) -> Response:
        """The whole page with an editor open or not."""
        return make_response(render_template("sandbox/page.html", **self._shown(spot), editor=opened, **more), status)

    def live(self, person: str) -> Response:
        """The parts of the page that follow what happens, and one sentence about what changed."""
        shown = self._shown(Spot.read(person, request.args))
        answer = make_response(render_template("sandbox/live.html", **shown, oob=True))
        if shown["news"]:
            answer.headers["HX-Trigger"] = json.dumps({"sandbox:news": shown["news"]}, ensure_ascii=True)
        return answer

    def reloaded(self, person: str, shelf: str) -> Response:
        """Somebody reloaded a page that came as the answer to a form."""
        del shelf
        return redirect(Spot.read(person, request.args).back())

    def found(self, key: str) -> Person:
        """The person of the address. Answers 404 where there is none."""
        return self.stage.person(key) or abort(404, "Nobody of that name works here. Go back and choose a person.")

    def _shown(self, spot: Spot) -> dict[str, Any]:
        with self.stage.world.lock:
            shown = look.gather(self.stage, spot, self.found(spot.person))
            return {
                **shown,
                "spot": spot,
                "switches": self.switchboard.settings(),
                "other_rules": self.switchboard.others(),
                "struck": self.switchboard.struck(),
                "all_faults": faults.FAULTS,
                "rates": faults.RATES,
                "lockstep_url": self.stage.sandbox.world.lockstep_url,
                "can_kill": self.stage.sandbox.kill_worker is not None,
            }

    # Doing

    def save(self, person: str, shelf: str) -> Response:
        """Make or change an item; what is refused comes back with a sentence at its field."""
        spot = Spot.read(person, request.args)
        values, item, was = editor.read(shelf, request.form), request.form.get("item", NEW), request.form.get("was", "")
        with self.stage.world.lock:
            someone = self.found(person)
            kept, day = editor.shelf_of(self.stage, someone, shelf), look.first_choice(self.stage, spot, someone)
            try:
                changed = editor.changed(values, was)
                done = kept.create(values) if item == NEW else kept.change(item, values, changed)
            except Refusal as refusal:
                form = self._form(kept, item, day)
                refused: Editor | None = Editor(shelf, item, form, values, was, refusal.sentences)
            except Gone as gone:
                sentence = f"{gone} What you typed is still here: save it as a new one, or cancel."
                refused = Editor(shelf, NEW, kept.blank(day), values, "{}", {WHOLE: sentence})
            else:
                refused = None
        if refused:
            return self.page(spot, refused, 422)
        return self._after(spot, shelf, done, _saved(done, shelf, is_new=item == NEW))

    def _form(self, shelf: Shelf, item: str, day: date) -> Form:
        try:
            return shelf.blank(day) if item == NEW else shelf.load(item)
        except Gone:
            return shelf.blank(day)

    def delete(self, person: str, shelf: str) -> Response:
        """Delete an item; the next page offers to undo it."""
        spot, item = Spot.read(person, request.args), request.form.get("item", "")
        with self.stage.world.lock:
            kept = editor.shelf_of(self.stage, self.found(person), shelf)
            try:
                done = kept.delete(item)
            except Refusal as refusal:
                form = self._form(kept, item, look.first_choice(self.stage, spot, self.found(person)))
                refused = Editor(shelf, item, form, form.values, json.dumps(form.values), refusal.sentences)
            except Gone as gone:
                return self.page(spot, gone=str(gone))
            else:
                where = "" if done.undo else " from its series: nobody can bring it back but by making it anew"
                note = Note(f"{_called(done)} is deleted{where}.", shelf if done.undo else "", done.undo, person)
                return self._after(spot, shelf, done, note)
        return self.page(spot, refused, 422)

    def restore(self, person: str, shelf: str) -> Response:
        """Bring a deleted item back."""
        spot = Spot.read(person, request.args)
        with self.stage.world.lock:
            kept = editor.shelf_of(self.stage, self.found(person), shelf)
            try:
                done = kept.restore(request.form.get("item", ""))
            except (Refusal, Gone) as error:
                return self.page(spot, gone=str(error))
        return self._after(spot, shelf, done, Note(f"{_called(done)} is back in {_PLACES[shelf]}."))

    def _after(self, spot: Spot, shelf: str, done: Done, note: Note) -> Response:
        """The page after something was done, in the week where it can be seen."""
        week = spot.week
        if shelf in EVENTS and done.day:
            with self.stage.world.lock:
                first = look.monday(self.stage, spot, self.found(spot.person))
            if not first <= done.day < first + timedelta(days=7):
                week = done.day
        return self.back(spot, note, week=week)

    def back(self, spot: Spot, note: Note, **changes: Any) -> Response:
        """The page with nothing open, and a note."""
        address = spot.at(shelf="", item="", **changes)
        joint = "&" if "?" in address else "?"
        return redirect(f"{address}{joint}told={self.told.keep(note)}", 303)


def _called(done: Done) -> str:
    return f"“{done.name}”" if done.name else "It"


def _saved(done: Done, shelf: str, *, is_new: bool) -> Note:
    if is_new:
        return Note(f"{_called(done)} is made in {_PLACES[shelf]}. Watch it arrive on the other side.")
    if not done.changed:
        return Note("Nothing was changed, nothing was written.")
    return Note(f"{_called(done)} is saved in {_PLACES[shelf]}. Watch the other side.")


def chosen(given: Mapping[str, str], name: str, allowed: Mapping[str, Any]) -> str:
    """The value of a button or a choice. Answers 400 where it is none of those offered."""
    value = given.get(name, "")
    if value not in allowed:
        abort(400, "The form was sent without a choice. Go back and press one of its buttons.")
    return value
