"""The set-up guide: six steps, each with what shows that it is done; resumed where it was left (LS-019)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.page_connections import (
    MICROSOFT,
    MICROSOFT_CHECKS,
    ORGANISATION,
    RESULTS,
    SALESFORCE,
    SALESFORCE_CHECKS,
    TENANT,
    FakeAttempt,
)
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_connections import ENTRA, TYPED


@pytest.fixture
def world(empty_world: World) -> World:
    """Nothing is set up yet."""
    return empty_world


def salesforce(world: World) -> None:
    world.connections.use("salesforce", SALESFORCE, SALESFORCE_CHECKS)
    person = {"id": 1, "crm_user_id": "005000000000001AAA", "username": "ada@crm.example", "name": "Ada",
              "address": "ada@example.com", "profile": "Sales", "active": True, "zone": "UTC"}  # fmt: skip
    with world.engine.begin() as connection:
        connection.execute(sa.insert(t.person).values(person))
        connection.execute(sa.insert(t.user_state).values(user_id=1))


def mail(world: World) -> None:
    world.connections.use("microsoft", MICROSOFT, MICROSOFT_CHECKS)


def after_testing(world: World) -> None:
    world.connections.tests.begin("claire.dubois@example.com")
    state = world.connections.tests.state()
    assert state is not None
    world.connections.tests.note(state, RESULTS)
    world.connections.tests.end(state)


def configured(world: World) -> None:
    row = {"id": 1, "name": "Field sales", "active": True, "version": 1, "settings": {}, "updated_at": world.now}
    with world.engine.begin() as connection:
        connection.execute(sa.insert(t.configuration).values(row))


def assigned(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.insert(t.assignment).values(configuration_id=1, profile="Sales"))
        connection.execute(sa.update(t.user_state).values(syncs=True, configuration_id=1))


def settled(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.user_state).values(first_sync_done_at=world.now))


STAGES: list[tuple[Callable[[World], None], str, str]] = [
    # what was done, where the guide goes on, what it says of what was done
    (salesforce, "/guide/mail", f"Organisation {ORGANISATION}, 1 active user."),
    (mail, "/guide/test", f"Microsoft 365, tenant {TENANT}."),
    (after_testing, "/guide/configuration", "2 of 6 mailboxes answer."),
    (configured, "/guide/assignment", "“Field sales”"),
    (assigned, "/guide/watch", "1 person syncs."),
    (settled, "/guide/watch", "First sync done for 1 of 1."),
]


def done(page: str) -> int:
    """How many steps the list shows as done."""
    return len(re.findall(r'<li class="done[^"]*"', page))


def test_the_guide_opens_where_it_was_left_and_shows_what_is_done(admin: Visitor, world: World) -> None:
    assert admin.get("/guide").headers["Location"] == "/guide/salesforce"
    for number, (stage, target, proof) in enumerate(STAGES, 1):
        stage(world)
        assert admin.get("/guide").headers["Location"] == target
        page = admin.get("/guide/test").text
        assert (done(page), proof in admin.text("/guide/test")) == (number, True)
    assert "Everything is set up." in admin.text("/guide/watch")


def test_steps_that_connect_are_the_forms_with_the_list_beside_them(admin: Visitor, world: World) -> None:
    assert admin.get("/guide/salesforce").headers["Location"] == "/connections/salesforce?guide=1"
    assert "Step 1 of 6." in admin.text("/connections/salesforce?guide=1")
    salesforce(world)
    text = admin.text("/guide/salesforce")
    assert "Check now" in text
    assert all(check.sentence in text for check in SALESFORCE_CHECKS)
    assert "Step 2 of 6." in admin.text("/connections/microsoft?guide=1")


def test_exact_values_to_paste_are_told(admin: Visitor) -> None:
    sf, ms = admin.text("/connections/salesforce?guide=1"), admin.text("/connections/microsoft?guide=1")
    for value in ("https://lockstep.example.com/sign-in/salesforce/callback", "api", "refresh_token, offline_access",
                  "Download the package", "Make a key pair"):  # fmt: skip
        assert value in sf
    for value in ("https://lockstep.example.com/connections/microsoft/return", "User.Read.All", "Calendars.ReadWrite",
                  "New-ManagementScope", "New-ManagementRoleAssignment", "Make a key pair"):  # fmt: skip
        assert value in ms


def test_a_form_of_the_guide_leads_on_in_the_guide(admin: Visitor, world: World) -> None:
    made = admin.post("/connections/salesforce/key", {**TYPED, "guide": "1"})
    assert made.headers["Location"] == "/connections/salesforce?guide=1#certificate"
    assert admin.post("/connections/salesforce", {**TYPED, "guide": "1"}).headers["Location"] == "/guide"

    world.connections.outcome = FakeAttempt("User.Read.All is not granted yet.")
    refused = admin.post("/connections/microsoft", {**ENTRA, "guide": "1"})
    assert "Step 2 of 6." in refused.text
    state = admin.get("/connections/microsoft/consent?guide=1").headers["Location"].partition("state=")[2]
    world.connections.outcome = FakeAttempt()
    back = admin.get(f"/connections/microsoft/return?admin_consent=True&tenant={TENANT}&state={state}")
    assert back.headers["Location"] == "/guide"


def test_a_connection_that_stopped_working_is_a_step_to_do_again(admin: Visitor, world: World) -> None:
    salesforce(world)
    mail(world)
    world.connections.use("salesforce", SALESFORCE, problem="Salesforce refuses the key.")
    page = admin.get("/connections/microsoft?guide=1")
    assert admin.get("/guide").headers["Location"] == "/guide/salesforce"
    assert "Salesforce refuses the key." in page.text


def test_a_test_that_is_started_in_the_guide_comes_back_to_it(admin: Visitor, world: World) -> None:
    salesforce(world)
    mail(world)
    page = admin.get("/guide/test").text.partition('id="mailbox-test"')[2]
    target = re.search(r'name="next" value="([^"]+)"', page)
    assert target is not None
    assert admin.post("/connections/test", {"next": target[1]}).headers["Location"] == "/guide/test#mailbox-test"


def test_an_empty_installation_leads_its_admin_to_the_guide_after_signing_in(stranger: Visitor, world: World) -> None:
    assert stranger.sign_in().headers["Location"] == "/guide"
    assert "Go on with the set-up guide" in stranger.text("/")
    salesforce(world)
    configured(world)
    assigned(world)
    assert stranger.sign_in().headers["Location"] == "/"


def test_a_viewer_is_not_led_into_the_guide(stranger: Visitor) -> None:
    assert stranger.sign_in("ruth.baptiste@example.com").headers["Location"] == "/"
    assert stranger.get("/guide").status_code == 403
    assert stranger.get("/guide/test").status_code == 403
    assert "Set-up guide" not in stranger.text("/")


def test_a_step_that_does_not_exist_is_not_found(admin: Visitor) -> None:
    assert admin.get("/guide/nothing").status_code == 404
