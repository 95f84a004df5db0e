"""The stand-in as a web application: doors, sessions, and what every answer carries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from backend.sandbox.faults import Rule
from backend.sandbox.salesforce import oauth
from backend.sandbox.salesforce.apps import ConnectedApp, Session, Tokens
from backend.sandbox.salesforce.errors import SalesforceError, not_found
from backend.sandbox.salesforce.operations import operation, writes
from backend.sandbox.salesforce.org import Org
from backend.sandbox.salesforce.rest import router
from backend.sandbox.salesforce.rest.limits import NEWEST, OLDEST, versions
from backend.sandbox.salesforce.rest.queries import Cursor
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse
from backend.sandbox.service import BODY, DOOR, INNER, Service
from backend.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_BYTES = 16_384
_VERSION = re.compile(r"(\d+)\.0")
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class StandIn(Service):
    """Salesforce behind two doors: `login` on localhost, `instance` (the My Domain host) on 127.0.0.1."""

    def __init__(self, world: World) -> None:
        self.app_registration = ConnectedApp.register()
        self.flask = Flask(__name__)
        super().__init__(
            world,
            "salesforce",
            self.flask,
            operation=operation,
            refuse=_refuse,
            credentials=self._credentials,
            reset=self._reset,
            writes=writes,
            doors={"login": "localhost", "instance": "127.0.0.1"},
        )
        self._reset()
        self.flask.register_blueprint(oauth.blueprint(self))
        self.flask.add_url_rule("/services/data/", view_func=self._versions, strict_slashes=False)
        path = "/services/data/v<version>/"
        self.flask.add_url_rule(path, "root", self._data, methods=_METHODS, strict_slashes=False)
        self.flask.add_url_rule(path + "<path:path>", "data", self._data, methods=_METHODS)
        self.flask.register_error_handler(404, lambda _: _json(ApiResponse(404, not_found().as_rest())))

    def _reset(self) -> None:
        with self.world.lock:
            self.registered = self.app_registration.as_registered()
            self.org = Org(self.world, self.registered)
            self.tokens = Tokens(self.org.id)
            self.cursors: dict[str, Cursor] = {}

    def _credentials(self) -> dict[str, Any]:
        return {
            "login_url": self.addresses.get("login"),
            "instance_url": self.addresses.get("instance"),
            "api_version": "67.0",
            "client_id": self.registered.client_id,
            "client_secret": self.registered.client_secret,
            "private_key": self.registered.private_key,
            "certificate": self.registered.certificate,
            "callback_urls": self.registered.callback_urls,
            "organization_id": self.org.id,
            "integration_username": self.org.row(self.org.admin_id)["Username"],
            "users": [
                {"id": user["Id"], "username": user["Username"], "email": user["Email"], "name": user["Name"]}
                for user in self.org.rows("User")
            ],
        }

    def session_of(self, authorization: str) -> Session | None:
        """The live session of an Authorization header; none for users who were frozen or deactivated (SF-020)."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() not in ("bearer", "oauth"):
            return None
        session = self.tokens.session(token.strip(), self.world.clock.now(), self.org.settings.session)
        if session is None or session.user_id in self.org.frozen:
            return None
        return session if self.org.row(session.user_id)["IsActive"] else None

    def _versions(self) -> Response:
        return _json(ApiResponse(200, versions()))

    def _data(self, version: str, path: str = "") -> Response:
        too_long = _too_long(request.environ)
        if too_long:
            return too_long
        with self.world.lock:
            try:
                answer = self._admitted(version, path)
            except SalesforceError as error:
                answer = ApiResponse(error.status, error.as_rest())
            response = _json(answer)
            if answer.status != 401:
                used = self.org.usage.used(self.world.clock.now())
                response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{self.org.settings.api_calls_a_day}"
        return response

    def _admitted(self, version: str, path: str) -> ApiResponse:
        self._check_version(version)
        session = self.session_of(request.headers.get("Authorization", ""))
        if session is None or request.environ[DOOR] == "login":
            raise SalesforceError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if not session.rest:
            message = "This session is not valid for use with the REST API"
            raise SalesforceError("INVALID_SESSION_ID", message, status=401)
        self._check_budget()
        self.org.tick()
        caller = self.org.caller(session.user_id)
        if "ApiEnabled" not in caller.permissions:
            raise SalesforceError("API_CURRENTLY_DISABLED", "API is disabled for this User", status=403)
        return router.answer(
            ApiRequest(
                standin=self,
                caller=caller,
                method=request.method,
                version=version,
                path=path.strip("/"),
                query=request.args.to_dict(),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=_parsed(request.environ[BODY]),
                inner=request.environ[INNER],
            )
        )

    def _check_version(self, version: str) -> None:
        match = _VERSION.fullmatch(version)
        if match and int(match[1]) < OLDEST:
            raise SalesforceError("GONE", "API version retired", status=410)
        if not match or int(match[1]) > NEWEST:
            raise not_found()

    def _check_budget(self) -> None:
        """Failed calls count too, refused ones don't (SF-012 to SF-014)."""
        now, settings = self.world.clock.now(), self.org.settings
        if self.org.usage.used(now) >= settings.api_calls_a_day:
            raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        if settings.long_calls_running >= settings.long_calls:
            raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", status=403)
        self.org.usage.add(now)


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise SalesforceError("JSON_PARSER_ERROR", f"Unexpected character at {error}") from error


def _json(answer: ApiResponse) -> Response:
    raw = answer.body if isinstance(answer.body, bytes) else b""
    if answer.body is not None and not raw:
        raw = json.dumps(answer.body, ensure_ascii=False).encode("utf-8")
    response = Response(raw, status=answer.status, content_type="application/json;charset=UTF-8")
    response.headers.update(answer.headers)
    return response


def _too_long(environ: WSGIEnvironment) -> Response | None:
    """Refused at the edge, in HTML (SF-016)."""
    address = len(environ["REQUEST_URI"])
    headers = sum(len(name) + len(str(value)) for name, value in environ.items() if name.startswith("HTTP_"))
    if address > MOST_BYTES:
        return _edge(414, "URI Too Long")
    return _edge(431, "Request Header Fields Too Large") if address + headers > MOST_BYTES else None


def _edge(status: int, title: str) -> Response:
    return Response(f"<html><head><title>{title}</title></head><body>{title}</body></html>", status)


def _refuse(rule: Rule, environ: WSGIEnvironment) -> Response:
    """Faults as Salesforce shows them: it has no 429 but a 403 of its own, and 503 comes from the edge (SF-017)."""
    if rule.kind == "503":
        return _edge(503, "Service Unavailable")
    if environ["PATH_INFO"].startswith("/services/oauth2"):
        grant = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        busy = {"error": "unknown_error", "error_description": "retry your request"}
        return _json(ApiResponse(400, grant if rule.kind == "401" else busy))
    error = {
        "401": SalesforceError("INVALID_SESSION_ID", "Session expired or invalid", status=401),
        "410": SalesforceError("GONE", "API version retired", status=410),
        "429": SalesforceError("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", status=403),
    }[rule.kind]
    return _json(ApiResponse(error.status, error.as_rest()))
