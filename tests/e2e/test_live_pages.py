"""Pages that keep themselves fresh, and pages that work without that (look and feel, 3, 6, 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from backend.storage import tables as t
from tests.e2e.browser import sign_in
from tests.fakes.page_rows import NOW, done
from tests.fakes.page_services import World
from tests.fakes.page_world import HELD, JONAS, MAYA

TICK_MS = 5_000


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A signed-in page whose clock the test turns."""
    context = browser.new_context(base_url=address, reduced_motion="reduce")
    sign_in(context, address)
    opened = context.new_page()
    opened.clock.install()
    opened.add_init_script("window.loads = 0; addEventListener('htmx:afterOnLoad', () => { window.loads += 1; });")
    yield opened
    context.close()


def tick(page: Page) -> None:
    """Let one tick of the page's clock pass and its answer take effect."""
    before = page.evaluate("window.loads")
    page.clock.run_for(TICK_MS)
    page.wait_for_function("before => window.loads > before", arg=before)


def change(world: World, user: int, **values: object) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.user_state).where(t.user_state.c.user_id == user).values(**values))


def test_rows_follow_without_reloading_and_the_change_is_said_once(page: Page, world: World) -> None:
    page.goto("/?q=lindqvist")
    page.evaluate("window.untouched = true")
    row = page.locator(f"#person-{MAYA}")
    expect(row).to_contain_text("In sync")

    change(world, MAYA, failures=3, state="needs_attention", reason="The mailbox was deleted.", remedy="Restore it.")
    tick(page)

    expect(row).to_contain_text("Cannot sync")
    expect(row).to_contain_text("The mailbox was deleted.")
    expect(page.locator("#tabs")).to_contain_text("Error 1")
    expect(page.locator("#say")).to_have_text("Maya Lindqvist: Cannot sync")
    assert page.evaluate("window.untouched") is True


def test_row_that_did_not_change_is_left_alone(page: Page) -> None:
    page.goto("/?q=lindqvist")
    page.evaluate(f"document.getElementById('person-{MAYA}').marked = true")

    tick(page)

    assert page.evaluate(f"document.getElementById('person-{MAYA}').marked") is True


def test_focus_and_open_menu_survive_a_change_and_the_change_comes_later(page: Page, world: World) -> None:
    page.goto("/?q=lindqvist")
    menu = page.get_by_label("Actions for Maya Lindqvist")
    menu.click()

    change(world, MAYA, failures=3, state="needs_attention", reason="The mailbox was deleted.")
    tick(page)
    expect(page.locator(f"#person-{MAYA} details")).to_have_attribute("open", "")
    expect(page.locator(f"#person-{MAYA}")).to_contain_text("In sync")

    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    page.locator("h1").click()
    tick(page)
    expect(page.locator(f"#person-{MAYA}")).to_contain_text("Cannot sync")


def test_ticks_of_people_survive_a_change(page: Page, world: World) -> None:
    page.goto("/?q=lindqvist")
    box = page.get_by_label("Select Maya Lindqvist")
    box.check()
    page.locator("h1").click()

    change(world, MAYA, failures=3, state="needs_attention", reason="The mailbox was deleted.")
    tick(page)

    expect(page.locator(f"#person-{MAYA}")).to_contain_text("Cannot sync")
    expect(box).to_be_checked()


def test_person_page_follows_the_first_sync(page: Page, world: World) -> None:
    page.goto(f"/people/{JONAS}")
    expect(page.locator("#now")).to_contain_text("184 of 402 items")

    change(world, JONAS, progress={"kind": "event", "done": 300, "total": 402})
    tick(page)
    expect(page.locator("#now")).to_contain_text("300 of 402 items")

    change(world, JONAS, progress=None, first_sync_done_at=NOW)
    tick(page)
    expect(page.locator("#chip")).to_contain_text("In sync")
    expect(page.locator(".steps")).to_have_count(0)


def test_hidden_page_asks_nothing(page: Page) -> None:
    page.goto("/")
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.clock.run_for(3 * TICK_MS)
    with page.expect_response("**/health"):
        page.evaluate("fetch('/health')")

    assert [url.rsplit("/", 1)[1] for url in asked] == ["health"]


def test_interrupted_connection_is_said_and_forgotten_when_it_is_back(page: Page) -> None:
    page.goto("/")
    page.route("**/status/live**", lambda route: route.abort())
    page.clock.run_for(TICK_MS)
    expect(page.locator("#interrupted")).to_contain_text("The live connection is interrupted; it comes back by itself.")
    expect(page.locator("#interrupted")).to_contain_text("You see the state of")

    page.unroute("**/status/live**")
    tick(page)

    expect(page.locator("#interrupted")).to_be_empty()


def test_sign_in_that_is_about_to_end_can_be_prolonged(page: Page) -> None:
    page.goto("/held")
    page.clock.run_for((8 * 3600 - 120) * 1000)
    expect(page.locator("#toasts")).to_contain_text("Your sign-in ends in 2 minutes.")

    with page.expect_response("**/session/prolong") as answer:
        page.get_by_role("button", name="Stay signed in").click()

    assert answer.value.status == 204
    expect(page.locator("#toasts")).not_to_contain_text("2 minutes")


def test_search_narrows_while_typing_and_keeps_focus_address_and_tabs(page: Page) -> None:
    page.goto("/")
    box = page.get_by_placeholder("Name or address")
    box.click()
    page.keyboard.type("lindq")
    with page.expect_response("**/?q=lindq*"):
        page.clock.run_for(300)

    expect(page.locator("#people tbody tr")).to_have_count(1)
    expect(page.locator("#tabs")).to_contain_text("All 1")
    expect(box).to_be_focused()
    expect(page).to_have_url(re.compile(r"q=lindq"))


def test_status_page_works_by_keyboard_alone(page: Page, world: World) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    page.get_by_label("Actions for Aiko Tanaka").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".toast")).to_contain_text("1 person syncs now.")
    assert world.done == [("sync", [9], "asked for by Claire Dubois")]


def test_everybody_on_the_page_can_be_ticked_and_paused(page: Page, world: World) -> None:
    page.goto("/?state=first")
    expect(page.get_by_role("group", name="For the selected people")).to_be_hidden()
    page.get_by_label("Select everybody on this page").check()
    page.get_by_role("group", name="For the selected people").get_by_role("button", name="Pause").click()

    expect(page.locator(".toast")).to_contain_text("2 people are paused.")
    assert sorted(world.done[0][1]) == [JONAS, 8]  # type: ignore[call-overload]  # a list of ids


@pytest.mark.parametrize(("theme", "ground"), [("Dark", "rgb(24, 24, 24)"), ("Light", "rgb(243, 243, 243)")])
def test_theme_is_chosen_by_a_form_and_stays(page: Page, theme: str, ground: str) -> None:
    page.goto("/held")
    page.get_by_label("Theme", exact=True).click()
    page.get_by_role("button", name=theme, exact=True).click()

    page.goto("/conflicts")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground


def test_times_are_in_the_viewers_zone_from_the_first_page(browser: Browser, address: str) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    sign_in(context, address)
    page = context.new_page()
    page.goto(address)

    expect(page.locator(".foot")).to_have_text("Times in Asia/Tokyo")
    expect(page.locator("#updated")).to_have_text("Updated 18:42:18")
    context.close()


def test_everything_works_without_javascript(browser: Browser, address: str, world: World) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=address)
    sign_in(context, address)
    page = context.new_page()
    page.goto("/")

    page.get_by_placeholder("Name or address").fill("lindqvist")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#people tbody tr")).to_have_count(1)
    page.get_by_label("Actions for Maya Lindqvist").click()
    page.get_by_role("button", name="Sync now").last.click()
    expect(page.locator(".toast")).to_contain_text("1 person syncs now.")

    page.goto(f"/held/{HELD}")
    page.get_by_label("Put the mailbox's value back").check()
    page.get_by_role("button", name="Answer").click()
    expect(page.locator(".toast")).to_contain_text("put the mailbox's value back")

    page.goto(f"/people/{JONAS}")
    page.get_by_role("link", name="Reset…").click()
    page.get_by_role("button", name="Reset sync").click()
    expect(page.locator("h1")).to_contain_text("Jonas Becker")
    context.close()

    asked = [entry[:2] for entry in world.done]
    assert asked == [("sync", [MAYA]), ("decide", HELD), ("sync", [10]), ("reset", JONAS)]


def test_counts_of_today_move_while_one_looks(page: Page, world: World) -> None:
    page.goto("/?q=tanaka")
    cell = page.locator("#person-9 td").nth(4)
    before = cell.inner_text()

    with world.engine.begin() as connection:
        done(connection, 9, "contact", "crm", 0)
    tick(page)

    expect(cell).not_to_have_text(before)
    expect(cell).to_contain_text("1 to Salesforce")
