"""What the pages of this installation stand on: the opened installation, its doorbell and its checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from backend.config import Config
from backend.jobs import presence
from backend.jobs.connection import connect
from backend.jobs.queues import Doorbell
from backend.storage import migrate
from backend.storage.accounts import Accounts
from backend.storage.audit import Audit
from backend.storage.engine import reading
from backend.web.services import Processes, Services
from backend.wiring import Lockstep


def open_services(config: Config) -> Services:
    """Opens the installation for the pages; nothing is asked of Salesforce or Microsoft."""
    lockstep = Lockstep.open(config)
    redis = connect(config)
    bell = Doorbell(redis, lockstep)

    def everybody(ids: Sequence[int] | None) -> list[int]:
        return list(ids) if ids is not None else [user.user_id for user in lockstep.store.users()]

    def sync_now(ids: Sequence[int] | None, cause: str) -> None:
        for user_id in everybody(ids):
            bell.ring(user_id, cause)

    def set_paused(ids: Sequence[int] | None, paused: bool) -> None:
        lockstep.people.set_paused(everybody(ids), paused)

    def reset(user_id: int) -> None:
        lockstep.reset(user_id)
        bell.ring(user_id, "reset")

    def processes() -> Processes | None:
        found = presence.look(redis)
        return None if found is None else Processes(found.workers, found.scheduler, found.waiting)

    return Services(
        reading=reading(lockstep.database),
        accounts=Accounts(lockstep.database, lockstep.clock),
        record=Audit(lockstep.database, lockstep.clock).record,
        sync_now=sync_now,
        set_paused=set_paused,
        reset=reset,
        decide=lambda intent_id, answer: _decide(lockstep, bell, intent_id, answer),
        processes=processes,
        checks=_checks(lockstep, processes),
        now=lockstep.clock.now,
        cycle_seconds=config.cycle_seconds,
    )


def _decide(lockstep: Lockstep, bell: Doorbell, intent_id: str, answer: str) -> None:
    bell.ring(lockstep.decide(intent_id, answer), "a held step was answered")


def _checks(lockstep: Lockstep, processes: Callable[[], Processes | None]) -> Mapping[str, Callable[[], str | None]]:
    def database() -> str | None:
        try:
            with reading(lockstep.database).begin() as connection:
                connection.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return "The database does not answer."
        return None

    def migrations() -> str | None:
        try:
            current = migrate.current(lockstep.config.database_url)
        except sa.exc.SQLAlchemyError:
            return "The database does not answer."
        return None if current == migrate.latest() else "The database is not up to date: run `lockstep db upgrade`."

    def redis() -> str | None:
        return None if processes() is not None else "Redis does not answer."

    return {"database": database, "migrations": migrations, "redis": redis}
