"""Resolving field paths: what a name means on an object, for a caller, and how to get its value from a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.presenting import Getter, getter
from backend.sandbox.salesforce.schema import Field, SObject
from backend.sandbox.salesforce.soql.lexer import error_at
from backend.sandbox.salesforce.soql.syntax import Path
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

# The fields of what is at the other end of a link that may lead to several objects; of Type see `_link_field`.
_LINK_FIELDS = ("Id", "Name", "FirstName", "LastName", "Email", "Phone", "Title", "Username", "IsActive", "Alias")
_NAME_FIELD = {"Event": "Subject", "Task": "Subject"}


@dataclass(frozen=True)
class Column:
    """A resolved path. `field` is None for Type of a polymorphic link; `names` are in the API's casing."""

    names: tuple[str, ...]
    get: Getter
    field: Field | None


class Resolver:
    """Finds the columns of one object for one caller."""

    def __init__(self, org: Org, caller: Caller, query: str) -> None:
        self._org = org
        self._caller = caller
        self._query = query

    def column(self, sobject: SObject, path: Path) -> Column:
        """The column of a path. Raises SalesforceError INVALID_FIELD (SF-048)."""
        names = path.names
        if len(names) > 1 and names[0].lower() == sobject.name.lower():
            names = names[1:]
        return self._resolve(sobject, names, path)

    def _resolve(self, sobject: SObject, names: tuple[str, ...], path: Path) -> Column:
        if len(names) == 1:
            field = self._field(sobject, names[0])
            if field is None:
                raise self._no_column(names[0], sobject.name, path)
            return Column((field.name,), getter(self._org, field), field)
        link = sobject.by_relationship.get(names[0].lower())
        if link is None or (sobject.name, link.name) in self._caller.hidden:
            message = (
                f"Didn't understand relationship '{names[0]}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name. Please reference "
                "your WSDL or the describe call for the appropriate names."
            )
            raise error_at(self._query, path.token.at, message, "INVALID_FIELD")
        if link.polymorphic and len(names) == 2:
            return self._link_field(link, names[1], path)
        target = self._org.schema.objects[link.references[-1] if link.name == "OwnerId" else link.references[0]]
        rest = self._resolve(target, names[1:], path)
        find = self.parent(link)
        return Column((link.relationship, *rest.names), lambda row: _through(find(row), rest.get), rest.field)

    def _field(self, sobject: SObject, name: str) -> Field | None:
        field = sobject.by_lower.get(name.lower())
        return None if field is None or (sobject.name, field.name) in self._caller.hidden else field

    def _link_field(self, link: Field, name: str, path: Path) -> Column:
        find = self.parent(link)
        if name.lower() == "type":
            return Column((link.relationship, "Type"), lambda row: self._type(find(row)), None)
        known = next((field for field in _LINK_FIELDS if field.lower() == name.lower()), None)
        if known is None:
            raise self._no_column(name, "Name", path)
        user = self._org.schema.objects["User"].fields
        field = user.get(known) or user["Name"]
        return Column((link.relationship, known), lambda row: self._link_value(find(row), known), field)

    def _type(self, row: Row | None) -> str | None:
        return self._org.sobject_of(row["Id"]).name if row else None

    def _link_value(self, row: Row | None, name: str) -> object:
        if row is None:
            return None
        if name == "Name":
            name = _NAME_FIELD.get(self._org.sobject_of(row["Id"]).name, "Name")
        return row.get(name)

    def parent(self, link: Field) -> Getter:
        """A function from a row to the row that it points at, as far as the caller sees it."""
        database, sharing, caller = self._org.database, self._org.sharing, self._caller

        def find(row: Row) -> Row | None:
            target_id = row.get(link.name)
            target = database.find(target_id) if target_id else None
            if target is None or caller.sees_all:
                return target
            return sharing.reader(caller, self._org.sobject_of(target["Id"]).name)(target)

        return find

    def _no_column(self, name: str, sobject: str, path: Path) -> Exception:
        message = (
            f"No such column '{name}' on entity '{sobject}'. If you are attempting to use a custom field, be sure to "
            "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        return error_at(self._query, path.token.at, message, "INVALID_FIELD")


def _through(row: Row | None, get: Getter) -> object:
    return None if row is None else get(row)
