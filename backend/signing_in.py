"""Who a Salesforce user is to these pages: admin, viewer, rep, or nobody (LS-001, LS-002)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from backend.config import Config
from backend.opening import opened
from backend.storage.accounts import Account, Accounts, Role
from backend.storage.engine import reading
from backend.storage.tables import connection, person, user_state
from backend.web.services import Passage, SalesforceSignIn, SignInRefused

if TYPE_CHECKING:
    from backend.salesforce.rights import UserRights

NO_PART = (
    "Your Salesforce user has no part in Lockstep: an admin assigns you to a configuration, or you need the permission "
    "View Setup and Configuration in Salesforce to look on."
)


class PeopleSignIn:
    """Sign-in with Salesforce for the pages of one installation."""

    def __init__(self, config: Config, engine: sa.Engine, accounts: Accounts) -> None:
        self._config = config
        self._engine = engine
        self._accounts = accounts

    def services(self) -> SalesforceSignIn:
        """As callables."""
        return SalesforceSignIn(self.ready, self.begin, self.finish)

    def ready(self) -> bool:
        """Whether Salesforce is connected."""
        query = sa.select(connection.c.service).where(connection.c.service == "salesforce")
        with reading(self._engine).connect() as database:
            return database.scalar(query) is not None

    def begin(self, callback: str) -> Passage:
        """A new passage. Raises SignInRefused."""
        with opened(self._config, SignInRefused) as lockstep:
            return lockstep.salesforce.people_sign_in.begin(callback)

    def finish(self, callback: str, code: str, nonce: str, verifier: str) -> Account:
        """The account of who signed in, with today's role. Raises SignInRefused."""
        with opened(self._config, SignInRefused) as lockstep:
            user_id = lockstep.salesforce.people_sign_in.finish(callback, code, nonce, verifier)
            rights = lockstep.salesforce.rights(user_id)
        role = None if rights is None else role_of(rights, self._takes_part)
        if rights is None or role is None:
            raise SignInRefused(NO_PART)
        return self._accounts.enter(user_id, rights.username, rights.name, role)

    def _takes_part(self, crm_user_id: str) -> bool:
        query = (
            sa.select(person.c.id)
            .join(user_state, user_state.c.user_id == person.c.id)
            .where(person.c.crm_user_id == crm_user_id, user_state.c.configuration_id.is_not(None))
        )
        with reading(self._engine).connect() as database:
            return database.scalar(query) is not None


def role_of(rights: UserRights, takes_part: Callable[[str], bool]) -> Role | None:
    """What a Salesforce user may do here; None: nothing."""
    if rights.manages:
        return Role.ADMIN
    if rights.views:
        return Role.VIEWER
    return Role.REP if takes_part(rights.user_id) else None
