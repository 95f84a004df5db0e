"""Is the application ready? Named checks in words for people, without looking into anybody's mailbox.

Permissions granted in Entra show in the token; those granted by roles of Exchange do not, and both add up (MS-008).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from backend.microsoft.auth import NEEDED_ROLES, ApplicationTokens
from backend.microsoft.delta import Lists
from backend.microsoft.tags import query
from backend.ports.errors import AccessLost, ServiceError
from backend.ports.readiness import Check

DIRECTORY_ROLE: Final = "User.Read.All"
MAILBOX_ROLES: Final = tuple(role for role in NEEDED_ROLES if role != DIRECTORY_ROLE)
_CONSENT: Final = "Have an administrator grant admin consent."


class Reach(StrEnum):
    """Which mailboxes the application is meant to open."""

    CHOSEN = "chosen"
    EVERYONE = "everyone"


def run(tokens: ApplicationTokens, lists: Lists, reach: Reach) -> list[Check]:
    """All checks, with a new token. Stops where signing in fails: nothing else can be told then."""
    try:
        tokens.token(fresh=True)
        roles = tokens.roles()
    except AccessLost as error:
        return [Check("Sign-in", False, *error.told)]
    except ServiceError as error:
        return [Check("Sign-in", None, error.message)]
    return [
        Check("Sign-in", True, "The app signs in."),
        _consent(roles),
        _directory(lists),
        _every_mailbox(roles) if reach is Reach.EVERYONE else _chosen_mailboxes(roles),
    ]


def _consent(roles: frozenset[str]) -> Check:
    if DIRECTORY_ROLE in roles:
        return Check("Admin consent", True, f"{DIRECTORY_ROLE} is granted.")
    return Check("Admin consent", False, f"{DIRECTORY_ROLE} is not granted yet.", _CONSENT)


def _directory(lists: Lists) -> Check:
    try:
        found = next(lists.rows(query("/users", (("$select", "id"), ("$top", "1"))), "users.list", (1,)), ())
    except AccessLost as error:
        return Check("Directory", False, *error.told)
    except ServiceError as error:
        return Check("Directory", None, error.message)
    return Check("Directory", True, "Graph answers and shows the tenant's users." if found else "Graph answers.")


def _every_mailbox(roles: frozenset[str]) -> Check:
    missing = [role for role in MAILBOX_ROLES if role not in roles]
    if not missing:
        return Check("Mailboxes", True, "Every mailbox of the tenant is open to the app.")
    return Check("Mailboxes", False, f"Not granted yet: {', '.join(missing)}.", _CONSENT)


def _chosen_mailboxes(roles: frozenset[str]) -> Check:
    granted = [role for role in MAILBOX_ROLES if role in roles]
    if not granted:
        sentence = "Chosen ones only, by roles in Exchange; the connection test shows whose mailbox answers."
        return Check("Mailboxes", True, sentence)
    sentence = f"Entra grants {', '.join(granted)} for every mailbox, so the choice in Exchange has no effect."
    return Check("Mailboxes", None, sentence, "Remove these permissions in Entra, or choose every mailbox here.")
