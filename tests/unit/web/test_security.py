"""Headers, static files, and pages that need no inline code (look and feel, 2.4)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from backend.web.assets import FOLDER
from backend.web.security import HEADERS
from backend.web.sign_in import OPEN
from tests.e2e.pages import PAGES
from tests.fakes.page_services import World, make_app
from tests.fakes.page_world import HELD, REVIEW
from tests.unit.web.conftest import Visitor


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_inline_style_script_or_handler(admin: Visitor, name: str) -> None:
    page = admin.get(PAGES[name]).text

    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals='js|<script(?![^>]*\ssrc=)", page) == []


def test_answers_carry_a_policy_without_exceptions(admin: Visitor) -> None:
    headers = admin.get("/").headers

    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{12}", headers["X-Request-ID"])
    assert "Strict-Transport-Security" not in headers


def _paths(app: Flask, method: str) -> dict[str, str]:
    """A path for every route that takes the method, by endpoint; places in it are filled with something that fits."""
    adapter = app.url_map.bind("localhost")
    values = {"link_id": REVIEW, "step": HELD, "name": "css/tokens.css", "service": "salesforce"}
    found = {}
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            filled = {name: values.get(name, 1) for name in rule.arguments}
            found[rule.endpoint] = adapter.build(rule.endpoint, filled, method)
    return found


def test_every_route_answers_with_every_header(app: Flask, admin: Visitor) -> None:
    """A new route cannot forget them: the URL map is walked."""
    paths = _paths(app, "GET")

    missing = {
        endpoint: set(HEADERS) - set(admin.get(path).headers.keys())
        for endpoint, path in paths.items()
    }  # fmt: skip

    assert len(paths) > 20
    assert {endpoint: names for endpoint, names in missing.items() if names} == {}


def test_every_route_but_the_open_ones_asks_for_a_sign_in(app: Flask, stranger: Visitor) -> None:
    paths = _paths(app, "GET")

    answers = {endpoint: stranger.get(path) for endpoint, path in paths.items() if endpoint not in OPEN}

    let_in = {
        endpoint for endpoint, answer in answers.items()
        if answer.status_code != 401 and not answer.headers.get("Location", "").startswith("/sign-in?next=")
    }  # fmt: skip
    assert let_in == set()


def test_every_form_without_its_token_is_refused(app: Flask, admin: Visitor, world: World) -> None:
    """Each POST of the URL map, sent by a signed-in admin's browser from another site."""
    before = len(world.audit)
    answers = {endpoint: admin.client.post(path).status_code for endpoint, path in _paths(app, "POST").items()}

    assert len(answers) >= 9
    assert answers == dict.fromkeys(answers, 400)
    assert (len(world.audit), world.done) == (before, [])


def test_every_form_but_those_of_a_session_is_closed_to_viewers(app: Flask, viewer: Visitor, world: World) -> None:
    own = {"sign_in.submit", "sign_in.leave", "sign_in.leave_everywhere", "sign_in.stay", "sign_in.theme"}
    paths = {endpoint: path for endpoint, path in _paths(app, "POST").items() if endpoint not in own}
    viewer.get("/")

    answers = {endpoint: viewer.post(path, {}).status_code for endpoint, path in paths.items()}

    assert answers == dict.fromkeys(paths, 403)
    assert world.done == []


def test_https_is_insisted_on_where_people_come_by_https(world: World, tmp_path: Path) -> None:
    client = make_app(world, tmp_path, public_url="https://sync.example.com").test_client()

    assert client.get("/health").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_every_static_file_a_page_names_exists_and_is_kept_for_a_year(stranger: Visitor) -> None:
    names = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', stranger.get("/sign-in").text))

    answers = {name: stranger.get(name) for name in names}

    assert len(names) >= 9
    assert {answer.status_code for answer in answers.values()} == {200}
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {"public, max-age=31536000, immutable"}
    assert all(re.search(r"\.[0-9a-f]{12}\.", name) for name in names)


@pytest.mark.parametrize("name", ["css/tokens.css", "css/tokens.000000000000.css", "../app.py", "vendor/"])
def test_only_current_names_of_static_files_are_served(stranger: Visitor, name: str) -> None:
    assert stranger.get(f"/static/{name}").status_code == 404


def test_raw_colours_stand_in_the_tokens_only() -> None:
    """Look and feel, 2: components use role tokens; raw values appear in one file."""
    files = [path for path in (FOLDER / "css").glob("*.css") if path.name != "tokens.css"]

    found = {path.name: re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", path.read_text()) for path in files}

    assert {name: colours for name, colours in found.items() if colours} == {}
    assert len(files) >= 6


def test_every_icon_that_a_template_names_is_drawn() -> None:
    templates = FOLDER.parent / "templates"
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (FOLDER / "icons.svg").read_text()))

    named = {name for path in templates.rglob("*.html") for name in re.findall(r'icon\("([a-z-]+)"', path.read_text())}

    assert named - drawn == set()
    assert len(named) > 20
