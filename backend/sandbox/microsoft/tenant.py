"""The organisation: users with mailboxes, applications, and what its administrator can do to both."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from backend.sandbox.microsoft.apps import App, Secret
from backend.sandbox.microsoft.delta_states import DeltaStates
from backend.sandbox.microsoft.keys import TokenKeys
from backend.sandbox.microsoft.mailbox import Mailbox
from backend.sandbox.microsoft.notifier import Notifier
from backend.sandbox.microsoft.store import ChangeLog
from backend.sandbox.microsoft.throttle import Throttle
from backend.sandbox.world import World

SECRET_LIFE = timedelta(days=180)


@dataclass(eq=False)
class User:
    """A user of the directory. Without `has_mailbox` Graph answers MailboxNotEnabledForRESTAPI (MS-009)."""

    id: str
    number: int
    name: str
    mail: str
    user_principal_name: str
    user_type: str = "Member"
    enabled: bool = True
    has_mailbox: bool = True
    proxy_addresses: list[str] = field(default_factory=list)


@dataclass
class Quirks:
    """Unpleasant but real behaviour that tests switch on.

    `omit_masters`: calendar delta sends occurrences without their master (MS-032). `heavy_page`: a delta page
    larger than this answers 504 (MS-038). `empty_pages`: so many next delta pages are empty (MS-016).
    """

    omit_masters: bool = False
    heavy_page: int | None = None
    empty_pages: int = 0


class Tenant:
    """One Entra tenant with Exchange Online."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.id = ""
        self.domain = "lockstep.example"
        self.keys = TokenKeys()
        self.notifier = Notifier(world)
        self.clear()

    def clear(self) -> None:
        """Back to the beginning: one consented application, no users."""
        self.id = self.notifier.tenant_id = self.new_guid()
        self.users: dict[str, User] = {}
        self.former_users: dict[int, str] = {}
        self._users_by_key: dict[str, User] = {}
        self.notifier.clear()
        self.mailboxes: dict[str, Mailbox] = {}
        self.apps: dict[str, App] = {}
        self.throttle = Throttle(self.world.clock)
        self.delta_states = DeltaStates(self.world.clock)
        self.directory_log = ChangeLog()
        self.directory_sequence = 0
        self.quirks = Quirks()
        self.keys.forget_tokens()
        self.app = self.add_app("Lockstep")
        self.app.consent()

    def new_guid(self) -> str:
        """A GUID from the world's chances."""
        return str(uuid.UUID(int=self.world.random.getrandbits(128), version=4))

    # Applications

    def add_app(self, name: str, redirect_uris: Iterable[str] = ()) -> App:
        """Register an application with one secret; nothing is granted yet."""
        app = App(self.new_guid(), name, redirect_uris=list(redirect_uris))
        self.apps[app.id] = app
        self.add_secret(app)
        return app

    def add_secret(self, app: App, life: timedelta = SECRET_LIFE) -> Secret:
        """Another client secret; a negative life makes an expired one."""
        value = f"{self.world.random.getrandbits(160):040x}"
        secret = Secret(self.new_guid(), value, self.world.clock.now() + life)
        app.secrets.append(secret)
        return secret

    def revoke_roles(self, *roles: str) -> None:
        """Take consented roles from the application (default: all); tokens given out before end with it."""
        self.app.revoke(roles or None)
        self.expire_tokens()

    def restrict_scope(self, users: Iterable[User], after_seconds: float = 0) -> None:
        """Limit the application to some mailboxes by Exchange's own roles, in effect after a while (MS-008)."""
        since = self.world.clock.now() + timedelta(seconds=after_seconds)
        self.app.restrict((user.id for user in users), since)
        self.expire_tokens()

    def expire_tokens(self) -> None:
        """Every access token given out so far is refused from now on (MS-003)."""
        self.keys.forget_tokens()

    def expire_delta_tokens(self) -> None:
        """Every delta token given out so far answers 410 SyncStateNotFound (MS-033)."""
        self.delta_states.expire_all()

    def require_resync(self) -> None:
        """Every delta token given out so far answers 410 resyncRequired with a Location (MS-034)."""
        self.delta_states.require_resync()

    # Users

    def add_user(
        self,
        name: str,
        address: str,
        time_zone: str = "UTC",
        *,
        has_mailbox: bool = True,
        user_type: str = "Member",
        user_id: str | None = None,
    ) -> User:
        """A user with a mailbox; `time_zone` is a Windows or IANA name."""
        user = User(
            id=user_id or self.new_guid(),
            number=self.directory_sequence + 1,
            name=name,
            mail=address,
            user_principal_name=address.lower(),
            user_type=user_type,
            has_mailbox=has_mailbox,
            proxy_addresses=[f"SMTP:{address}"],
        )
        self.users[user.id] = user
        self._users_by_key |= {user.id: user, user.user_principal_name: user}
        mailbox = self.mailboxes[user.id] = Mailbox(self, user, time_zone)
        mailbox.on_change(lambda change, item, folder: self.notifier.note(mailbox, change, item, folder))
        self.note_user(user)
        return user

    def note_user(self, user: User) -> None:
        """Note a change of a user, so that `/users/delta` reports it."""
        self.directory_sequence += 1
        self.directory_log.record(user.number, self.directory_sequence)

    def remove_user(self, user: User) -> None:
        """Delete a user and his mailbox."""
        del self.users[user.id]
        del self._users_by_key[user.id], self._users_by_key[user.user_principal_name]
        del self.mailboxes[user.id]
        self.former_users[user.number] = user.id
        self.note_user(user)

    def mailbox(self, user_id: str) -> Mailbox:
        """The mailbox of a user by id. Raises KeyError."""
        return self.mailboxes[user_id]

    def mailbox_at(self, address: str) -> Mailbox | None:
        """The working mailbox that receives mail for an address, if it is in this tenant."""
        wanted = address.lower()
        for mailbox in self.mailboxes.values():
            if mailbox.user.has_mailbox and wanted in _addresses(mailbox.user):
                return mailbox
        return None

    def user_named(self, key: str) -> User | None:
        """A user by object id or user principal name."""
        return self._users_by_key.get(key) or self._users_by_key.get(key.lower())

    def names(self) -> dict[str, str]:
        """Display names by address in lower case."""
        return {address: user.name for user in self.users.values() for address in _addresses(user)}


def _addresses(user: User) -> set[str]:
    return {user.mail.lower(), *(each.partition(":")[2].lower() for each in user.proxy_addresses)}
