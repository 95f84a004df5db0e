"""Changes of one configuration by its number: versions, names, and who made them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.storage import tables
from backend.storage.configurations import Configurations, Gone, NameTaken, Stale
from backend.storage.views.configurations import one_listed
from tests.fakes.world import FakeClock

SALES = Configuration("Sales")


@pytest.fixture
def configurations(database: sa.Engine, clock: FakeClock) -> Configurations:
    return Configurations(database, clock)


def made(configurations: Configurations, settings: Configuration = SALES) -> int:
    with configurations.editing("Claire") as editor:
        return editor.add(settings)


def test_a_change_is_stored_under_its_number_with_a_new_name_version_and_author(
    configurations: Configurations, database: sa.Engine, clock: FakeClock
) -> None:
    number = made(configurations)
    clock.advance(timedelta(minutes=1))
    with configurations.editing("Ruth") as editor:
        saved = editor.change(number, replace(SALES, name="Field sales", private=True))

    with database.connect() as connection:
        found = one_listed(connection, number)
    assert found is not None
    assert found.settings == saved == Configuration("Field sales", version=2, private=True)
    assert (found.updated_by, found.updated_at) == ("Ruth", clock.now())


def test_nothing_new_keeps_version_and_author(configurations: Configurations, database: sa.Engine) -> None:
    number = made(configurations)
    with configurations.editing("Ruth") as editor:
        assert editor.change(number, SALES).version == 1
    with database.connect() as connection:
        found = one_listed(connection, number)
    assert found is not None
    assert found.updated_by == "Claire"


def test_a_change_of_another_version_is_refused_and_stores_nothing(configurations: Configurations) -> None:
    number = made(configurations)
    with configurations.editing() as editor:
        editor.change(number, replace(SALES, private=True))

    with pytest.raises(Stale) as told, configurations.editing() as editor:
        editor.change(number, replace(SALES, days_back=7))
    assert told.value.stored == replace(SALES, version=2, private=True)
    assert [one.configuration for one in configurations.all()] == [told.value.stored]


def test_a_change_of_what_was_deleted_is_told(configurations: Configurations) -> None:
    number = made(configurations)
    with configurations.editing() as editor:
        editor.remove("Sales")
    with pytest.raises(Gone), configurations.editing() as editor:
        editor.change(number, replace(SALES, private=True))


@pytest.mark.parametrize("name", ["Service", "SERVICE", "service"])
def test_a_name_is_taken_once_whatever_its_capitals(configurations: Configurations, name: str) -> None:
    number = made(configurations)
    made(configurations, Configuration("Service"))
    with pytest.raises(NameTaken, match="There is a configuration “Service” already"), configurations.editing() as one:
        one.change(number, replace(SALES, name=name))
    with pytest.raises(NameTaken), configurations.editing() as editor:
        editor.add(Configuration(name))


def test_capitals_of_its_own_name_may_change(configurations: Configurations) -> None:
    number = made(configurations)
    with configurations.editing() as editor:
        assert editor.change(number, replace(SALES, name="SALES")).name == "SALES"


def test_a_renamed_configuration_keeps_its_assignments(configurations: Configurations, database: sa.Engine) -> None:
    number = made(configurations)
    with configurations.editing() as editor:
        editor.assign("Sales", usernames=["ada@example.com"], profiles=["Sales User"])
        editor.change(number, replace(SALES, name="Field sales"))
    (one,) = configurations.all()
    assert (one.usernames, one.profiles) == (("ada@example.com",), ("Sales User",))
    with database.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.assignment)) == 2
