"""Directions as they were when a person last synced: which legs were switched on since, to be agreed about (F-9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from backend.domain.configuration import Configuration, Direction, KindSettings
from backend.domain.field_choices import groups_of
from backend.domain.fieldmap import GROUPS, ROWS, FieldRow
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
        known = {kind.value: _steady(kind, before.of(kind)) for kind in Kind}
    return {kind.value: _leg(known.get(kind.value), kind, after.of(kind)) for kind in Kind}


def _steady(kind: Kind, settings: KindSettings) -> Legs:
    unmapped = sorted(set(GROUPS[kind]) - set(groups_of(kind, settings.field_map)))
    return {
        "direction": settings.direction.value, "unmapped": unmapped, "fields": settings.field_map.by_row,
        "widened": [], "groups": [], "rested": False,
    }  # fmt: skip


def _leg(known: Legs | None, kind: Kind, settings: KindSettings) -> Legs:
    leg = _steady(kind, settings)
    if known is None:
        return leg
    before = Direction(known["direction"])
    speaking = _speaking(settings.direction)
    sides = {Side(side) for side in known["widened"]} & speaking | speaking - _speaking(before)
    groups = {*known["groups"], *known["unmapped"], *_remapped(kind, known.get("fields"), leg["fields"])}
    groups -= set(leg["unmapped"])
    rested = bool(sides) and (before is Direction.OFF or known["rested"])
    return leg | {"widened": sorted(sides), "groups": sorted(groups), "rested": rested}


def _remapped(kind: Kind, before: Legs | None, after: Legs) -> set[str]:
    """Groups of which a row goes to another field than before, or is off or on."""
    if before is None:
        return set()
    return {row.group for row in ROWS[kind] if _field(row, before) != _field(row, after)}


def _field(row: FieldRow, fields: Legs) -> str | None:
    name: str | None = fields.get(row.key, row.salesforce)
    return name and name.casefold()


def _speaking(direction: Direction) -> set[Side]:
    """Sides whose changes reach the other one."""
    sides = {Side.MAILBOX: direction.writes_crm, Side.CRM: direction.writes_mailbox}
    return {side for side, speaks in sides.items() if speaks}


def widened(stored: Legs | None) -> Mapping[Kind, Widened]:
    """What is still to be agreed about, by kind."""
    return {Kind(kind): _widened(leg) for kind, leg in (stored or {}).items() if leg["widened"] or leg["groups"]}


def _widened(leg: Legs) -> Widened:
    return Widened(frozenset(map(Side, leg["widened"])), frozenset(leg["groups"]), leg["rested"])


def agreed(connection: sa.Connection, user_id: int, kind: Kind, settled: Widened) -> None:
    """This much of a person's leg is agreed about."""
    whose = user_state.c.user_id == user_id
    stored = connection.execute(sa.select(user_state.c.legs).where(whose).with_for_update()).scalar()
    if stored is None:
        return
    left = _widened(stored[kind.value])
    sides, groups = sorted(left.sides - settled.sides), sorted(left.groups - settled.groups)
    leg = stored[kind.value] | {"widened": sides, "groups": groups, "rested": bool(sides) and left.rested}
    connection.execute(sa.update(user_state).where(whose).values(legs=stored | {kind.value: leg}))
