"""The page for people: one mailbox and Salesforce side by side, editable, with faults to switch on.

Plain forms and links do everything; htmx and a small script refresh it every two seconds and swap in place. The
page acts as the person through what the stand-ins offer to people, so it needs no tokens and is in no call table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from backend.sandbox.page import text
from backend.sandbox.page.editor import LABELS
from backend.sandbox.page.stage import Stage
from backend.sandbox.page.tools import Tools
from backend.sandbox.page.views import Views

if TYPE_CHECKING:
    from backend.sandbox.server import Sandbox

MOST_BYTES: Final = 256 * 1024
HEADERS: Final = {
    "Content-Security-Policy": "; ".join((
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip
_FILTERS = (
    text.count,
    text.initials,
    text.short_day,
    text.weekday,
    text.clock,
    text.when,
    text.shift,
    text.breakable,
    text.trace,
)
_SENTENCES = {
    403: "This form came from another place than this page. Open the page itself and send it from there.",
    404: "There is nothing at this address. Go to the sandbox and choose a person.",
    405: "This address takes no such request. Open it from the page that links to it.",
    413: "That is too much at once: send less than 256 KB.",
}


def register(app: Flask, sandbox: Sandbox) -> None:
    """Add the page to the control door's application, if the sandbox has the services that it shows."""
    stage = Stage.of(sandbox)
    if stage is None:
        return
    page = Blueprint("page", __name__, template_folder="templates", static_folder="static", static_url_path="/page")
    views = Views(stage)
    views.register(page)
    Tools(views).register(page)
    page.before_request(_guard)
    page.after_request(_protect)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update({each.__name__: each for each in _FILTERS})
    app.jinja_env.globals.update(labels=LABELS)
    app.register_blueprint(page)


def problem(error: HTTPException) -> Response:
    """A failure as a page."""
    status = error.code or 500
    own = error.description if error.description != type(error).description else None
    detail = own or _SENTENCES.get(status, "The sandbox failed; its log says why. Nothing was changed.")
    answer = make_response(render_template("sandbox/problem.html", detail=detail, status=status), status)
    return _protect(answer)


def _guard() -> None:
    """No other site may send forms here through somebody's browser, and no form is endless."""
    request.max_content_length = MOST_BYTES
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def _protect(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.endpoint != "page.static":
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
