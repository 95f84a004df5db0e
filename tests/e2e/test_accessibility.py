"""Axe finds nothing, on every page, in every dress; nothing is lost from 320 to 1920 px (look and feel, 5 and 9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.browser import sign_in
from tests.e2e.pages import EMPTY, PAGES

DRESSES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "narrow": {"viewport": {"width": 400, "height": 800}},
}
EVERY_RULE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What can differ between two dresses of one page: its elements are the same."""


@pytest.fixture(params=DRESSES)
def dressed(request: pytest.FixtureRequest, browser: Browser, shown_address: str) -> Iterator[tuple[str, Page]]:
    """The name of a dress, and a signed-in page in it."""
    context = browser.new_context(reduced_motion="reduce", **DRESSES[request.param])
    sign_in(context, shown_address)
    yield request.param, context.new_page()
    context.close()


def problems(page: Page, rules: dict[str, Any] = EVERY_RULE) -> list[str]:
    """What axe says, one line per element."""
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def test_axe_finds_nothing_on_any_page(dressed: tuple[str, Page], shown_address: str) -> None:
    dress, page = dressed
    found = {}
    for name, path in PAGES.items():
        page.goto(shown_address + path)
        found[name] = problems(page, OF_COLOUR if dress in ("dark", "forced") else EVERY_RULE)

    assert found == {name: [] for name in PAGES}


def test_axe_finds_nothing_on_empty_pages_and_the_sign_in(browser: Browser, bare_address: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{bare_address}/sign-in")
    found = {"sign-in": problems(page)}
    sign_in(context, bare_address)
    for name, path in EMPTY.items():
        page.goto(bare_address + path)
        found[name] = problems(page)
    context.close()

    assert found == {name: [] for name in ("sign-in", *EMPTY)}


def test_no_page_scrolls_sideways_at_any_width(browser: Browser, shown_address: str) -> None:
    context = browser.new_context()
    sign_in(context, shown_address)
    page = context.new_page()
    wider = {}
    for name, path in PAGES.items():
        page.goto(shown_address + path)
        for width in (320, 400, 600, 899, 900, 1152, 1280, 1640, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if beyond:
                wider[name, width] = beyond
    context.close()

    assert wider == {}


def test_every_page_is_titled_and_obeys_its_content_security_policy(browser: Browser, shown_address: str) -> None:
    context = browser.new_context()
    sign_in(context, shown_address)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    found = {}
    for name, path in PAGES.items():
        page.goto(shown_address + path)
        found[name] = (
            page.locator("h1").count(),
            page.get_attribute("html", "lang"),
            page.title().endswith(" · Lockstep"),
        )
    context.close()

    assert found == dict.fromkeys(PAGES, (1, "en", True))
    assert [text for text in said if "404 (NOT FOUND)" not in text] == []
