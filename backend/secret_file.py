"""Secrets that Lockstep makes for itself: one 0600 file each, written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`; when there is none, `make()` is stored there first.

    Several processes may ask at once: all get the same secret. Raises OSError when the folder cannot be written
    or the file cannot be read.
    """
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mkstemp opens with 0600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(make() + "\n")
            _publish(Path(draft), path)
        finally:
            Path(draft).unlink()
    return path.read_text(encoding="ascii").strip()


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # atomic, and never over a secret that another process stored meanwhile
    except FileExistsError:
        return
