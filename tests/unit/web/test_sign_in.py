"""Signing in and out, sessions, and the theme (look and feel, 4.14; house rule: nothing is open unless named)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.fakes.page_services import PASSWORD, World, make_app
from tests.fakes.page_world import HELD, REVIEW
from tests.unit.web.conftest import Visitor

ADDRESS = "claire.dubois@example.com"
CLOSED = [
    "/",
    "/status/live",
    "/people/1",
    "/runs/1",
    "/find",
    f"/items/{REVIEW}",
    "/held",
    f"/held/{HELD}",
    "/conflicts",
    "/refused",
    "/people/pause",
    "/people/1/reset",
    "/error-report.csv",
    "/nothing",
]


@pytest.mark.parametrize("path", CLOSED)
def test_page_without_a_sign_in_leads_to_the_sign_in_and_back(stranger: Visitor, path: str) -> None:
    answer = stranger.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=/")


@pytest.mark.parametrize(
    "path", ["/people/sync", "/people/pause", "/people/1/reset", f"/held/{HELD}", "/theme", "/sign-out"]
)
def test_form_without_a_sign_in_changes_nothing(stranger: Visitor, world: World, path: str) -> None:
    stranger.get("/sign-in")

    answer = stranger.post(path, {"everyone": "1", "answer": "send", "theme": "dark"})

    assert (answer.status_code, world.done, world.audit) == (401, [], [])


def test_right_password_signs_in_and_returns_to_the_page_asked_for(stranger: Visitor, world: World) -> None:
    stranger.get("/sign-in?next=/held")

    answer = stranger.post("/sign-in", {"address": "Claire.Dubois@example.com", "password": PASSWORD, "next": "/held"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/held")
    assert stranger.get("/held").status_code == 200
    assert world.accounts.sign_ins == [1]
    assert [(actor, action) for actor, action, *_ in world.audit] == [(ADDRESS, "signed in")]


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example.com", "https://evil.example.com/", "/\\evil.example.com", "javascript:alert(1)", "/a\nb"],
)
def test_sign_in_never_leads_to_another_site(stranger: Visitor, elsewhere: str) -> None:
    stranger.get("/sign-in")

    answer = stranger.post("/sign-in", {"address": ADDRESS, "password": PASSWORD, "next": elsewhere})

    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(("address", "password"), [(ADDRESS, "wrong"), ("nobody@example.com", PASSWORD)])
def test_refusal_does_not_tell_which_half_was_wrong_and_keeps_the_address(
    stranger: Visitor, world: World, address: str, password: str
) -> None:
    stranger.get("/sign-in")

    answer = stranger.post("/sign-in", {"address": address, "password": password})

    assert answer.status_code == 422
    assert "Address and password do not match." in answer.text
    assert f'value="{address}"' in answer.text
    assert password not in answer.text
    assert world.audit == [(address, "sign-in refused", "", {"from": "127.0.0.1"})]


def test_missing_password_is_said_at_the_field(stranger: Visitor) -> None:
    stranger.get("/sign-in")

    answer = stranger.post("/sign-in", {"address": ADDRESS, "password": ""})

    assert answer.status_code == 422
    assert 'aria-describedby="password-error"' in answer.text
    assert "Type your password." in answer.text
    assert "Type your address." not in answer.text


def test_guessing_stops_after_ten_attempts_at_one_address_and_not_for_another(stranger: Visitor) -> None:
    stranger.get("/sign-in")

    answers = [stranger.post("/sign-in", {"address": ADDRESS, "password": f"guess {n}"}).status_code for n in range(11)]
    right = stranger.post("/sign-in", {"address": ADDRESS, "password": PASSWORD})
    other = stranger.post("/sign-in", {"address": "ruth.baptiste@example.com", "password": PASSWORD})

    assert answers == [422] * 10 + [429]
    assert right.status_code == 429
    assert "Too many attempts" in right.text
    assert other.status_code == 302


def test_session_ends_when_the_password_changes_or_the_account_goes(admin: Visitor, world: World) -> None:
    assert admin.get("/held").status_code == 200

    world.accounts.all[1] = replace(world.accounts.all[1], password_hash="another")
    changed = admin.get("/held").status_code
    del world.accounts.all[1]

    assert (changed, admin.get("/held").status_code) == (302, 302)


def test_sign_out_ends_the_session(admin: Visitor, world: World) -> None:
    answer = admin.post("/sign-out")

    assert answer.headers["Location"] == "/sign-in"
    assert "You are signed out." in admin.get("/sign-in").text
    assert admin.get("/held").status_code == 302
    assert world.audit[-1][:2] == (ADDRESS, "signed out")


def test_form_without_its_token_is_refused_and_changes_nothing(admin: Visitor, world: World) -> None:
    admin.token = ""

    answer = admin.post("/people/sync", {"everyone": "1"})

    assert answer.status_code == 400
    assert "This form is out of date" in answer.text
    assert world.done == []


def test_numbers_that_refresh_themselves_do_not_prolong_a_session(admin: Visitor) -> None:
    by_itself = admin.get("/status/live", headers={"X-Lockstep-Live": "1"})
    by_hand = admin.get("/held")

    assert "Set-Cookie" not in by_itself.headers
    assert "lockstep=" in by_hand.headers["Set-Cookie"]


def test_live_request_of_a_session_that_ended_is_401_not_a_page(stranger: Visitor) -> None:
    assert stranger.get("/status/live", headers={"X-Lockstep-Live": "1"}).status_code == 401


def test_cookies_are_out_of_reach_for_scripts_and_on_https_for_plain_http(world: World, tmp_path: Path) -> None:
    def cookie(app: Flask) -> str:
        visitor = Visitor(app.test_client())
        visitor.get("/sign-in", base_url="https://sync.example.com")
        data = {"address": ADDRESS, "password": PASSWORD}
        headers = {"Referer": "https://sync.example.com/sign-in"}
        answer = visitor.post("/sign-in", data, base_url="https://sync.example.com", headers=headers)
        assert answer.status_code == 302
        return answer.headers["Set-Cookie"]

    plain = cookie(make_app(world, tmp_path))
    encrypted = cookie(make_app(world, tmp_path, public_url="https://sync.example.com"))

    assert plain.startswith("lockstep=")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert encrypted.startswith("__Host-lockstep=")
    assert "Secure" in encrypted


@pytest.mark.parametrize(
    ("theme", "html"), [("dark", '<html lang="en" data-theme="dark">'), ("system", '<html lang="en">')]
)
def test_theme_is_kept_in_the_account_and_written_on_html(admin: Visitor, world: World, theme: str, html: str) -> None:
    answer = admin.post("/theme", {"theme": theme, "next": "/held"})

    assert answer.headers["Location"] == "/held"
    assert world.accounts.all[1].theme == theme
    assert html in admin.get("/held").text


def test_unknown_theme_is_refused_by_name(admin: Visitor, world: World) -> None:
    answer = admin.post("/theme", {"theme": "sepia"})

    assert answer.status_code == 422
    assert "“sepia” is none of them." in answer.text
    assert world.accounts.all[1].theme == "system"
