"""What the set-up pages do, put together: each act opens the installation, which loads every adapter, and closes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from redis import RedisError

from backend.config import Config
from backend.jobs.connection import connect
from backend.jobs.queues import request_mailbox_test
from backend.opening import opened
from backend.ports.clock import Clock
from backend.storage.mailbox_tests import MailboxTests
from backend.web.connection_services import ConnectionServices, Trouble

if TYPE_CHECKING:
    import sqlalchemy as sa

    from backend.connecting import Tried

REDIS_AWAY = "Redis does not answer, so nobody can run the test: look at `lockstep doctor`."


def connection_services(config: Config, engine: sa.Engine, clock: Clock) -> ConnectionServices:
    """The callables of the set-up pages of an installation."""
    doors = _Doors(config)
    tests = MailboxTests(engine, clock)

    def begin_test(who: str, wanted: Sequence[str]) -> bool:
        if not tests.begin(who, wanted):
            return False
        try:
            with connect(config) as connection:
                request_mailbox_test(connection)
        except RedisError:
            state = tests.state()
            if state is not None:
                tests.end(state, REDIS_AWAY)
        return True

    return ConnectionServices(
        make_key=doors.make_key,
        prepare=doors.prepare,
        discard=doors.discard,
        attempt=doors.attempt,
        check=doors.check,
        consent_address=doors.consent_address,
        expected_tenant=doors.expected_tenant,
        package=_package,
        begin_test=begin_test,
        stop_test=tests.stop,
        public_url=config.public_url,
    )


class _Doors:
    def __init__(self, config: Config) -> None:
        self._config = config

    def make_key(self, service: str) -> None:
        from backend.connecting import make_key

        with opened(self._config, Trouble) as lockstep:
            make_key(lockstep, service)

    def prepare(self, service: str, settings: Mapping[str, Any], secret: Mapping[str, Any] | None) -> None:
        with opened(self._config, Trouble) as lockstep:
            if secret is not None and not secret:  # the draft's own is not wanted any more
                lockstep.drafts.remove(service)
            lockstep.drafts.save(service, settings, secret or None)

    def discard(self, service: str) -> None:
        with opened(self._config, Trouble) as lockstep:
            lockstep.drafts.remove(service)

    def attempt(self, service: str, switch: bool) -> Tried:
        from backend.connecting import try_draft

        with opened(self._config, Trouble) as lockstep:
            return try_draft(lockstep, service, switch=switch)

    def check(self, service: str) -> None:
        from backend.connecting import check

        with opened(self._config, Trouble) as lockstep:
            check(lockstep, service)

    def consent_address(self, redirect: str, state: str) -> str:
        from backend.connecting import consent_address

        with opened(self._config, Trouble) as lockstep:
            return consent_address(lockstep, redirect, state)

    def expected_tenant(self) -> str:
        from backend.connecting import expected_tenant

        with opened(self._config, Trouble) as lockstep:
            return expected_tenant(lockstep)


def _package() -> bytes:
    from backend.salesforce.package import archive

    return archive()
