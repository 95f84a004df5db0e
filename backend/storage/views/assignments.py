"""Who is assigned to what, and why: the person's own assignment goes before that of the profile (LS-028, LS-030)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from backend.storage.tables import assignment, configuration, person, user_state
from backend.storage.views.people import escaped

SIZE: Final = 50


class Which(StrEnum):
    """Which people are listed."""

    EVERYBODY = "people"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """A configuration that people may be assigned to."""

    id: int
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Book:
    """Every configuration by number, and which one user names and profiles (both case-folded) are assigned to."""

    targets: Mapping[int, Target]
    by_username: Mapping[str, int]
    by_profile: Mapping[str, int]

    def own(self, username: str) -> Target | None:
        """The person's own assignment."""
        return self.targets.get(self.by_username.get(username.casefold(), 0))

    def of_profile(self, profile: str) -> Target | None:
        """What the profile is assigned to."""
        return self.targets.get(self.by_profile.get(profile.casefold(), 0))


@dataclass(frozen=True, slots=True)
class Somebody:
    """A Salesforce user. `because`: why he syncs or does not, as the last change of settings found it."""

    id: int
    name: str
    username: str
    address: str
    profile: str
    active: bool
    syncs: bool
    because: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A Salesforce profile with its active users; `individually`: how many of them have an assignment of their own."""

    name: str
    people: int
    individually: int = 0


_COLUMNS: Final = (
    person.c.id,
    person.c.name,
    person.c.username,
    person.c.address,
    person.c.profile,
    person.c.active,
    sa.func.coalesce(user_state.c.syncs, sa.false()).label("syncs"),
    sa.func.coalesce(user_state.c.because, "").label("because"),
)
_SOURCE: Final = person.outerjoin(user_state, user_state.c.user_id == person.c.id)


def book(connection: sa.Connection) -> Book:
    """All assignments: two queries."""
    rows = connection.execute(sa.select(assignment.c.configuration_id, assignment.c.username, assignment.c.profile))
    by_username, by_profile = {}, {}
    for number, username, profile in rows:
        if username is not None:
            by_username[username.casefold()] = number
        else:
            by_profile[profile.casefold()] = number
    query = sa.select(configuration.c.id, configuration.c.name, configuration.c.active)
    targets = connection.execute(query.order_by(sa.func.lower(configuration.c.name)))
    return Book({row.id: Target(row.id, row.name, row.active) for row in targets}, by_username, by_profile)


def people_listed(
    connection: sa.Connection, which: Which, text: str, configuration_id: int | None, page: int
) -> tuple[tuple[Somebody, ...], int]:
    """One page of active people, and those who are assigned although deactivated; how many there are in all."""
    assigned = user_state.c.configuration_id.is_not(None)
    conditions: list[sa.ColumnElement[bool]] = [sa.or_(person.c.active, assigned)]
    if which is Which.NONE:
        conditions.append(sa.not_(sa.func.coalesce(assigned, sa.false())))
    if configuration_id is not None:
        conditions.append(user_state.c.configuration_id == configuration_id)
    if text:
        pattern = f"%{escaped(text.lower())}%"
        columns = (person.c.name, person.c.address, person.c.username, person.c.profile)
        conditions.append(sa.or_(*(sa.func.lower(column).like(pattern, escape="\\") for column in columns)))
    total = connection.scalar(sa.select(sa.func.count()).select_from(_SOURCE).where(*conditions)) or 0
    page = min(page, max(1, -(-total // SIZE)))
    chosen = sa.select(*_COLUMNS).select_from(_SOURCE).where(*conditions)
    rows = connection.execute(
        chosen.order_by(sa.func.lower(person.c.name), person.c.id).limit(SIZE).offset((page - 1) * SIZE)
    )
    return tuple(_somebody(row) for row in rows), total


def numbers(connection: sa.Connection) -> tuple[int, int]:
    """How many people there are to assign, and how many of them are in no configuration."""
    assigned = user_state.c.configuration_id.is_not(None)
    query = sa.select(
        sa.func.count(), sa.func.count().filter(sa.not_(sa.func.coalesce(assigned, sa.false())))
    ).select_from(_SOURCE).where(sa.or_(person.c.active, assigned))  # fmt: skip
    everybody, alone = connection.execute(query).one()
    return everybody, alone


def profiles(connection: sa.Connection, known: Book) -> tuple[Profile, ...]:
    """Every profile of an active user, and every one that is assigned, by name."""
    rows = connection.execute(sa.select(person.c.profile, person.c.username).where(person.c.active)).all()
    people: dict[str, list[str]] = {}
    for profile, username in rows:
        people.setdefault(profile, []).append(username)
    spelt = {name.casefold() for name in people}
    query = sa.select(assignment.c.profile).where(assignment.c.profile.is_not(None))
    others = [name for name in connection.scalars(query) if name.casefold() not in spelt]
    found = [
        Profile(name, len(users), sum(user.casefold() in known.by_username for user in users))
        for name, users in people.items()
    ]
    found += [Profile(name, 0) for name in others]
    return tuple(sorted(found, key=lambda one: one.name.casefold()))


def by_ids(connection: sa.Connection, ids: Sequence[int]) -> tuple[Somebody, ...]:
    """These people, by name."""
    query = sa.select(*_COLUMNS).select_from(_SOURCE).where(person.c.id.in_(ids))
    return tuple(
        _somebody(row) for row in connection.execute(query.order_by(sa.func.lower(person.c.name), person.c.id))
    )


def everybody(connection: sa.Connection) -> tuple[Somebody, ...]:
    """All Salesforce users that are known."""
    query = sa.select(*_COLUMNS).select_from(_SOURCE).order_by(person.c.id)
    return tuple(_somebody(row) for row in connection.execute(query))


def _somebody(row: Any) -> Somebody:
    return Somebody(row.id, row.name, row.username, row.address, row.profile, row.active, bool(row.syncs), row.because)
