"""Configurations as the pages list and open them: settings, last change, and how many people each one has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.storage.configuration_codec import COLUMNS, decode_configuration
from backend.storage.tables import assignment, configuration, person, user_state

_WITH_CHANGE = sa.select(*COLUMNS, configuration.c.updated_at, configuration.c.updated_by)


@dataclass(frozen=True, slots=True)
class Listed:
    """One configuration. `people`: to whom it applies, `syncing`: who syncs by it; `individually`: assignments."""

    id: int
    settings: Configuration
    updated_at: datetime
    updated_by: str
    people: int = 0
    syncing: int = 0
    individually: int = 0
    profiles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def assigned(self) -> bool:
        """Whether anybody or any profile is assigned to it."""
        return bool(self.individually or self.profiles)


def listed(connection: sa.Connection) -> tuple[Listed, ...]:
    """Every configuration by name: three queries, however many there are."""
    rows = connection.execute(_WITH_CHANGE.order_by(sa.func.lower(configuration.c.name), configuration.c.id)).all()
    return _with_people(connection, rows)


def one_listed(connection: sa.Connection, number: int) -> Listed | None:
    """The configuration of this number."""
    rows = connection.execute(_WITH_CHANGE.where(configuration.c.id == number)).all()
    return next(iter(_with_people(connection, rows)), None)


def _with_people(connection: sa.Connection, rows: Any) -> tuple[Listed, ...]:
    applied = sa.select(
        user_state.c.configuration_id, sa.func.count(), sa.func.count().filter(user_state.c.syncs)
    ).group_by(user_state.c.configuration_id)
    people = {number: (everybody, syncing) for number, everybody, syncing in connection.execute(applied)}
    profiles: dict[int, list[str]] = {}
    individually: Counter[int] = Counter()
    for number, profile in connection.execute(sa.select(assignment.c.configuration_id, assignment.c.profile)):
        if profile is None:
            individually[number] += 1
        else:
            profiles.setdefault(number, []).append(profile)
    return tuple(
        Listed(
            row.id,
            decode_configuration(row),
            row.updated_at,
            row.updated_by,
            *people.get(row.id, (0, 0)),
            individually[row.id],
            tuple(sorted(profiles.get(row.id, ()))),
        )
        for row in rows
    )


def people_of(connection: sa.Connection, number: int, limit: int) -> tuple[tuple[int, str], ...]:
    """Number and name of people to whom a configuration applies, the first ones by name."""
    query = (
        sa.select(person.c.id, person.c.name)
        .join(user_state, user_state.c.user_id == person.c.id)
        .where(user_state.c.configuration_id == number, person.c.active)
        .order_by(sa.func.lower(person.c.name), person.c.id)
    )
    return tuple((row.id, row.name) for row in connection.execute(query.limit(limit)))
