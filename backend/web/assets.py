"""Static files under addresses that carry a hash of their content, kept by browsers for a year."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, send_from_directory, url_for

FOLDER: Final = Path(__file__).parent / "static"
YEAR_SECONDS: Final = 31_536_000


def _hashed(path: Path) -> str:
    digest = hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()
    return path.relative_to(FOLDER).with_suffix(f".{digest}{path.suffix}").as_posix()


class Manifest:
    """Plain names and hashed names of every static file, read once."""

    def __init__(self) -> None:
        files = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
        self.hashed = {name: _hashed(path) for name, path in files.items()}
        self.plain = {hashed: name for name, hashed in self.hashed.items()}


def register(app: Flask) -> None:
    """Serve the static files of `app` and give templates `asset(name)`."""
    manifest = Manifest()
    app.extensions["asset_manifest"] = manifest

    def asset(name: str) -> str:
        return url_for("assets.file", name=manifest.hashed[name])

    @app.get("/static/<path:name>", endpoint="assets.file")
    def file(name: str) -> Response:
        """A static file; anything but a current hashed name is not found."""
        plain = manifest.plain.get(name)
        if plain is None:
            abort(404)
        answer = send_from_directory(FOLDER, plain, max_age=YEAR_SECONDS)
        answer.cache_control.public = True
        answer.cache_control.immutable = True
        return answer

    @app.get("/favicon.ico", endpoint="assets.favicon")
    def favicon() -> Response:
        """The mark, for browsers that ask without being told."""
        return send_from_directory(FOLDER, "mark.svg", max_age=86400)

    app.jinja_env.globals["asset"] = asset
