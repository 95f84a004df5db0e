"""The editor in a browser: rows follow the direction, a rehearsal outlives the tab, the second of two tabs is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import sign_in
from tests.fakes.page_services import World

PATH = "/configurations/1"
FOUND = {
    "people": 16, "starting": 0, "stopping": 0, "mails": 0, "asked": 0, "failed": [], "steps": [], "more": 0,
    "numbers": {"mailbox.event.create": {"number": 412, "people": 38}},
}  # fmt: skip


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A signed-in browser."""
    made = browser.new_context(base_url=address, reduced_motion="reduce")
    sign_in(made, address)
    yield made
    made.close()


def opened(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(PATH)
    return page


def typed(page: Page, days: str) -> None:
    """Another number of days, and on to the next field."""
    field = page.locator("#events-days_back-input")
    field.fill(days)
    field.press("Tab")


def test_ls052_rows_follow_the_direction_at_once_and_keep_their_choice(context: BrowserContext) -> None:
    page = opened(context)
    page.locator("#events-direction").get_by_role("radio", name="To mailbox").check()

    relate = page.locator("#events-relate")
    expect(relate).to_contain_text("No mailbox event goes to Salesforce at present. Your choice, on, is kept.")
    expect(relate.get_by_role("switch")).to_be_disabled()
    expect(page.locator("#unsaved")).to_contain_text("1 unsaved change")

    page.locator("#events-direction").get_by_role("radio", name="Both ways").check()
    expect(relate.get_by_role("switch")).to_be_enabled()
    expect(relate.get_by_role("switch")).to_be_checked()


def test_a_rehearsal_goes_on_when_the_tab_is_closed_and_is_found_again(context: BrowserContext, world: World) -> None:
    page = opened(context)
    typed(page, "60")
    page.get_by_role("button", name="Rehearse for 16 people").click()
    expect(page.locator("#rehearsal")).to_contain_text("Waiting for a worker")
    number = int(str(world.done[-1][1]))
    page.close()

    assert world.rehearsals().claim(number) is not None
    assert world.rehearsals().finish(number, FOUND)
    again = opened(context)
    expect(again.locator("#rehearsal")).to_contain_text("events are made in mailboxes")
    expect(again.locator("#events-days_back-input")).to_have_value("60")
    again.get_by_role("button", name="Save and apply to 16 people").click()
    expect(again.locator(".toast")).to_contain_text("Saved.")
    expect(again.locator("#unsaved")).to_contain_text("No unsaved change")


def test_the_second_of_two_tabs_is_told_and_loses_nothing(context: BrowserContext) -> None:
    first, second = opened(context), opened(context)
    typed(first, "60")
    first.get_by_role("button", name="Save without a rehearsal").click()
    expect(first.locator(".toast")).to_contain_text("Saved.")

    typed(second, "14")
    second.get_by_role("button", name="Save without a rehearsal").click()
    expect(second.get_by_role("alert")).to_contain_text("saved: 60 · yours: 14")
    expect(second.locator("#events-days_back-input")).to_have_value("14")
