"""One supervisor per data folder: a second one would fight over the embedded Redis and the database file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUseError(Exception):
    """Another supervisor runs on this data folder."""


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data folder until the block ends; the system gives it back when this process dies.

    Raises FolderInUseError naming the folder and the process that holds it.
    """
    path = data_dir / "up.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise FolderInUseError(
                f"The data folder {data_dir} is in use by process {holder}: stop that one, "
                "or set LOCKSTEP_DATA_DIR to another folder."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
