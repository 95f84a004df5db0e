"""Contacts between Graph and field groups, in both directions, from the field map (LS 3.9).

Paths of the map: a property, `name[0]`, `a.b`, or `mapi:0x…` for an extended property.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from backend.domain import text
from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.field_view import parts_off
from backend.domain.fieldmap import CONTACT_ROWS, FieldRow, Shape
from backend.domain.values import Address, FieldValue, Kind, Name, Values
from backend.microsoft import tags
from backend.microsoft.moments import instant
from backend.ports.mailbox import Item

Json = Mapping[str, Any]
Extended = Mapping[str, str | None]
Reader = Callable[[Json, Extended], str | None]

_MAPI: Final = "mapi:"
_FIRST: Final = "[0]"
_EMPTY: Final[tuple[FieldValue, ...]] = (Name(), Address())


def _property_id(path: str) -> str:
    return f"String {path.removeprefix(_MAPI)}"


EXTENDED_IDS: Final = (
    tags.TAG,
    *(_property_id(row.graph) for row in CONTACT_ROWS if row.graph.startswith(_MAPI)),
)
"""Never in a delta; read with $expand."""
EXPAND: Final = tags.expand(EXTENDED_IDS)


# --- reading --------------------------------------------------------------------------------------------------------


def _reader(row: FieldRow) -> Reader:
    path, tidy = row.graph, text.block if row.shape is Shape.BLOCK else text.line
    if path.startswith(_MAPI):
        property_id = _property_id(path).casefold()
        return lambda _, extended: tidy(extended.get(property_id))
    if path.endswith(_FIRST):
        name = path.removesuffix(_FIRST)
        return lambda item, _: tidy(_first(item.get(name)))
    if "." in path:
        outer, inner = path.split(".")
        return lambda item, _: tidy((item.get(outer) or {}).get(inner))
    return lambda item, _: tidy(item.get(path))


def _first(entries: Any) -> str | None:
    if not entries:
        return None
    first = entries[0]
    return first.get("address") if isinstance(first, dict) else first


_SINGLE: Final = tuple(
    (row.group, _reader(row)) for row in CONTACT_ROWS if row.part is None and row.shape is not Shape.DATE
)
_DATES: Final = tuple((row.group, row.graph) for row in CONTACT_ROWS if row.shape is Shape.DATE)
_PARTS: Final = {
    group: tuple((row.part, _reader(row)) for row in CONTACT_ROWS if row.group == group and row.part is not None)
    for group in dict.fromkeys(row.group for row in CONTACT_ROWS if row.part is not None)
}


def _day(moment: str | None) -> date | None:
    """A birthday is a date, whatever time it carries (Outlook writes 11:59 UTC)."""
    return None if not moment or moment.startswith("0001-") else date.fromisoformat(moment[:10])


def values_of(item: Json, extended: Extended) -> dict[str, FieldValue]:
    """Field groups of a contact; empty ones are left out (MS-085)."""
    found: dict[str, FieldValue] = {group: read(item, extended) for group, read in _SINGLE}
    for group, path in _DATES:
        found[group] = _day(item.get(path))
    for group, readers in _PARTS.items():
        parts = {part: read(item, extended) for part, read in readers}
        found[group] = Name(**parts) if group == "name" else Address(**parts)
    return {group: value for group, value in found.items() if value is not None and value not in _EMPTY}


def contact_item(item: Json, extended: Extended | None = None) -> Item:
    """A contact. `extended` by folded id where the answer itself does not hold them (MS-090)."""
    properties = tags.properties(item) if extended is None else extended
    return Item(
        id=item["id"],
        version=item["@odata.etag"],
        values=values_of(item, properties),
        key_tag=tags.tag_of(properties),
        modified_at=instant(item.get("lastModifiedDateTime")),
        created_at=instant(item.get("createdDateTime")),
    )


# --- writing --------------------------------------------------------------------------------------------------------


def contact_body(
    values: Values, present: Json, key: UUID | None = None, field_map: FieldMap = STANDARD
) -> dict[str, Any]:
    """A request body that writes these groups and nothing else.

    `present`: the contact as it is; lists are replaced whole, so its other entries are sent along (MS-083), and so are
    the parts of an address that the field map leaves out (LS-087).
    """
    off = frozenset(parts_off(Kind.CONTACT, field_map))
    body: dict[str, Any] = {}
    extended: list[dict[str, str]] = [] if key is None else [tags.tag_row(key)]
    for row in CONTACT_ROWS:
        if row in off and row.group in values:
            _keep(row, present, body)
        elif row.group in values:
            _put(row, _part(values[row.group], row), present, body, extended)
    if "name" in values:
        # Sent along, since the service makes its own of changed name parts (MS-084).
        body["displayName"] = _display_name(_with_kept_parts(values, present, off), present)
    if extended:
        body["singleValueExtendedProperties"] = extended
    return body


def written_properties(body: Json, before: Extended) -> dict[str, str | None]:
    """Extended properties after a write, which does not echo them (MS-090)."""
    return {**before, **tags.properties(body)}


def _part(value: FieldValue, row: FieldRow) -> str | None:
    match value:
        case Name() | Address():
            part: str | None = getattr(value, row.part or "")
            return part
        case date():
            # Noon, so that no zone of the world shifts the day.
            return f"{value.isoformat()}T12:00:00Z"
        case str():
            return value
    return None


def _put(row: FieldRow, value: str | None, present: Json, body: dict[str, Any], extended: list[dict[str, str]]) -> None:
    path = row.graph
    if path.startswith(_MAPI):
        extended.append({"id": _property_id(path), "value": value or ""})
    elif path.endswith(_FIRST):
        name = path.removesuffix(_FIRST)
        body[name] = _replaced(list(present.get(name) or ()), value, is_address=row.group == "email")
    elif "." in path:
        outer, inner = path.split(".")
        body.setdefault(outer, {})[inner] = value
    else:
        body[path] = value


def _keep(row: FieldRow, present: Json, body: dict[str, Any]) -> None:
    """An address is replaced whole; other properties stay as they are if nothing is sent."""
    if "." in row.graph:
        outer, inner = row.graph.split(".")
        body.setdefault(outer, {})[inner] = (present.get(outer) or {}).get(inner)


def _replaced(entries: list[Any], value: str | None, *, is_address: bool) -> list[Any]:
    """The list with another first entry, or without it; the others stay as they are."""
    others = entries[1:]
    if value is None:
        return others
    if not is_address:
        return [value, *others]
    return [_address(entries[0] if entries else {}, value), *others]


def _address(before: Mapping[str, str | None], address: str) -> dict[str, str]:
    """An e-mail entry; a name that only repeats the old address is not kept."""
    name = before.get("name")
    return {"address": address, "name": name} if name and name != before.get("address") else {"address": address}


def _with_kept_parts(values: Values, present: Json, off: frozenset[FieldRow]) -> Values:
    """The name as the contact will have it, for its display."""
    name, before = values["name"], values_of(present, {}).get("name") if off else None
    if not isinstance(name, Name) or not isinstance(before, Name):
        return values
    kept = {row.part: getattr(before, row.part) for row in off if row.group == "name" and row.part}
    return {**values, "name": replace(name, **kept)}


def _display_name(values: Values, present: Json) -> str | None:
    name = values["name"]
    if isinstance(name, Name) and name.display:
        return name.display
    for group in ("company", "email"):
        value = values[group] if group in values else values_of(present, {}).get(group)
        if isinstance(value, str):
            return value
    return None
