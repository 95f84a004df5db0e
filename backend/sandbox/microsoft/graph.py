"""Graph itself: from a call to an answer, with token, limits, permissions and the handler of the path."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from backend.sandbox.microsoft import errors
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.microsoft.odata import check_options
from backend.sandbox.microsoft.tenant import Tenant, User
from backend.sandbox.microsoft.wire import Answer, Call, Grant, preferences

Area = Literal["mailbox", "directory", "own"]


@dataclass(frozen=True)
class Request:
    """What a handler works on: the call, the tenant and, in a mailbox path, the mailbox."""

    call: Call
    tenant: Tenant
    user: User | None = None

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox of the path. Raises GraphError 404 where the path names no user."""
        if self.user is None:
            raise errors.resource_not_found()
        return self.tenant.mailbox(self.user.id)

    def value(self, name: str) -> str:
        """A part of the path."""
        return self.call.path_values[name]


Handler = Callable[[Request], Answer]


@dataclass(frozen=True)
class Operation:
    """One method on one path. `needs` are roles, any of which suffices; `area` says what they are for.

    `options` are the query options it knows. An operation that is not `exclusive` runs without the world's
    lock and takes it itself where it must.
    """

    name: str
    method: str
    path: str
    handler: Handler
    needs: Sequence[str]
    area: Area = "mailbox"
    options: Sequence[str] = ()
    exclusive: bool = True


class Router:
    """Finds the operation of a method and a path."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = {operation.name: operation for operation in operations}
        if len(self._operations) != len(operations):
            raise ValueError("two operations have the same name")
        rules = [Rule(each.path, methods=[each.method], endpoint=each.name) for each in operations]
        self._adapter: MapAdapter = Map(rules, redirect_defaults=False, merge_slashes=False).bind("graph")

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, Any]]:
        """The operation and the values in the path. Raises GraphError 404 or 405."""
        try:
            name, values = self._adapter.match(path, method=method)
        except HTTPException as problem:
            if problem.code == 405:
                raise GraphError(
                    405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
                ) from None
            raise errors.resource_not_found() from None
        return self._operations[name], dict(values)


class Graph:
    """Answers calls. `answer` is for a whole HTTP request or one request inside a batch alike."""

    def __init__(self, tenant: Tenant, operations: Sequence[Operation]) -> None:
        self.tenant = tenant
        self.router = Router(operations)
        self.nobody = Grant("", frozenset())

    def operation_name(self, method: str, path: str) -> str:
        """The name of a call in the call table."""
        try:
            return self.router.find(method, path)[0].name
        except GraphError:
            return "me" if path == "/me" or path.startswith("/me/") else "unknown"

    def answer(self, call: Call, *, over_limit: bool = False) -> Answer:
        """Answer a call; refusals come back as answers too. `over_limit`: too many requests in flight."""
        try:
            answer = self._answer(call, over_limit)
        except GraphError as error:
            answer = refusal(error, call, self.tenant)
        if call.prefer.applied and answer.status < 400:
            applied = ", ".join(call.prefer.applied)
            answer.headers["Preference-Applied"] = applied
        return answer

    def _answer(self, call: Call, over_limit: bool) -> Answer:
        if call.path == "/me" or call.path.startswith("/me/"):
            raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        operation, call.path_values = self.router.find(call.method, call.path)
        call.prefer = preferences(call.headers.get("prefer", ""))
        check_options(call, operation.options)
        user = self._user(operation, call, over_limit)
        request = Request(call, self.tenant, user)
        if not operation.exclusive:
            return operation.handler(request)
        with self.tenant.world.lock:
            return operation.handler(request)

    def _user(self, operation: Operation, call: Call, over_limit: bool) -> User | None:
        key = call.path_values.get("user")
        user = self.tenant.user_named(key) if key else None
        if operation.area == "directory":
            if not set(operation.needs) & call.grant.roles:
                raise errors.directory_denied()
            return user
        if operation.area == "own":
            return None
        if user is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.")
        self._check_limits(call, user, over_limit)
        self._check_access(operation, call, user)
        return user

    def _check_limits(self, call: Call, user: User, over_limit: bool) -> None:
        throttle = self.tenant.throttle
        throttle.count((call.grant.app_id, user.id))
        if over_limit:
            raise throttle.refusal("MailboxConcurrency")

    def _check_access(self, operation: Operation, call: Call, user: User) -> None:
        app = self.tenant.apps[call.grant.app_id]
        now = self.tenant.world.clock.now()
        if not app.may(call.grant.roles, operation.needs, user.id, now):
            raise errors.access_denied()
        if not user.has_mailbox:
            raise GraphError(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )


def refusal(error: GraphError, call: Call, tenant: Tenant) -> Answer:
    """An error as an OData error body."""
    return Answer(error.status, error_body(error, call.headers.get("client-request-id"), tenant), error.headers)


def error_body(error: GraphError, client_request_id: str | None, tenant: Tenant) -> dict[str, Any]:
    """The body of an error; never branch on its message."""
    request_id = str(uuid.uuid4())
    inner = {
        "date": f"{tenant.world.clock.now():%Y-%m-%dT%H:%M:%S}",
        "request-id": request_id,
        "client-request-id": client_request_id or request_id,
    }
    return {"error": {"code": error.code, "message": error.message, "innerError": inner, **error.extra}}
