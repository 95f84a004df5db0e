"""What may stand in request bodies: each property with its check, which also brings values to one form.

Unknown and read-only properties, wrong JSON types and unknown enum values are refused with 400 (MS-014);
enum values are accepted in any letter case and kept in camelCase (MS-015).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from backend.sandbox.microsoft import errors, zones

Check = Callable[[Any, str], Any]
Fields = Mapping[str, Check]

_EXTENDED_ID = re.compile(
    r"(String|Integer|Boolean|SystemTime|CLSID|Binary|Double|Float|Currency|Long|Short|ApplicationTime)(Array)?"
    r" (?:(\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}) (Name|Id) (\S.*)|0x([0-9a-f]{1,4}))",
    re.IGNORECASE,
)


def check_object(body: Any, fields: Fields, type_name: str) -> dict[str, Any]:
    """The known properties of a body, checked; annotations (`@` in the name) are passed over."""
    if not isinstance(body, dict):
        raise errors.bad_json()
    checked = {}
    for name, value in body.items():
        if "@" in name:
            continue
        if name not in fields:
            raise errors.bad_body(f"The property '{name}' does not exist on type 'microsoft.graph.{type_name}'.")
        checked[name] = fields[name](value, name)
    return checked


def text(value: Any, where: str) -> str | None:
    """A string or null."""
    if value is not None and not isinstance(value, str):
        raise _wrong(where, "Edm.String")
    return value


def name_text(value: Any, where: str) -> str | None:
    """A string or null; an empty one counts as null."""
    return text(value, where) or None


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong(where, "Edm.Boolean")
    return value


def integer(least: int, most: int) -> Check:
    """A whole number within bounds."""

    def check(value: Any, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(where, "Edm.Int32")
        if not least <= value <= most:
            raise errors.invalid_argument(f"The value {value} of the property '{where}' is out of range.")
        return value

    return check


def one_of(*names: str) -> Check:
    """An enum value in any letter case."""
    by_lower = {name.lower(): name for name in names}

    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or value.lower() not in by_lower:
            raise errors.bad_body(f"Requested value '{value}' was not found for the property '{where}'.")
        return by_lower[value.lower()]

    return check


def list_of(item: Check, most: int | None = None) -> Check:
    """A list; one that is too long is refused by the property's name (MS-082)."""

    def check(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong(where, "Collection")
        if most is not None and len(value) > most:
            raise errors.invalid_argument(
                f"The multi value property {where[0].upper()}{where[1:]} has {len(value)} entries, "
                f"that exceeds the max allowed value of {most}"
            )
        return [item(each, where) for each in value]

    return check


def required_text(value: Any, where: str) -> str:
    """A string, null not allowed."""
    if not isinstance(value, str):
        raise _wrong(where, "Edm.String")
    return value


def shape(fields: Fields, type_name: str, required: tuple[str, ...] = ()) -> Check:
    """A complex value."""

    def check(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(where, f"microsoft.graph.{type_name}")
        checked = check_object(value, fields, type_name)
        for name in required:
            if checked.get(name) is None:
                raise errors.invalid_request(f"The property '{name}' of '{where}' is required.")
        return checked

    return check


def optional(inner: Check) -> Check:
    """Null, or what the inner check accepts."""

    def check(value: Any, where: str) -> Any:
        return None if value is None else inner(value, where)

    return check


def moment(value: Any, where: str) -> str:
    """A date or date-time in ISO 8601."""
    try:
        zones.parse_moment(required_text(value, where))
    except ValueError:
        raise errors.bad_body(f"Cannot convert the literal '{value}' of '{where}' to a date-time.") from None
    return str(value)


def extended_id(value: Any, where: str) -> str:
    """The id of an extended property in one form: GUID and tag in lower case, the name as it stands."""
    match = _EXTENDED_ID.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise errors.invalid_argument(f"The extended property id '{value}' in '{where}' is not valid.")
    kind, array, guid, sort, name, tag = match.groups()
    start = kind[0].upper() + kind[1:] + ("Array" if array else "")
    if tag:
        return f"{start} 0x{int(tag, 16):x}"
    return f"{start} {guid.lower()} {sort.capitalize()} {name}"


def _wrong(where: str, expected: str) -> errors.GraphError:
    return errors.bad_body(f"Cannot convert the value of the property '{where}' to the type '{expected}'.")


EXTENDED = list_of(shape({"id": extended_id, "value": text}, "singleValueLegacyExtendedProperty", ("id",)))
EMAIL = shape({"name": text, "address": text}, "emailAddress")
ADDRESS = shape(
    dict.fromkeys(("street", "city", "state", "postalCode", "countryOrRegion"), name_text), "physicalAddress"
)
TIME = shape({"dateTime": moment, "timeZone": text}, "dateTimeTimeZone", ("dateTime",))
