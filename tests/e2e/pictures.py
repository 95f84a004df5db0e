"""Takes the pictures of the README from a running demo: `python -m tests.e2e.pictures` (or `make pictures`)."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from tests.e2e.browser import launched

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURES: Final = ROOT / "docs" / "pictures"
START_SECONDS: Final = 180
SETTLE_SECONDS: Final = 180
ARRIVE_MS: Final = 60_000
RENAMED: Final = "moved to the big room"


def main() -> None:
    """Starts the demo, waits until everybody is in step, changes a meeting, and writes the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "backend.cli", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as demo:
        try:
            lockstep, address, password, sandbox = _told(demo)
            with launched() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
                _sign_in(page, lockstep, address, password)
                _await_everybody(page, lockstep)
                page.screenshot(path=PICTURES / "status.png")
                page.goto(sandbox)
                _change_a_meeting(page)
                page.screenshot(path=PICTURES / "sandbox.png")
        finally:
            demo.terminate()


def _told(demo: subprocess.Popen[str]) -> tuple[str, str, str, str]:
    """Address, sign-in and sandbox, as the demo prints them."""
    text, end = "", time.monotonic() + START_SECONDS
    while time.monotonic() < end and demo.stdout is not None and demo.poll() is None:
        text += demo.stdout.readline()
        found = re.search(r"Lockstep: (\S+)\nSign in: +(\S+) +(\S+)\nSandbox: +(\S+)", text)
        if found:
            return found[1], found[2], found[3], found[4]
    raise SystemExit("The demo did not start: run `make demo` to see why.")


def _sign_in(page: Page, lockstep: str, address: str, password: str) -> None:
    page.goto(lockstep)
    page.get_by_label("Address").fill(address)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Sync Status").wait_for()


def _await_everybody(page: Page, lockstep: str) -> None:
    """Reloads until nobody waits for a first sync any more."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        page.goto(lockstep)
        states = page.locator("tr[data-state]")
        early = states.locator("xpath=self::*[@data-state='first' or @data-state='waiting']")
        if states.count() and not early.count():
            return
        page.wait_for_timeout(1000)
    raise SystemExit("The demo did not settle: run `make demo` to see why.")


def _change_a_meeting(page: Page) -> None:
    """A meeting gets another name in the mailbox; the same name stands in Salesforce when it has arrived."""
    page.locator("a.event").first.click()
    subject = page.get_by_label("Subject", exact=True)
    name = f"{subject.input_value()}, {RENAMED}"
    subject.fill(name)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".card.sf").get_by_text(name)).to_have_count(1, timeout=ARRIVE_MS)
    page.mouse.move(0, 0)


if __name__ == "__main__":
    main()
