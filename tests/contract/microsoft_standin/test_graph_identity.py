"""Tokens, consent and access: MS-001..MS-010, with msal itself where a token is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from backend.sandbox.faults import Rule
from tests.fakes.graph_client import SCOPE, GraphClient, event


def _ask(graph: GraphClient, **changes: Any) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "client_credentials",
        "client_id": graph.facts["client_id"],
        "client_secret": graph.facts["client_secret"],
        "scope": SCOPE,
    }
    address = changes.pop("address", graph.facts["token_url"])
    sent = {name: value for name, value in {**form, **changes}.items() if value is not None}
    answer = graph.session.post(address, data=sent, timeout=10)
    return answer.status_code, answer.json()


def _numbers(answer: tuple[int, dict[str, Any]]) -> tuple[int, str, list[int]]:
    return answer[0], answer[1]["error"], answer[1]["error_codes"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("https://graph.microsoft.com/Calendars.ReadWrite", (400, "invalid_scope", [1002012])),
        ("", (400, "invalid_scope", [70011])),
        ("https://graph.example/.default", (400, "invalid_resource", [500011])),
    ],
)
def test_ms001_scope_must_end_in_default(graph: GraphClient, scope: str, expected: tuple[Any, ...]) -> None:
    assert _numbers(_ask(graph, scope=scope)) == expected


def test_ms001_token_endpoint_reads_forms_only(graph: GraphClient) -> None:
    body = {"grant_type": "client_credentials", "client_id": graph.facts["client_id"], "scope": SCOPE}
    answer = graph.session.post(graph.facts["token_url"], json=body, timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [900144])


def test_ms002_wrong_and_expired_secret_unknown_app_and_tenant(graph: GraphClient) -> None:
    expired = graph.tenant.add_secret(graph.tenant.app, life=timedelta(days=-1))
    base = graph.facts["login_url"]
    strange = "00000000-0000-4000-8000-000000000000"
    assert _numbers(_ask(graph, client_secret="guess")) == (401, "invalid_client", [7000215])
    assert _numbers(_ask(graph, client_secret=expired.value)) == (401, "invalid_client", [7000222])
    assert _numbers(_ask(graph, client_secret=None)) == (401, "invalid_client", [7000218])
    assert _numbers(_ask(graph, client_id=strange)) == (400, "unauthorized_client", [700016])
    elsewhere = f"{base}/{strange}/oauth2/v2.0/token"
    assert _numbers(_ask(graph, address=elsewhere)) == (400, "invalid_request", [90002])
    malformed = f"{base}/nonsense/oauth2/v2.0/token"
    assert _numbers(_ask(graph, address=malformed)) == (400, "invalid_request", [900023])


def test_ms002_error_body_names_trace_and_correlation(graph: GraphClient) -> None:
    body = _ask(graph, client_secret="guess")[1]
    assert body["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert body["trace_id"] in body["error_description"]
    assert body["correlation_id"] in body["error_description"]


def test_ms002_disabled_application_is_refused(graph: GraphClient) -> None:
    graph.tenant.app.enabled = False
    assert _numbers(_ask(graph)) == (400, "unauthorized_client", [7000112])


def test_ms003_token_lives_3599_seconds_and_has_no_refresh_token(graph: GraphClient) -> None:
    body = _ask(graph)[1]
    assert (body["expires_in"], body["token_type"]) == (3599, "Bearer")
    assert "refresh_token" not in body
    graph.get("~/events")
    graph.world.clock.advance(3600)
    answer = graph.call("GET", "~/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    graph.fresh_token()
    assert graph.get("~/events")["value"] == []


def test_ms003_missing_and_foreign_tokens_are_refused(graph: GraphClient) -> None:
    url = f"{graph.version_url}/users"
    forged = jwt.encode({"aud": "https://graph.microsoft.com"}, "k" * 32, algorithm="HS256")
    for header in ({}, {"Authorization": "Basic abc"}, {"Authorization": f"Bearer {forged}"}):
        assert graph.session.get(url, headers=header, timeout=10).status_code == 401


def test_ms004_msal_works_against_https_with_a_test_ca(graph: GraphClient) -> None:
    app = graph.msal()
    first, second = (app.acquire_token_for_client([SCOPE]) for _ in range(2))
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    document = graph.session.get(f"{graph.facts['authority']}/v2.0/.well-known/openid-configuration", timeout=10).json()
    assert document["token_endpoint"] == graph.facts["token_url"]
    key = jwt.PyJWK(graph.session.get(document["jwks_uri"], timeout=10).json()["keys"][0])
    claims = jwt.decode(first["access_token"], key, audience="https://graph.microsoft.com")
    assert claims["roles"] == ["Calendars.ReadWrite", "Contacts.ReadWrite", "MailboxSettings.Read", "User.Read.All"]


def _certificate() -> tuple[str, str, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lockstep")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode(), certificate


def test_ms004_certificate_assertions_of_both_forms_are_verified(graph: GraphClient) -> None:
    private, public, certificate = _certificate()
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()
    forms = ({"private_key": private, "public_certificate": public}, {"private_key": private, "thumbprint": thumbprint})
    for credential in forms:
        refused = graph.msal(credential).acquire_token_for_client([SCOPE])
        assert refused["error_codes"] == [700027]
    graph.tenant.app.register_certificate(public)
    for credential in forms:
        assert "access_token" in graph.msal(credential).acquire_token_for_client([SCOPE])
    other_key = {"private_key": _certificate()[0], "thumbprint": thumbprint}
    assert graph.msal(other_key).acquire_token_for_client([SCOPE])["error_codes"] == [700027]


def test_ms005_msal_answers_from_memory_after_429(graph: GraphClient) -> None:
    graph.world.faults.add(Rule("429", operation="token", seconds=30))
    app = graph.msal()
    answers = [app.acquire_token_for_client([SCOPE]) for _ in range(3)]
    assert [answer["error"] for answer in answers] == ["temporarily_unavailable"] * 3
    assert graph.world.calls.total("microsoft", "token") == 1


def test_ms006_missing_role_is_denied_by_mailbox_and_by_directory(graph: GraphClient) -> None:
    graph.tenant.revoke_roles()
    graph.fresh_token()
    assert graph.refused("GET", "~/events") == (403, "ErrorAccessDenied")
    assert graph.refused("GET", "/users") == (403, "Authorization_RequestDenied")


def test_ms006_reading_role_does_not_allow_writing(graph: GraphClient) -> None:
    graph.tenant.revoke_roles()
    graph.tenant.app.consent(["Calendars.Read"])
    graph.fresh_token()
    assert graph.get("~/events")["value"] == []
    assert graph.refused("POST", "~/events", event()) == (403, "ErrorAccessDenied")
    assert graph.refused("GET", "~/contacts") == (403, "ErrorAccessDenied")


def test_ms007_mailbox_outside_the_scope_is_denied_while_others_work(graph: GraphClient) -> None:
    graph.tenant.restrict_scope([graph.ada])
    graph.fresh_token()
    assert graph.get("~/events")["value"] == []
    assert graph.refused("GET", f"/users/{graph.bob.id}/events") == (403, "ErrorAccessDenied")


def test_ms007_tenant_wide_consent_makes_the_scope_ineffective(graph: GraphClient) -> None:
    graph.tenant.restrict_scope([graph.ada])
    graph.tenant.app.consent()
    graph.fresh_token()
    assert graph.get(f"/users/{graph.bob.id}/events")["value"] == []


def test_ms008_scope_change_takes_effect_late_and_without_a_new_token(graph: GraphClient) -> None:
    graph.tenant.restrict_scope([graph.ada])
    graph.tenant.restrict_scope([graph.ada, graph.bob], after_seconds=1800)
    graph.fresh_token()
    assert graph.refused("GET", f"/users/{graph.bob.id}/events") == (403, "ErrorAccessDenied")
    graph.world.clock.advance(1801)
    assert graph.get(f"/users/{graph.bob.id}/events")["value"] == []


def test_ms009_mailbox_missing_and_user_unknown(graph: GraphClient) -> None:
    hybrid = graph.tenant.add_user("On Premises", "on@lockstep.example", has_mailbox=False)
    assert graph.refused("GET", f"/users/{hybrid.id}/events") == (404, "MailboxNotEnabledForRESTAPI")
    assert graph.refused("GET", "/users/nobody@lockstep.example/events") == (404, "ErrorInvalidUser")
    assert graph.refused("GET", "/users/nobody@lockstep.example") == (404, "Request_ResourceNotFound")


def test_ms010_me_is_refused_with_an_application_token(graph: GraphClient) -> None:
    assert graph.refused("GET", "/me") == (400, "BadRequest")
    assert graph.refused("GET", "/me/events") == (400, "BadRequest")


def test_admin_consent_page_grants_and_returns_to_the_product(graph: GraphClient) -> None:
    """The round trip of §1.5: a page, two buttons, a redirect with the outcome."""
    back = "http://localhost:8000/connect"
    app = graph.tenant.add_app("Customer's own", [back])
    query = f"client_id={app.id}&redirect_uri={back}&state=s%201&scope={SCOPE}"
    for path in ("organizations/v2.0/adminconsent", f"{graph.tenant.id}/adminconsent"):
        url = f"{graph.facts['login_url']}/{path}?{query}"
        page = graph.session.get(url, timeout=10)
        assert page.status_code == 200
        assert "Calendars.ReadWrite" in page.text
        refused = graph.session.post(url, data={"answer": "cancel"}, allow_redirects=False, timeout=10)
        assert refused.headers["Location"].startswith(f"{back}?error=access_denied&error_description=")
        assert refused.headers["Location"].endswith("&state=s+1")
        assert app.granted == frozenset()
    done = graph.session.post(url, data={"answer": "accept"}, allow_redirects=False, timeout=10)
    assert done.headers["Location"] == f"{back}?admin_consent=True&tenant={graph.tenant.id}&state=s+1"
    assert app.granted == app.requested


def test_admin_consent_refuses_unregistered_addresses(graph: GraphClient) -> None:
    """§1.5: the redirect address must be registered."""
    query = f"client_id={graph.facts['client_id']}&redirect_uri=https://evil.example/"
    answer = graph.session.get(f"{graph.facts['login_url']}/{graph.tenant.id}/adminconsent?{query}", timeout=10)
    assert answer.status_code == 400
    assert "AADSTS50011" in answer.text


def test_the_pages_beside_the_sandbox_are_registered_in_entra(graph: GraphClient) -> None:
    """As `lockstep demo` starts them: its admin pasted the redirect address, and that one only."""
    graph.world.lockstep_url = "http://127.0.0.1:8000/"
    found = {}
    for back in ("connections/microsoft/return", "elsewhere"):
        query = f"client_id={graph.facts['client_id']}&redirect_uri=http://127.0.0.1:8000/{back}"
        url = f"{graph.facts['login_url']}/{graph.tenant.id}/v2.0/adminconsent?{query}"
        found[back] = graph.session.get(url, timeout=10).status_code
    assert found == {"connections/microsoft/return": 200, "elsewhere": 400}
