"""What the page says once, after somebody did something: kept here between the answer and the page after it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

MOST = 50


@dataclass(frozen=True)
class Note:
    """A sentence; with `shelf` and `item` it offers to undo a deletion."""

    text: str
    shelf: str = ""
    item: str = ""
    person: str = ""


class Told:
    """Notes by the number that the address of the next page carries. Each is given out once."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._notes: dict[str, Note] = {}

    def keep(self, note: Note) -> str:
        """Keep a note; its number."""
        number = str(next(self._numbers))
        self._notes[number] = note
        while len(self._notes) > MOST:
            del self._notes[next(iter(self._notes))]
        return number

    def take(self, number: str) -> Note | None:
        """The note of that number, the first time."""
        return self._notes.pop(number, None)
