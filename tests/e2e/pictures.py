"""Takes the pictures of the README from a running demo: `python -m tests.e2e.pictures` (or `make pictures`)."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.e2e.browser import launched

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURES: Final = ROOT / "docs" / "pictures"
START_SECONDS: Final = 90
SETTLE_SECONDS: Final = 40


def main() -> None:
    """Starts the demo, waits until its world is in step, and writes the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "backend.cli", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as demo:
        try:
            lockstep, address, password, sandbox = _told(demo)
            time.sleep(SETTLE_SECONDS)
            with launched() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 860})
                _sign_in(page, lockstep, address, password)
                page.screenshot(path=PICTURES / "status.png")
                page.goto(sandbox)
                page.wait_for_timeout(1500)
                page.screenshot(path=PICTURES / "sandbox.png")
        finally:
            demo.terminate()


def _told(demo: subprocess.Popen[str]) -> tuple[str, str, str, str]:
    """Address, sign-in and sandbox, as the demo prints them."""
    text, end = "", time.monotonic() + START_SECONDS
    while time.monotonic() < end and demo.stdout is not None:
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
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
