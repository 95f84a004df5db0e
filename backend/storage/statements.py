"""Statements that read the same on both databases: bulk upserts, look-ups by many ids, the database's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from backend.storage.types import UtcDateTime

CHUNK = 500
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
"""The ids of one chunk; use with `look_up`."""

Rows = Sequence[Mapping[str, Any]]


def look_up(
    connection: sa.Connection, statement: sa.Select[Any], ids: Iterable[str | int], **parameters: Any
) -> Iterator[sa.Row[Any]]:
    """Rows of a statement that has `IDS` in it, asked for in chunks; nothing is asked for no ids."""
    wanted = sorted(set(ids))
    for first in range(0, len(wanted), CHUNK):
        yield from connection.execute(statement, {**parameters, "ids": wanted[first : first + CHUNK]}).all()


def upsert(
    connection: sa.Connection, table: sa.Table, rows: Rows, *, keep: tuple[str, ...] = (), newest: str | None = None
) -> None:
    """Inserts rows or overwrites those of equal primary key, except the columns in `keep`. All rows have equal keys.

    `newest`: a column by which a stored row that is newer than the given one stays as it is.
    """
    if rows:
        run_many(connection, _upsert(connection.dialect.name, table, tuple(rows[0]), keep, newest), rows)


@cache
def _upsert(
    dialect: str, table: sa.Table, columns: tuple[str, ...], keep: tuple[str, ...], newest: str | None = None
) -> sa.Insert:
    key = [column.name for column in table.primary_key]
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    written = [name for name in columns if name not in key and name not in keep]
    if not written:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={name: insert.excluded[name] for name in written},
        where=None if newest is None else table.c[newest] <= insert.excluded[newest],
    )


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Inserts rows, leaving those of equal primary key as they are."""
    if rows:
        key = tuple(column.name for column in table.primary_key)
        kept = tuple(name for name in rows[0] if name not in key)
        run_many(connection, _upsert(connection.dialect.name, table, tuple(rows[0]), kept), rows)


def run_many(connection: sa.Connection, statement: sa.UpdateBase, rows: Rows) -> int:
    """Runs a statement of a module once per row; nothing for no rows. How many stored rows it met in all.

    All rows have equal keys.

    The statement is compiled once per process and the rows go straight to the driver: that is half the cost of a
    commit, in which every row would otherwise pass the library's parameter handling.
    """
    if not rows:
        return 0
    place = (connection.dialect.name, statement, tuple(rows[0]))
    prepared = _prepared.get(place) or _prepared.setdefault(place, _Prepared(connection.dialect, *place[1:]))
    return connection.exec_driver_sql(prepared.text, [prepared.parameters(row) for row in rows]).rowcount


class _Prepared:
    """A compiled statement, and how a row becomes its parameters."""

    def __init__(self, dialect: sa.Dialect, statement: sa.UpdateBase, names: tuple[str, ...]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        self.text = str(compiled)
        self._by_name = compiled.positiontup is None
        self._parts: list[tuple[str, Callable[[Any], Any] | None]] = []
        self._constants = {name: value for name, value in compiled.params.items() if name not in names}
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        for name in compiled.positiontup or binds:
            self._parts.append((name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)))

    def parameters(self, row: Mapping[str, Any]) -> Any:
        """By position or by name, as the driver wants them."""
        values = row if not self._constants else {**row, **self._constants}
        if self._by_name:
            return {name: values[name] if make is None else make(values[name]) for name, make in self._parts}
        return tuple([values[name] if make is None else make(values[name]) for name, make in self._parts])


_prepared: dict[tuple[str, sa.UpdateBase, tuple[str, ...]], _Prepared] = {}


class database_time(FunctionElement[Any]):
    """The database's clock plus a number of seconds, so that workers' clocks need not agree."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(database_time, "postgresql")
def _postgresql_time(element: database_time, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + make_interval(secs => CAST({seconds} AS double precision)))"


@compiles(database_time, "sqlite")
def _sqlite_time(element: database_time, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    # three digits from SQLite, six as the column type writes them: times are compared as text
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', CAST({seconds} AS TEXT) || ' seconds') || '000')"
