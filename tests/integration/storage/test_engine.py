"""Several processes on one database: nobody fails for being second, and readers wait for nobody."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import tables
from backend.storage.engine import create_engine, reading, renew_after_fork
from backend.storage.sync_store import SqlSyncStore
from backend.sync.state import Todo
from backend.sync.store import Changes
from tests.fakes.stored import Bench, card, item, record
from tests.fakes.world import FakeClock

WRITERS, ROUNDS = 3, 25


def count_up(url: str, failures: list[BaseException]) -> None:
    """Reads a number and writes the next one, each time in one transaction."""
    engine = create_engine(url)
    column = tables.organisation.c.api_used
    row = sa.select(column).where(tables.organisation.c.id == 1)
    try:
        for _ in range(ROUNDS):
            with engine.begin() as connection:
                present = connection.execute(row.with_for_update()).scalar_one()
                connection.execute(sa.update(tables.organisation).values(api_used=present + 1))
    except sa.exc.DBAPIError as error:
        failures.append(error)
    finally:
        engine.dispose()


def test_writers_that_read_first_lose_nothing_and_never_fail(database: sa.Engine, database_url: str) -> None:
    with database.begin() as connection:
        connection.execute(sa.insert(tables.organisation).values(id=1, api_used=0))
    failures: list[BaseException] = []
    threads = [threading.Thread(target=count_up, args=(database_url, failures)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.connect() as connection:
        reached = connection.execute(sa.select(tables.organisation.c.api_used)).scalar()
    assert failures == []
    assert reached == WRITERS * ROUNDS


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(bench: Bench, database_url: str) -> None:
    other = create_engine(database_url)
    with bench.engine.begin() as connection:
        connection.execute(sa.update(tables.person).values(name="changed"))
        with reading(other).begin() as beside:
            names = set(beside.execute(sa.select(tables.person.c.name)).scalars())
    other.dispose()
    assert names == {"User 1", "User 2", "User 3"}


def test_a_reader_sees_one_state_from_beginning_to_end(bench: Bench, database_url: str) -> None:
    query = sa.select(tables.person.c.name).where(tables.person.c.id == 1)
    other = create_engine(database_url)
    with reading(other).begin() as beside:
        before = beside.execute(query).scalar()
        with bench.engine.begin() as connection:
            connection.execute(sa.update(tables.person).values(name="changed"))
        assert beside.execute(query).scalar() == before == "User 1"
    other.dispose()


def test_references_are_enforced(bench: Bench) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        bench.commit(1, todos=[Todo(99, Kind.CONTACT, "mailbox", "i")])


def test_sqlite_writes_ahead_and_waits(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'any.db'}")
    with engine.connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    engine.dispose()
    assert values == ["wal", 1, 30000, 1]


def test_a_forked_child_uses_connections_of_its_own(bench: Bench) -> None:
    assert len(bench.rows(tables.person)) == 3  # a connection lies in the pool when the child begins
    child = os.fork()
    if child == 0:
        try:
            renew_after_fork(bench.engine)
            bench.commit(1, todos=[Todo(1, Kind.CONTACT, "mailbox", "from the child")])
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert bench.marks() == {("mailbox", "from the child")}


def test_users_who_mark_each_others_things_at_once_all_get_through(bench: Bench, database_url: str) -> None:
    """Each commit touches records and marks of all three, in an order of its own."""
    failures: list[BaseException] = []

    def work(user_id: int) -> None:
        engine = create_engine(database_url)
        store = SqlSyncStore(engine, FakeClock())
        lease = store.acquire(user_id, "worker", 60.0)
        assert lease is not None
        ids = [f"003{number}" for number in range(8)]
        order = ids if user_id % 2 else ids[::-1]
        try:
            for turn in range(10):
                values = card(f"{user_id} {turn}")
                changes = Changes(items=[item("i", values, version=str(turn))], item_user=user_id)
                changes.records = [(Kind.CONTACT, record(crm_id, values)) for crm_id in order]
                changes.scopes = [(Kind.CONTACT, crm_id, frozenset({1, 2, 3})) for crm_id in order]
                changes.todos = [Todo(other, Kind.EVENT, "crm", crm_id) for crm_id in order for other in (3, 1, 2)]
                store.commit(lease, changes)
        except (sa.exc.DBAPIError, AssertionError) as error:
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=work, args=(user_id,)) for user_id in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(bench.rows(tables.crm_record)) == 8
    assert len(bench.rows(tables.crm_scope)) == 24
    stamps = {row["stamp"] for row in bench.rows(tables.todo) if row["kind"] == "event"}
    assert stamps == {30}
