"""The browser under the tests and the picture commands: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from werkzeug.serving import make_server

from tests.fakes import chromium
from tests.fakes.page_services import PASSWORD

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<match target="pattern"><test qual="any" name="family" compare="eq"><string>sans</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
<match target="pattern"><test qual="any" name="family" compare="eq"><string>system-ui</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
<match target="pattern"><test qual="any" name="family" compare="eq"><string>sans-serif</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match></fontconfig>"""


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser that draws `system-ui` with the same face on every machine that has it."""
    program = chromium.find()
    if program is None:
        raise RuntimeError(chromium.INSTALL)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS)
        yield _start(playwright, program, fonts)


def _start(playwright: Playwright, program: str, fonts: Path) -> Browser:
    return playwright.chromium.launch(
        executable_path=program, args=["--no-sandbox"], env={**os.environ, "FONTCONFIG_FILE": str(fonts)}
    )


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of the app, served on a free port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def sign_in(context: BrowserContext, address: str, who: str = "claire.dubois@example.com") -> None:
    """Sign in through the form; the context keeps the session."""
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_label("Address").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.close()
