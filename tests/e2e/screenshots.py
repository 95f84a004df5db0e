"""`python -m tests.e2e.screenshots OUTDIR [NAME…]`: every page in light and dark at 1280 and 400 px, as PNG files."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser

from tests.e2e.browser import launched, served, sign_in
from tests.e2e.pages import EMPTY, PAGES
from tests.fakes.page_connections import RESULTS
from tests.fakes.page_services import make_app, make_world
from tests.fakes.page_world import fill

WIDTHS = (1280, 400)
SCHEMES = ("light", "dark")


def main(folder: Path, names: list[str]) -> None:
    """Take the pictures whose page names begin with one of `names`; all without names."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = tuple(names)

    def pick(pages: dict[str, str]) -> dict[str, str]:
        return {name: path for name, path in pages.items() if not chosen or name.startswith(chosen)}

    with tempfile.TemporaryDirectory() as full, tempfile.TemporaryDirectory() as bare, launched() as browser:
        world = make_world(Path(full))
        fill(world.engine)
        world.connections.fill(RESULTS)
        _shoot(
            browser,
            make_app(world, Path(full)),
            folder,
            pick(PAGES),
            ("sign-in",) if not chosen or "sign-in" in chosen else (),
        )
        if pick(EMPTY):
            _shoot(browser, make_app(make_world(Path(bare)), Path(bare)), folder, pick(EMPTY), ())


def _shoot(browser: Browser, app: Flask, folder: Path, pages: dict[str, str], unsigned: tuple[str, ...]) -> None:
    with served(app) as address:
        for scheme in SCHEMES:
            for width in WIDTHS:
                context = browser.new_context(
                    color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce",
                    timezone_id="Europe/Stockholm", locale="en-GB",
                )  # fmt: skip
                page = context.new_page()
                for name in unsigned:
                    page.goto(f"{address}/{name}")
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
                sign_in(context, address)
                for name, path in pages.items():
                    page.goto(address + path)
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
                context.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Give the folder for the pictures: python -m tests.e2e.screenshots OUTDIR [NAME…]")
    main(Path(sys.argv[1]), sys.argv[2:])
