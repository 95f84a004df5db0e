"""Rows as the REST API shows them: attributes, compound fields, lists, and links to other rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.activities import relations_on
from backend.sandbox.salesforce.invitees import INVITEE_LISTS, whos
from backend.sandbox.salesforce.schema import Field, SObject
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

Getter = Callable[[Row], Any]
_PARTS = ("City", "Country", "PostalCode", "State", "Street")


def attributes(kind: str, row: Row, sobject: str, version: str) -> dict[str, str]:
    """What every record carries first. `kind` is "Name" for a link that may lead to several objects (SF-078)."""
    return {"type": kind, "url": f"/services/data/v{version}/sobjects/{sobject}/{row['Id']}"}


def getter(org: Org, field: Field) -> Getter:
    """A function from a row to the field's value as it is shown."""
    if field.type == "address":
        prefix = field.name.removesuffix("Address")
        return lambda row: _address(row, prefix)
    if field.type == "junctionidlist":
        return lambda row: _listed(org, row, field.name)
    name = field.name
    return lambda row: row.get(name)


def present(
    org: Org, caller: Caller, row: Row, sobject: SObject, fields: Iterable[Field], version: str
) -> dict[str, Any]:
    """A record with these fields, as a row resource answers it."""
    seen = org.sharing.reader(caller, sobject.name)(row) or {"Id": row["Id"]}
    shown = {field.name: getter(org, field)(seen) for field in fields}
    return {"attributes": attributes(sobject.name, row, sobject.name, version), **shown}


def visible_fields(caller: Caller, sobject: SObject) -> list[Field]:
    """The fields that field-level security leaves (SF-048)."""
    return [field for field in sobject.fields.values() if (sobject.name, field.name) not in caller.hidden]


def _address(row: Row, prefix: str) -> dict[str, Any] | None:
    parts = {part[0].lower() + part[1:]: row.get(prefix + part) for part in _PARTS}
    if not any(parts.values()):
        return None
    return {**parts, "geocodeAccuracy": None, "latitude": None, "longitude": None}


def _listed(org: Org, row: Row, name: str) -> list[str]:
    if name == "EventWhoIds":
        return whos(org, row["Id"])
    status = INVITEE_LISTS[name]
    rows = relations_on(org, row["Id"])
    return [other["RelationId"] for other in rows if other["IsInvitee"] and other.get("Status") == status]
