"""Configurations and who is assigned to them. Changes take effect for everybody concerned when the editor closes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.ports.clock import Clock
from backend.storage.applied_settings import carry_out
from backend.storage.configuration_codec import COLUMNS, decode_configuration, encode_configuration
from backend.storage.engine import reading
from backend.storage.tables import assignment, configuration

_ASSIGNMENTS = sa.select(assignment)
_BY_NAME = sa.select(*COLUMNS).order_by(configuration.c.name)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A configuration with the user names and profiles assigned to it, both sorted."""

    configuration: Configuration
    usernames: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


class Stale(Exception):
    """Somebody else saved the configuration since; `stored` is how it is now."""

    def __init__(self, stored: Configuration) -> None:
        super().__init__(f"“{stored.name}” was saved by somebody else meanwhile.")
        self.stored = stored


class Gone(LookupError):
    """The configuration was deleted meanwhile."""


class NameTaken(ValueError):
    """Another configuration has this name, capitals aside."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a configuration “{name}” already; choose another name.")


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
    def editing(self, by: str = "") -> Iterator[Editor]:
        """One transaction of changes; at its end they are carried to the people, or nothing changed at all.

        by: who is shown as the last to have changed what is saved.
        """
        with self._engine.begin() as connection:
            editor = Editor(connection, self._clock, by)
            yield editor
            editor.affected = carry_out(connection, self._clock.now())


class Editor:
    """Changes to configurations within one transaction. `affected`: to whom other settings apply, once it is closed."""

    def __init__(self, connection: sa.Connection, clock: Clock, by: str = "") -> None:
        self._connection = connection
        self._clock = clock
        self._by = by
        self.affected: frozenset[int] = frozenset()

    def save(self, settings: Configuration) -> Configuration:
        """Stores a configuration under its name; the version rises if anything is different."""
        stored = self._find(settings.name)
        if stored is not None and replace(stored, version=0) == replace(settings, version=0):
            return stored
        saved = replace(settings, version=1 if stored is None else stored.version + 1)
        if stored is None:
            self._connection.execute(sa.insert(configuration).values(self._row(saved)))
        else:
            place = sa.update(configuration).where(configuration.c.name == saved.name)
            self._connection.execute(place.values(self._row(saved)))
        return saved

    def add(self, settings: Configuration) -> int:
        """Stores a new configuration; its number. Raises NameTaken."""
        self._free(settings.name)
        made = sa.insert(configuration).values(self._row(replace(settings, version=1))).returning(configuration.c.id)
        return int(self._connection.execute(made).scalar_one())

    def change(self, number: int, settings: Configuration) -> Configuration:
        """Stores other settings, or another name, for the configuration of this number.

        `settings.version` is the one that the change was made from. Raises Stale if the stored one is another, Gone if
        there is none, NameTaken.
        """
        rows = sa.select(*COLUMNS).where(configuration.c.id == number).with_for_update()
        row = self._connection.execute(rows).one_or_none()
        if row is None:
            raise Gone
        stored = decode_configuration(row)
        if stored.version != settings.version:
            raise Stale(stored)
        if stored == settings:
            return stored
        self._free(settings.name, but=number)
        saved = replace(settings, version=stored.version + 1)
        self._connection.execute(sa.update(configuration).where(configuration.c.id == number).values(self._row(saved)))
        return saved

    def _row(self, saved: Configuration) -> dict[str, Any]:
        return {
            "name": saved.name,
            "active": saved.active,
            "version": saved.version,
            "settings": encode_configuration(saved),
            "updated_at": self._clock.now(),
            "updated_by": self._by[:320],
        }

    def _free(self, name: str, but: int = 0) -> None:
        others = self._connection.execute(sa.select(configuration.c.name).where(configuration.c.id != but)).scalars()
        taken = next((other for other in others if other.casefold() == name.casefold()), None)
        if taken is not None:
            raise NameTaken(taken)

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
    for row in connection.execute(_ASSIGNMENTS):
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
        for row in connection.execute(_BY_NAME)
    )
