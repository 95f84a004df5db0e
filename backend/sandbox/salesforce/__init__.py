"""A stand-in for Salesforce: OAuth, the REST API and SOQL over data in memory, with its rules and its moods."""

from __future__ import annotations

from backend.sandbox.salesforce.standin import StandIn
from backend.sandbox.world import World

__all__ = ["StandIn", "create"]


def create(world: World) -> StandIn:
    """The stand-in with an empty organisation; `.org` is the organisation until the next reset."""
    return StandIn(world)
