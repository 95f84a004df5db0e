"""INV-10: nobody commits with a lease that was taken over (sync.md B.8)."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from backend.storage import tables
from backend.storage.engine import create_engine
from backend.storage.reset import reset_user
from backend.storage.sync_store import SqlSyncStore
from backend.sync.state import Lease
from backend.sync.store import Changes, LeaseLost
from tests.fakes.stored import Bench, card, item
from tests.fakes.world import FakeClock

EXPIRED = -1.0  # a life in seconds that is over when it begins


def test_a_lease_is_for_one_holder_until_it_is_given_back(bench: Bench) -> None:
    lease = bench.store.acquire(1, "one", 60.0)
    assert lease == Lease(1, 1, "one")
    assert bench.store.acquire(1, "two", 60.0) is None
    assert bench.store.acquire(2, "two", 60.0) == Lease(2, 1, "two")
    bench.store.release(lease)
    assert bench.store.acquire(1, "two", 60.0) == Lease(1, 2, "two")


def test_an_expired_lease_is_taken_over_with_a_higher_token(bench: Bench) -> None:
    assert bench.store.acquire(1, "one", EXPIRED) == Lease(1, 1, "one")
    assert bench.store.acquire(1, "two", EXPIRED) == Lease(1, 2, "two")


def test_a_renewed_lease_lives_on(bench: Bench) -> None:
    lease = bench.store.acquire(1, "one", EXPIRED)
    assert lease is not None
    bench.store.renew(lease, 60.0)
    assert bench.store.acquire(1, "two", 60.0) is None


def test_the_organisation_reader_has_a_lease_of_its_own(bench: Bench) -> None:
    assert bench.store.acquire(0, "reader", 60.0) == Lease(0, 1, "reader")
    assert bench.store.acquire(0, "another", 60.0) is None


def test_inv10_c9_a_late_commit_of_a_lost_lease_changes_nothing(bench: Bench) -> None:
    zombie = bench.store.acquire(1, "zombie", EXPIRED)
    assert zombie is not None
    heir = bench.store.acquire(1, "heir", 60.0)
    before = bench.everything()
    with pytest.raises(LeaseLost):
        bench.store.commit(zombie, Changes(items=[item("i", card("Love"))], item_user=1))
    assert bench.everything() == before
    assert heir is not None
    bench.store.commit(heir, Changes(items=[item("i", card("Love"))], item_user=1))
    assert len(bench.rows(tables.mailbox_item)) == 1


def test_inv10_a_lost_lease_is_neither_renewed_nor_given_back(bench: Bench) -> None:
    zombie = bench.store.acquire(1, "zombie", EXPIRED)
    heir = bench.store.acquire(1, "heir", 60.0)
    assert zombie is not None
    with pytest.raises(LeaseLost):
        bench.store.renew(zombie, 60.0)
    bench.store.release(zombie)
    assert bench.store.acquire(1, "third", 60.0) is None
    assert heir == Lease(1, 2, "heir")


def test_inv10_c22_a_commit_that_is_late_for_a_reset_is_refused(bench: Bench) -> None:
    lease = bench.lease(1)
    reset_user(bench.engine, 1)
    with pytest.raises(LeaseLost):
        bench.store.commit(lease, Changes(items=[item("i", card("Love"))], item_user=1))
    assert bench.rows(tables.mailbox_item) == []


def test_inv10_taking_over_waits_for_a_commit_that_has_begun(database_url: str, bench: Bench) -> None:
    """The commit holds the lease's row: whoever takes over sees either all of it or comes first."""
    holder = bench.store.acquire(1, "holder", EXPIRED)
    assert holder is not None
    other = create_engine(database_url)
    taken: list[Lease | None] = []
    with bench.engine.begin() as connection:
        connection.execute(sa.update(tables.sync_lease).values(holder="holder"))
        thread = threading.Thread(
            target=lambda: taken.append(SqlSyncStore(other, FakeClock()).acquire(1, "heir", 60.0)), daemon=True
        )
        thread.start()
        thread.join(0.3)
        assert taken == []
    thread.join(20)
    assert taken == [Lease(1, 2, "heir")]
    other.dispose()


def test_of_many_who_ask_at_once_exactly_one_gets_the_lease(database_url: str, bench: Bench) -> None:
    engine = create_engine(database_url)
    store = SqlSyncStore(engine, FakeClock())
    found: list[Lease | None] = []
    start = threading.Barrier(6)

    def ask(name: str) -> None:
        start.wait()
        found.append(store.acquire(3, name, 60.0))

    threads = [threading.Thread(target=ask, args=(f"worker {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [lease for lease in found if lease is not None]
    assert len(found) == 6
    assert [lease.token for lease in winners] == [1]
    engine.dispose()
