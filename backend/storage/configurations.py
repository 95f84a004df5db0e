"""Configurations and who is assigned to them. Changes take effect for everybody concerned when the editor closes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.ports.clock import Clock
from backend.storage.applied_settings import carry_out
from backend.storage.configuration_codec import COLUMNS, decode_configuration, encode_configuration
from backend.storage.engine import reading
from backend.storage.tables import assignment, configuration


@dataclass(frozen=True, slots=True)
class Assigned:
    """A configuration with the user names and profiles assigned to it, both sorted."""

    configuration: Configuration
    usernames: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


class Configurations:
    """The configurations of this installation."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def all(self) -> tuple[Assigned, ...]:
        """Every configuration with its assignments, by name."""
        with reading(self._engine).begin() as connection:
            return load_all(connection)

    @contextmanager
    def editing(self) -> Iterator[Editor]:
        """One transaction of changes; at its end they are carried to the people, or nothing changed at all."""
        with self._engine.begin() as connection:
            editor = Editor(connection, self._clock)
            yield editor
            editor.affected = carry_out(connection, self._clock.now())


class Editor:
    """Changes to configurations within one transaction. `affected`: to whom other settings apply, once it is closed."""

    def __init__(self, connection: sa.Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.affected: frozenset[int] = frozenset()

    def save(self, settings: Configuration) -> Configuration:
        """Stores a configuration under its name; the version rises if anything is different."""
        stored = self._find(settings.name)
        if stored is not None and replace(stored, version=0) == replace(settings, version=0):
            return stored
        saved = replace(settings, version=1 if stored is None else stored.version + 1)
        row = {
            "active": saved.active,
            "version": saved.version,
            "settings": encode_configuration(saved),
            "updated_at": self._clock.now(),
        }
        if stored is None:
            self._connection.execute(sa.insert(configuration).values(row | {"name": saved.name}))
        else:
            self._connection.execute(sa.update(configuration).where(configuration.c.name == saved.name).values(row))
        return saved

    def remove(self, name: str) -> None:
        """Deletes a configuration with its assignments; what its people have stays where it is (LS-035)."""
        self._connection.execute(sa.delete(configuration).where(configuration.c.name == name))

    def assign(self, name: str, *, usernames: Iterable[str] = (), profiles: Iterable[str] = ()) -> None:
        """Assigns users or profiles; whoever was assigned elsewhere leaves there (LS-027, LS-029).

        Raises LookupError for an unknown configuration.
        """
        place = sa.select(configuration.c.id).where(configuration.c.name == name)
        chosen = self._connection.execute(place).scalar()
        if chosen is None:
            raise LookupError(f"There is no configuration “{name}”.")
        self.unassign(usernames=(given := tuple(usernames)), profiles=(groups := tuple(profiles)))
        rows = [{"configuration_id": chosen, "username": one.casefold(), "profile": None} for one in given]
        rows += [{"configuration_id": chosen, "username": None, "profile": one} for one in groups]
        if rows:
            self._connection.execute(sa.insert(assignment), rows)

    def unassign(self, *, usernames: Iterable[str] = (), profiles: Iterable[str] = ()) -> None:
        """Takes users or profiles out of whatever configuration they are assigned to (LS-033)."""
        leaving = {("username", name.casefold()) for name in usernames}
        leaving |= {("profile", name.casefold()) for name in profiles}
        ids = [
            row.id
            for row in self._connection.execute(sa.select(assignment))
            if ("username", (row.username or "").casefold()) in leaving
            or ("profile", (row.profile or "").casefold()) in leaving
        ]
        self._connection.execute(sa.delete(assignment).where(assignment.c.id.in_(ids)))

    def all(self) -> tuple[Assigned, ...]:
        """Every configuration as this transaction leaves it."""
        return load_all(self._connection)

    def _find(self, name: str) -> Configuration | None:
        row = self._connection.execute(sa.select(*COLUMNS).where(configuration.c.name == name)).one_or_none()
        return None if row is None else decode_configuration(row)


def load_all(connection: sa.Connection) -> tuple[Assigned, ...]:
    """Every configuration with its assignments, by name."""
    usernames: dict[int, list[str]] = {}
    profiles: dict[int, list[str]] = {}
    for row in connection.execute(sa.select(assignment)):
        if row.username is not None:
            usernames.setdefault(row.configuration_id, []).append(row.username)
        else:
            profiles.setdefault(row.configuration_id, []).append(row.profile)
    return tuple(
        Assigned(
            decode_configuration(row),
            tuple(sorted(usernames.get(row.id, ()))),
            tuple(sorted(profiles.get(row.id, ()))),
        )
        for row in connection.execute(sa.select(*COLUMNS).order_by(configuration.c.name))
    )
