"""Directions as they were when a person last synced: which legs were switched on since, to be agreed about (F-9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from backend.domain.configuration import Configuration, Direction
from backend.domain.values import Kind, Side
from backend.storage.tables import user_state
from backend.sync.state import Widened

Legs = dict[str, Any]


def followed(stored: Legs | None, before: Configuration | None, after: Configuration | None) -> Legs | None:
    """The stored legs under the settings that apply now; without settings they stay as they are."""
    if after is None:
        return stored
    known = stored or {}
    if not known and before is not None:
        known = {kind.value: _steady(before.of(kind).direction) for kind in Kind}
    return {kind.value: _leg(known.get(kind.value), after.of(kind).direction) for kind in Kind}


def _steady(direction: Direction) -> Legs:
    return {"direction": direction.value, "widened": [], "rested": False}


def _leg(known: Legs | None, direction: Direction) -> Legs:
    if known is None:
        return _steady(direction)
    before = Direction(known["direction"])
    speaking = _speaking(direction)
    widened = {Side(side) for side in known["widened"]} & speaking | speaking - _speaking(before)
    rested = bool(widened) and (before is Direction.OFF or known["rested"])
    return {"direction": direction.value, "widened": sorted(widened), "rested": rested}


def _speaking(direction: Direction) -> set[Side]:
    """Sides whose changes reach the other one."""
    sides = {Side.MAILBOX: direction.writes_crm, Side.CRM: direction.writes_mailbox}
    return {side for side, speaks in sides.items() if speaks}


def widened(stored: Legs | None) -> Mapping[Kind, Widened]:
    """What is still to be agreed about, by kind."""
    legs = {Kind(kind): leg for kind, leg in (stored or {}).items() if leg["widened"]}
    return {kind: Widened(frozenset(map(Side, leg["widened"])), leg["rested"]) for kind, leg in legs.items()}


def agreed(connection: sa.Connection, user_id: int, kind: Kind, sides: frozenset[Side]) -> None:
    """These sides of a person's leg are agreed about."""
    whose = user_state.c.user_id == user_id
    stored = connection.execute(sa.select(user_state.c.legs).where(whose).with_for_update()).scalar()
    if stored is None:
        return
    leg = stored[kind.value]
    left = sorted({Side(side) for side in leg["widened"]} - sides)
    legs = stored | {kind.value: leg | {"widened": left, "rested": bool(left) and leg["rested"]}}
    connection.execute(sa.update(user_state).where(whose).values(legs=legs))
