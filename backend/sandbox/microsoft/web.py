"""Graph over HTTP: from a WSGI request to a call and back, and the service with its limits."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Request as AnyRequest
from werkzeug.wrappers import Response as AnyResponse

from backend.sandbox.faults import Rule
from backend.sandbox.microsoft import errors, login
from backend.sandbox.microsoft.batch import Batch
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.faults import refusal_of, token_refusal_of
from backend.sandbox.microsoft.graph import Graph, error_body, refusal
from backend.sandbox.microsoft.identity import TokenError
from backend.sandbox.microsoft.tenant import Tenant
from backend.sandbox.microsoft.throttle import Key
from backend.sandbox.microsoft.wire import Answer, Call, Grant, read_options
from backend.sandbox.service import BODY, INNER, Service, writes_by_method

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

VERSION = "/v1.0"
_OVER = "sandbox.microsoft.over_limit"
_BATCH = f"{VERSION}/$batch"
_MAILBOX_PATH = re.compile(rf"{re.escape(VERSION)}/users/([^/]+)/.")
_LOGIN_PATH = re.compile(r"/[^/]+/(v2\.0|oauth2|discovery|adminconsent)(/|$)")
_BODY_METHODS = ("POST", "PATCH", "PUT")
_MOST_BYTES = 4 * 1024 * 1024


def create_app(tenant: Tenant, graph: Graph) -> Flask:
    """The Flask application: identity and Graph."""
    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.register_blueprint(login.blueprint(tenant))

    @app.route(f"{VERSION}/<path:rest>", methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    def graph_call(rest: str) -> Response:
        del rest  # the router of Graph reads the whole path itself
        return _graph(graph)

    app.register_error_handler(404, lambda _error: _unknown_path(tenant))
    return app


def _graph(graph: Graph) -> Response:
    """One HTTP request to Graph."""
    call = Call(
        method=request.method,
        path=request.path.removeprefix(VERSION),
        root=login.origin() + VERSION,
        grant=graph.nobody,
        options=read_options(request.query_string.decode("utf-8")),
        headers={name.lower(): value for name, value in request.headers.items()},
    )
    try:
        call.grant = _grant(graph, call)
        call.body = _body(call)
    except GraphError as error:
        return _response(refusal(error, call, graph.tenant), call)
    if request.path == _BATCH and call.method == "POST":
        return _response(Batch(graph, call, request.environ[INNER]).answer(), call)
    return _response(graph.answer(call, over_limit=request.environ.get(_OVER, False)), call)


def _grant(graph: Graph, call: Call) -> Grant:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise errors.bad_token("Access token is empty.")
    return graph.tenant.keys.grant(token.strip(), graph.tenant.world.clock.now())


def _body(call: Call) -> Any:
    raw: bytes = request.environ.get(BODY, b"")
    if len(raw) > _MOST_BYTES:
        raise GraphError(413, "RequestEntityTooLarge", "The request size exceeds the maximum limit.")
    if call.method not in _BODY_METHODS or not raw:
        return None
    if not call.headers.get("content-type", "").startswith("application/json"):
        message = "Write requests (excluding DELETE) must contain the Content-Type header declaration."
        raise GraphError(415, "RequestBodyRead", message)
    try:
        return json.loads(raw)
    except ValueError:
        raise errors.bad_json() from None


def _response(answer: Answer, call: Call) -> Response:
    content = None if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode("utf-8")
    kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    response = Response(content, status=answer.status, content_type=kind)
    response.headers.extend(answer.headers)
    inner = (answer.body or {}).get("error", {}).get("innerError", {})
    request_id = inner.get("request-id") or str(uuid.uuid4())
    _add_ids(response, request_id, call.headers.get("client-request-id"))
    return response


def _add_ids(response: AnyResponse, request_id: str, client_request_id: str | None) -> None:
    """The headers of every answer (MS-013)."""
    response.headers["request-id"] = request_id
    response.headers["client-request-id"] = client_request_id or request_id
    response.headers["x-ms-ags-diagnostic"] = '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1"}}'


def _unknown_path(tenant: Tenant) -> tuple[Response, int]:
    error = errors.resource_not_found()
    return jsonify(error_body(error, request.headers.get("client-request-id"), tenant)), error.status


def writes(environ: WSGIEnvironment) -> bool:
    """Whether a request can change a mailbox: a batch counts as a write if one of its requests does; tokens do not."""
    path = environ.get("PATH_INFO", "")
    if path != _BATCH:
        return path.startswith(f"{VERSION}/") and writes_by_method(environ)
    try:
        requests = json.loads(environ[BODY])["requests"]
        return any(str(one["method"]).upper() not in ("GET", "HEAD") for one in requests)
    except (ValueError, TypeError, KeyError):  # malformed: refused as a whole
        return False


class GraphService(Service):
    """The stand-in with its limit on requests in flight, which counts slow ones as long as they take."""

    def __init__(self, tenant: Tenant, graph: Graph) -> None:
        super().__init__(
            tenant.world,
            "microsoft",
            create_app(tenant, graph),
            operation=self._operation,
            refuse=self._refuse,
            credentials=self._credentials,
            reset=self._clear,
            writes=writes,
        )
        self.tenant = tenant
        self.graph = graph
        tenant.notifier.closing = self.closing

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, holding one of the mailbox's places meanwhile (MS-097)."""
        key = self._key(environ)
        if key is None:
            return super().__call__(environ, start_response)
        taken = self.tenant.throttle.enter(key)
        environ[_OVER] = not taken
        try:
            return super().__call__(environ, start_response)
        finally:
            self.tenant.throttle.leave(key, taken)

    def _key(self, environ: WSGIEnvironment) -> Key | None:
        match = _MAILBOX_PATH.match(environ.get("PATH_INFO", ""))
        user = self.tenant.user_named(match[1]) if match else None
        token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip()
        if user is None or not token:
            return None
        try:
            return self.tenant.keys.grant(token, self.world.clock.now()).app_id, user.id
        except GraphError:
            return None

    def _operation(self, environ: WSGIEnvironment) -> str:
        """The name of a request: `token`, `discovery`, `batch`, or that of the Graph operation."""
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path == _BATCH:
            return "batch"
        if path.startswith(f"{VERSION}/"):
            return self.graph.operation_name(method, path.removeprefix(VERSION))
        if path.endswith("/oauth2/v2.0/token"):
            return "token"
        if path.endswith("/adminconsent"):
            return "adminconsent"
        return "discovery" if _LOGIN_PATH.match(path) else "unknown"

    def _refuse(self, rule: Rule, environ: WSGIEnvironment) -> AnyResponse:
        """A fault in the shape of the service that is asked."""
        asked = AnyRequest(environ)
        client_request_id = asked.headers.get("client-request-id")
        if not asked.path.startswith(f"{VERSION}/"):
            error = TokenError(*token_refusal_of(rule))
            body = error.as_json(self.world.clock.now(), client_request_id, asked.host_url.rstrip("/"))
            return AnyResponse(json.dumps(body), status=error.status, content_type="application/json")
        refused = refusal_of(rule)
        content = error_body(refused, client_request_id, self.tenant)
        response = AnyResponse(json.dumps(content), status=refused.status, content_type="application/json")
        response.headers.extend({name: value for name, value in refused.headers.items() if name != "Retry-After"})
        _add_ids(response, content["error"]["innerError"]["request-id"], client_request_id)
        return response

    def _credentials(self) -> dict[str, Any]:
        """What a client needs: addresses (without the version), tenant, and the application with its secret."""
        base = self.addresses.get("base", "")
        app = self.tenant.app
        return {
            "login_url": base,
            "graph_url": base,
            "authority": f"{base}/{self.tenant.id}",
            "token_url": f"{base}/{self.tenant.id}/oauth2/v2.0/token",
            "tenant_id": self.tenant.id,
            "client_id": app.id,
            "client_secret": app.secrets[0].value,
            "users": [{"id": user.id, "address": user.mail, "name": user.name} for user in self.tenant.users.values()],
        }

    def _clear(self) -> None:
        self.tenant.clear()
