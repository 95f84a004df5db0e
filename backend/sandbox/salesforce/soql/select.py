"""How a matching row is shown: nested records with attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.presenting import Getter, attributes
from backend.sandbox.salesforce.schema import Field, SObject
from backend.sandbox.salesforce.soql.fields import Resolver
from backend.sandbox.salesforce.soql.lexer import error_at
from backend.sandbox.salesforce.soql.syntax import Path, Query, TypeOf
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

Shower = Callable[[Row], dict[str, Any]]


def shower(org: Org, resolver: Resolver, sobject: SObject, query: Query, version: str) -> Shower:
    """A function from a row to its record. Raises SalesforceError for fields that don't exist."""
    return _Selection(org, resolver, query, version).shower(sobject, query.select)


class _Selection:
    def __init__(self, org: Org, resolver: Resolver, query: Query, version: str) -> None:
        self._org = org
        self._resolver = resolver
        self._query = query
        self._version = version

    def shower(self, sobject: SObject, select: tuple[object, ...]) -> Shower:
        own: list[tuple[str, Getter]] = []
        linked: dict[str, list[Path]] = {}
        for item in select:
            if isinstance(item, TypeOf):
                own.append(self._typeof(sobject, item))
            elif isinstance(item, Path):
                names = item.names[1:] if self._names_itself(sobject, item) else item.names
                if len(names) == 1:
                    column = self._resolver.column(sobject, item)
                    own.append((column.names[0], column.get))
                else:
                    self._resolver.column(sobject, item)
                    linked.setdefault(names[0].lower(), []).append(Path(names, item.token))
        for relationship, paths in linked.items():
            own.append(self._link(sobject.by_relationship[relationship], paths))
        version, name = self._version, sobject.name

        def show(row: Row) -> dict[str, Any]:
            record: dict[str, Any] = {"attributes": attributes(name, row, name, version)}
            for column_name, get in own:
                record[column_name] = get(row)
            return record

        return show

    def _names_itself(self, sobject: SObject, path: Path) -> bool:
        return len(path.names) > 1 and path.names[0].lower() == sobject.name.lower()

    def _link(self, link: Field, paths: list[Path]) -> tuple[str, Getter]:
        find = self._resolver.parent(link)
        if link.polymorphic:
            return link.relationship, self._polymorphic(link, paths)
        target = self._org.schema.objects[link.references[0]]
        show = self.shower(target, tuple(Path(path.names[1:], path.token) for path in paths))
        return link.relationship, lambda row: show(parent) if (parent := find(row)) else None

    def _polymorphic(self, link: Field, paths: list[Path]) -> Getter:
        """A link that may lead to several objects shows a record of type Name (SF-078)."""
        find = self._resolver.parent(link)
        holder = next(s for s in self._org.schema.objects.values() if s.fields.get(link.name) is link)
        columns = [self._resolver.column(holder, path) for path in paths]

        def show(row: Row) -> dict[str, Any] | None:
            parent = find(row)
            if parent is None:
                return None
            sobject = self._org.sobject_of(parent["Id"]).name
            shown = {column.names[-1]: column.get(row) for column in columns}
            return {"attributes": attributes("Name", parent, sobject, self._version), **shown}

        return show

    def _typeof(self, sobject: SObject, item: TypeOf) -> tuple[str, Getter]:
        link = sobject.by_relationship.get(item.relationship.text.lower())
        if link is None or not link.polymorphic:
            message = f"TYPEOF needs a polymorphic relationship, not '{item.relationship.text}'"
            raise error_at(self._query.text, item.relationship.at, message, "INVALID_FIELD")
        find = self._resolver.parent(link)
        cases = {}
        for kind, paths in item.cases:
            target = self._org.schema.find(kind)
            if target is None or target.name not in link.references:
                message = f"'{kind}' is not an object that {link.relationship} may lead to"
                raise error_at(self._query.text, item.relationship.at, message, "INVALID_TYPE")
            cases[target.name] = self.shower(target, paths)

        def show(row: Row) -> dict[str, Any] | None:
            parent = find(row)
            if parent is None:
                return None
            name = self._org.sobject_of(parent["Id"]).name
            if name in cases:
                return cases[name](parent)
            shown = {path.names[-1]: parent.get(path.names[-1]) for path in item.otherwise}
            return {"attributes": attributes(name, parent, name, self._version), **shown}

        return link.relationship, show
