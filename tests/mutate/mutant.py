"""A mutant: one mechanism of the engine taken out, and the tests that have to notice.

Where two mechanisms cover each other they are taken out together, and `covered_by` of the single one says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(Exception):
    """The code that a mutant changes is no longer there, or there more than once."""


@dataclass(frozen=True)
class Edit:
    """One replacement in a file; `old` stands there exactly once."""

    file: str
    old: str
    new: str

    def apply(self, tree: Path) -> None:
        """Changes the file below `tree`. Raises DoesNotApply."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        found = text.count(self.old)
        if found != 1:
            raise DoesNotApply(f"{self.file} has {found} places that read: {self.old.strip().splitlines()[0]}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Mutant:
    """What is taken out, how, and who has to notice.

    name: for the command line · mechanism: in words, with its rule · tests: pytest node ids that pass without the
    mutation; one that fails is enough · short: part of the quick run · covers: what else would have caught it and is
    taken out along with it.
    """

    name: str
    mechanism: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    short: bool = False
    covers: str = ""
