"""Rows in memory: one table per object, hash indexes on demand, and a journal to roll back with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend.sandbox.salesforce.schema import Schema

# A row is never changed in place: a change puts a new dictionary, so that a reader or the journal keeps the old.
# Keys that begin with an underscore are the stand-in's own and never shown.
Row = dict[str, Any]


class Table:
    """The rows of one object by id."""

    def __init__(self, journal: list[tuple[Table, str, Row | None]]) -> None:
        self.rows: dict[str, Row] = {}
        self._journal = journal
        self._indexes: dict[str, dict[str, dict[str, None]]] = {}

    def put(self, row: Row) -> None:
        """Add a row or replace the one with its id."""
        self._replace(row["Id"], row, log=True)

    def remove(self, record_id: str) -> None:
        """Take a row out for good."""
        self._replace(record_id, None, log=True)

    def restore(self, record_id: str, row: Row | None) -> None:
        """Put back what a rolled back change had replaced."""
        self._replace(record_id, row, log=False)

    def _replace(self, record_id: str, row: Row | None, *, log: bool) -> None:
        old = self.rows.get(record_id)
        if log:
            self._journal.append((self, record_id, old))
        if row is None:
            self.rows.pop(record_id, None)
        else:
            self.rows[record_id] = row
        for field, index in self._indexes.items():
            before = old.get(field) if old else None
            after = row.get(field) if row else None
            if before != after:
                if before is not None:
                    index.get(_key(before), {}).pop(record_id, None)
                if after is not None:
                    index.setdefault(_key(after), {})[record_id] = None

    def having(self, field: str, value: Any) -> list[Row]:
        """The rows, deleted ones too, whose field has this value in any case; from an index made at first use."""
        index = self._indexes.get(field)
        if index is None:
            index = self._indexes[field] = {}
            for record_id, row in self.rows.items():
                if row.get(field) is not None:
                    index.setdefault(_key(row[field]), {})[record_id] = None
        return [self.rows[record_id] for record_id in index.get(_key(value), ())]


def _key(value: Any) -> str:
    return value.lower() if isinstance(value, str) else str(value)


class Database:
    """All tables of an organisation."""

    def __init__(self, schema: Schema) -> None:
        self._journal: list[tuple[Table, str, Row | None]] = []
        self._tables = {name: Table(self._journal) for name in schema.objects}
        self._by_prefix = {s.prefix: self._tables[name] for name, s in schema.objects.items() if s.prefix}

    def table(self, sobject: str) -> Table:
        """The table of an object, by its exact name."""
        return self._tables[sobject]

    def find(self, record_id: str) -> Row | None:
        """The row with this id in its 18-character form, deleted or not, or None."""
        table = self._by_prefix.get(record_id[:3])
        return table.rows.get(record_id) if table else None

    def put(self, row: Row) -> None:
        """Add or replace a row in the table of its id."""
        self._by_prefix[row["Id"][:3]].put(row)

    def remove(self, record_id: str) -> None:
        """Take a row out for good."""
        self._by_prefix[record_id[:3]].remove(record_id)

    def live(self, sobject: str) -> Iterator[Row]:
        """The rows of an object that are not in the Recycle Bin."""
        return (row for row in list(self._tables[sobject].rows.values()) if not row.get("IsDeleted"))

    def begin(self) -> None:
        """Forget what was journalled: nothing before this can be rolled back."""
        self._journal.clear()

    def mark(self) -> int:
        """A point to roll back to."""
        return len(self._journal)

    def rollback(self, mark: int) -> None:
        """Undo every change since the mark."""
        while len(self._journal) > mark:
            table, record_id, row = self._journal.pop()
            table.restore(record_id, row)
