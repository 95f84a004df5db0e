"""What concerns the whole sandbox: faults, the clock, stopping a worker, starting over."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.sandbox.page.refusals import Refusal
from backend.sandbox.page.spot import Spot
from backend.sandbox.page.told import Note
from backend.sandbox.page.views import Views, chosen

SHIFTS: Final = {"3600": "1 hour", "86400": "1 day", "604800": "1 week", "back": ""}
SEEDS: Final = {"demo": "The seeded world: six people with contacts and events", "empty": "Nothing: no people at all"}


class Tools:
    """The views of the cards that are nobody's."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self.sandbox = views.stage.sandbox

    def register(self, page: Blueprint) -> None:
        """Add the views to the blueprint."""
        for name, view in (("faults", self.faults), ("clock", self.clock), ("kill", self.kill)):
            page.post(f"/people/<person>/{name}", endpoint=name)(view)
            page.get(f"/people/<person>/{name}", endpoint=f"{name}_reloaded")(self.reloaded)
        page.get("/start-over", endpoint="start_over")(self.ask)
        page.post("/start-over", endpoint="start_over_now")(self.start_over)

    def reloaded(self, person: str) -> Response:
        """Somebody reloaded a page that came as the answer to a form."""
        return redirect(Spot.read(person, request.args).back())

    def faults(self, person: str) -> Response:
        """Put the faults in force that the switches say."""
        spot = Spot.read(person, request.args)
        board = self.views.switchboard
        if request.form.get("all") == "off":
            board.clear()
            return self.views.back(spot, Note("Every fault is off."))
        try:
            on = board.set(request.form)
        except Refusal as refusal:
            abort(400, str(refusal))
        said = "No fault is on." if not on else "One fault is on." if on == 1 else f"{on} faults are on."
        return self.views.back(spot, Note(said))

    def clock(self, person: str) -> Response:
        """Let time pass for the services, or let them follow this machine's clock again."""
        by = chosen(request.form, "by", SHIFTS)
        clock = self.sandbox.world.clock
        with self.sandbox.world.lock:
            clock.shift(-clock.offset_seconds if by == "back" else float(by))
        said = "is right again" if by == "back" else f"is {SHIFTS[by]} later"
        return self.views.back(Spot.read(person, request.args), Note(f"The services' clock {said}."))

    def kill(self, person: str) -> Response:
        """Stop a worker in the middle of its work."""
        if self.sandbox.kill_worker is None:
            abort(404, "This sandbox runs alone: there is no worker that it could stop.")
        return self.views.back(Spot.read(person, request.args), Note(self.sandbox.kill_worker()))

    def ask(self) -> Response:
        """The question before everything is thrown away."""
        return make_response(render_template("sandbox/start_over.html", seeds=SEEDS, seed=self.sandbox.seed))

    def start_over(self) -> Response:
        """Throw everything away and plant the seed anew."""
        seed = chosen(request.form, "seed", SEEDS)
        self.sandbox.reset("demo" if seed == "demo" else "empty")
        return redirect(url_for("page.start"), 303)
