"""Charts as plain numbers for inline SVG (look and feel, 7): the server draws, colours are classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backend.storage.views.budget import HOURS, forecast, full_at
from backend.storage.views.organisation import Budget

WIDTH: Final = 240
HEIGHT: Final = 56


@dataclass(frozen=True, slots=True)
class BudgetChart:
    """Our calls of the UTC day: path so far, its area, the forecast, and the height of what is left to us.

    ends_at: when Salesforce's rolling 24 hours would be full at this pace, if that is before midnight UTC.
    """

    used: str
    area: str
    ahead: str
    limit: float | None
    forecast: int
    ends_at: datetime | None


def _height(value: float, top: float) -> float:
    return round(HEIGHT - 2 - value / top * (HEIGHT - 6), 1)


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:g} {y:g}" for x, y in points)


def budget_chart(budget: Budget, now: datetime) -> BudgetChart:
    """The chart at `now` (UTC)."""
    hour, ahead = now.hour + now.minute / 60, forecast(budget, now)
    others = max(0, (budget.used or 0) - budget.ours - sum(budget.yesterday[now.hour :]))
    room = None if not budget.limit else max(0, budget.limit - others)
    top = float(max(ahead, room or 0, 1))
    points, total = [(0.0, _height(0, top))], 0
    for index in range(now.hour + 1):
        total += budget.hours[index]
        points.append((round(min(index + 1, hour) / HOURS * WIDTH, 1), _height(total, top)))
    last = points[-1]
    return BudgetChart(
        used=_path(points),
        area=f"{_path(points)} L{last[0]:g} {_height(0, top):g} L0 {_height(0, top):g} Z",
        ahead=_path([last, (float(WIDTH), _height(ahead, top))]),
        limit=None if room is None else _height(room, top),
        forecast=ahead,
        ends_at=full_at(budget, now),
    )
