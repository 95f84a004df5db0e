"""What a Salesforce user may do, as far as the API shows it (LS-001, LS-002)."""

from __future__ import annotations

from dataclasses import dataclass

from backend.salesforce import soql
from backend.salesforce.client import Client

_MANAGES = "PermissionsManageUsers"
_VIEWS = "PermissionsViewSetup"


@dataclass(frozen=True, slots=True)
class UserRights:
    """One active user. manages: may manage users · views: may look at the set-up."""

    user_id: str
    username: str
    name: str
    manages: bool
    views: bool


def rights_of(client: Client, user_id: str) -> UserRights | None:
    """The rights of an active user from profile and permission sets, in one call; None: there is no such user."""
    me = soql.quoted(user_id)
    fields = ("Id", "Username", "Name", f"Profile.{_MANAGES}", f"Profile.{_VIEWS}")
    wanted = tuple(f"PermissionSet.{name}" for name in (_MANAGES, _VIEWS))
    granted = f"AssigneeId = {me} AND IsActive = true AND ({' OR '.join(f'{name} = true' for name in wanted)})"
    users, sets = client.query([
        soql.select(fields, "User", f"Id = {me} AND IsActive = true"),
        soql.select(wanted, "PermissionSetAssignment", granted),
    ])  # fmt: skip
    if not users:
        return None
    holders = [users[0].get("Profile") or {}, *((row.get("PermissionSet") or {}) for row in sets)]

    def has(permission: str) -> bool:
        return any(holder.get(permission) for holder in holders)

    username, name = str(users[0]["Username"]), users[0].get("Name") or ""
    return UserRights(user_id, username, name, manages=has(_MANAGES), views=has(_VIEWS))
