"""Objects and their fields, read from the tables in `objects/`; features of the organisation add some."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "objects"
TEXT_TYPES = frozenset({"string", "textarea", "email", "phone", "url", "combobox", "picklist"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `length` counts characters, of numbers the digits before the point, `scale` those after."""

    name: str
    label: str
    type: str
    length: int
    scale: int
    flags: frozenset[str]
    references: tuple[str, ...]
    relationship: str
    picklist: tuple[str, ...]
    feature: str

    @property
    def createable(self) -> bool:
        """May be given when a row is created."""
        return "C" in self.flags

    @property
    def updateable(self) -> bool:
        """May be changed later."""
        return "U" in self.flags

    @property
    def required(self) -> bool:
        """Must be given when a row is created."""
        return "C" in self.flags and not self.flags & frozenset("NDO")

    @property
    def filterable(self) -> bool:
        """May stand in WHERE."""
        return "F" in self.flags

    @property
    def sortable(self) -> bool:
        """May stand in ORDER BY."""
        return "S" in self.flags

    @property
    def groupable(self) -> bool:
        """May stand in GROUP BY."""
        return "G" in self.flags

    @property
    def restricted(self) -> bool:
        """A picklist that takes no other value (SF-031)."""
        return "R" in self.flags

    @property
    def unique(self) -> bool:
        """No two rows may share a value (SF-056)."""
        return "Q" in self.flags

    @property
    def external_id(self) -> bool:
        """May address a row in an upsert."""
        return "X" in self.flags

    @property
    def polymorphic(self) -> bool:
        """Points at rows of several objects."""
        return len(self.references) > 1

    @property
    def custom(self) -> bool:
        """Added by the customer."""
        return self.name.endswith("__c")


@dataclass(frozen=True)
class SObject:
    """An object. `flags` are its calls: C create, U update, D delete, B undelete, Q query, R retrieve, S search,
    M merge, P replicate."""

    name: str
    label: str
    plural: str
    prefix: str
    flags: frozenset[str]
    fields: dict[str, Field] = field(repr=False)

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        """Fields by lower-case name: names are case-insensitive on the way in."""
        return {name.lower(): field for name, field in self.fields.items()}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        """Reference fields by the lower-case name of the relationship."""
        return {field.relationship.lower(): field for field in self.fields.values() if field.relationship}

    @cached_property
    def booleans(self) -> dict[str, bool]:
        """What a new row starts with: checkboxes are never null."""
        return {name: False for name, field in self.fields.items() if field.type == "boolean"}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that a new row must have."""
        return tuple(name for name, field in self.fields.items() if field.required)

    @cached_property
    def uniques(self) -> tuple[Field, ...]:
        """Fields with a unique index."""
        return tuple(field for field in self.fields.values() if field.unique)


def custom_field(name: str, type_: str = "string", length: int = 0, picklist: tuple[str, ...] = ()) -> Field:
    """A field as administrators make them: may be left empty, given, changed and searched."""
    flags = frozenset("CUN" if type_ == "textarea" else "CUNFSG")
    return Field(name, name.removesuffix("__c").replace("_", " "), type_, length, 0, flags, (), "", picklist, "")


class Schema:
    """The objects of an organisation with a given set of features."""

    def __init__(self, objects: dict[str, SObject]) -> None:
        self.objects = objects
        self._by_lower = {name.lower(): sobject for name, sobject in objects.items()}
        self._by_prefix = {sobject.prefix: sobject for sobject in objects.values() if sobject.prefix}

    def find(self, name: str) -> SObject | None:
        """The object of that name in any case, or None."""
        return self._by_lower.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """The object whose prefix the id carries, or None."""
        return self._by_prefix.get(record_id[:3])


@lru_cache(maxsize=32)
def load(features: frozenset[str], custom: tuple[tuple[str, Field], ...] = ()) -> Schema:
    """The schema with the fields of these features: shared_activities, person_accounts, key_field.

    custom: further fields by name of their object.
    """
    with (FOLDER / "objects.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    objects = {}
    for row in rows:
        fields = {f.name: f for f in _fields(row["name"]) if not f.feature or f.feature in features}
        fields |= {f.name: f for name, f in custom if name == row["name"]}
        objects[row["name"]] = SObject(
            row["name"], row["label"], row["plural"], row["prefix"], frozenset(row["flags"]), fields
        )
    return Schema(objects)


def _fields(sobject: str) -> Iterator[Field]:
    with (FOLDER / f"{sobject}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            length, _, scale = row["length"].partition(".")
            yield Field(
                name=row["name"],
                label=row["label"],
                type=row["type"],
                length=int(length or 0),
                scale=int(scale or 0),
                flags=frozenset(row["flags"]),
                references=tuple(row["references"].split()),
                relationship=row["relationship"],
                picklist=tuple(value for value in row["picklist"].split("|") if value),
                feature=row["feature"],
            )
