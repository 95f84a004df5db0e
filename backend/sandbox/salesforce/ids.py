"""Record ids: 15 characters that tell upper from lower case, or 18 with a checksum of the cases (SF-022)."""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase, digits

_ALPHABET = digits + ascii_uppercase + ascii_lowercase
_SUFFIX_LETTERS = ascii_uppercase + "012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_CHUNKS = (slice(0, 5), slice(5, 10), slice(10, 15))


def with_suffix(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    return id15 + "".join(_SUFFIX_LETTERS[_cases(id15[chunk])] for chunk in _CHUNKS)


def _cases(five: str) -> int:
    return sum(1 << place for place, letter in enumerate(five) if "A" <= letter <= "Z")


def canonical(text: str) -> str | None:
    """The 18-character form of either form; None when it is no id, or its checksum is impossible."""
    if not _SHAPE.fullmatch(text):
        return None
    return with_suffix(text) if len(text) == 15 else _restored(text)


def _restored(text: str) -> str | None:
    """An 18-character id may arrive in any case: the suffix tells which letters were capitals."""
    suffix = text[15:].upper()
    letters = list(text[:15].lower())
    for chunk, letter in zip(_CHUNKS, suffix, strict=True):
        cases = _SUFFIX_LETTERS.find(letter)
        if cases < 0:
            return None
        for place in range(5):
            if cases >> place & 1:
                letters[chunk.start + place] = letters[chunk.start + place].upper()
    id18 = with_suffix("".join(letters))
    return id18 if id18[15:] == suffix else None


class IdFactory:
    """Makes new ids: the object's prefix, a pod, and a number that counts up."""

    def __init__(self, pod: str = "Sb") -> None:
        self._pod = pod
        self._last = 1000

    def new(self, prefix: str) -> str:
        """The next id with this prefix, in its 18-character form."""
        self._last += 7
        number, text = self._last, ""
        while number:
            number, digit = divmod(number, 62)
            text = _ALPHABET[digit] + text
        return with_suffix(f"{prefix}{self._pod}0{text:0>9}")
