"""Where the browser for the browser tests is."""

import os
import shutil

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL = "no Chromium was found: sudo apt-get install chromium (Debian), brew install --cask chromium (macOS)"


def find() -> str | None:
    """The program named by LOCKSTEP_TEST_CHROMIUM, or the first one on the PATH or where macOS has it."""
    named = os.environ.get("LOCKSTEP_TEST_CHROMIUM")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)
