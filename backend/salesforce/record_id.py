"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum of the capitals (SF-022)."""

from __future__ import annotations

from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
USER_PREFIX: Final = "005"


def long_id(text: str) -> str:
    """The 18-character form of an id; anything that is not a 15-character id is returned as it is."""
    if len(text) != 15:
        return text
    chunks = (text[0:5], text[5:10], text[10:15])
    return text + "".join(
        _ALPHABET[sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")] for chunk in chunks
    )
