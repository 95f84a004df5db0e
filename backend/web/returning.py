"""Where to go after a form: back to the page it came from, if that is one of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request


def next_page(otherwise: str) -> str:
    """The path in `next`, never another site; `otherwise` when there is none."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if plain and wanted.isprintable() else otherwise
