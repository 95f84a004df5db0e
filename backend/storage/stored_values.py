"""Field groups as stored JSON, encoded and decoded once however often they occur.

An item, its shadows and its intents mostly hold the same values: in a commit they share one text, in a snapshot one
decoded mapping.
"""

from __future__ import annotations

import json
from typing import Any

from backend.domain.codec import decode_values, encode_values
from backend.domain.values import Values

_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class JsonText(str):
    """JSON that needs no further encoding on its way to a JSON column."""

    __slots__ = ()


def serialize(value: Any) -> str:
    """Serializer of the engine's JSON columns; passes `JsonText` through."""
    return value if isinstance(value, JsonText) else _to_text(value)


class Encoder:
    """Values to JSON for one transaction; the same mapping object is encoded once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Values, dict[str, Any]]] = {}
        self._texts: dict[int, JsonText] = {}
        self._patches: dict[int, tuple[Values, JsonText]] = {}

    def json(self, values: Values) -> dict[str, Any]:
        """As JSON data without empty groups: a missing group and None are the same."""
        known = self._known.get(id(values))
        if known is None:
            encoded = encode_values({name: value for name, value in values.items() if value is not None})
            known = self._known[id(values)] = (values, encoded)  # holding the mapping keeps its id from reuse
        return known[1]

    def text(self, values: Values | None) -> JsonText | None:
        """As JSON text without empty groups."""
        if values is None:
            return None
        data = self.json(values)
        text = self._texts.get(id(values))
        if text is None:
            text = self._texts[id(values)] = JsonText(_to_text(data))
        return text

    def patch(self, values: Values) -> JsonText:
        """As JSON text with explicit None: the group is meant, and it is (to be) empty."""
        known = self._patches.get(id(values))
        if known is None:
            known = self._patches[id(values)] = (values, JsonText(_to_text(encode_values(values))))
        return known[1]


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
            known = self._known[text] = decode_values(json.loads(text))
        return known
