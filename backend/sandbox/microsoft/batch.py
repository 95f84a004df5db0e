"""`$batch`: up to twenty requests in one, each answered on its own (MS-094..MS-096)."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import unquote, urlsplit

from backend.sandbox.faults import Rule, Target
from backend.sandbox.microsoft import fields
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.faults import refusal_of
from backend.sandbox.microsoft.graph import Graph, refusal
from backend.sandbox.microsoft.throttle import Key
from backend.sandbox.microsoft.wire import Answer, Call, read_options

MOST_REQUESTS = 20
IN_PARALLEL = 4
# Fault rules for requests inside a batch name this service; they cannot cut a connection of their own.
INNER_SERVICE = "microsoft.inner"
_READING = ("GET", "HEAD")
_REQUEST: fields.Fields = {
    "id": fields.required_text,
    "method": fields.one_of("GET", "POST", "PATCH", "PUT", "DELETE"),
    "url": fields.required_text,
    "headers": lambda value, _where: value,
    "body": lambda value, _where: value,
    "dependsOn": fields.list_of(fields.required_text),
}


class Batch:
    """One batch in work. `carried` collects (operation, status) of its requests for the call table."""

    def __init__(self, graph: Graph, outer: Call, carried: list[tuple[str, int]]) -> None:
        self._graph = graph
        self._outer = outer
        self._carried = carried
        self._world = graph.tenant.world

    def answer(self) -> Answer:
        """200 with an answer for each request, in any order, or 400 for a malformed batch."""
        try:
            requests = _checked(self._outer.body)
        except GraphError as error:
            return refusal(error, self._outer, self._graph.tenant)
        calls = {request["id"]: self._call(request) for request in requests}
        places = self._enter(calls)
        try:
            answers = self._run(requests, calls, places)
        finally:
            for key, (_, taken) in places.items():
                self._graph.tenant.throttle.leave(key, taken)
        responses = [_response(request_id, answer) for request_id, answer in answers.items()]
        self._world.random.shuffle(responses)
        return Answer(200, {"responses": responses})

    def _call(self, request: dict[str, Any]) -> Call:
        headers = {str(name).lower(): str(value) for name, value in (request.get("headers") or {}).items()}
        url = urlsplit(request["url"])
        path = url.path if url.path.startswith("/") else f"/{url.path}"
        return Call(
            method=request["method"],
            path=unquote(path),
            root=self._outer.root,
            grant=self._outer.grant,
            options=read_options(url.query),
            headers=headers,
            body=request.get("body"),
        )

    def _enter(self, calls: dict[str, Call]) -> dict[Key, tuple[int, int]]:
        """Of each mailbox, how many requests run side by side and how many places were free for them."""
        wanted = Counter(key for call in calls.values() if (key := self._key(call)))
        throttle = self._graph.tenant.throttle
        sizes = {key: min(IN_PARALLEL, count) for key, count in wanted.items()}
        return {key: (size, throttle.enter(key, size)) for key, size in sizes.items()}

    def _key(self, call: Call) -> Key | None:
        parts = call.path.split("/")
        user = self._graph.tenant.user_named(parts[2]) if len(parts) > 3 and parts[1] == "users" else None
        return (call.grant.app_id, user.id) if user else None

    def _run(
        self, requests: list[dict[str, Any]], calls: dict[str, Call], places: dict[Key, tuple[int, int]]
    ) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        started: Counter[Key] = Counter()
        for request in _in_order(requests):
            call = calls[request["id"]]
            key = self._key(call)
            size, taken = places[key] if key else (1, 1)
            over = key is not None and started[key] % size >= taken
            if key:
                started[key] += 1
            failed = any(answers[parent].status >= 400 for parent in request.get("dependsOn", ()))
            answers[request["id"]] = self._failed_dependency(call) if failed else self._one(request, call, over)
        return answers

    def _one(self, request: dict[str, Any], call: Call, over_limit: bool) -> Answer:
        name = self._graph.operation_name(call.method, call.path)
        if request.get("body") is not None and "content-type" not in call.headers:
            error = GraphError(
                400,
                "BadRequest",
                "Write requests (excluding DELETE) must contain the Content-Type header declaration.",
            )
            answer = refusal(error, call, self._graph.tenant)
        else:
            answer = self._faulty(call, name, over_limit)
        self._carried.append((name, answer.status))
        return answer

    def _faulty(self, call: Call, name: str, over_limit: bool) -> Answer:
        target = Target(INNER_SERVICE, name, call.method not in _READING)
        rule = self._world.faults.draw(target)
        if rule is None or rule.kind == "slow":
            return self._graph.answer(call, over_limit=over_limit)
        if rule.hook and rule.moment == "before":
            rule.hook(target)
        answer = None
        if rule.moment == "after" or rule.kind == "hook":
            answer = self._graph.answer(call, over_limit=over_limit)
        if rule.hook and rule.moment == "after":
            rule.hook(target)
        if rule.kind == "hook" and answer is not None:
            return answer
        return self._refused(rule, call)

    def _refused(self, rule: Rule, call: Call) -> Answer:
        return refusal(refusal_of(rule), call, self._graph.tenant)

    def _failed_dependency(self, call: Call) -> Answer:
        self._carried.append((self._graph.operation_name(call.method, call.path), 424))
        return refusal(GraphError(424, "FailedDependency", "Failed dependency."), call, self._graph.tenant)


def _checked(body: Any) -> list[dict[str, Any]]:
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise _malformed("Invalid batch payload format.")
    if len(requests) > MOST_REQUESTS:
        raise _malformed(f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}.")
    checked = [fields.check_object(request, _REQUEST, "batchRequest") for request in requests]
    for request in checked:
        if not all(request.get(name) for name in ("id", "method", "url")):
            raise _malformed("Every batch request needs id, method and url.")
        if "://" in request["url"] or not isinstance(request.get("headers") or {}, dict):
            raise _malformed("The url of a batch request has to be relative, its headers an object.")
    ids = [request["id"].lower() for request in checked]
    if len(set(ids)) < len(ids):
        raise _malformed("The ids of batch requests have to be unique.")
    _check_dependencies(checked)
    return checked


def _check_dependencies(requests: list[dict[str, Any]]) -> None:
    """A request may depend on requests before it only."""
    seen: set[str] = set()
    for request in requests:
        if not set(request.get("dependsOn", ())) <= seen:
            raise _malformed("A batch request depends on a request that does not come before it.")
        seen.add(request["id"])


def _in_order(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The order of work: those that depend on nothing first, as they run side by side."""
    return sorted(requests, key=lambda request: bool(request.get("dependsOn")))


def _malformed(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def _response(request_id: str, answer: Answer) -> dict[str, Any]:
    headers = dict(answer.headers)
    response: dict[str, Any] = {"id": request_id, "status": answer.status, "headers": headers}
    if answer.body is not None:
        headers["Content-Type"] = "application/json"
        response["body"] = answer.body
    return response
