"""People sign in with Salesforce and get the role that their rights there give them (LS-001, LS-002), over https."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests
from flask import Flask
from werkzeug.test import TestResponse

from backend import app as composed
from backend.sandbox.world import Person
from backend.web.sign_in import limiter
from tests.fakes.installation import Installation
from tests.fakes.page_services import COMPILED
from tests.fakes.visitor import Visitor

PAGES = "http://127.0.0.1:8123"
BACK = "/sign-in/salesforce/callback"


@pytest.fixture
def pages(installation: Installation) -> Flask:
    """The pages of this installation, whose address stands in the app's list in Salesforce."""
    installation.world.lockstep_url = PAGES
    config = installation.stage.config.model_copy(update={"public_url": PAGES})
    now = installation.lockstep.clock.now
    services = replace(composed.Installation(config).services(), now=now, limits_storage="memory://")
    app = composed.create_app(config, services)
    app.config.update(TESTING=True)
    app.jinja_env.bytecode_cache = COMPILED
    with app.app_context():
        limiter.reset()
    return app


@pytest.fixture
def person(installation: Installation) -> Person:
    """Somebody in Salesforce with a mailbox."""
    (hired,) = installation.stage.hire(1)
    return hired


def sign_in(
    installation: Installation, pages: Flask, person: Person, answer: str = "allow"
) -> tuple[Visitor, TestResponse]:
    """Goes to Salesforce, answers its consent page, and comes back."""
    visitor = Visitor(pages.test_client())
    there = visitor.get("/sign-in/salesforce").headers["Location"]
    form = {"username": person.salesforce_username, "answer": answer}
    ca = str(installation.stage.config.ca_bundle)
    back = requests.post(there, data=form, verify=ca, allow_redirects=False, timeout=20).headers["Location"]
    assert back.startswith(PAGES + BACK)
    landed = visitor.get(back.removeprefix(PAGES))
    return visitor, landed


def raise_rights(installation: Installation, person: Person, *rights: str) -> None:
    granted = installation.org.add_permission_set("_".join(rights), list(rights))
    installation.org.assign(person.salesforce_id, granted)


def test_ls001_manage_users_makes_an_admin(installation: Installation, pages: Flask, person: Person) -> None:
    raise_rights(installation, person, "ManageUsers", "ViewSetup")

    visitor, _ = sign_in(installation, pages, person)

    assert "· Admin<" in visitor.get("/").text
    assert visitor.post("/people/sync", {"everyone": "1"}).status_code != 403


def test_ls002_view_setup_makes_a_viewer_who_changes_nothing(
    installation: Installation, pages: Flask, person: Person
) -> None:
    raise_rights(installation, person, "ViewSetup")

    visitor, _ = sign_in(installation, pages, person)

    assert "Sync Status" in visitor.get("/").text
    assert visitor.post("/people/sync", {"everyone": "1"}).status_code == 403


def test_who_is_assigned_sees_the_own_status_only(installation: Installation, pages: Flask, person: Person) -> None:
    installation.assign()
    installation.lockstep.read_organisation()

    visitor, _ = sign_in(installation, pages, person)

    assert visitor.get("/").headers["Location"] == f"/people/{installation.id_of(person)}"
    assert visitor.get("/held").status_code == 403


def test_who_has_no_part_is_told_how_to_get_one(installation: Installation, pages: Flask, person: Person) -> None:
    visitor, landed = sign_in(installation, pages, person)

    assert "has no part in Lockstep" in landed.text
    assert visitor.get("/").status_code == 302


def test_rights_that_were_taken_away_are_gone_at_the_next_sign_in(
    installation: Installation, pages: Flask, person: Person
) -> None:
    granted = installation.org.add_permission_set("Managers", ["ManageUsers", "ViewSetup"])
    assigned = installation.org.assign(person.salesforce_id, granted)
    installation.assign()
    installation.lockstep.read_organisation()
    sign_in(installation, pages, person)

    installation.org.delete(assigned)
    again, _ = sign_in(installation, pages, person)

    assert again.get("/held").status_code == 403


def test_consent_refused_signs_nobody_in(installation: Installation, pages: Flask, person: Person) -> None:
    visitor, landed = sign_in(installation, pages, person, answer="deny")

    assert "You did not allow it in Salesforce" in landed.text
    assert visitor.get("/").status_code == 302
