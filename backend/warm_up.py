"""What a worker does once, before its first fork, so that not every job has to: a quiet pass, without services.

A job is a process of its own. What its worker has read and compiled (statements, certificate authorities) it finds
there; that is most of what a pass costs in which nothing has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final, cast

import sqlalchemy as sa
import structlog

from backend.config import Config
from backend.domain.values import Kind
from backend.ports.clock import Clock
from backend.ports.errors import AccessLost
from backend.storage import commit, follows, leases, service_cache
from backend.storage.engine import hand_down, reading
from backend.storage.organisation_state import OrganisationBook
from backend.storage.runs import Finished, Outcome, Runs, UserState
from backend.storage.secrets import SecretUnreadable
from backend.storage.tables import person, user_state
from backend.storage.work import Work
from backend.sync.state import Stream
from backend.sync.store import Changes
from backend.sync.unresolved import Standing
from backend.wiring import Lockstep

NOBODY: Final = -1
_NOBODY_AT_ALL: Final = {
    "id": NOBODY, "crm_user_id": "", "username": "", "name": "", "address": "", "profile": "", "active": False,
}  # fmt: skip
log = structlog.get_logger(__name__)


def warm_up(config: Config) -> None:
    """To be called before forking. What cannot be opened yet is no trouble here: the jobs will tell."""
    with closing(Lockstep.open(config)) as lockstep:
        try:
            _read(lockstep)
            with lockstep.database.connect() as connection, connection.begin() as transaction:
                _write(connection, lockstep.clock)
                transaction.rollback()
            log.debug("warmed up", services=[type(one).__name__ for one in (lockstep.salesforce, lockstep.microsoft)])
        except (sa.exc.SQLAlchemyError, AccessLost, SecretUnreadable, OSError) as error:
            log.info("warmed up in part", reason=str(error))
    hand_down(config.database_url, lockstep.database)


def _read(lockstep: Lockstep) -> None:
    """The questions of a pass in which nothing is new; about nobody, so that the answers are short."""
    store, now = lockstep.store, lockstep.clock.now()
    store.user(NOBODY)
    store.planned_version(NOBODY)
    store.mark()
    lockstep.configurations.all()
    for kind in Kind:
        store.stream(NOBODY, kind)
        store.suspects(NOBODY, kind)
        store.due_intents(NOBODY, kind, now)
        store.marks(NOBODY, kind)
    store.unresolved(NOBODY, Standing.NEW)
    store.over_limit(NOBODY)
    store.stale_series(NOBODY, now.date())
    with reading(lockstep.database).begin() as connection:
        follows.by_user(connection, "")
        service_cache.look(connection, "", "")


def _write(connection: sa.Connection, clock: Clock) -> None:
    """What such a pass stores, for somebody who is not there; the caller takes all of it back."""
    connection.execute(sa.insert(person), _NOBODY_AT_ALL)
    connection.execute(sa.insert(user_state), {"user_id": NOBODY})
    lease = leases.acquire(connection, NOBODY, "rehearsal", 1.0)
    if lease is None:
        return
    leases.renew(connection, lease, 1.0)
    runs = Runs(cast(sa.Engine, _Within(connection)), clock)
    run_id = runs.start(NOBODY, lease.token, "rehearsal")
    changes = Changes(stream=Stream(NOBODY, Kind.CONTACT, ""), planned_version=0)
    commit.apply(Work(connection, NOBODY, changes, clock.now()), lease)
    OrganisationBook(cast(sa.Engine, _Within(connection)), clock).add_usage({"": 0}, {})
    runs.finish(run_id, NOBODY, Finished(Outcome.OK, UserState.IN_SYNC, complete=True))
    leases.release(connection, lease)


class _Within:
    """Stands for an engine whose transactions are all part of one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """The connection in its transaction."""
        yield self._connection
