"""Real pages with links that keep the rest of the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from backend.web.numbers import count
from backend.web.words import say


@dataclass(frozen=True, slots=True)
class Pager:
    """'1 to 25 of 248', with a dash, and the links to the neighbours; None at the ends."""

    range: str
    back: str | None
    on: str | None


def here(**changes: object) -> str:
    """This page's address with some parameters changed; None takes one away."""
    wanted: dict[str, Any] = {**request.args.to_dict(), **(request.view_args or {}), **changes}
    return url_for(request.endpoint or "", **{name: value for name, value in wanted.items() if value is not None})


def pager(page: int, size: int, total: int) -> Pager:
    """The pager of a list; `page` counts from 1 and may lie beyond the end."""
    last = max(1, -(-total // size))
    page = min(max(1, page), last)
    first = (page - 1) * size + 1
    text = say(
        "%(first)s\N{EN DASH}%(last)s of %(total)s",
        first=count(min(first, total)), last=count(min(first + size - 1, total)), total=count(total),
    )  # fmt: skip
    return Pager(text, here(page=page - 1) if page > 1 else None, here(page=page + 1) if page < last else None)


def number(name: str, default: int, allowed: tuple[int, ...] = ()) -> int:
    """A whole number from the address; anything else than an allowed one is the default."""
    value = request.args.get(name, default, type=int)
    return value if value >= 1 and (not allowed or value in allowed) else default
