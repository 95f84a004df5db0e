"""What a check of a service found, in words for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `remedy` is empty if nothing is to do.

    ok: True; False: nothing works so; None: it cannot be told, or works otherwise than it was meant to.
    """

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check as it is stored and printed."""
        return asdict(self)
