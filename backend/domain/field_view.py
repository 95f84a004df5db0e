"""What one field map makes of the values of either side: parts that are off, and fields of another name (LS-087).

The mirror holds the standard fields, and beside them everything that any configuration points to, as Salesforce words
it. Each user's plan sees his own projection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final

from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.fieldmap import ROWS, FieldRow, Shape
from backend.domain.projection import project_crm, project_mailbox
from backend.domain.values import Address, FieldValue, Kind, Name, ShowAs, Values

Further = Mapping[str, str | None]
"""Fields beyond the standard ones by lower-case API name; one that Salesforce does not show is missing."""

_Projection = Callable[[Kind, str, FieldValue], FieldValue]

SHOWN_AS: Final = {"Busy": ShowAs.BUSY, "Free": ShowAs.FREE, "OutOfOffice": ShowAs.OUT_OF_OFFICE}


@lru_cache(maxsize=256)
def pointed(kind: Kind, field_map: FieldMap) -> tuple[tuple[FieldRow, str], ...]:
    """The rows that go to another Salesforce field than the standard one, with its name as the map gives it."""
    chosen = field_map.by_row
    found = ((row, chosen.get(row.key)) for row in ROWS[kind])
    return tuple((row, name) for row, name in found if name and name.casefold() != row.salesforce.casefold())


def remapped(kind: Kind, field_map: FieldMap) -> frozenset[str]:
    """Groups that hold another Salesforce field than the standard one."""
    return frozenset(row.group for row, _ in pointed(kind, field_map))


@lru_cache(maxsize=256)
def parts_off(kind: Kind, field_map: FieldMap) -> tuple[FieldRow, ...]:
    """The parts of groups that are not mapped."""
    chosen = field_map.by_row
    return tuple(row for row in ROWS[kind] if row.part is not None and chosen.get(row.key, "") is None)


def blind(kind: Kind, field_map: FieldMap, further: Further) -> frozenset[str]:
    """Groups of which Salesforce does not show a field: nothing can be said of them, not even that they are empty."""
    return frozenset(row.group for row, name in pointed(kind, field_map) if name.casefold() not in further)


def mailbox_view(kind: Kind, field_map: FieldMap, values: Values) -> Values:
    """An item's values without the parts that are off."""
    off = parts_off(kind, field_map)
    return _without(kind, values, off, project_mailbox) if off else values


def crm_view(kind: Kind, field_map: FieldMap, values: Values, further: Further) -> Values:
    """A record's values as the map reads them; groups that it is blind for are left out."""
    if field_map is STANDARD or not field_map.choices:
        return values
    seen = dict(_without(kind, values, parts_off(kind, field_map), project_crm))
    for row, name in pointed(kind, field_map):
        value = _typed(row, further.get(name.casefold()))
        if row.part is not None:
            value = with_part(seen.get(row.group) or empty_of(row.group), row.part, value)
        seen[row.group] = project_crm(kind, row.group, value)
    unseen = blind(kind, field_map, further)
    return {group: value for group, value in seen.items() if value is not None and group not in unseen}


def with_part(whole: FieldValue, part: str, text: FieldValue) -> FieldValue:
    """A name or address with another text for one of its parts."""
    return replace(whole, **{part: text}) if isinstance(whole, Name | Address) else whole  # type: ignore[arg-type]  # parts are text


def empty_of(group: str) -> FieldValue:
    """The name or address without any part."""
    return Name() if group == "name" else Address()


def _without(kind: Kind, values: Values, off: tuple[FieldRow, ...], project: _Projection) -> Values:
    changed: dict[str, FieldValue] = {}
    for row in off:
        whole = changed.get(row.group, values.get(row.group))
        if isinstance(whole, Name | Address) and row.part is not None:
            changed[row.group] = project(kind, row.group, with_part(whole, row.part, None))
    return {group: value for group, value in {**values, **changed}.items() if value is not None}


def _typed(row: FieldRow, text: str | None) -> FieldValue:
    if row.shape is Shape.SHOW_AS:
        return SHOWN_AS.get(text or "", ShowAs.BUSY)
    if row.shape is Shape.DATE:
        return date.fromisoformat(text) if text else None
    return text


def pointed_fields(field_maps: Iterable[tuple[Kind, FieldMap]]) -> dict[Kind, tuple[str, ...]]:
    """Every field beyond the standard ones that one of the maps points to, each once, by kind."""
    found: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
    for kind, field_map in field_maps:
        found[kind] |= {name.casefold(): name for _, name in pointed(kind, field_map)}
    return {kind: tuple(names[key] for key in sorted(names)) for kind, names in found.items()}
