"""Field groups as stored JSON, encoded and decoded once however often they occur.

An item, its shadows and its intents mostly hold the same values: in a commit they share one text, in a snapshot one
decoded mapping.
"""

from __future__ import annotations

import json
from typing import Any

from backend.domain.codec import decode_values, encode_values
from backend.domain.values import FieldValue, Values

_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class JsonText(str):
    """JSON that needs no further encoding on its way to a JSON column."""

    __slots__ = ()


def serialize(value: Any) -> str:
    """Serializer of the engine's JSON columns; passes `JsonText` through."""
    return value if isinstance(value, JsonText) else _to_text(value)


class Stored(dict[str, FieldValue]):
    """Values with the text that they were read from, which is stored again as it is."""

    __slots__ = ("text",)

    def __init__(self, values: Values, text: str) -> None:
        super().__init__(values)
        self.text = JsonText(text)


class Encoder:
    """Values to JSON for one transaction; mappings of the same value objects are encoded once."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Values, JsonText]] = {}
        self._wholes: dict[int, tuple[Values, JsonText]] = {}
        self._patches: dict[tuple[tuple[str, int], ...], tuple[Values, JsonText]] = {}

    def json(self, values: Values) -> dict[str, Any]:
        """As JSON data without empty groups: a missing group and None are the same."""
        return encode_values(_without_empty(values))

    def text(self, values: Values | None) -> JsonText | None:
        """As JSON text without empty groups."""
        if values is None:
            return None
        known = self._texts.get(id(values))
        if known is None:  # what is known is held, so that no id is used again
            known = self._texts[id(values)] = (values, self.patch(_without_empty(values)))
        return known[1]

    def patch(self, values: Values) -> JsonText:
        """As JSON text with explicit None: the group is meant, and it is (to be) empty."""
        if isinstance(values, Stored):
            return values.text
        known = self._wholes.get(id(values))
        if known is None:
            key = tuple(sorted([(name, id(value)) for name, value in values.items()]))
            known = self._patches.get(key)
            if known is None:
                known = self._patches[key] = (values, JsonText(_to_text(encode_values(values))))
            self._wholes[id(values)] = (values, known[1])
        return known[1]


def _without_empty(values: Values) -> Values:
    if None in values.values():
        return {name: value for name, value in values.items() if value is not None}
    return values


class Decoder:
    """JSON text to values for one snapshot; the same text is decoded once."""

    def __init__(self) -> None:
        self._known: dict[str, Values] = {}

    def __call__(self, text: str | None) -> Values | None:
        """The values, or None for an empty column."""
        if text is None:
            return None
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = Stored(decode_values(json.loads(text)), text)
        return known
