"""How a value that a client sends becomes the value that is stored, field type by field type.

Stored forms: text trimmed, empty as None; datetimes as UTC text `2026-11-22T13:00:00.000+0000`, which is also
how they are answered and which sorts by time; dates as `2026-11-22`; ids in their 18-character form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.ids import canonical
from backend.sandbox.salesforce.schema import Field

_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\"]+@[^\s@,;<>()\[\]\"]+\.[A-Za-z0-9-]{2,}")
_LINE_END = re.compile(r"\r\n|\r|\n")


Converter = Callable[[Field, Any], Any]


def stamp(moment: datetime) -> str:
    """An aware time as stored and answered: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment(text: str) -> datetime:
    """The aware time of a stored datetime."""
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def parse_datetime(text: str) -> str | None:
    """The stored form of a datetime with an offset or Z; None when it is none. Fractions of seconds are dropped."""
    if not _DATETIME.fullmatch(text):
        return None
    try:
        return stamp(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> str | None:
    """The stored form of a date without an offset; None when it is none."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def convert(field: Field, value: Any) -> Any:
    """The stored form of a value that was sent for a field. Raises SalesforceError."""
    if value is None or value == "":
        if field.type == "boolean":
            raise _wrong_type(field, value)
        return None
    converter: Converter = _CONVERTERS.get(field.type, _text)
    return converter(field, value)


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _cannot_read(field, value)
    text = value.strip()
    if "\n" in text or "\r" in text:
        text = _LINE_END.sub("\r\n" if field.type == "textarea" else " ", text)
    if field.length and len(text) > field.length:
        raise SalesforceError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {text} (max length={field.length})",
            [field.name],
        )
    return text or None


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and not _EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        raise SalesforceError("INVALID_EMAIL_ADDRESS", message, [field.name])
    return text


def _picklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None or not field.restricted or not field.picklist or text in field.picklist:
        return text
    raise SalesforceError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{field.label}: bad value for restricted picklist field: {text}",
        [field.name],
    )


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _wrong_type(field, value)


def _integer(field: Field, value: Any) -> int:
    number = _number(field, value)
    if number != int(number):
        raise _cannot_read(field, value)
    return int(number)


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _cannot_read(field, value)
    if field.length and abs(value) >= 10 ** (field.length - field.scale):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
    return value


def _datetime(field: Field, value: Any) -> str:
    parsed = parse_datetime(value) if isinstance(value, str) else None
    if parsed is None:
        raise _cannot_read(field, value)
    return parsed


def _date(field: Field, value: Any) -> str:
    parsed = parse_date(value) if isinstance(value, str) else None
    if parsed is None:
        raise _cannot_read(field, value)
    return parsed


def _id(field: Field, value: Any) -> str:
    found = canonical(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong_id(field, value)
    return found


def _id_list(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _cannot_read(field, value)
    return [_id(field, item) for item in value]


def wrong_id(field: Field, value: Any) -> SalesforceError:
    """The value is no id, or one of an object that the field does not point at (SF-022)."""
    message = f"{field.label}: id value of incorrect type: {value}"
    return SalesforceError("MALFORMED_ID", message, [field.name])


def _cannot_read(field: Field, value: Any) -> SalesforceError:
    kind = {str: "VALUE_STRING", bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}
    token = kind.get(type(value), "START_OBJECT")
    message = f"Cannot deserialize instance of {field.type} from {token} value {value} for field {field.name}"
    return SalesforceError("JSON_PARSER_ERROR", message, [field.name])


def _wrong_type(field: Field, value: Any) -> SalesforceError:
    message = f"{field.label}: value not of required type: {value}"
    return SalesforceError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [field.name])


_CONVERTERS: dict[str, Converter] = {
    "email": _email,
    "picklist": _picklist,
    "boolean": _boolean,
    "int": _integer,
    "currency": _number,
    "percent": _number,
    "double": _number,
    "datetime": _datetime,
    "date": _date,
    "reference": _id,
    "id": _id,
    "junctionidlist": _id_list,
}
