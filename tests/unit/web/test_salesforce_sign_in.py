"""Signing in with Salesforce, as a browser does it (issue of who may do what; LS-001, LS-002)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from backend.web.sign_in import LONGEST
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor

BACK = "/sign-in/salesforce/callback"


def leave_for_salesforce(visitor: Visitor, following: str = "") -> str:
    """The state that the browser was sent off with."""
    answer = visitor.get(f"/sign-in/salesforce?next={following}")
    assert answer.status_code == 302
    return "state-1"


def test_a_salesforce_user_is_signed_in_and_returns_to_the_page_asked_for(stranger: Visitor, world: World) -> None:
    state = leave_for_salesforce(stranger, "/people/5")

    answer = stranger.get(f"{BACK}?code=maya&state={state}")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/people/5")
    assert stranger.get("/people/5").status_code == 200
    [(callback, code, nonce, verifier)] = world.salesforce.asked
    assert (code, nonce, verifier) == ("maya", "nonce-1", "verifier-1")
    assert urlsplit(callback).path == BACK
    assert world.audit[-1][:2] == ("maya (Salesforce)", "signed in")


def test_callback_address_is_the_public_one_whatever_the_request_says(stranger: Visitor) -> None:
    answer = stranger.client.get("/sign-in/salesforce", headers={"Host": "evil.example.com"})

    sent = parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_uri"]
    assert "evil" not in sent[0]


@pytest.mark.parametrize("state", ["", "state-2"])
def test_answer_of_another_sign_in_is_refused(stranger: Visitor, world: World, state: str) -> None:
    leave_for_salesforce(stranger)

    answer = stranger.get(f"{BACK}?code=maya&state={state}")

    assert answer.status_code == 422
    assert "another sign-in" in answer.text
    assert world.salesforce.asked == []


def test_an_answer_is_good_once(stranger: Visitor, world: World) -> None:
    state = leave_for_salesforce(stranger)
    stranger.get(f"{BACK}?code=stranger&state={state}")

    assert stranger.get(f"{BACK}?code=maya&state={state}").status_code == 422
    assert [asked[1] for asked in world.salesforce.asked] == ["stranger"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("access_denied", "You did not allow it in Salesforce"),
        ("OAUTH_APP_BLOCKED", "An admin installs it"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_refusal_in_salesforce_is_told_with_the_remedy(stranger: Visitor, error: str, says: str) -> None:
    state = leave_for_salesforce(stranger)

    answer = stranger.get(f"{BACK}?error={error}&state={state}")

    assert answer.status_code == 422
    assert says in answer.text


def test_refusal_of_the_service_is_told_and_kept_in_the_audit(stranger: Visitor, world: World) -> None:
    state = leave_for_salesforce(stranger)

    answer = stranger.get(f"{BACK}?code=stranger&state={state}")

    assert world.salesforce.refusal in answer.text
    assert world.audit[-1][1:3] == ("sign-in refused", "Salesforce")


def test_without_a_connection_only_local_accounts_are_offered(stranger: Visitor, world: World) -> None:
    assert "Sign in with Salesforce" in stranger.get("/sign-in").text
    world.salesforce.ready = False
    assert "Sign in with Salesforce" not in stranger.get("/sign-in").text
    assert "Salesforce is not connected" in stranger.get("/sign-in/salesforce").text


def test_a_session_ends_after_12_hours_however_busy_it_was(admin: Visitor, world: World) -> None:
    for _ in range(3):
        world.later(LONGEST.total_seconds() / 3)
        assert admin.get("/held").status_code == 200

    world.later(1)
    answer = admin.get("/held")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=/held")
    assert "has ended" in admin.get("/sign-in").text


def test_signing_out_everywhere_ends_the_sessions_of_other_devices(
    admin: Visitor, world: World, stranger: Visitor
) -> None:
    stranger.sign_in()
    assert stranger.get("/held").status_code == 200

    admin.post("/sign-out/everywhere")

    assert stranger.get("/held").status_code == 302
    assert world.audit[-1][1] == "signed out everywhere"
