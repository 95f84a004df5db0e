"""What the unique indexes refuse: a second writer for one remote object, record or meeting (INV-17, INV-18)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from backend.sync.store import TargetTaken

_UNIQUE_VIOLATION = "23505"  # PostgreSQL's SQLSTATE


@contextmanager
def one_per_thing(what: str) -> Iterator[None]:
    """Turns the refusal of a unique index into TargetTaken; `what` names the thing that another commit has taken."""
    try:
        yield
    except IntegrityError as error:
        if not _is_unique_violation(error.orig):
            raise
        raise TargetTaken(f"Another commit has taken this {what} meanwhile.") from error


def _is_unique_violation(error: BaseException | None) -> bool:
    sqlite_name = str(getattr(error, "sqlite_errorname", ""))
    return sqlite_name == "SQLITE_CONSTRAINT_UNIQUE" or getattr(error, "sqlstate", None) == _UNIQUE_VIOLATION
