"""The frame around a stand-in: names each call, lets it fail where a rule says so, and counts it."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.http import http_date
from werkzeug.wrappers import Response

from backend.sandbox.faults import REFUSALS, Rule, Target
from backend.sandbox.world import Call, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Keys that the frame puts into the environment of a request.
DOOR = "sandbox.door"  # str: the door it came through
BODY = "sandbox.body"  # bytes: the whole body, which wsgi.input holds too
INNER = "sandbox.inner"  # list[tuple[str, int]]: a batch appends (operation, status) of what it carried

_READING_METHODS = ("GET", "HEAD", "OPTIONS")


class Cut(Exception):
    """Raised to cut the connection without an answer."""


def writes_by_method(environ: WSGIEnvironment) -> bool:
    """Whether the request may change something, judged by its method alone."""
    return environ["REQUEST_METHOD"] not in _READING_METHODS


class Service:
    """One stand-in behind its doors, as a WSGI application.

    `operation` names a call for the table and for fault rules; `refuse` renders a fault of kind 429, 503,
    410 or 401 in the service's own shape; `credentials` tells what a client needs (called when the addresses
    are known); `reset` empties the stand-in. `doors` maps a door's name to the host name in its address:
    each gets its own https port, and `addresses` holds the base address of each once the server has started.
    """

    def __init__(
        self,
        world: World,
        name: str,
        app: WSGIApplication,
        *,
        operation: Callable[[WSGIEnvironment], str],
        refuse: Callable[[Rule, WSGIEnvironment], Response],
        credentials: Callable[[], dict[str, Any]],
        reset: Callable[[], None],
        writes: Callable[[WSGIEnvironment], bool] = writes_by_method,
        doors: Mapping[str, str] | None = None,
    ) -> None:
        self.world = world
        self.name = name
        self.app = app
        self.operation = operation
        self.refuse = refuse
        self.credentials = credentials
        self.reset = reset
        self.writes = writes
        self.doors = dict(doors or {"base": "localhost"})
        self.addresses: dict[str, str] = {}
        self.closing = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request. Raises Cut where the connection has to be cut."""
        environ[BODY] = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(environ[BODY])
        environ[INNER] = []
        target = Target(self.name, self.operation(environ), self.writes(environ))
        rule = self.world.faults.draw(target)
        try:
            response = self._answer(environ) if rule is None else self._fail(rule, target, environ)
        except Cut:
            self._record(target, 0, rule, environ)
            raise
        self._record(target, response.status_code, rule, environ)
        response.headers["Date"] = http_date(self.world.clock.now())
        return response(environ, start_response)

    def _answer(self, environ: WSGIEnvironment) -> Response:
        return Response.from_app(self.app, environ, buffered=True)

    def _record(self, target: Target, status: int, rule: Rule | None, environ: WSGIEnvironment) -> None:
        inner = environ[INNER]
        call = Call(
            at=self.world.clock.now(),
            service=target.service,
            operation=target.operation,
            status=status,
            inner=len(inner),
            fault=rule.kind if rule else None,
        )
        self.world.calls.record(call, inner)

    def _fail(self, rule: Rule, target: Target, environ: WSGIEnvironment) -> Response:
        if rule.kind == "hook":
            return self._call_hook(rule, target, environ)
        if rule.kind == "slow":
            self.closing.wait(rule.seconds)
            return self._answer(environ)
        if rule.kind == "reset":
            raise Cut
        response = self._answer(environ) if rule.moment == "after" else None
        return self._spoil(rule, response, environ)

    def _call_hook(self, rule: Rule, target: Target, environ: WSGIEnvironment) -> Response:
        call = rule.hook or (lambda _target: None)
        if rule.moment == "before":
            call(target)
            return self._answer(environ)
        response = self._answer(environ)
        call(target)
        return response

    def _spoil(self, rule: Rule, response: Response | None, environ: WSGIEnvironment) -> Response:
        if rule.kind in REFUSALS:
            refusal = self.refuse(rule, environ)
            if refusal.status_code in (429, 503) and rule.seconds:
                refusal.headers.setdefault("Retry-After", str(math.ceil(rule.seconds)))
            return refusal
        if rule.kind == "malformed":
            return Response(_half_of(response), status=200, content_type="application/json")
        if rule.kind == "timeout":
            self.closing.wait(rule.seconds)
        raise Cut


def _half_of(response: Response | None) -> bytes:
    """The first half of an answer; of an empty one, an object that never closes."""
    whole = response.get_data() if response else b""
    half = whole[: len(whole) // 2] or b'{"value": ['
    try:
        json.loads(half)
    except ValueError:
        return half
    return half + b"{"
