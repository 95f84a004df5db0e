"""Field groups as JSON and back, for the database. Self-describing, so that a row can be read without its kind."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from backend.domain.attendees import Attendee, Attendees, Part, Reply
from backend.domain.values import Address, AllDay, FieldValue, Name, ShowAs, Timed, Values

Json = Any


def encode(value: FieldValue) -> Json:
    """One group's value as JSON: scalars as they are, the rest as a list that begins with its type."""
    match value:
        case ShowAs():
            return ["show", value.value]
        case None | bool() | str():
            return value
        case Name(first, last, middle, salutation, suffix):
            return ["name", first, last, middle, salutation, suffix]
        case Address(street, city, state, postal_code, country):
            return ["address", street, city, state, postal_code, country]
        case Timed(start, end, zone):
            return ["timed", start.isoformat(), end.isoformat(), zone]
        case AllDay(first, end):
            return ["days", first.isoformat(), end.isoformat()]
        case date():
            return ["date", value.isoformat()]
        case Attendees(own, organizer, people):
            return ["people", own, organizer, [[one.address, one.part.value, one.reply.value] for one in people]]


def decode(stored: Json) -> FieldValue:
    """The value that `encode` wrote. Raises ValueError for anything else."""
    if stored is None or isinstance(stored, bool | str):
        return stored
    if not isinstance(stored, list) or not stored:
        raise ValueError(f"not an encoded field value: {stored!r}")
    tag, *parts = stored
    match tag:
        case "name":
            return Name(*parts)
        case "address":
            return Address(*parts)
        case "timed":
            return Timed(datetime.fromisoformat(parts[0]), datetime.fromisoformat(parts[1]), parts[2])
        case "days":
            return AllDay(date.fromisoformat(parts[0]), date.fromisoformat(parts[1]))
        case "date":
            return date.fromisoformat(parts[0])
        case "show":
            return ShowAs(parts[0])
        case "people":
            own, organizer, people = parts
            attendees = (Attendee(address, Part(part), Reply(reply)) for address, part, reply in people)
            return Attendees(own, organizer, tuple(attendees))
    raise ValueError(f"unknown field value type {tag!r}")


def encode_values(values: Values) -> dict[str, Json]:
    """All groups; an explicit None is kept, since in a patch it means *blank it*."""
    return {name: encode(value) for name, value in values.items()}


def decode_values(stored: dict[str, Json]) -> dict[str, FieldValue]:
    """Inverse of `encode_values`."""
    return {name: decode(value) for name, value in stored.items()}
