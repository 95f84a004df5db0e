"""Where the organisation reader goes on: an opaque text that promises what was read (INV-4)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backend.domain.values import Kind
from backend.ports.errors import CursorExpired
from backend.salesforce.errors import SERVICE
from backend.salesforce.fields import SOBJECTS

OVERLAP: Final = timedelta(minutes=10)
"""Rows become visible after their stamp, so this much is read again (SF-079)."""
BIN_KEEPS: Final = timedelta(days=14)
"""The Recycle Bin keeps 15 days; older deletions can no longer be told (SF-086)."""
ACCOUNTS_KEPT: Final = 500
_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """since: greatest stamp by stream · fields: what was selected, by object · filters: what the caller asked for ·
    accounts: accounts already dealt with, with their stamps, so that the overlap does not deal with them again ·
    pointed: what field maps asked for, by kind, whether it was there or not.
    """

    since: dict[str, datetime]
    fields: dict[str, list[str]]
    filters: list[str]
    accounts: dict[str, str] = field(default_factory=dict)
    pointed: dict[str, list[str]] = field(default_factory=dict)

    def covers(self, pointed: Mapping[Kind, Sequence[str]]) -> bool:
        """Whether the reading asked for all these fields of field maps."""
        asked = {kind: {name.casefold() for name in self.pointed.get(kind.value, ())} for kind in pointed}
        return all(name.casefold() in asked[kind] for kind, names in pointed.items() for name in names)

    def text(self) -> str:
        """As the caller keeps it."""
        since = {name: moment.isoformat() for name, moment in self.since.items()}
        content = {"form": _FORM, "since": since, "fields": self.fields, "filters": self.filters}
        content |= {"accounts": self.accounts, "pointed": self.pointed}
        return json.dumps(content, separators=(",", ":"), sort_keys=True)


def parsed(text: str) -> Mark:
    """The mark in a text. Raises CursorExpired for a text of another version, or none of ours."""
    try:
        content: Any = json.loads(text)
        if content["form"] != _FORM:
            raise _expired("it was written by another version of Lockstep")
        since = {name: datetime.fromisoformat(moment).astimezone(UTC) for name, moment in content["since"].items()}
        return Mark(since, content["fields"], content["filters"], content["accounts"], content.get("pointed", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _expired("it cannot be read") from error


def unshown(text: str | None, pointed: Mapping[Kind, Sequence[str]]) -> dict[Kind, tuple[str, ...]]:
    """Those of the fields that the last reading asked for and Salesforce did not show; none where there is no mark."""
    try:
        mark = parsed(text) if text is not None else None
    except CursorExpired:
        mark = None
    if mark is None or not mark.covers(pointed):
        return {}
    shown = {kind: {name.casefold() for name in mark.fields[SOBJECTS[kind]]} for kind in pointed}
    return {
        kind: tuple(name for name in names if name.casefold() not in shown[kind]) for kind, names in pointed.items()
    }


def check_age(mark: Mark, now: datetime) -> None:
    """Raises CursorExpired when deletions since the mark may have left the Recycle Bin."""
    if now - min(mark.since.values()) > BIN_KEEPS:
        raise _expired("it is older than what the Recycle Bin keeps")


def advanced(before: datetime | None, greatest: datetime | None, started: datetime) -> datetime:
    """The next mark of a stream: the greatest stamp not after the start of the read (SF-091).

    It never lies more than the overlap behind that start: in a quiet organisation the same rows would be read for
    ever, and deletions would seem to have become too old to be told.
    """
    moments = [started - OVERLAP]
    moments += [moment for moment in (before, greatest) if moment is not None and moment <= started]
    return max(moments)


def _expired(why: str) -> CursorExpired:
    text = f"Salesforce is read as a whole again: the mark of the last read cannot be used, since {why}."
    return CursorExpired(text, code="MARK", service=SERVICE)
