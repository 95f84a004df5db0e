"""Tokens, doors and transport of the Salesforce stand-in (SF-001 to SF-020)."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce.exceptions import SalesforceExpiredSession

from backend.sandbox.faults import Rule
from tests.fakes.salesforce_client import JWT_BEARER, Api, error_of

CALLBACK = "http://localhost:8000/auth/salesforce/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def refusal(answer) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]


@pytest.mark.parametrize("path", ["query?q=SELECT+Id+FROM+Contact", "sobjects", "limits", "composite"])
def test_sf001_unknown_token_is_401_with_an_array(sf, path):
    answer = Api(sf.http, sf.instance, "00Dxx!dead").get(path)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert "Sforce-Limit-Info" not in answer.headers


def test_sf001_simple_salesforce_reports_an_expired_session(sf, org, ada):
    client = sf.simple("ada@example.com")
    assert client.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    sf.world.clock.advance(org.settings.session + 1)
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT COUNT() FROM Contact")


def test_sf001_session_lives_as_long_as_it_is_used(sf, as_ada):
    for _ in range(3):
        sf.world.clock.advance(7000)
        assert as_ada.get("sobjects").status_code == 200


def test_sf002_version_list_needs_no_token_and_is_not_counted(sf, as_ada):
    answer = sf.http.get(f"{sf.instance}/services/data/")
    assert answer.status_code == 200
    assert {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"} in answer.json()
    assert {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"} in answer.json()
    assert "Sforce-Limit-Info" not in answer.headers
    assert as_ada.get("sobjects").headers["Sforce-Limit-Info"] == "api-usage=1/100000"


def test_sf003_token_errors_are_objects(sf):
    unsupported = (400, "unsupported_grant_type", "grant type not supported")
    assert refusal(sf.grant(grant_type="password", username="x", password="y")) == unsupported


def test_sf004_jwt_grant_has_neither_refresh_token_nor_expiry(sf, ada):
    body = sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com")).json()
    assert set(body) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert body["access_token"].startswith(sf.org.id[:15] + "!")
    assert body["id"] == f"{sf.login}/id/{sf.org.id}/{ada}"


def test_sf005_user_who_is_not_approved_is_refused(sf, ada):
    sf.service.registered.preauthorized = False
    refused = refusal(sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com")))
    assert refused == (400, "invalid_grant", "user hasn't approved this consumer")
    sf.service.registered.approved.add(ada)
    assert sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com")).status_code == 200


def test_sf005_unknown_username_is_refused_alike(sf):
    refused = refusal(sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("nobody@example.com")))
    assert refused == (400, "invalid_grant", "user hasn't approved this consumer")


def test_sf006_wrong_audience_is_refused(sf, ada):
    assertion = sf.assertion("ada@example.com", aud="https://test.salesforce.com")
    assert refusal(sf.grant(grant_type=JWT_BEARER, assertion=assertion)) == (
        400,
        "invalid_grant",
        "audience is invalid",
    )


def test_sf006_my_domain_is_an_audience_too(sf, ada):
    assertion = sf.assertion("ada@example.com", aud=sf.instance)
    assert sf.grant(sf.instance, grant_type=JWT_BEARER, assertion=assertion).status_code == 200


@pytest.mark.parametrize("ahead", [-1, 301, 3600])
def test_sf007_expiry_in_the_past_or_far_ahead_is_refused(sf, ada, ahead):
    sf.world.clock.freeze()
    exp = int(sf.world.clock.now().timestamp()) + ahead
    refused = refusal(sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com", exp=exp)))
    assert refused[:2] == (400, "invalid_grant")


def test_sf007_other_key_or_algorithm_is_refused(sf, ada):
    claims = jwt.decode(sf.assertion("ada@example.com"), options={"verify_signature": False})
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for assertion in (
        jwt.encode(claims, other, algorithm="RS256"),
        jwt.encode(claims, sf.service.registered.private_key, algorithm="RS512"),
        jwt.encode(claims, "x" * 64, algorithm="HS256"),
        "nonsense",
    ):
        assert refusal(sf.grant(grant_type=JWT_BEARER, assertion=assertion))[:2] == (400, "invalid_grant")


def test_sf007_unknown_consumer_key_is_refused(sf, ada):
    assertion = sf.assertion("ada@example.com", iss="3MVG9other")
    refused = refusal(sf.grant(grant_type=JWT_BEARER, assertion=assertion))
    assert refused == (400, "invalid_client_id", "client identifier invalid")


def test_sf008_client_credentials_work_on_the_my_domain_host_only(sf, ada):
    app = sf.service.registered
    form = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.client_secret}
    assert refusal(sf.grant(sf.instance, **form))[1] == "invalid_grant"
    app.run_as = ada
    assert refusal(sf.grant(sf.login, **form))[1] == "invalid_grant"
    body = sf.grant(sf.instance, **form).json()
    assert "refresh_token" not in body
    api = Api(sf.http, sf.instance, body["access_token"])
    assert api.get("/services/oauth2/userinfo").json()["user_id"] == ada
    wrong = refusal(sf.grant(sf.instance, **{**form, "client_secret": "wrong"}))
    assert wrong == (400, "invalid_client", "invalid client credentials")


def authorize(sf, answer: str = "allow", **more: str):
    app = sf.service.registered
    params = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "scope": "api refresh_token",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    url = f"{sf.login}/services/oauth2/authorize"
    page = sf.http.get(url, params=params)
    if page.status_code != 200:
        return page
    form = {"username": "ada@example.com", "answer": answer}
    return sf.http.post(url, params=params, data=form, allow_redirects=False)


def code_of(response) -> dict[str, str]:
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def exchange(sf, code: str, **more: str):
    app = sf.service.registered
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "code_verifier": VERIFIER,
        **more,
    }
    return sf.grant(**form)


def test_web_server_flow_shows_a_consent_page_and_gives_a_refresh_token(sf, ada):
    page = sf.http.get(
        f"{sf.login}/services/oauth2/authorize",
        params={"client_id": sf.service.registered.client_id, "redirect_uri": CALLBACK},
    )
    assert "Ada Lovelace" in page.text
    back = code_of(authorize(sf))
    assert back["state"] == "s1"
    body = exchange(sf, back["code"]).json()
    assert body["refresh_token"]
    assert "expires_in" not in body
    api = Api(sf.http, sf.instance, body["access_token"])
    assert api.get("/services/oauth2/userinfo").json()["preferred_username"] == "ada@example.com"


def test_web_server_flow_refuses_a_used_code_a_wrong_verifier_and_a_foreign_address(sf, ada):
    back = code_of(authorize(sf))
    assert refusal(exchange(sf, back["code"], code_verifier="w" * 64))[2] == "invalid code verifier"
    assert refusal(exchange(sf, back["code"]))[2] == "expired authorization code"
    assert authorize(sf, redirect_uri="https://evil.example/").status_code == 400
    assert code_of(authorize(sf, answer="deny"))["error"] == "access_denied"
    assert code_of(authorize(sf, code_challenge=""))["error"] == "invalid_request"


def test_web_server_flow_code_expires_after_15_minutes(sf, ada):
    back = code_of(authorize(sf))
    sf.world.clock.advance(901)
    assert refusal(exchange(sf, back["code"]))[2] == "expired authorization code"


def assertion(sf, **claims: object) -> dict[str, str]:
    app = sf.service.registered
    now = int(sf.world.clock.now().timestamp())
    told = {"iss": app.client_id, "sub": app.client_id, "aud": sf.login, "exp": now + 180, **claims}
    return {
        "client_secret": "",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(told, app.private_key, algorithm="RS256"),
    }


def test_web_server_flow_takes_a_signed_statement_of_the_app_for_its_secret(sf, ada):
    accepted = exchange(sf, code_of(authorize(sf))["code"], **assertion(sf))
    foreign = exchange(sf, code_of(authorize(sf))["code"], **assertion(sf, iss="somebody", sub="somebody"))
    elsewhere = exchange(sf, code_of(authorize(sf))["code"], **assertion(sf, aud="https://evil.example"))

    assert accepted.status_code == 200
    assert refusal(foreign) == refusal(elsewhere) == (400, "invalid_client", "invalid client credentials")


def test_scope_openid_gives_a_signed_id_token_with_the_nonce_for_this_app_alone(sf, ada):
    back = code_of(authorize(sf, scope="openid", nonce="n-0S6"))
    body = exchange(sf, back["code"]).json()
    found = sf.http.get(f"{sf.login}/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(sf.http.get(found["jwks_uri"]).json())
    kid = jwt.get_unverified_header(body["id_token"])["kid"]
    claims = jwt.decode(
        body["id_token"], keys[kid], algorithms=["RS256"], audience=sf.service.registered.client_id, issuer=sf.login,
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip

    assert claims["nonce"] == "n-0S6"
    assert claims["sub"] == body["id"] == f"{sf.login}/id/{sf.service.org.id}/{ada}"
    assert "id_token" not in exchange(sf, code_of(authorize(sf))["code"]).json()


def test_callback_of_the_pages_is_one_of_the_apps_addresses_once_it_is_known(sf, ada):
    address = "http://127.0.0.1:8123/sign-in/salesforce/callback"
    assert authorize(sf, redirect_uri=address).status_code == 400
    sf.world.lockstep_url = "http://127.0.0.1:8123"
    assert "code" in code_of(authorize(sf, redirect_uri=address))


def test_rights_of_profile_and_permission_set_can_be_asked_for(sf, org, ada, admin):
    assert len(admin.records("SELECT Id FROM User WHERE Profile.PermissionsManageUsers = true")) == 1
    org.assign(ada, org.add_permission_set("Managers", ["ManageUsers", "ViewSetup"]))
    granted = "SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.PermissionsManageUsers = true"
    assert admin.records(granted) == [{"AssigneeId": ada}]


def refresh(sf, token: str):
    return sf.grant(grant_type="refresh_token", refresh_token=token, client_id=sf.service.registered.client_id)


def test_sf009_refresh_rotates_and_reuse_kills_the_current_token_and_its_sessions(sf, ada):
    first = exchange(sf, code_of(authorize(sf))["code"]).json()
    second = refresh(sf, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    api = Api(sf.http, sf.instance, second["access_token"])
    assert api.get("sobjects").status_code == 200
    assert refusal(refresh(sf, first["refresh_token"])) == (400, "invalid_grant", "expired access/refresh token")
    assert error_of(api.get("sobjects")) == (401, "INVALID_SESSION_ID")
    assert refusal(refresh(sf, second["refresh_token"]))[1] == "invalid_grant"


def test_sf009_without_rotation_the_refresh_token_stays(sf, ada):
    sf.service.registered.rotation = False
    token = exchange(sf, code_of(authorize(sf))["code"]).json()["refresh_token"]
    for _ in range(2):
        assert "refresh_token" not in refresh(sf, token).json()


def test_revoked_refresh_token_ends_its_sessions(sf, ada):
    body = exchange(sf, code_of(authorize(sf))["code"]).json()
    revoked = sf.http.post(f"{sf.login}/services/oauth2/revoke", data={"token": body["refresh_token"]})
    assert revoked.status_code == 200
    assert error_of(Api(sf.http, sf.instance, body["access_token"]).get("sobjects"))[0] == 401


def test_sf010_instance_differs_from_login_host_and_data_is_only_there(sf, ada):
    body = sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com")).json()
    assert body["instance_url"] == sf.instance
    assert urlsplit(sf.instance).netloc != urlsplit(sf.login).netloc
    assert error_of(Api(sf.http, sf.login, body["access_token"]).get("sobjects"))[0] == 401
    assert Api(sf.http, sf.instance, body["access_token"]).get("sobjects").status_code == 200


@pytest.mark.parametrize(
    ("version", "expected"), [("30.0", (410, "GONE")), ("69.0", (404, "NOT_FOUND")), ("31.0", None), ("68.0", None)]
)
def test_sf011_retired_versions_are_gone_and_future_ones_unknown(sf, as_ada, version, expected):
    answer = as_ada.get(f"/services/data/v{version}/sobjects")
    assert (answer.status_code == 200) if expected is None else (error_of(answer) == expected)


def test_sf012_usage_stands_on_each_answer_and_failed_calls_count(sf, as_ada):
    assert as_ada.get("sobjects/Nothing").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert as_ada.get("sobjects").headers["Sforce-Limit-Info"] == "api-usage=2/100000"


def test_sf012_simple_salesforce_reads_the_usage(sf, ada):
    client = sf.simple("ada@example.com")
    client.query("SELECT COUNT() FROM Contact")
    usage = client.api_usage["api-usage"]
    assert (usage.used, usage.total) == (1, 100_000)


def test_sf013_exhausted_pool_refuses_until_the_window_frees_calls(sf, org, as_ada):
    org.settings.api_calls_a_day = 2
    assert [as_ada.get("sobjects").status_code for _ in range(2)] == [200, 200]
    answer = as_ada.get("sobjects")
    assert error_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.json()[0]["message"] == "TotalRequests Limit exceeded."
    sf.world.clock.advance(86_400 + 60)
    fresh = sf.api("ada@example.com")
    assert fresh.get("sobjects").status_code == 200


def test_sf014_many_long_calls_keep_new_ones_out(sf, org, as_ada):
    org.settings.long_calls_running = 25
    answer = as_ada.get("sobjects")
    assert error_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.json()[0]["message"] == "ConcurrentPerOrgLongTxn Limit exceeded."
    org.settings.long_calls_running = 24
    assert as_ada.get("sobjects").status_code == 200


def test_sf015_limits_need_the_setup_permission(sf, as_ada, admin):
    assert as_ada.get("limits").status_code == 403
    assert admin.get("limits").json() == {"DailyApiRequests": {"Max": 100_000, "Remaining": 99_998}}


def test_sf016_long_addresses_and_headers_are_refused_at_the_edge(sf, as_ada):
    answer = as_ada.get("query", params={"q": "x" * 17_000})
    assert answer.status_code == 414
    assert "json" not in answer.headers["Content-Type"]
    answer = as_ada.get("sobjects", headers={"X-Long": "x" * 17_000})
    assert answer.status_code == 431
    assert "json" not in answer.headers["Content-Type"]


def test_sf017_unavailable_comes_from_the_edge_in_html(sf, as_ada):
    sf.world.faults.add(Rule("503", operation="GET *", remaining=1))
    answer = as_ada.get("sobjects")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert as_ada.get("sobjects").status_code == 200


def test_faults_are_in_salesforce_own_shapes(sf, as_ada):
    for kind, expected in {
        "401": (401, "INVALID_SESSION_ID"),
        "429": (403, "REQUEST_LIMIT_EXCEEDED"),
        "410": (410, "GONE"),
    }.items():
        sf.world.faults.replace([Rule(kind, operation="GET *")])
        answer = as_ada.get("sobjects")
        assert error_of(answer) == expected
        assert "Retry-After" not in answer.headers
    sf.world.faults.replace([Rule("401", operation="POST oauth2/token")])
    assert refusal(sf.grant(grant_type=JWT_BEARER, assertion="x"))[1] == "invalid_grant"


def test_sf018_session_closed_to_the_rest_api_cannot_be_cured_by_refreshing(sf, as_ada):
    sf.service.tokens.sessions[as_ada.token].rest = False
    answer = as_ada.get("sobjects")
    assert answer.status_code == 401
    assert answer.json() == [
        {"message": "This session is not valid for use with the REST API", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_sf019_app_that_is_not_installed_refuses_users_who_are_new_to_it(sf, ada, bob):
    sf.service.registered.installed = False
    sf.service.registered.approved.add(bob)
    assert refusal(sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com")))[0] == 400
    assert sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("bob@example.com")).status_code == 200
    assert code_of(authorize(sf))["error"] == "OAUTH_APP_BLOCKED"


@pytest.mark.parametrize("how", ["frozen", "inactive"])
def test_sf020_frozen_or_deactivated_user_gets_no_token_and_loses_the_old_one(sf, org, ada, as_ada, how):
    if how == "frozen":
        org.freeze_user(ada)
    else:
        org.update(ada, {"IsActive": False})
    refused = refusal(sf.grant(grant_type=JWT_BEARER, assertion=sf.assertion("ada@example.com")))
    assert refused == (400, "invalid_grant", "user is locked" if how == "frozen" else "inactive user")
    assert error_of(as_ada.get("sobjects")) == (401, "INVALID_SESSION_ID")


def test_sf020_end_of_a_freeze_lets_the_user_in_again(sf, org, ada):
    org.freeze_user(ada)
    org.unfreeze_user(ada)
    assert sf.api("ada@example.com").get("sobjects").status_code == 200


def test_permission_set_adds_to_the_profile(sf, org, ada, as_ada, admin):
    admin.create("Contact", LastName="Somebody's", AccountId=admin.create("Account", Name="Acme"))
    assert as_ada.records("SELECT LastName FROM Contact") == []
    org.assign(ada, org.add_permission_set("Readers", ["ViewAllData"]))
    assert as_ada.records("SELECT LastName FROM Contact") == [{"LastName": "Somebody's"}]


def test_user_without_api_permission_is_refused(sf, org):
    profile = org.add_profile("No API", permissions=())
    org.add_user("web@example.com", profile=profile)
    assert error_of(sf.api("web@example.com").get("sobjects")) == (403, "API_CURRENTLY_DISABLED")


def test_credentials_let_a_client_in(sf, ada):
    shown = sf.service.credentials()
    assert (shown["login_url"], shown["instance_url"]) == (sf.login, sf.instance)
    assert {"id": ada, "username": "ada@example.com", "email": "ada@example.com", "name": "Ada Lovelace"} in (
        shown["users"]
    )
    claims = {"iss": shown["client_id"], "sub": "ada@example.com", "aud": shown["login_url"]}
    claims["exp"] = int(sf.world.clock.now().timestamp()) + 60
    assertion = jwt.encode(claims, shown["private_key"], algorithm="RS256")
    assert sf.grant(grant_type=JWT_BEARER, assertion=assertion).status_code == 200
