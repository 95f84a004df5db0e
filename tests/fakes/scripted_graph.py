"""Graph from a script: answers in order without a network, and what was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter

from backend.microsoft.throttle import Gate
from backend.microsoft.transport import ServiceSession, Transport
from backend.ports.metering import CallCounter

GRAPH = "https://graph.example"


@dataclass(frozen=True)
class Reply:
    """An answer to come: status, JSON (or raw text), headers; or an exception instead."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Sent:
    """A request that left."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any


class ScriptedGraph(BaseAdapter):
    """A `requests` adapter that answers from a list; what is asked beyond it is a failure of the test."""

    def __init__(self, *replies: Reply | Callable[[Sent], Reply]) -> None:
        super().__init__()
        self.replies = list(replies)
        self.sent: list[Sent] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """See BaseAdapter."""
        body = json.loads(request.body) if request.body else None
        sent = Sent(request.method or "", request.url or "", dict(request.headers), body)
        self.sent.append(sent)
        self.timeouts.append(kwargs.get("timeout"))
        following = self.replies.pop(0)
        reply = following(sent) if callable(following) else following
        if reply.error is not None:
            raise reply.error
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response._content = (reply.text if reply.text is not None else json.dumps(reply.body)).encode()
        response.url = sent.url
        response.request = request
        return response

    def close(self) -> None:
        """See BaseAdapter."""


class CountedTokens:
    """Tokens t0, t1, …; a fresh one is the next."""

    def __init__(self) -> None:
        self.number = 0

    def token(self, *, fresh: bool = False) -> str:
        """See Tokens."""
        self.number += fresh
        return f"t{self.number}"


class Wire:
    """A transport over a script, with what it counted and how long it waited."""

    def __init__(self, *replies: Reply | Callable[[Sent], Reply]) -> None:
        self.graph = ScriptedGraph(*replies)
        self.pauses: list[float] = []
        self.meter = CallCounter()
        session = ServiceSession()
        session.mount("https://", self.graph)
        self.transport = Transport(GRAPH, CountedTokens(), session, self.meter, sleep=self.pauses.append)
        self.gate = Gate(sleep=self.pauses.append)


def error(status: int, code: str, headers: Mapping[str, str] | None = None, **extra: Any) -> Reply:
    """A refusal in Graph's shape."""
    return Reply(status, {"error": {"code": code, "message": "Said so.", **extra}}, headers or {})


def inner(number: int, reply: Reply) -> dict[str, Any]:
    """An answer inside a batch."""
    return {"id": str(number), "status": reply.status, "body": reply.body, "headers": dict(reply.headers)}


def batch(*replies: Reply) -> Reply:
    """A batch's answer, in reverse order, since order is not promised (MS-095)."""
    return Reply(200, {"responses": [inner(number, reply) for number, reply in enumerate(replies)][::-1]})
