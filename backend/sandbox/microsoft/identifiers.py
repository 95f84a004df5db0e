"""Identifiers of items and folders: default ids, which change on a move, and immutable ones (MS-041..MS-044)."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass
from datetime import date

from backend.sandbox.microsoft import errors

_DEFAULT = b"\x00\x03\x24"  # "AAMk" in base64
_IMMUTABLE = b"\x00\x09\x00"  # "AAkA"
_FOLDER = b"\x00\x03\x26"  # "AAMm"
_LAYOUT = struct.Struct(">3s36s25sHHII")
_CHECK = struct.Struct(">I")
_FILLER = b"\x00\x2e" + bytes(23)
_ALPHABET = b"_-"


@dataclass(frozen=True, slots=True)
class ItemId:
    """What an id says: whose item, which one, which day of a series, and, if not immutable, where it lay."""

    owner: str
    number: int
    immutable: bool
    folder: int = 0
    moves: int = 0
    day: date | None = None

    def encode(self) -> str:
        """The id as text, URL-safe except for its `=` (MS-011)."""
        kind = _IMMUTABLE if self.immutable else _DEFAULT
        place = (0, 0) if self.immutable else (self.folder, self.moves)
        return _encode(kind, self.owner, *place, self.number, self.day.toordinal() if self.day else 0)


def folder_id(owner: str, number: int) -> str:
    """The id of a folder or calendar; it never changes, whatever format is asked for."""
    return _encode(_FOLDER, owner, number, 0, 0, 0)


def decode(text: str) -> ItemId:
    """Read an item id in either format. Raises GraphError 400 if malformed, 404 if no such item can exist."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=_ALPHABET, validate=True)
        kind, owner, _, folder, moves, number, ordinal = _LAYOUT.unpack(raw[: _LAYOUT.size])
        (check,) = _CHECK.unpack(raw[_LAYOUT.size :])
    except (binascii.Error, UnicodeEncodeError, struct.error):
        raise errors.malformed_id() from None
    if check != zlib.crc32(raw[: _LAYOUT.size]) or kind == _FOLDER:
        raise errors.item_not_found()
    return ItemId(
        owner=owner.decode("ascii"),
        number=number,
        immutable=kind == _IMMUTABLE,
        folder=folder,
        moves=moves,
        day=date.fromordinal(ordinal) if ordinal else None,
    )


def as_rest(text: str, source: str) -> str:
    """An id in a format of `translateExchangeIds` (lower case) as REST writes it: these differ in two signs."""
    return text if source.startswith("rest") else text.replace("/", "-").replace("+", "_")


def from_rest(text: str, target: str) -> str:
    """A REST id in a format of `translateExchangeIds` (lower case)."""
    return text if target.startswith("rest") else text.replace("-", "/").replace("_", "+")


def _encode(kind: bytes, owner: str, folder: int, moves: int, number: int, ordinal: int) -> str:
    raw = _LAYOUT.pack(kind, owner.encode("ascii"), _FILLER, folder, moves, number, ordinal)
    return base64.b64encode(raw + _CHECK.pack(zlib.crc32(raw)), altchars=_ALPHABET).decode("ascii")
