"""The sandbox's page in a browser: inline editing, live refresh, the keyboard, no JavaScript, and axe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from backend.sandbox.server import Sandbox
from tests.fakes.two_sides import change, fill, maya

pytestmark = pytest.mark.browser

DRESSES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "narrow": {"viewport": {"width": 400, "height": 800}, "has_touch": True},
}
TAGS = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.reset("empty")
    running.kill_worker, running.world.lockstep_url = (lambda: "Worker 4711 was stopped."), "http://127.0.0.1:9/"
    fill(running)
    yield running
    running.world.clock.run()


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox) -> Iterator[Page]:
    """Maya's page at 1280 px; fails the test where the page breaks its policy or its script does."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if _complains(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{sandbox.control_url}/people/maya")
    yield page
    context.close()
    assert said == []


def _complains(message: ConsoleMessage) -> bool:
    """Whether this is more than an answer that the browser or htmx mentions: a refused form, no answer at all."""
    mentions = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError")
    return message.type in ("error", "warning") and not message.text.startswith(mentions)


def row_of(sandbox: Sandbox, sobject: str, **values: str) -> dict[str, Any]:
    rows = sandbox.services["salesforce"].org.rows(sobject)
    return next(row for row in rows if all(row.get(name) == value for name, value in values.items()))


def mailbox(sandbox: Sandbox) -> Any:
    tenant = sandbox.services["microsoft"].tenant
    return tenant.mailbox(maya(sandbox).microsoft_id)


def mark(page: Page) -> None:
    """Leave a mark that a full load of another page would wipe away."""
    page.evaluate("window.stayed = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def test_an_event_is_edited_in_place_and_the_focus_comes_back(page: Page, sandbox: Sandbox) -> None:
    mark(page)
    event = page.locator("a.event", has_text="Pipeline call")
    event_id = event.get_attribute("id")
    event.click()
    subject = page.get_by_label("Subject", exact=True)
    expect(subject).to_be_focused()
    subject.fill("Pipeline call, moved")
    page.get_by_label("Start time").fill("11:00")
    page.get_by_label("End time").fill("12:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("“Pipeline call, moved” is saved in the mailbox.")
    expect(page.locator("a.event", has_text="Pipeline call, moved")).to_contain_text("11:00")
    assert page.evaluate("document.activeElement.id") == event_id
    assert stayed(page)
    assert "Pipeline call, moved" in {each["subject"] for each in mailbox(sandbox).events()}


def test_what_is_refused_is_said_at_its_field_and_the_list_of_it_has_the_focus(page: Page) -> None:
    mark(page)
    page.get_by_role("link", name="Contact in Salesforce").click()
    page.get_by_label("E-mail").fill("nonsense")
    page.get_by_label("Last name").fill("Byron")
    page.get_by_role("button", name="Make the contact").click()
    expect(page.get_by_role("alert")).to_contain_text("invalid email address: nonsense")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Last name")).to_have_value("Byron")
    page.get_by_role("alert").get_by_role("link", name="E-mail").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    assert stayed(page)


def test_a_deletion_is_undone_from_the_toast(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("link", name="Wanda Król").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#sf-contact-list .people")).not_to_contain_text("Wanda")
    expect(page.get_by_text("Recycle Bin, 1")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#sf-contact-list .people")).to_contain_text("Wanda")
    assert row_of(sandbox, "Contact", LastName="Król")["IsDeleted"] is False


def test_changes_on_both_sides_arrive_by_themselves_and_are_said(page: Page, sandbox: Sandbox) -> None:
    mark(page)
    with sandbox.world.lock:
        change(sandbox, maya(sandbox))
    expect(page.locator("a.event.fresh")).to_contain_text("Room Näckros")
    expect(page.locator("tr.fresh")).to_contain_text("changed just now")
    expect(page.locator("#band")).to_contain_text("3 Salesforce calls, 2 Graph calls")
    expect(page.locator("#say")).to_contain_text("“Quarterly review, Brightwater” changed in the mailbox.")
    assert stayed(page)


def test_a_refresh_leaves_the_focus_the_open_bin_and_half_filled_forms_alone(page: Page, sandbox: Sandbox) -> None:
    org = sandbox.services["salesforce"].org
    with sandbox.world.lock:
        org.delete(row_of(sandbox, "Contact", LastName="Król")["Id"])
    page.get_by_text("Recycle Bin, 1").click()
    page.get_by_role("link", name="Event in Salesforce").click()
    page.get_by_label("Subject").fill("Half")
    page.get_by_role("switch", name="Lost answer").check()
    page.get_by_role("link", name="Ines Okoye").last.focus()
    with sandbox.world.lock:
        org.delete(row_of(sandbox, "Contact", LastName="Sandgren")["Id"])
    expect(page.locator("#bin summary")).to_have_text("Recycle Bin, 2")
    expect(page.get_by_role("button", name="Restore Wanda Król")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("Half")
    expect(page.get_by_role("switch", name="Lost answer")).to_be_checked()
    assert page.evaluate("document.activeElement.textContent") == "Ines Okoye"


def test_weeks_searches_and_pages_turn_in_place_and_the_back_button_returns(page: Page) -> None:
    mark(page)
    page.get_by_role("link", name="Next week").click()
    expect(page.locator(".card.mail").first).to_contain_text("30 Nov to 4 Dec")
    expect(page.get_by_role("link", name="Next week")).to_be_focused()
    page.get_by_role("searchbox", name="Search contacts in Salesforce").fill("ines")
    page.keyboard.press("Enter")
    expect(page.locator("#sf-contact-list li")).to_have_count(1)
    assert "week=" in page.url
    assert "sf=ines" in page.url
    assert stayed(page)
    page.go_back()
    expect(page.locator("#sf-contact-list li")).to_have_count(4)


def test_all_of_it_works_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the mailbox")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Tomás Herrera")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#choose summary")).to_be_focused()
    expect(page.get_by_role("link", name="Tomás Herrera")).to_be_hidden()
    link = page.get_by_role("link", name="Event in the mailbox")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Subject")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".editor")).to_have_count(0)
    expect(link).to_be_focused()


def test_faults_clock_and_worker_are_switched_in_place(page: Page, sandbox: Sandbox) -> None:
    mark(page)
    page.get_by_role("switch", name="Service away, 503").check()
    page.get_by_label("Service away, 503: how often").select_option("50")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".toast")).to_have_text("One fault is on.")
    assert [rule.probability for rule in sandbox.world.faults.rules()] == [0.5, 0.5]
    page.locator("#clock").click()
    page.get_by_role("button", name="1 day later").click()
    expect(page.locator("#clock")).to_contain_text("+1 day")
    page.get_by_role("button", name="Stop a worker now").click()
    expect(page.locator(".toast")).to_have_text("Worker 4711 was stopped.")
    assert stayed(page)


def test_the_page_says_when_the_sandbox_does_not_answer_and_recovers(page: Page) -> None:
    page.route("**/live*", lambda route: route.fulfill(status=204, body=""))
    expect(page.locator("#interrupted")).to_be_empty()
    page.unroute("**/live*")
    page.route("**/live*", lambda route: route.abort())
    expect(page.locator("#interrupted")).to_contain_text("The sandbox does not answer.")
    page.unroute("**/live*")
    expect(page.locator("#interrupted")).to_be_empty()


def test_without_javascript_every_step_works_by_forms_and_links(browser: Browser, sandbox: Sandbox) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{sandbox.control_url}/")
    page.get_by_role("link", name="Event in the mailbox").click()
    page.get_by_label("Subject").fill("Made without script")
    page.get_by_label("Starts", exact=True).fill("2026-11-26")
    page.get_by_label("Ends", exact=True).fill("2026-11-25")
    page.get_by_role("button", name="Make the event").click()
    expect(page.get_by_role("alert")).to_contain_text("The event ends before it starts.")
    page.get_by_label("Ends", exact=True).fill("2026-11-26")
    page.get_by_role("button", name="Make the event").click()
    expect(page.locator("a.event", has_text="Made without script")).to_have_count(1)
    page.locator("a.event", has_text="Made without script").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("a.event", has_text="Made without script")).to_have_count(1)
    page.get_by_role("link", name="Next week").click()
    page.get_by_role("link", name="This week").click()
    page.get_by_role("switch", name="Slow, 4 s").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("switch", name="Slow, 4 s")).to_be_checked()
    page.locator("#choose summary").click()
    page.get_by_role("link", name="Tomás Herrera").click()
    expect(page).to_have_title("Tomás Herrera · Lockstep sandbox")
    page.get_by_role("link", name="Start over").click()
    page.get_by_label("Nothing: no people at all").check()
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_role("heading", name="Nobody works here yet")).to_be_visible()
    context.close()


def views(sandbox: Sandbox) -> dict[str, str]:
    """Every state of the page worth looking at, by name, as its address."""
    event = mailbox(sandbox).events()[0]["id"]
    row, contact = row_of(sandbox, "Event", Location="Dock 4")["Id"], row_of(sandbox, "Contact", LastName="Okoye")["Id"]
    return {
        "page": "/people/maya",
        "empty": "/people/tomas?week=2027-05-03&sf=nobody",
        "mail-event": f"/people/maya?open=mail-event:{event}",
        "mail-new": "/people/maya?open=mail-event:new",
        "mail-contact": "/people/maya?open=mail-contact:new",
        "sf-event": f"/people/maya?open=sf-event:{row}",
        "sf-contact": f"/people/maya?open=sf-contact:{contact}",
        "gone": "/people/maya?open=sf-contact:nothing",
        "start-over": "/start-over",
        "problem": "/people/nobody",
    }


def problems(page: Page) -> list[str]:
    """What axe says, one line per element."""
    found = Axe().run(page, options=TAGS).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("dress", DRESSES)
def test_axe_finds_nothing_in_any_state_and_dress(browser: Browser, sandbox: Sandbox, dress: str) -> None:
    change(sandbox, maya(sandbox))
    context = browser.new_context(reduced_motion="reduce", **DRESSES[dress])
    page = context.new_page()
    found = {}
    looked_at = views(sandbox) if dress == "light" else {name: views(sandbox)[name] for name in ("page", "mail-event")}
    for name, path in looked_at.items():
        page.goto(sandbox.control_url + path)
        found[name] = problems(page)
    page.goto(f"{sandbox.control_url}/people/maya?open=sf-contact:new")
    page.get_by_role("button", name="Make the contact").click()
    expect(page.get_by_role("alert")).to_be_focused()
    found["refused"] = problems(page)
    page.goto(f"{sandbox.control_url}/people/maya")
    page.locator("#choose summary").click()
    page.get_by_role("switch", name="Lost answer").check()
    found["menu"] = problems(page)
    context.close()

    assert found == {name: [] for name in (*looked_at, "refused", "menu")}


@pytest.mark.parametrize("width", [320, 400, 600, 900, 1180, 1280, 1920])
def test_no_state_scrolls_sideways_at_any_width(browser: Browser, sandbox: Sandbox, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    wider = {}
    for name, path in views(sandbox).items():
        page.goto(sandbox.control_url + path)
        wider[name] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()

    assert wider == dict.fromkeys(views(sandbox), 0)


def test_every_state_has_one_heading_and_a_title_of_its_own(browser: Browser, sandbox: Sandbox) -> None:
    context = browser.new_context()
    page = context.new_page()
    found = {}
    for name, path in views(sandbox).items():
        page.goto(sandbox.control_url + path)
        found[name] = (page.locator("h1").count(), page.title().endswith(" · Lockstep sandbox"))
    context.close()

    assert found == dict.fromkeys(views(sandbox), (1, True))
