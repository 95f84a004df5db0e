"""Failures as pages: one sentence, what to do, and the id under which support finds the rest in the log."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Flask, Response, g, json, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from backend.web.words import say

log = structlog.get_logger(__name__)

SENTENCES: Final = {
    400: ("This request cannot be read", "Go back, check what you typed, and send it again."),
    401: ("You are signed out", "Sign in again; nothing was changed."),
    403: ("You may not do this", "Your account may look, not change. An admin can do it for you."),
    404: ("There is nothing at this address", "It may have been removed. Look for it by name, address or record id."),
    405: ("This address takes no such request", "Open it from the page that links to it."),
    409: ("It is different by now", "Somebody or something was faster. Look again."),
    413: ("That is too much at once", "Send less than 1 MB."),
    422: ("This cannot be done as it is", "Go back, check what you typed, and send it again."),
    429: ("Too many attempts", "Wait a minute, then try again."),
    500: (
        "Something failed here",
        "Nothing was changed by this page. Try again; if it stays, give the code to support.",
    ),
}


def register(app: Flask) -> None:
    """Answer every failure of `app` with a page, or with problem+json where no page is wanted."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, unexpected)


def answer(error: HTTPException) -> Response:
    """A failure with a status code. Its own description is shown where our code gave one."""
    if error.response is not None:
        return Response(status=error.code or 500, headers=list(error.response.headers))
    code = error.code if error.code in SENTENCES else 500 if (error.code or 500) >= 500 else 400
    title, remedy = (say(text) for text in SENTENCES[code])
    own = error.description if error.description != type(error).description and code != 429 else None
    return problem(error.code or 500, title, own or remedy)


def stale_form(_error: HTTPException) -> Response:
    """The form's token is missing or of another session."""
    return problem(
        400,
        say("This form is out of date"),
        say(
            "You signed in again since it was opened, or cookies are off. Go back, reload the page, and send it again."
        ),
    )


def unexpected(error: Exception) -> Response:
    """A defect of ours: logged with its traceback, shown without it."""
    log.exception("a page failed", path=request.path, error=str(error))
    return answer(InternalServerError())


def problem(status: int, title: str, detail: str) -> Response:
    """The failure as a page or as application/problem+json (RFC 9457)."""
    if wants_json():
        body = {
            "type": "about:blank", "title": title, "status": status, "detail": detail,
            "instance": request.path, "correlation_id": g.get("correlation", ""),
        }  # fmt: skip
        return Response(json.dumps(body), status, content_type="application/problem+json")
    page = render_template(
        "error.html", status=status, title=title, detail=detail, correlation=g.get("correlation", "")
    )
    return Response(page, status, content_type="text/html; charset=utf-8")


def wants_json() -> bool:
    """Whether the client prefers JSON to a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best != "text/html" and best is not None
