"""Token endpoint, consent page and identity: what a client needs before it may ask for data (SF-003 to SF-010)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
from flask import Blueprint, Response, jsonify, redirect, render_template_string, request
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options
from werkzeug.wrappers import Response as BaseResponse

from backend.sandbox.salesforce.apps import Code
from backend.sandbox.salesforce.store import Row
from backend.sandbox.service import DOOR

if TYPE_CHECKING:
    from backend.sandbox.salesforce.standin import StandIn

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ID_TOKEN_SECONDS = 120
KEY_ID = "244"
CODE_LIFETIME = timedelta(minutes=15)
_CONSENT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Allow access?</title>
<body style="font-family:sans-serif;max-width:32rem;margin:4rem auto">
<h1>Allow access?</h1><p>Lockstep asks to access your Salesforce data: <b>{{ scope }}</b>.</p>
<form method="post"><label>User <select name="username">
{% for user in users %}<option value="{{ user.Username }}">{{ user.Name }} ({{ user.Username }})</option>{% endfor %}
</select></label> <button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button></form></body></html>"""


class Refused(Exception):
    """A token request that fails; `error` and description reach the client as 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def blueprint(standin: StandIn) -> Blueprint:
    """The routes of `/services/oauth2` and `/id`."""
    pages = _OAuth(standin)
    routes = Blueprint("oauth", __name__)
    routes.post("/services/oauth2/token")(pages.token)
    routes.get("/services/oauth2/authorize")(pages.consent)
    routes.post("/services/oauth2/authorize")(pages.consented)
    routes.post("/services/oauth2/revoke")(pages.revoke)
    routes.get("/services/oauth2/userinfo")(pages.userinfo)
    routes.get("/id/<_org>/<_user>")(pages.userinfo)
    routes.get("/id/keys")(pages.keys)
    routes.get("/.well-known/openid-configuration")(pages.discovery)
    routes.register_error_handler(Refused, _refused)
    return routes


def _refused(refusal: Refused) -> Response:
    answer = jsonify(error=refusal.error, error_description=refusal.description)
    answer.status_code = 400
    return answer


class _OAuth:
    def __init__(self, standin: StandIn) -> None:
        self._standin = standin

    @property
    def _now(self) -> Any:
        return self._standin.world.clock.now()

    def token(self) -> Response:
        grants = {
            JWT_BEARER: self._jwt_bearer,
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorization_code,
            "refresh_token": self._refresh,
        }
        grant = grants.get(request.form.get("grant_type", ""))
        if grant is None:
            raise Refused("unsupported_grant_type", "grant type not supported")
        with self._standin.world.lock:
            answer = jsonify(grant())
        answer.headers["Cache-Control"] = "no-cache, no-store"
        return answer

    def _jwt_bearer(self) -> dict[str, str]:
        app, org = self._standin.registered, self._standin.org
        claims = self._verified(request.form.get("assertion", ""))
        if claims.get("iss") != app.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        audiences = [address.rstrip("/") for address in self._standin.addresses.values()]
        if str(claims.get("aud", "")).rstrip("/") not in audiences:
            raise Refused("invalid_grant", "audience is invalid")
        remaining = float(claims.get("exp", 0)) - self._now.timestamp()
        if not 0 < remaining <= org.settings.assertion_ahead:
            raise Refused("invalid_grant", "invalid assertion")
        user = self._user(str(claims.get("sub") or claims.get("prn") or ""))
        if not app.lets_in(user["Id"]):
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        answer = self._answer(user, self._standin.tokens.open_session(user["Id"], self._now))
        return {name: answer[name] for name in ("access_token", "scope", "instance_url", "id", "token_type")}

    def _verified(self, assertion: str) -> dict[str, Any]:
        checks: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            return jwt.decode(assertion, self._standin.registered.public_key(), algorithms=["RS256"], options=checks)
        except jwt.InvalidTokenError as error:
            raise Refused("invalid_grant", "invalid assertion") from error

    def _client_credentials(self) -> dict[str, str]:
        self._check_client()
        run_as = self._standin.registered.run_as
        if request.environ[DOOR] != "instance" or run_as is None:
            raise Refused("invalid_grant", "request not supported on this domain")
        user = self._usable(self._standin.org.row(run_as))
        return self._answer(user, self._standin.tokens.open_session(run_as, self._now))

    def _authorization_code(self) -> dict[str, str]:
        code = self._standin.tokens.codes.pop(request.form.get("code", ""), None)
        if code is None or self._now - code.made > CODE_LIFETIME:
            raise Refused("invalid_grant", "expired authorization code")
        self._check_client(secret_optional=bool(code.challenge))
        if request.form.get("redirect_uri") != code.redirect_uri:
            raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
        verifier = request.form.get("code_verifier", "")
        if code.challenge and not hmac.compare_digest(_challenge(verifier), code.challenge):
            raise Refused("invalid_grant", "invalid code verifier")
        user = self._usable(self._standin.org.row(code.user_id))
        self._standin.registered.approved.add(user["Id"])
        tokens = self._standin.tokens
        refresh = tokens.new_refresh_token(user["Id"]) if "refresh_token" in code.scopes.split() else None
        answer = self._answer(user, tokens.open_session(user["Id"], self._now, refresh), code.scopes)
        if "openid" in code.scopes.split():
            answer["id_token"] = self._id_token(answer["id"], code.nonce)
        return answer | ({"refresh_token": refresh} if refresh else {})

    def _id_token(self, identity: str, nonce: str) -> str:
        """Who signed in, for the app alone, signed with the key that `/id/keys` publishes."""
        app, now = self._standin.registered, int(self._now.timestamp())
        claims = {
            "iss": self._standin.addresses[request.environ[DOOR]],
            "sub": identity,
            "aud": app.client_id,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
        }
        if nonce:
            claims["nonce"] = nonce
        return jwt.encode(claims, app.id_key, algorithm="RS256", headers={"kid": KEY_ID})

    def keys(self) -> Response:
        key = RSAAlgorithm.to_jwk(self._standin.registered.id_key.public_key(), as_dict=True)
        return jsonify(keys=[key | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}])

    def discovery(self) -> Response:
        base = self._standin.addresses[request.environ[DOOR]]
        return jsonify(
            issuer=base,
            authorization_endpoint=f"{base}/services/oauth2/authorize",
            token_endpoint=f"{base}/services/oauth2/token",
            revocation_endpoint=f"{base}/services/oauth2/revoke",
            userinfo_endpoint=f"{base}/services/oauth2/userinfo",
            jwks_uri=f"{base}/id/keys",
            id_token_signing_alg_values_supported=["RS256"],
        )

    def _refresh(self) -> dict[str, str]:
        self._check_client(secret_optional=True)
        tokens, rotation = self._standin.tokens, self._standin.registered.rotation
        renewed = tokens.refresh(request.form.get("refresh_token", ""), rotation=rotation)
        if renewed is None:
            raise Refused("invalid_grant", "expired access/refresh token")
        user_id, refresh = renewed
        user = self._usable(self._standin.org.row(user_id))
        answer = self._answer(user, tokens.open_session(user_id, self._now, refresh))
        return answer | ({"refresh_token": refresh} if rotation else {})

    def _check_client(self, *, secret_optional: bool = False) -> None:
        given = request.authorization.parameters if request.authorization else {}
        client_id = given.get("username") or request.form.get("client_id", "")
        secret = given.get("password") or request.form.get("client_secret", "")
        app = self._standin.registered
        if client_id != app.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not secret and request.form.get("client_assertion_type") == ASSERTION_TYPE:
            self._check_client_assertion(request.form.get("client_assertion", ""))
            return
        if (secret or not secret_optional) and not hmac.compare_digest(str(secret), app.client_secret):
            raise Refused("invalid_client", "invalid client credentials")

    def _check_client_assertion(self, assertion: str) -> None:
        """A signed statement of the app about itself stands for its secret."""
        app, door = self._standin.registered, self._standin.addresses[request.environ[DOOR]]
        claims = self._verified(assertion)
        audience = str(claims.get("aud", "")).removesuffix("/services/oauth2/token").rstrip("/")
        remaining = float(claims.get("exp", 0)) - self._now.timestamp()
        fits = claims.get("iss") == claims.get("sub") == app.client_id and audience == door
        if not fits or not 0 < remaining <= self._standin.org.settings.assertion_ahead:
            raise Refused("invalid_client", "invalid client credentials")

    def _user(self, username: str) -> Row:
        for user in self._standin.org.database.table("User").having("Username", username):
            return self._usable(user)
        raise Refused("invalid_grant", "user hasn't approved this consumer")

    def _usable(self, user: Row) -> Row:
        if not user["IsActive"]:
            raise Refused("invalid_grant", "inactive user")
        if user["Id"] in self._standin.org.frozen:
            raise Refused("invalid_grant", "user is locked")
        return user

    def _answer(self, user: Row, access_token: str, scopes: str = "api") -> dict[str, str]:
        standin = self._standin
        identity = f"{standin.addresses['login']}/id/{standin.org.id}/{user['Id']}"
        issued = str(int(self._now.timestamp() * 1000))
        signed = hmac.digest(standin.registered.client_secret.encode(), (identity + issued).encode(), "sha256")
        return {
            "access_token": access_token,
            "signature": base64.b64encode(signed).decode("ascii"),
            "scope": scopes,
            "instance_url": standin.addresses["instance"],
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }

    def consent(self) -> BaseResponse | str:
        problem = self._problem_with_authorize()
        if problem:
            return problem
        users = [user for user in self._standin.org.rows("User") if user["IsActive"]]
        return render_template_string(_CONSENT, users=users, scope=request.args.get("scope", "api"))

    def _problem_with_authorize(self) -> Response | None:
        app, args = self._standin.registered, request.args
        if args.get("client_id") != app.client_id:
            return Response("error=invalid_client_id&error_description=client%20identifier%20invalid", status=400)
        if args.get("redirect_uri") not in self._callbacks():
            return Response("error=redirect_uri_mismatch", status=400)
        return None

    def _callbacks(self) -> list[str]:
        """What stands in the app's list of callback addresses."""
        pages = self._standin.world.lockstep_url
        pasted = [f"{pages.rstrip('/')}/sign-in/salesforce/callback"] if pages else []
        return [*self._standin.registered.callback_urls, *pasted]

    def consented(self) -> BaseResponse:
        problem = self._problem_with_authorize()
        if problem:
            return problem
        target = request.args["redirect_uri"]
        answer = {"state": request.args["state"]} if "state" in request.args else {}
        if request.form.get("answer") == "deny":
            return _back(target, answer, "access_denied", "end-user denied authorization")
        if not self._pkce_fits():
            return _back(target, answer, "invalid_request", "missing required code challenge")
        try:
            user = self._user(request.form.get("username", ""))
        except Refused as refusal:
            return _back(target, answer, refusal.error, refusal.description)
        if not self._standin.registered.installed and user["Id"] not in self._standin.registered.approved:
            return _back(target, answer, "OAUTH_APP_BLOCKED", "this app is blocked by admin")
        args = request.args
        challenge, scopes = args.get("code_challenge", ""), args.get("scope", "api")
        code = Code(user["Id"], target, challenge, scopes, self._now, args.get("nonce", ""))
        key = "aPrx" + base64.urlsafe_b64encode(hashlib.sha256(repr(code).encode()).digest()).decode("ascii")
        self._standin.tokens.codes[key] = code
        return _back(target, answer | {"code": key})

    def _pkce_fits(self) -> bool:
        if not self._standin.registered.require_pkce and "code_challenge" not in request.args:
            return True
        return bool(request.args.get("code_challenge")) and request.args.get("code_challenge_method") == "S256"

    def revoke(self) -> tuple[str, int]:
        known = self._standin.tokens.revoke(request.form.get("token", ""))
        return "", 200 if known else 400

    def userinfo(self, _org: str = "", _user: str = "") -> Response:
        session = self._standin.session_of(request.headers.get("Authorization", ""))
        if session is None:
            return Response("Bad_OAuth_Token", status=403)
        user = self._standin.org.row(session.user_id)
        standin = self._standin
        return jsonify(
            sub=f"{standin.addresses['login']}/id/{standin.org.id}/{user['Id']}",
            user_id=user["Id"],
            organization_id=standin.org.id,
            preferred_username=user["Username"],
            name=user["Name"],
            email=user["Email"],
            email_verified=True,
            zoneinfo=user["TimeZoneSidKey"],
            active=user["IsActive"],
            urls={"rest": f"{standin.addresses['instance']}/services/data/v{{version}}/"},
        )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def _back(target: str, answer: dict[str, str], error: str = "", description: str = "") -> BaseResponse:
    if error:
        answer = answer | {"error": error, "error_description": description}
    return redirect(f"{target}?{urlencode(answer)}")
