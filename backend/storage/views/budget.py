"""Where the day's Salesforce calls are heading (LS-190, SF-013)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from backend.storage.views.organisation import Budget

HOURS: Final = 24
PACE_HOURS: Final = 3
"""The pace is that of the present hour and the two before it."""


def pace(budget: Budget, now: datetime) -> float:
    """Our calls per hour of late."""
    both = (*budget.yesterday, *budget.hours)
    here = HOURS + now.hour
    return sum(both[here - PACE_HOURS + 1 : here + 1]) / (PACE_HOURS - 1 + max(now.minute / 60, 1 / 60))


def forecast(budget: Budget, now: datetime) -> int:
    """Our calls by midnight UTC at this pace."""
    return budget.ours + round(pace(budget, now) * (HOURS - now.hour - now.minute / 60))


def full_at(budget: Budget, now: datetime) -> datetime | None:
    """When the last 24 hours would hold the limit: our pace comes in, what is a day old falls out (SF-013)."""
    if budget.used is None or not budget.limit:
        return None
    used, rate, moment = float(budget.used), pace(budget, now), now
    for hour in range(now.hour, HOURS):
        end = now.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(hours=1)
        share = (end - moment) / timedelta(hours=1)
        growth = (rate - budget.yesterday[hour]) * share
        if used < budget.limit <= used + growth:
            return moment + (end - moment) * ((budget.limit - used) / growth)
        used, moment = used + growth, end
    return None
