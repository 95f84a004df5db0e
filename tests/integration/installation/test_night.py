"""The night's work of a real installation: everything is read again, and what served its purpose is forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from backend.sandbox.world import Person
from backend.storage import tables
from backend.storage.chores import coming_night
from tests.fakes.installation import Installation

PAGE_ROWS = 4


@pytest.fixture
def ada(installation: Installation) -> Person:
    """One person with six contacts on both sides, in step; the night before has passed."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    owner = ada.salesforce_id
    for number in range(6):
        installation.org.insert("Contact", {"LastName": f"Contact{number}", "OwnerId": owner}, owner)
    installation.lockstep.cycle("schedule")
    installation.settle()
    night_falls(installation)
    schedule(installation)
    installation.org.settings.page_rows = PAGE_ROWS
    return ada


@pytest.fixture(autouse=True)
def _pages_of_usual_size(installation: Installation) -> None:
    installation.org.settings.page_rows = 2000


def night_falls(installation: Installation) -> None:
    """Two minutes into the night's hour."""
    now = installation.world.clock.now()
    installation.later(seconds=(coming_night(now, installation.stage.config.nightly_hour) - now).total_seconds() + 120)


def schedule(installation: Installation) -> int:
    """Three schedulers want a cycle one after the other; calls of Salesforce that it took all of them."""
    installation.world.calls.clear()
    for _ in range(3):
        lockstep = installation.open()
        for user_id in lockstep.cycle("schedule").due_users:
            lockstep.sync_user(user_id, "schedule")
        lockstep.close()
    return installation.calls("salesforce")


def newer_row(installation: Installation, person: Person) -> set[str]:
    """A row moves the mark on, so that older stamps lie behind it; the names that then stand in the mailbox."""
    installation.later(hours=1)
    installation.org.insert("Contact", {"LastName": "Newer", "OwnerId": person.salesforce_id})
    schedule(installation)
    assert "Newer" in names(installation, person)
    return names(installation, person)


def killed_after_a_page(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker reads a page of everything and dies; its lease ends."""
    lockstep = installation.open()
    commit, pages = lockstep.store.commit, []

    def once(*arguments: Any) -> None:
        if pages:
            raise KeyboardInterrupt
        pages.append(arguments)
        commit(*arguments)

    monkeypatch.setattr(lockstep.store, "commit", once)
    with pytest.raises(KeyboardInterrupt):
        lockstep.cycle("schedule")
    with lockstep.database.begin() as connection:
        ended = installation.world.clock.now() - timedelta(days=3650)
        connection.execute(sa.update(tables.sync_lease).values(expires_at=ended))


def names(installation: Installation, person: Person) -> set[str]:
    return {one["surname"] for one in installation.cards(person)}


def test_sf079_b4_the_night_finds_what_no_mark_showed(installation: Installation, ada: Person) -> None:
    """Rows and deletions that became visible after the overlap; read in pages, once for all schedulers."""
    before = newer_row(installation, ada)
    lost, kept = installation.records("Id, LastName", "Contact", "LastName LIKE 'Contact%'")[:2]
    with installation.org.stamped(installation.world.clock.now() - timedelta(minutes=30)):
        installation.org.insert("Contact", {"LastName": "Late", "OwnerId": ada.salesforce_id})
        installation.org.delete(lost["Id"])
    installation.later(minutes=20)
    assert schedule(installation) == 2, "an idle cycle, as far as the marks tell"
    assert names(installation, ada) == before

    night_falls(installation)
    assert schedule(installation) >= 3, "eight contacts in pages of four, and what is missing by its id"
    assert names(installation, ada) == before | {"Late"}, "a deleted record stops its pair, as configured"
    (state,) = installation.rows(sa.select(tables.link.c.state).where(tables.link.c.state != "linked"))
    assert state.state == "stopped"
    assert kept["LastName"] in names(installation, ada)

    installation.later(minutes=20)
    assert schedule(installation) == 2, "once a night"


def test_sf088_what_the_night_does_not_show_is_not_deleted(installation: Installation, ada: Person) -> None:
    """Rows that the integration user may no longer see are looked up by id, and stay."""
    rights = installation.org.bundles[installation.org.admin_profile].permissions
    taken = {"ViewAllData", "ModifyAllData"}
    rights -= taken
    installation.org.changed("Profile")
    before = names(installation, ada)
    night_falls(installation)
    assert installation.records("Id", "Contact") == []
    with installation.watched() as writes:
        schedule(installation)
    assert dict(writes) == {}
    assert names(installation, ada) == before
    rights |= taken
    installation.org.changed("Profile")
    night_falls(installation)
    with installation.watched() as writes:
        schedule(installation)
    assert dict(writes) == {}


def test_a_night_that_is_cut_off_goes_on_with_usual_cycles_and_is_made_up_for(
    installation: Installation, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is killed over it costs an hour, and does not keep changes from being read meanwhile."""
    newer_row(installation, ada)
    with installation.org.stamped(installation.world.clock.now() - timedelta(minutes=30)):
        installation.org.insert("Contact", {"LastName": "Late", "OwnerId": ada.salesforce_id})
    night_falls(installation)
    killed_after_a_page(installation, monkeypatch)

    installation.later(minutes=10)
    installation.org.insert("Contact", {"LastName": "Meanwhile", "OwnerId": ada.salesforce_id})
    schedule(installation)
    assert "Meanwhile" in names(installation, ada)
    assert "Late" not in names(installation, ada)

    installation.later(minutes=55)
    schedule(installation)
    assert "Late" in names(installation, ada)


def test_the_night_forgets_old_runs_once(installation: Installation, ada: Person) -> None:
    runs = sa.select(tables.sync_run.c.id).order_by(tables.sync_run.c.id)
    *old, _last = (row.id for row in installation.rows(runs))
    installation.later(days=31)
    installation.org.update(installation.records("Id", "Contact")[0]["Id"], {"LastName": "Changed"})
    schedule(installation)
    left = [row.id for row in installation.rows(runs)]
    assert old
    assert not set(old) & set(left)
    assert "Changed" in names(installation, ada)
