"""Whether chosen Salesforce fields can hold what their rows carry, judged by what describe says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from backend.domain.field_choices import FieldMap, rows_of
from backend.domain.fieldmap import CONTACT_ROWS, EVENT_ROWS, ROWS, FieldRow, Shape
from backend.domain.values import Kind

_LINES: Final = frozenset({"string", "textarea", "phone", "email", "url", "picklist", "combobox"})
_FITTING: Final = {
    Shape.LINE: _LINES,
    Shape.BLOCK: frozenset({"textarea"}),
    Shape.DATE: frozenset({"date"}),
    Shape.FLAG: frozenset({"boolean"}),
    Shape.SHOW_AS: frozenset({"picklist"}),
    Shape.WHEN: frozenset({"datetime"}),
}
_WANTED: Final = {
    Shape.LINE: "text",
    Shape.BLOCK: "a text area, since it has several lines",
    Shape.DATE: "a date without time",
    Shape.FLAG: "a checkbox",
    Shape.SHOW_AS: "a picklist with Busy, Free and OutOfOffice",
    Shape.WHEN: "a date with time",
}
_SHOW_AS: Final = frozenset({"Busy", "Free", "OutOfOffice"})


@dataclass(frozen=True, slots=True)
class DescribedField:
    """One field as describe shows it to a user; `type` in describe's words, `length` in characters (0: none)."""

    name: str
    label: str
    type: str
    length: int = 0
    createable: bool = True
    updateable: bool = True
    calculated: bool = False
    picklist: tuple[str, ...] = ()

    @property
    def writable(self) -> bool:
        """Whether a value can be stored in it."""
        return self.createable and self.updateable and not self.calculated


def suitable(row: FieldRow, fields: Iterable[DescribedField], *, written: bool) -> tuple[DescribedField, ...]:
    """The fields that a row may be pointed to. `written`: the direction writes to Salesforce."""
    return tuple(field for field in fields if _objection(row, field, written=written) is None)


def type_mistakes(
    kind: Kind, field_map: FieldMap, fields: Iterable[DescribedField], *, written: bool
) -> Iterator[tuple[str, str]]:
    """(row, sentence) for every chosen field that is missing or of another type. `written` as in `suitable`."""
    known = {field.name.casefold(): field for field in fields}
    standard = {row.key: row.salesforce for row in ROWS[kind]}
    for row in rows_of(kind, field_map):
        if row.key not in field_map.by_row or row.salesforce == standard[row.key]:
            continue
        field = known.get(row.salesforce.casefold())
        if field is None:
            yield row.key, f"Salesforce shows no field “{row.salesforce}”; check its API name and who may see it"
        elif objection := _objection(row, field, written=written):
            yield row.key, objection


def _held(row: FieldRow) -> int:
    """How many characters a field has to hold: as many as the row's standard field."""
    standard = next(each for each in (*CONTACT_ROWS, *EVENT_ROWS) if (each.key, each.label) == (row.key, row.label))
    return standard.limit or 0


def _objection(row: FieldRow, field: DescribedField, *, written: bool) -> str | None:
    if field.type not in _FITTING[row.shape]:
        return f"“{field.name}” is of type {field.type}; {row.label} needs {_WANTED[row.shape]}"
    if row.shape is Shape.SHOW_AS and not frozenset(field.picklist) >= _SHOW_AS:
        return f"“{field.name}” lacks some of its values; {row.label} needs {_WANTED[row.shape]}"
    if written and not field.writable:
        return f"“{field.name}” cannot be written; choose another field, or a direction that only reads Salesforce"
    if written and 0 < field.length < _held(row):
        return f"“{field.name}” holds {field.length} characters; {row.label} needs {_held(row)}: make the field longer"
    return None
