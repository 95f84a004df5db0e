"""People sign in with Salesforce: web server flow with PKCE, state and nonce, against the stand-in over https."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from backend.ports.errors import AccessLost
from backend.salesforce.openid import OpenId, Passage
from tests.contract.salesforce_adapter.conftest import Bench

CALLBACK = "http://127.0.0.1:8123/sign-in/salesforce/callback"


@pytest.fixture
def door(bench: Bench) -> OpenId:
    bench.sandbox.world.lockstep_url = "http://127.0.0.1:8123"
    bench.hire("ada@acme.example")
    return bench.connection.people_sign_in


def consent(bench: Bench, passage: Passage, username: str = "ada@acme.example") -> dict[str, str]:
    """What a browser brings back after the person agreed."""
    form = {"username": username, "answer": "allow"}
    answer = requests.post(passage.address, data=form, verify=str(bench.ca), allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_user_who_agreed_is_named_and_the_secret_is_a_signed_statement(bench: Bench, door: OpenId) -> None:
    passage = door.begin(CALLBACK)
    back = consent(bench, passage)

    user_id = door.finish(CALLBACK, back["code"], passage.nonce, passage.verifier)

    assert back["state"] == passage.state
    assert bench.row(user_id)["Username"] == "ada@acme.example"
    asked = parse_qs(urlsplit(passage.address).query)
    assert asked["scope"] == ["openid"]
    assert passage.verifier not in passage.address


def _other_verifier(passage: Passage) -> tuple[str, str]:
    return passage.nonce, "x" * 43


def _other_nonce(passage: Passage) -> tuple[str, str]:
    return "of another sign-in", passage.verifier


@pytest.mark.parametrize("broken", [_other_verifier, _other_nonce])
def test_an_answer_of_another_sign_in_is_refused(
    bench: Bench, door: OpenId, broken: Callable[[Passage], tuple[str, str]]
) -> None:
    passage = door.begin(CALLBACK)
    code = consent(bench, passage)["code"]

    with pytest.raises(AccessLost, match="Start the sign-in again"):
        door.finish(CALLBACK, code, *broken(passage))


def _foreign_audience(claims: dict[str, object]) -> None:
    claims["aud"] = "another app"


def _foreign_issuer(claims: dict[str, object]) -> None:
    claims["iss"] = "https://evil.example"


def _long_ago(claims: dict[str, object]) -> None:
    claims["exp"] = int(str(claims["exp"])) - 3600


@pytest.mark.parametrize("spoil", [_foreign_audience, _foreign_issuer, _long_ago])
def test_every_claim_of_the_id_token_is_verified(
    bench: Bench, door: OpenId, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[dict[str, object]], None]
) -> None:
    genuine = jwt.encode

    def spoilt(claims: dict[str, object], *args: object, **more: object) -> str:
        if "nonce" in claims:
            spoil(claims)
        return genuine(claims, *args, **more)  # type: ignore[arg-type]  # passed on as it came

    passage = door.begin(CALLBACK)
    code = consent(bench, passage)["code"]
    monkeypatch.setattr(jwt, "encode", spoilt)

    with pytest.raises(AccessLost):
        door.finish(CALLBACK, code, passage.nonce, passage.verifier)


def test_an_id_token_signed_by_somebody_else_is_refused(bench: Bench, door: OpenId) -> None:
    passage = door.begin(CALLBACK)
    code = consent(bench, passage)["code"]
    app = bench.sandbox.services["salesforce"].registered
    published = app.id_key
    app.id_key = type(app).register().id_key
    token = door._answer("POST", "/services/oauth2/token", {  # the answer of a forger
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": app.client_id,
        "client_secret": app.client_secret, "code_verifier": passage.verifier,
    })["id_token"]  # fmt: skip
    app.id_key = published

    with pytest.raises(AccessLost, match="does not hold"):
        door._verified(token, passage.nonce)


def test_a_user_of_another_organisation_is_refused(bench: Bench) -> None:
    bench.sandbox.world.lockstep_url = "http://127.0.0.1:8123"
    bench.hire("ada@acme.example")
    door = bench.connect(organisation_id="00DB0000000other2A").people_sign_in
    passage = door.begin(CALLBACK)
    code = consent(bench, passage)["code"]

    with pytest.raises(AccessLost, match="another Salesforce organisation"):
        door.finish(CALLBACK, code, passage.nonce, passage.verifier)


def test_ls001_rights_come_from_profile_or_permission_set_in_one_call(bench: Bench) -> None:
    plain = bench.hire("ada@acme.example")
    raised = bench.hire("bob@acme.example")
    bench.org.assign(raised, bench.org.add_permission_set("Managers", ["ManageUsers", "ViewSetup"]))
    before = bench.meter.calls["salesforce"]

    found = [bench.connection.rights(user) for user in (plain, raised, bench.org.admin_id)]

    assert [(one.manages, one.views) for one in found if one] == [(False, False), (True, True), (True, True)]
    assert bench.meter.calls["salesforce"] - before == 3


def test_a_user_who_was_deactivated_has_no_rights(bench: Bench) -> None:
    gone = bench.hire("ada@acme.example")
    bench.org.update(gone, {"IsActive": False})

    assert bench.connection.rights(gone) is None
