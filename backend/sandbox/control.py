"""The control door `/_sandbox/`: JSON for tests and scripts, on plain http."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from backend.sandbox import page
from backend.sandbox.faults import BadInput, rule_from_json

if TYPE_CHECKING:
    from backend.sandbox.server import Sandbox

PREFIX = "/_sandbox"
MOST_SHIFT = 10 * 366 * 86_400


def create(sandbox: Sandbox) -> Flask:
    """The Flask application of the control door; the page for people is added to it."""
    app = Flask(__name__)
    app.register_blueprint(_Door(sandbox).blueprint(), url_prefix=PREFIX)
    page.register(app, sandbox)
    app.register_error_handler(BadInput, _bad_request)
    app.register_error_handler(HTTPException, _http_problem)
    return app


class _Door:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.world = sandbox.world

    def blueprint(self) -> Blueprint:
        door = Blueprint("control", __name__)
        door.get("/health")(self.health)
        door.get("/credentials")(self.sandbox.credentials)
        door.get("/calls")(self.calls)
        door.delete("/calls")(self.forget_calls)
        door.get("/outbox")(self.outbox)
        door.get("/faults")(self.faults)
        door.put("/faults")(self.set_faults)
        door.delete("/faults")(self.no_faults)
        door.get("/clock")(self.clock)
        door.post("/clock")(self.shift_clock)
        door.get("/links")(self.links)
        door.post("/links")(self.set_links)
        door.post("/reset")(self.reset)
        door.post("/edits")(self.edits)
        return door

    def health(self) -> dict[str, str]:
        return {"status": "ok"}

    def calls(self) -> dict[str, Any]:
        rows = self.world.calls.counts()
        totals = {name: {"calls": 0, "inner": 0} for name in self.sandbox.services}
        for row in rows:
            totals[row.service]["calls"] += row.calls
            totals[row.service]["inner"] += row.inner
        latest = [asdict(call) | {"at": call.at.isoformat()} for call in self.world.calls.latest()]
        return {"calls": [asdict(row) for row in rows], "totals": totals, "latest": latest}

    def edits(self) -> dict[str, int]:
        return {"edits": self.sandbox.edit()}

    def forget_calls(self) -> tuple[str, int]:
        self.world.calls.clear()
        return "", 204

    def outbox(self) -> dict[str, Any]:
        with self.world.lock:
            mails = [asdict(mail) | {"at": mail.at.isoformat()} for mail in self.world.outbox]
        return {"total": len(mails), "mails": mails}

    def faults(self) -> dict[str, Any]:
        return {"rules": [rule.as_json() for rule in self.world.faults.rules()]}

    def set_faults(self) -> dict[str, Any]:
        data = _json_body()
        if not isinstance(data, list):
            raise BadInput("the body must be a list of fault rules")
        rules = [rule_from_json(rule, f"faults[{index}]") for index, rule in enumerate(data)]
        self.world.faults.replace(rules)
        return self.faults()

    def no_faults(self) -> tuple[str, int]:
        self.world.faults.clear()
        return "", 204

    def clock(self) -> dict[str, Any]:
        clock = self.world.clock
        return {"now": clock.now().isoformat(), "offset_seconds": clock.offset_seconds}

    def shift_clock(self) -> dict[str, Any]:
        data = _json_body()
        seconds = data.get("shift") if isinstance(data, dict) else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not abs(seconds) <= MOST_SHIFT:
            raise BadInput("shift must be a number of seconds of at most ten years, negative to go back")
        self.world.clock.shift(seconds)
        return self.clock()

    def links(self) -> dict[str, str | None]:
        return {"lockstep_url": self.world.lockstep_url}

    def set_links(self) -> dict[str, str | None]:
        data = _json_body()
        url = data.get("lockstep_url") if isinstance(data, dict) else None
        if url is not None and not _is_web_address(url):
            raise BadInput("lockstep_url must be an http or https address, or null for no link")
        self.world.lockstep_url = url
        return self.links()

    def reset(self) -> dict[str, str]:
        data = _json_body() if request.get_data() else {}
        seed = data.get("seed", self.sandbox.seed) if isinstance(data, dict) else None
        if seed not in ("empty", "demo"):
            raise BadInput("seed must be 'empty' or 'demo'")
        self.sandbox.reset(seed)
        return {"seed": seed}


def _is_web_address(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _json_body() -> Any:
    data = request.get_json(silent=True)
    if data is None:
        raise BadInput("the body must be JSON, sent with the content type application/json")
    return data


def _problem(status: int, title: str, detail: str) -> Response:
    answer = jsonify(type="about:blank", title=title, status=status, detail=detail)
    answer.status_code = status
    answer.content_type = "application/problem+json"
    return answer


def _bad_request(error: BadInput) -> Response:
    return _problem(400, "Bad Request", str(error))


def _http_problem(error: HTTPException) -> Response:
    if "page" in current_app.blueprints and not request.path.startswith(PREFIX):
        return page.problem(error)
    status = error.code or 500
    return _problem(status, error.name, error.description or error.name)
