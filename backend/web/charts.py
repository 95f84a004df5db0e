"""Charts as plain numbers for inline SVG (look and feel, 7): the server draws, colours are classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backend.storage.views.organisation import Budget

WIDTH: Final = 240
HEIGHT: Final = 56
HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class BudgetChart:
    """The day's API calls: path of what was used, its area, the forecast, and the height of the limit."""

    used: str
    area: str
    ahead: str
    limit: float | None
    forecast: int
    ends_at_hour: float | None


def _height(value: float, top: float) -> float:
    return round(HEIGHT - 2 - value / top * (HEIGHT - 6), 1)


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:g} {y:g}" for x, y in points)


def forecast(used: int, hour: float) -> int:
    """Calls by midnight UTC at the pace of the day so far; the first hour counts as a whole one."""
    return round(used / max(hour, 1.0) * HOURS)


def budget_chart(budget: Budget, now: datetime) -> BudgetChart:
    """The chart at `now` (UTC). What others used of the limit is spread over the day, as its hours are not known."""
    hour = now.hour + now.minute / 60
    used = budget.used if budget.used is not None else budget.ours
    ahead = forecast(used, hour)
    top = float(max(ahead, used, budget.limit or 0, 1))
    scale = used / budget.ours if budget.ours else 0.0
    points, total = [(0.0, _height(0, top))], 0.0
    for index in range(now.hour + 1):
        total += budget.hours[index] * scale
        end = min(index + 1, hour)
        points.append(
            (round(end / HOURS * WIDTH, 1), _height(total if budget.ours else used * end / max(hour, 0.1), top))
        )
    last = points[-1]
    area = f"{_path(points)} L{last[0]:g} {_height(0, top):g} L0 {_height(0, top):g} Z"
    runs_out = budget.limit is not None and ahead > budget.limit > used
    return BudgetChart(
        used=_path(points), area=area, ahead=_path([last, (float(WIDTH), _height(ahead, top))]),
        limit=None if budget.limit is None else _height(budget.limit, top), forecast=ahead,
        ends_at_hour=hour + (budget.limit - used) / (used / max(hour, 1.0)) if runs_out and budget.limit else None,
    )  # fmt: skip
