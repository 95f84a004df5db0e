"""The connections page and its forms: what is shown, what is refused and kept, who may do what (LS-003 to LS-018)."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.certificates import key_pair
from tests.fakes.page_connections import (
    APPLICATION,
    MICROSOFT,
    MICROSOFT_CHECKS,
    ORGANISATION,
    SALESFORCE,
    SALESFORCE_CHECKS,
    TENANT,
    FakeAttempt,
)
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor

WHO = "claire.dubois@example.com"
TYPED = {
    "login_url": "harrowpine.my.salesforce.com", "username": "sync@harrowpine.example.com", "consumer_key": "3MVG9abc",
    "credential": "made",
}  # fmt: skip
ENTRA = {"tenant": "harrowpine.example.com", "client_id": APPLICATION, "reach": "chosen", "credential": "secret",
         "client_secret": "Q~value-of-the-secret", "secret_ends": ""}  # fmt: skip


@pytest.fixture
def world(empty_world: World) -> World:
    """Nothing is connected yet."""
    return empty_world


def draft(world: World, service: str) -> dict[str, Any]:
    found = world.connections.drafts.load(service)
    return dict(found.settings) if found else {}


def used(world: World, service: str) -> dict[str, Any]:
    found = world.connections.connections.load(service)
    return dict(found.settings) if found else {}


def connect(world: World) -> None:
    """Both sides, in use."""
    world.connections.use("salesforce", SALESFORCE, SALESFORCE_CHECKS)
    world.connections.use("microsoft", MICROSOFT, MICROSOFT_CHECKS)


def problems(page: str) -> dict[str, str]:
    """Field errors by field."""
    found = re.findall(r'id="([a-z_]+)-error">.*?</svg>([^<]*)<', page, re.DOTALL)
    return {name: text.replace("&#39;", "'").strip() for name, text in found}


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_an_empty_installation_says_what_to_connect_first(admin: Visitor) -> None:
    text = admin.text("/connections")

    assert "Not connected" in text
    assert "Connect Salesforce and Microsoft 365 first" in text
    assert admin.get("/connections").text.count("button primary") == 1


def test_connected_sides_show_facts_checks_and_remedies(admin: Visitor, world: World) -> None:
    connect(world)
    text = admin.text("/connections")

    for fact in (ORGANISATION, SALESFORCE["username"], TENANT, APPLICATION, "each person, by JWT"):
        assert fact in text
    assert all(check.sentence in text and check.remedy in text for check in (*SALESFORCE_CHECKS, *MICROSOFT_CHECKS))


def test_ls018_the_page_says_what_is_touched(admin: Visitor, world: World) -> None:
    connect(world)
    assert "contacts and calendars only; never mail or tasks" in admin.text("/connections")


def test_ls008_to_ls014_other_mail_services_are_still_to_come_and_offer_no_button(admin: Visitor) -> None:
    page = admin.get("/connections").text
    text = admin.text("/connections")

    assert "Exchange on your own servers Service account, Exchange 2013 to 2019. Still to come." in text
    assert "A mix of own servers and Microsoft 365 is not supported." in text
    assert "Google Workspace Service account with delegation. Still to come." in text
    assert "/connections/exchange" not in page
    assert admin.get("/connections/google").status_code == 404


@pytest.mark.parametrize(
    ("days", "said", "tone"), [(61, "", ""), (60, "Ends in 60 days", "warn"), (10, "Ends in 10 days", "err"),
                               (1, "Ends in 1 day", "err"), (0, "Ends today", "err"), (-3, "Ended 3 days ago", "err")]
)  # fmt: skip
def test_the_end_of_a_certificate_is_told_in_time(
    admin: Visitor, world: World, days: int, said: str, tone: str
) -> None:
    connect(world)
    ends = (world.now + timedelta(days=days)).isoformat()
    world.connections.use("microsoft", {**MICROSOFT, "certificate_ends": ends}, MICROSOFT_CHECKS)
    page = admin.get("/connections").text

    chip = re.search(r'<span class="chip (\w+)">.*?</svg>(End[^<]*)<', page)
    assert (chip[2], chip[1]) == (said, tone) if chip else not said
    assert ("Sync stops for everyone then" in page) is bool(said)


def test_a_problem_is_told_with_its_remedy(admin: Visitor, world: World) -> None:
    world.connections.use("salesforce", SALESFORCE, problem="Salesforce refuses the key. Upload its certificate.")
    text = admin.text("/connections")

    assert "Needs you" in text
    assert "Salesforce refuses the key. Upload its certificate." in text


def test_secrets_are_never_shown(admin: Visitor, world: World) -> None:
    connect(world)
    admin.post("/connections/microsoft", ENTRA)
    world.connections.outcome = FakeAttempt("The client secret is wrong.")
    admin.post("/connections/salesforce/key", TYPED)
    assert world.connections.pair is not None
    key_lines = world.connections.pair.private_key.splitlines()[1:-1]
    pages = [admin.get(path).text for path in (
        "/connections", "/connections/microsoft", "/connections/salesforce", "/connections/salesforce/certificate"
    )]  # fmt: skip

    for page in (*pages, str(world.audit)):
        assert ENTRA["client_secret"] not in page
        assert not any(line in page for line in key_lines)


def test_the_pages_cost_the_same_queries_however_many_were_tested(admin: Visitor, world: World) -> None:
    from tests.fakes.page_connections import RESULTS

    counts = []
    for results in (RESULTS[:1], RESULTS):
        world.connections.fill(results)
        statements: list[str] = []

        def note(_c: Any, _k: Any, statement: str, *_rest: Any, to: list[str] = statements) -> None:
            to.append(statement)

        sa.event.listen(world.engine, "before_cursor_execute", note)
        admin.get("/connections")
        sa.event.remove(world.engine, "before_cursor_execute", note)
        counts.append(len([one for one in statements if one.startswith("SELECT")]))

    assert counts[0] == counts[1] <= 20


# --- forms ------------------------------------------------------------------------------------------------------------


def test_salesforce_is_connected_with_a_key_made_here(admin: Visitor, world: World) -> None:
    admin.get("/connections/salesforce")
    made = admin.post("/connections/salesforce/key", {**TYPED, "consumer_key": ""})
    assert made.headers["Location"] == "/connections/salesforce#certificate"
    assert draft(world, "salesforce")["username"] == TYPED["username"]  # what was typed beside the button is kept
    downloaded = admin.get("/connections/salesforce/certificate")
    assert downloaded.text.startswith("-----BEGIN CERTIFICATE-----")
    assert "lockstep-salesforce.crt" in downloaded.headers["Content-Disposition"]

    answer = admin.post("/connections/salesforce", TYPED)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/connections")
    assert world.connections.done == [("attempt", "salesforce", False)]
    assert used(world, "salesforce")["login_url"] == "https://harrowpine.my.salesforce.com"
    actions = [(who, action) for who, action, subject, _ in world.audit if subject == "salesforce"]
    assert actions == [(WHO, "key pair made"), (WHO, "connection prepared"), (WHO, "connection changed")]


def test_a_sandbox_has_another_audience(admin: Visitor, world: World) -> None:
    """SF-006: the audience goes by where the organisation signs in."""
    admin.post("/connections/salesforce/key", TYPED)
    admin.post("/connections/salesforce", {**TYPED, "login_url": "https://harrow--uat.sandbox.my.salesforce.com/"})
    assert used(world, "salesforce")["audience"] == "https://test.salesforce.com"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"consumer_key": ""}, "consumer_key", "Paste the consumer key of the app."),
        ({"consumer_key": "3MVG9 abc"}, "consumer_key", "no spaces"),
        ({"username": "sync"}, "username", "It looks like an address"),
        ({"login_url": "harrowpine"}, "login_url", "This is no web address."),
        ({"login_url": "http://harrowpine.my.salesforce.com"}, "login_url", "https only"),
        ({"login_url": "https://harrowpine.lightning.force.com/x"}, "login_url", "ends in .my.salesforce.com"),
        ({"credential": "made"}, "credential", "Make the key pair first"),
        ({"credential": ""}, "credential", "Choose how Lockstep signs in."),
        ({"credential": "own"}, "private_key", "Choose the file with the private key"),
    ],
)
def test_ls013_what_cannot_be_right_is_said_at_its_field_and_kept(
    admin: Visitor, world: World, changes: dict[str, str], field: str, said: str
) -> None:
    answer = admin.post("/connections/salesforce", TYPED | changes)

    assert answer.status_code == 422
    assert said in problems(answer.text)[field]
    assert f'href="#{field}"' in answer.text  # in the summary on top
    assert (TYPED | changes)["username"] in answer.text
    assert (draft(world, "salesforce"), world.connections.done) == ({}, [])


def upload(admin: Visitor, service: str, typed: dict[str, str], **files: str | bytes) -> Any:
    sent = {name: (io.BytesIO(text.encode() if isinstance(text, str) else text), f"{name}.pem")
            for name, text in files.items()}  # fmt: skip
    return admin.post(f"/connections/{service}", {**typed, **sent}, content_type="multipart/form-data")


def test_ls013_files_that_are_no_key_are_refused_and_the_present_one_stays(admin: Visitor, world: World) -> None:
    connect(world)
    old, other = key_pair(days=-1), key_pair()
    own = {**TYPED, "credential": "own"}
    said = {
        "json": upload(admin, "salesforce", own, private_key='{"type": "service_account"}'),
        "binary": upload(admin, "salesforce", own, private_key=b"\x30\x82\xff"),
        "expired": upload(admin, "salesforce", own, private_key=old.private_key, certificate=old.certificate),
        "another": upload(admin, "salesforce", own, private_key=other.private_key, certificate=key_pair().certificate),
    }
    found = {name: next(iter(problems(answer.text).values())) for name, answer in said.items()}

    assert {answer.status_code for answer in said.values()} == {422}
    assert "holds no private key in PEM form" in found["json"]
    assert "no PEM file" in found["binary"]
    assert "expired on" in found["expired"]
    assert "is not the key of" in found["another"]
    assert used(world, "salesforce") == SALESFORCE
    assert world.connections.done == []


def test_an_own_key_with_its_certificate_tells_when_it_ends(admin: Visitor, world: World) -> None:
    world.now = datetime.now(UTC)
    admin.sign_in()  # the other session is too old by then
    pair = key_pair(days=40.5)
    upload(admin, "salesforce", {**TYPED, "credential": "own"}, private_key=pair.private_key,
           certificate=pair.certificate)  # fmt: skip

    assert world.connections.secrets == [{"private_key": pair.private_key, "certificate": pair.certificate}]
    assert re.search(r"Ends in 4[01] days", admin.text("/connections"))


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"tenant": "harrowpine"}, "tenant", "Directory (tenant) ID"),
        ({"client_id": "lockstep"}, "client_id", "Application (client) ID"),
        ({"reach": ""}, "reach", "which mailboxes"),
        ({"client_secret": ""}, "client_secret", "Paste the secret's value."),
        ({"client_secret": APPLICATION}, "client_secret", "the secret's ID"),
        ({"secret_ends": "March"}, "secret_ends", "like 2027-03-31"),
        ({"credential": "own"}, "certificate", "Choose the file with the certificate"),
    ],
)
def test_what_is_wrong_about_the_app_is_said_at_its_field(
    admin: Visitor, world: World, changes: dict[str, str], field: str, said: str
) -> None:
    answer = admin.post("/connections/microsoft", ENTRA | changes)

    assert answer.status_code == 422
    assert said in problems(answer.text)[field]
    assert world.connections.done == []


def test_a_client_secret_with_its_end_is_warned_about(admin: Visitor, world: World) -> None:
    ends = (world.now + timedelta(days=30)).date().isoformat()
    admin.post("/connections/microsoft", ENTRA | {"secret_ends": ends})

    assert world.connections.secrets == [{"secret": ENTRA["client_secret"]}]
    assert "Ends in 30 days" in admin.text("/connections")


def test_what_does_not_sign_in_stays_prepared_and_is_tried_again(admin: Visitor, world: World) -> None:
    connect(world)
    world.connections.outcome = FakeAttempt("Microsoft knows no such tenant.", "tenant")
    answer = admin.post("/connections/microsoft", ENTRA)
    assert answer.status_code == 422
    assert problems(answer.text) == {"tenant": "Microsoft knows no such tenant."}
    assert used(world, "microsoft") == MICROSOFT
    assert "A change is prepared and not in use. Microsoft knows no such tenant." in admin.text("/connections")
    assert 'value="harrowpine.example.com"' in admin.get("/connections/microsoft").text

    world.connections.outcome = FakeAttempt()
    assert admin.post("/connections/microsoft/try").headers["Location"] == "/connections"
    assert used(world, "microsoft")["tenant"] == "harrowpine.example.com"
    assert [action for _, action, _, _ in world.audit][-3:] == [
        "connection prepared", "connection refused", "connection changed",
    ]  # fmt: skip


def test_what_was_prepared_can_be_forgotten(admin: Visitor, world: World) -> None:
    connect(world)
    world.connections.outcome = FakeAttempt("No.")
    admin.post("/connections/microsoft", ENTRA)
    admin.post("/connections/microsoft/discard")

    assert draft(world, "microsoft") == {}
    assert used(world, "microsoft") == MICROSOFT


def test_keeping_the_key_changes_the_rest_only(admin: Visitor, world: World) -> None:
    connect(world)
    answer = admin.post("/connections/salesforce", {**TYPED, "username": "other@example.com", "credential": "keep"})

    assert answer.status_code == 302
    assert (used(world, "salesforce")["username"], world.connections.secrets) == ("other@example.com", [])
    changed: Any = next(detail for _, action, _, detail in world.audit if action == "connection prepared")["changed"]
    assert changed["username"] == {"from": SALESFORCE["username"], "to": "other@example.com"}


def test_ls015_ls016_another_tenant_is_asked_about_with_the_numbers(admin: Visitor, world: World) -> None:
    connect(world)
    world.connections.outcome = FakeAttempt(other="0a0a0a0a-0000-0000-0000-000000000000")
    answer = admin.post("/connections/microsoft", ENTRA)
    assert answer.headers["Location"] == "/connections/microsoft/switch"
    text = admin.text("/connections/microsoft/switch")
    for part in ("Switch to another Microsoft 365 tenant?", "Nothing is deleted,", "0 pairs of items and records",
                 "0 people begin a first sync.", TENANT, "0a0a0a0a"):  # fmt: skip
        assert part in text

    refused = admin.post("/connections/microsoft/switch", {"confirmation": "yes"})
    assert (refused.status_code, "Type “switch” to confirm." in refused.text) == (422, True)
    assert used(world, "microsoft") == MICROSOFT
    admin.post("/connections/microsoft/switch", {"confirmation": "Switch"})

    assert world.connections.done == [("attempt", "microsoft", False), ("attempt", "microsoft", True)]
    assert world.audit[-1][1] == "connection changed"
    assert world.audit[-1][3]["switched"] is True
    assert admin.get("/connections/microsoft/switch").status_code == 404


def test_check_looks_again_and_says_so(admin: Visitor, world: World) -> None:
    connect(world)
    admin.post("/connections/salesforce/check")
    assert world.connections.done == [("check", "salesforce")]
    assert "Salesforce was checked." in admin.get("/connections").text
    world.connections.trouble = "Salesforce cannot be reached."
    admin.post("/connections/salesforce/check")
    assert "Salesforce cannot be reached." in admin.get("/connections").text


def test_the_package_can_be_downloaded(admin: Visitor) -> None:
    answer = admin.get("/connections/salesforce/package")
    assert (answer.data, answer.content_type) == (b"PK", "application/zip")


@pytest.mark.parametrize("path", ["", "/key", "/try", "/discard", "/check", "/switch"])
def test_ls002_a_viewer_looks_and_changes_nothing(viewer: Visitor, world: World, path: str) -> None:
    connect(world)
    answer = viewer.post(f"/connections/microsoft{path}", ENTRA)

    assert answer.status_code == 403
    assert (world.connections.done, draft(world, "microsoft")) == ([], {})
    page = viewer.get("/connections").text
    assert (viewer.get("/connections/microsoft").status_code, "Check</span>" in page) == (403, False)


# --- the administrator's consent --------------------------------------------------------------------------------------


def asked(admin: Visitor) -> str:
    """The state that was sent along to Microsoft."""
    address = admin.get("/connections/microsoft/consent").headers["Location"]
    assert "redirect_uri=https://lockstep.example.com/connections/microsoft/return" in address
    return address.partition("state=")[2]


def test_consent_is_asked_for_only_once_app_and_tenant_are_known(admin: Visitor) -> None:
    answer = admin.get("/connections/microsoft/consent")
    assert (answer.status_code, "Save tenant and application id first." in answer.text) == (409, True)


def test_ls004_after_consent_the_browser_returns_to_the_page_that_holds_the_tenant(
    admin: Visitor, world: World
) -> None:
    world.connections.outcome = FakeAttempt("User.Read.All is not granted yet.")
    admin.post("/connections/microsoft", ENTRA)
    state = asked(admin)
    world.connections.outcome = FakeAttempt()
    answer = admin.get(f"/connections/microsoft/return?admin_consent=True&tenant={TENANT.upper()}&state={state}")

    assert answer.headers["Location"] == "/connections"
    assert TENANT in admin.text("/connections")
    row = world.engine.connect().execute(sa.select(t.connection).where(t.connection.c.service == "microsoft")).one()
    assert set(row.settings) == {"tenant", "client_id", "reach", "credential"}  # LS-003


def test_consent_that_was_refused_is_told_plainly_and_changes_nothing(admin: Visitor, world: World) -> None:
    connect(world)
    state = asked(admin)
    answer = admin.get(f"/connections/microsoft/return?error=access_denied&error_description=AADSTS65004&state={state}")

    assert "Consent was not given" in answer.text
    assert "Nothing changed here. It takes an administrator" in answer.text
    assert world.connections.done == []


def test_consent_in_another_tenant_is_told_plainly_and_changes_nothing(admin: Visitor, world: World) -> None:
    connect(world)
    state = asked(admin)
    answer = admin.get(f"/connections/microsoft/return?admin_consent=True&tenant=0a0a0a0a&state={state}")

    assert "Consent was given in another tenant" in answer.text
    assert TENANT in answer.text
    assert world.connections.done == []


@pytest.mark.parametrize("state", ["", "guess", "shared"])
def test_an_answer_that_nobody_here_asked_for_changes_nothing(admin: Visitor, world: World, state: str) -> None:
    connect(world)
    mine = asked(admin)
    answer = admin.get(f"/connections/microsoft/return?admin_consent=True&tenant={TENANT}&state={state}")
    again = admin.get(f"/connections/microsoft/return?admin_consent=True&tenant={TENANT}&state={mine}")

    assert (answer.status_code, again.status_code) == (400, 400)  # a state is good for one answer
    assert world.connections.done == []


def test_ls007_an_administrator_without_an_account_here_is_thanked_and_sees_nothing(
    stranger: Visitor, world: World
) -> None:
    connect(world)
    answer = stranger.get(f"/connections/microsoft/return?admin_consent=True&tenant={TENANT}&state=shared")

    assert (answer.status_code, "Thank you" in answer.text) == (200, True)
    assert APPLICATION not in answer.text
    assert world.connections.done == []


# --- the connection test ----------------------------------------------------------------------------------------------


def test_ls019_a_test_is_started_for_all_or_for_one_and_watched(admin: Visitor, world: World) -> None:
    connect(world)
    with world.engine.begin() as connection:
        connection.execute(sa.insert(t.person).values(
            id=1, crm_user_id="005000000000001AAA", username="ada@crm.example", name="Ada", address="ada@example.com",
            profile="Sales", active=True, zone="UTC",
        ))  # fmt: skip
    admin.get("/connections")
    admin.post("/connections/test", {"one": "1", "person": " Ada@Example.com "})
    admin.post("/connections/test", {})
    assert world.connections.done == [("test", ("005000000000001AAA",)), ("test", ())]
    assert "A test is running already." in admin.get("/connections").text
    assert "Waiting for a worker" in admin.text("/connections")
    assert 'hx-swap-oob="true"' in admin.get("/connections/test/live").text

    admin.post("/connections/test/stop")
    assert "Stopping…" in admin.text("/connections")


def test_nobody_is_tested_where_nobody_is_meant(admin: Visitor, world: World) -> None:
    connect(world)
    admin.get("/connections")
    admin.post("/connections/test", {"one": "1", "person": ""})
    assert "Type the mail address" in admin.get("/connections").text
    admin.post("/connections/test", {"one": "1", "person": "nobody@example.com"})
    assert "No active Salesforce user has the address or user name “nobody@example.com”." in admin.text("/connections")
    assert world.connections.done == []


def test_ls020_results_name_the_remedy_and_failures_come_first(admin: Visitor, world: World) -> None:
    from tests.fakes.page_connections import RESULTS

    world.connections.fill(RESULTS)
    text = admin.text("/connections")

    assert "2 of 6 mailboxes answer." in text
    for one in RESULTS:
        assert one.message in text
    places = [text.index(one.message) for one in RESULTS]
    answering = [
        place
        for place, one in zip(places, RESULTS, strict=True)
        if one.result in ("connected", "not in an active configuration")
    ]
    assert min(answering) > max(set(places) - set(answering))


def test_a_test_that_was_cut_off_says_so(admin: Visitor, world: World) -> None:
    from tests.fakes.page_connections import RESULTS

    world.connections.fill(RESULTS, running=True)
    assert "6 of 248" in admin.text("/connections")
    world.later(600)
    assert "The last test was cut off." in admin.text("/connections")


@pytest.mark.parametrize("path", ["/connections/test", "/connections/test/stop"])
def test_a_viewer_starts_and_stops_no_test(viewer: Visitor, world: World, path: str) -> None:
    connect(world)
    assert viewer.post(path).status_code == 403
    assert world.connections.done == []
