"""Online meetings: made on request, never switched off, killed by a body without the join block (MS-081)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.sandbox.microsoft import bodies

DEFAULT_PROVIDER = "teamsForBusiness"


def changes(given: Mapping[str, Any], values: Mapping[str, Any], allowed: Sequence[str], number: int) -> dict[str, Any]:
    """What a checked body changes in an event's online meeting and, with it, in the body.

    `values` hold the event with the body's other changes already made. A provider that the calendar does not
    allow is ignored without a word (MS-130).
    """
    if values["isOnlineMeeting"]:
        return _kept(given, values)
    provider = given.get("onlineMeetingProvider") or DEFAULT_PROVIDER
    if not given.get("isOnlineMeeting") or provider not in allowed:
        return {}
    address = f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{number:016x}%40thread.v2/0"
    document = bodies.with_block(values["body"], _block(address))
    return {
        "isOnlineMeeting": True,
        "onlineMeetingProvider": provider,
        "onlineMeeting": {"joinUrl": address},
        "body": document,
        "bodyPreview": bodies.preview(document),
    }


def _kept(given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    if "body" not in given or values["onlineMeeting"]["joinUrl"] in values["body"]:
        return {}
    return {"isOnlineMeeting": False, "onlineMeetingProvider": "unknown", "onlineMeeting": None}


def _block(address: str) -> str:
    line = "_" * 80
    return (
        f'<div class="me-email-text"><div>{line}</div><div>Microsoft Teams meeting</div>'
        f'<div>Join: <a class="me-email-link" href="{address}">{address}</a></div><div>{line}</div></div>\r\n'
    )
