"""Headers of every answer, tokens in every form, and the id that ties a page to its log lines."""

from __future__ import annotations

import uuid
from typing import Final

import structlog
from flask import Flask, Response, g
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]  # it publishes no types

from backend.web.errors import stale_form

POLICY: Final = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def register(app: Flask, *, https: bool) -> None:
    """Headers and form tokens of `app`; `https`: people reach it encrypted, so browsers may insist on it."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the session
    CSRFProtect(app)
    app.register_error_handler(CSRFError, stale_form)
    headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})

    @app.before_request
    def begin() -> None:
        g.correlation = uuid.uuid4().hex[:12]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.correlation)

    @app.after_request
    def finish(answer: Response) -> Response:
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        answer.headers["X-Request-ID"] = g.get("correlation", "")
        if "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store"
        return answer
