"""Delta rounds: reading a change log page by page (MS-019..MS-027, MS-031)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from backend.sandbox.microsoft.delta_states import DeltaToken
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.graph import Request
from backend.sandbox.microsoft.odata import DEFAULT_PAGE, MOST_PER_PAGE
from backend.sandbox.microsoft.store import ChangeLog
from backend.sandbox.microsoft.wire import Answer

OPTIONS = ("$deltatoken", "$skiptoken")
_SCANNED_PER_ENTITY = 20

# What a key of the log becomes: entities, none, or None for something that is counted but never returned.
# The flag says whether a removal is news to the caller.
Render = Callable[[int, bool], list[dict[str, Any]] | None]


@dataclass(frozen=True)
class Start:
    """What a first call asks for, and how far the log had come then."""

    kind: str
    folder: str
    sequence: int
    select: str | None = None
    window: tuple[str, str] | None = None
    from_now: bool = False


def open_round(request: Request, start: Start, life_seconds: float | None = None) -> DeltaToken:
    """The state to read on from: that of the token in the call, or a new one.

    Raises GraphError 400 or 410 for tokens that cannot be used.
    """
    call, states = request.call, request.tenant.delta_states
    text = token_text(request)
    if text is None:
        position = start.sequence if start.from_now else 0
        return states.begin(start.kind, start.folder, start.sequence, start.select, start.window, position)
    again = {name: value for name, value in call.options.items() if name not in OPTIONS}
    return states.resume(text, start.kind, start.folder, call.link(again), life_seconds)


def token_text(request: Request) -> str | None:
    """The token of the call, if it brings one."""
    options = request.call.options
    found = options.get("$skiptoken") or options.get("$deltatoken")
    return None if not found or found.lower() == "latest" else found


def page(request: Request, token: DeltaToken, log: ChangeLog, render: Render, context: str) -> Answer:
    """The next page of a round; what belongs to one key is never split (MS-031)."""
    size = _page_size(request)
    quirks = request.tenant.quirks
    if quirks.empty_pages:
        quirks.empty_pages -= 1
        return _answer(request, token, [], token.position, over=False, context=context)
    entities: list[dict[str, Any]] = []
    position, counted, over = token.position, 0, True
    for scanned, (changed, key) in enumerate(log.after(token.position)):
        unit = render(key, not token.first_round or changed > token.base)
        weight = 1 if unit is None else len(unit)
        if (counted and counted + weight > size) or scanned >= _SCANNED_PER_ENTITY * size:
            over = False
            break
        entities += unit or ()
        counted += weight
        position = changed
    return _answer(request, token, entities, position, over=over, context=context)


def _page_size(request: Request) -> int:
    size = request.call.prefer.page_size or DEFAULT_PAGE
    heavy = request.tenant.quirks.heavy_page
    if heavy is not None and size > heavy:
        raise GraphError(504, "UnknownError", "")
    return min(size, MOST_PER_PAGE)


def _answer(
    request: Request,
    token: DeltaToken,
    entities: list[dict[str, Any]],
    position: int,
    *,
    over: bool,
    context: str,
) -> Answer:
    following = request.tenant.delta_states.following(token, position, round_over=over)
    name, option = ("@odata.deltaLink", "$deltatoken") if over else ("@odata.nextLink", "$skiptoken")
    link = request.call.link({option: following.encode()})
    prefer = request.call.prefer
    request.call.prefer = replace(prefer, applied=(*prefer.applied, "odata.track-changes"))
    return Answer(200, {"@odata.context": context, name: link, "value": entities})
