"""Entra over HTTP: discovery, tokens, keys, and the page on which an administrator consents."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from backend.sandbox.microsoft.apps import App
from backend.sandbox.microsoft.identity import TokenError, app_of, check_tenant, token_for
from backend.sandbox.microsoft.tenant import Tenant

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Permissions requested</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}
button{font:inherit;padding:.4rem 1.2rem}</style></head>
<body><main><h1>Permissions requested</h1>
<p><strong>{{ app.name }}</strong> asks for permissions in the organisation <strong>{{ domain }}</strong>:</p>
<ul>{% for role in roles %}<li>{{ role }}</li>{% endfor %}</ul>
<form method="post"><button name="answer" value="accept">Accept</button>
<button name="answer" value="cancel">Cancel</button></form></main></body></html>"""
_PROBLEM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sorry</title></head>
<body><main><h1>Sorry, but we're having trouble signing you in.</h1><p>{{ problem }}</p></main></body></html>"""
_CONSENT_PATHS = ("/<tenant_name>/v2.0/adminconsent", "/<tenant_name>/adminconsent")


def origin() -> str:
    """Scheme, host and port that the caller used."""
    return request.host_url.rstrip("/")


def blueprint(tenant: Tenant) -> Blueprint:
    """The routes of the identity service."""
    login = Blueprint("login", __name__)

    @login.errorhandler(TokenError)
    def refuse(error: TokenError) -> tuple[Response, int]:
        now, correlation = tenant.world.clock.now(), request.headers.get("client-request-id")
        return jsonify(error.as_json(now, correlation, origin())), error.status

    @login.get("/<tenant_name>/v2.0/.well-known/openid-configuration")
    def discovery(tenant_name: str) -> dict[str, Any]:
        check_tenant(tenant, tenant_name)
        return _discovery(tenant_name, tenant.id)

    @login.post("/<tenant_name>/oauth2/v2.0/token")
    def token(tenant_name: str) -> Response:
        check_tenant(tenant, tenant_name)
        with tenant.world.lock:
            answer = jsonify(token_for(tenant, request.form, request.base_url, origin()))
        answer.headers["Cache-Control"] = "no-store, no-cache"
        return answer

    @login.get("/<tenant_name>/discovery/v2.0/keys")
    def keys(tenant_name: str) -> dict[str, Any]:
        check_tenant(tenant, tenant_name)
        return tenant.keys.public_keys()

    for number, path in enumerate(_CONSENT_PATHS):
        login.add_url_rule(
            path, f"consent_{number}", lambda tenant_name: _consent(tenant, tenant_name), methods=["GET", "POST"]
        )
    return login


def _discovery(tenant_name: str, tenant_id: str) -> dict[str, Any]:
    base = f"{origin()}/{tenant_name}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": f"{origin()}/{tenant_id}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": urlsplit(origin()).netloc,
    }


def _consent(tenant: Tenant, tenant_name: str) -> AnyResponse:
    """The page, and what follows from its two buttons: a redirect with the outcome."""
    try:
        check_tenant(tenant, tenant_name, any_name=True)
        app = app_of(tenant, request.args.get("client_id", ""))
        back = _registered(tenant, app, request.args.get("redirect_uri", ""))
    except TokenError as error:
        return make_response(render_template_string(_PROBLEM, problem=str(error)), 400)
    if request.method == "GET":
        page = render_template_string(_PAGE, app=app, domain=tenant.domain, roles=sorted(app.requested))
        return make_response(page)
    state = {"state": request.args["state"]} if "state" in request.args else {}
    if request.form.get("answer") != "accept":
        problem = "AADSTS65004: The resource owner or authorization server denied the request."
        return redirect(_with(back, {"error": "access_denied", "error_description": problem, **state}))
    with tenant.world.lock:
        app.consent()
    return redirect(_with(back, {"admin_consent": "True", "tenant": tenant.id, **state}))


def _registered(tenant: Tenant, app: App, uri: str) -> str:
    pages = tenant.world.lockstep_url
    pasted = [f"{pages.rstrip('/')}/connections/microsoft/return"] if pages else []
    if uri not in (*app.redirect_uris, *pasted):
        message = f"The redirect URI '{uri}' specified in the request does not match those of the application."
        raise TokenError(400, "invalid_request", 50011, message)
    return uri


def _with(uri: str, values: dict[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}"
