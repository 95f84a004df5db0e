"""Contacts: what may be written, what the server makes of it, and how they are returned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backend.sandbox.microsoft import fields, zones
from backend.sandbox.microsoft.store import Folder, Item, Store

_NAMES = [
    "fileAs",
    "displayName",
    "givenName",
    "initials",
    "middleName",
    "nickName",
    "surname",
    "title",
    "jobTitle",
    "companyName",
    "department",
    "officeLocation",
    "profession",
    "businessHomePage",
    "assistantName",
    "manager",
    "mobilePhone",
    "spouseName",
    "generation",
    "yomiCompanyName",
    "yomiGivenName",
    "yomiSurname",
]
ADDRESSES = ("homeAddress", "businessAddress", "otherAddress")
_LISTS = ("imAddresses", "homePhones", "businessPhones", "children", "emailAddresses", "categories")
_NAME_PARTS = ("givenName", "middleName", "surname", "generation")

FIELDS: fields.Fields = {
    **dict.fromkeys(_NAMES, fields.name_text),
    **dict.fromkeys(ADDRESSES, fields.optional(fields.ADDRESS)),
    "personalNotes": fields.text,
    "birthday": fields.optional(fields.moment),
    "imAddresses": fields.list_of(fields.required_text),
    "children": fields.list_of(fields.required_text),
    "categories": fields.list_of(fields.required_text),
    "homePhones": fields.list_of(fields.required_text, most=2),
    "businessPhones": fields.list_of(fields.required_text, most=2),
    "emailAddresses": fields.list_of(fields.EMAIL, most=3),
    "singleValueExtendedProperties": fields.EXTENDED,
}
READABLE = frozenset(FIELDS) | {
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "parentFolderId",
}
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("birthday", *_NAMES, "personalNotes")),
    **{name: [] for name in _LISTS},
    **{name: {} for name in ADDRESSES},
}


def create(store: Store, folder: Folder, body: Any, counted_only: bool = False) -> Item:
    """Add a contact from a request body. Raises GraphError 400."""
    given = fields.check_object(body, FIELDS, "contact")
    extended = given.pop("singleValueExtendedProperties", [])
    now = store.clock.now()
    values = {name: _copy(value) for name, value in _EMPTY.items()}
    contact = Item(store.next_number(), folder, 0, now, now, values, counted_only=counted_only)
    _apply(contact.values, given)
    contact.extended.update({each["id"]: each["value"] for each in extended if each.get("value") is not None})
    store.insert(contact)
    return contact


def update(store: Store, contact: Item, body: Any) -> None:
    """Change a contact by a request body: lists are replaced (MS-083). Raises GraphError 400."""
    given = fields.check_object(body, FIELDS, "contact")
    extended = given.pop("singleValueExtendedProperties", [])
    if "personalNotes" in given:
        contact.html_notes = None  # plain text takes the place of whatever was there
    _apply(contact.values, given)
    store.set_extended(contact, {each["id"]: each.get("value") for each in extended})
    store.touch(contact)


def duplicate(store: Store, contact: Item) -> Item:
    """A copy beside the contact, as copying in Outlook makes it: the tag is copied too (MS-092)."""
    now = store.clock.now()
    values = {name: _copy(value) for name, value in contact.values.items()}
    twin = Item(store.next_number(), contact.folder, 0, now, now, values, dict(contact.extended))
    twin.photo, twin.html_notes = contact.photo, contact.html_notes
    store.insert(twin)
    return twin


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict) else value


def _apply(values: dict[str, Any], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        values[name] = _stored(name, value, values)
    _compose_names(values, given)


def _stored(name: str, value: Any, values: Mapping[str, Any]) -> Any:
    if name in ADDRESSES:
        merged = {**values[name], **value} if value else {}
        return {part: text for part, text in merged.items() if text is not None}
    if name == "emailAddresses":
        return [_email(each) for each in value if each.get("address")]
    if name == "birthday" and value is not None:
        return zones.short_stamp(_as_utc(value))
    return value


def _as_utc(text: str) -> datetime:
    moment = zones.parse_moment(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _email(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": given.get("name") or given["address"], "address": given["address"]}


def _compose_names(values: dict[str, Any], given: Mapping[str, Any]) -> None:
    """displayName and fileAs follow the name parts unless they are sent along (MS-084)."""
    renamed = any(part in given for part in _NAME_PARTS)
    whole = " ".join(values[part] for part in _NAME_PARTS if values[part])
    first = " ".join(values[part] for part in ("givenName", "middleName") if values[part])
    filed = ", ".join(part for part in (values["surname"], first) if part)
    emails = values["emailAddresses"]
    otherwise = values["companyName"] or (emails[0]["address"] if emails else None)
    for name, composed in (("displayName", whole), ("fileAs", filed)):
        if not values[name] or (renamed and not given.get(name)):
            values[name] = composed or otherwise


def render(store: Store, contact: Item, immutable: bool) -> dict[str, Any]:
    """The contact as Graph returns it, without extended properties (MS-090)."""
    key = store.change_key(contact.version)
    return {
        "@odata.etag": f'W/"{key}"',
        "id": store.id_of(contact, immutable),
        "createdDateTime": zones.short_stamp(contact.created),
        "lastModifiedDateTime": zones.short_stamp(contact.modified),
        "changeKey": key,
        "parentFolderId": contact.folder.id,
        **contact.values,
    }
