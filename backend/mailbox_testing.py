"""The connection test, for pages and commands alike: one result in plain words per person (LS-019 to LS-024).

It writes nothing to Salesforce and nothing to any mailbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from backend.domain.identity import normal_email
from backend.microsoft.mailbox_test import AT_ONCE, CheckResult
from backend.ports.crm import CrmUser
from backend.ports.errors import ServiceError
from backend.storage.engine import reading
from backend.storage.mailbox_tests import MailboxResult, MailboxTests
from backend.storage.tables import configuration, person, user_state
from backend.wiring import Lockstep


class Outcome(StrEnum):
    """What a test comes to (LS-020)."""

    CONNECTED = "connected"
    MAILBOX_NOT_FOUND = "mailbox not found"
    ACCESS_DENIED = "access denied"
    CREDENTIALS_REJECTED = "credentials rejected"
    SERVICE_UNREACHABLE = "service unreachable"
    NO_ADDRESS = "no e-mail address"
    ADDRESS_SHARED = "address used by another user"
    NOT_CONFIGURED = "not in an active configuration"


FINE: Final = frozenset({Outcome.CONNECTED, Outcome.NOT_CONFIGURED})
"""Outcomes in which the mailbox answers."""
_OUTCOMES: Final = {
    CheckResult.CONNECTED: Outcome.CONNECTED,
    CheckResult.MAILBOX_NOT_FOUND: Outcome.MAILBOX_NOT_FOUND,
    CheckResult.ACCESS_DENIED: Outcome.ACCESS_DENIED,
    CheckResult.CREDENTIALS_REJECTED: Outcome.CREDENTIALS_REJECTED,
    CheckResult.SERVICE_UNREACHABLE: Outcome.SERVICE_UNREACHABLE,
    CheckResult.NO_ADDRESS: Outcome.NO_ADDRESS,
    CheckResult.ADDRESS_SHARED: Outcome.ADDRESS_SHARED,
}


def everybody(lockstep: Lockstep) -> list[CrmUser]:
    """The active users of Salesforce, whom we know from now on. One call. Raises ServiceError."""
    users = lockstep.salesforce.users()
    lockstep.people.store(users)
    return sorted((user for user in users if user.active), key=lambda user: (user.name.casefold(), user.id))


def results(lockstep: Lockstep, wanted: Sequence[CrmUser], everybody: Sequence[CrmUser]) -> Iterator[MailboxResult]:
    """One result for each of the wanted, in their order; a few calls for ten people."""
    alike = _shared(everybody)
    left_out = _left_out(lockstep)
    asked = [user for user in wanted if normal_email(user.address) not in alike]
    answers = iter(lockstep.microsoft.test([user.address for user in asked]))
    for user in wanted:
        others = alike.get(normal_email(user.address) or "")
        if others:
            result, message = Outcome.ADDRESS_SHARED, _same_address(user, others)
        else:
            answer = next(answers)
            result, message = _OUTCOMES[answer.result], answer.message
            if result is Outcome.CONNECTED and user.id in left_out:
                result, message = Outcome.NOT_CONFIGURED, f"{message} {left_out[user.id]}"
        yield MailboxResult(user.id, user.name, user.address, result.value, message)


def run(lockstep: Lockstep) -> None:
    """The test that somebody asked for, in the background; it ends where it is stopped or another one begins."""
    tests = MailboxTests(lockstep.database, lockstep.clock)
    test = tests.state()
    if test is None or test.ended_at is not None:
        return
    try:
        known = everybody(lockstep)
        wanted = [user for user in known if not test.wanted or user.id in test.wanted]
        tests.expect(test, len(wanted))
        found = results(lockstep, wanted, known)
        for first in range(0, len(wanted), AT_ONCE):
            if not tests.note(test, [next(found) for _ in wanted[first : first + AT_ONCE]]):
                break
        tests.end(test)
    except ServiceError as error:
        tests.end(test, error.message)
    finally:
        lockstep.count_calls()


def _shared(users: Sequence[CrmUser]) -> dict[str, list[CrmUser]]:
    """Users by the address that several have (LS-022)."""
    counted = Counter(normal_email(user.address) or "" for user in users)
    found: dict[str, list[CrmUser]] = {address: [] for address, number in counted.items() if address and number > 1}
    for user in users:
        address = normal_email(user.address) or ""
        if address in found:
            found[address].append(user)
    return found


def _same_address(user: CrmUser, users: Sequence[CrmUser]) -> str:
    names = ", ".join(f"{one.name} ({one.username})" for one in users if one.id != user.id)
    return f"Another Salesforce user has the same address. Change one of the two user records: the other is {names}."


def _left_out(lockstep: Lockstep) -> dict[str, str]:
    """Why somebody would not sync, by Salesforce id; nobody is left out before the first configuration (LS-019)."""
    query = (
        sa.select(person.c.crm_user_id, user_state.c.because)
        .join(user_state, user_state.c.user_id == person.c.id)
        .where(sa.not_(user_state.c.syncs), sa.exists(sa.select(configuration.c.id)))
    )
    with reading(lockstep.database).begin() as connection:
        return {row.crm_user_id: row.because for row in connection.execute(query)}
