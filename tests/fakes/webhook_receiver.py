"""A web hook endpoint on loopback that keeps what it is sent and can misbehave."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any, Self

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response


@dataclass(frozen=True)
class Received:
    """A request that arrived."""

    path: str
    validation_token: str | None
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class WebhookReceiver:
    """Use as a context manager. `behaviour`: good, wrong token, json, error, or silent (until it is stopped)."""

    def __init__(self) -> None:
        self.behaviour = "good"
        self.requests: list[Received] = []
        self.arrived = threading.Event()
        self._stopping = threading.Event()
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The endpoint's address."""
        return f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        token = request.args.get("validationToken")
        self.requests.append(Received(request.path, token, request.get_data()))
        if token is None:
            self.arrived.set()
        if self.behaviour == "silent":
            self._stopping.wait(30)
        if self.behaviour == "error":
            return Response(status=500)
        if token is None:
            return Response(status=202)
        if self.behaviour == "json":
            return Response(token, content_type="application/json")
        return Response("other" if self.behaviour == "wrong token" else token, content_type="text/plain")

    def _app(self, environ: Any, start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)
