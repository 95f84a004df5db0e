"""What belongs to a user: one predicate for both sides (finding F2 in sync.md C.2), and whose a record is.

Scope limits creating and parking, never matching.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from backend.domain.configuration import Condition, Configuration, ContactFilter, Operator, Ownership, Which
from backend.domain.recurrence import WHOLE, Window, ended
from backend.domain.values import AllDay, Kind, Timed, Values
from backend.ports.crm import Record
from backend.sync.state import UserView


def window_of(configuration: Configuration, today: date) -> Window:
    """The user's window, in whole days (LS-109, E-7)."""
    return Window(today - timedelta(days=configuration.days_back), today + timedelta(days=configuration.days_ahead))


def left_out(kind: Kind, configuration: Configuration, values: Values, window: Window) -> str | None:
    """Why a thing is out of scope, in one sentence; None if it is in. Evaluated alike on both sides."""
    if kind is Kind.CONTACT:
        return None
    if values.get("private") and not configuration.private:
        return f"Private events stay where they are ({configuration.name})."
    when = values.get("when")
    if not isinstance(when, Timed | AllDay):
        return "The event has no time."
    if ended(when, window.first):
        return f"Ended more than {configuration.days_back} days ago."
    return None


def not_selected(user: UserView, uid: str | None, original_start: str = WHOLE) -> bool:
    """Under "events users select", whether nobody chose this event (LS-104)."""
    if user.configuration.which is not Which.SELECTED:
        return False
    return (uid or "", WHOLE) not in user.selections and (uid or "", original_start) not in user.selections


def _holds(condition: Condition, raw: Mapping[str, str | None]) -> bool:
    value = (raw.get(condition.field) or "").strip().casefold()
    wanted = condition.value.strip().casefold()
    match condition.operator:
        case Operator.EQUALS:
            return value == wanted
        case Operator.NOT_EQUALS:
            return value != wanted
        case Operator.CONTAINS:
            return wanted in value
        case Operator.STARTS_WITH:
            return value.startswith(wanted)
        case Operator.IS_EMPTY:
            return not value
    return bool(value)


def passes(contact_filter: ContactFilter, record: Record, crm_user_id: str) -> bool:
    """Whether a contact passes a user's filter (LS-037 to LS-040); without a whole choice of owners, none does."""
    if not contact_filter.ownership.complete:
        return False
    if contact_filter.ownership is Ownership.OWN and record.owner_id != crm_user_id:
        return False
    return all(_holds(condition, record.raw or {}) for condition in contact_filter.conditions)


def takes(user: UserView, record: Record) -> bool:
    """Whether a user's scope takes a contact: by his filter, or since he follows it (LS-041 to LS-044)."""
    contact_filter = user.configuration.contact_filter
    follows = contact_filter.followed and contact_filter.ownership.complete and record.id in user.followed
    return follows or passes(contact_filter, record, user.crm_user_id)


def owners(kind: Kind, record: Record, users: tuple[UserView, ...]) -> frozenset[int]:
    """The users whose scope takes a Salesforce record: their own events; contacts by filter.

    The copy of an invitee is his too: it is never written anywhere (I-5), but he is told why it does not sync (LS-124).
    """
    if record.in_bin:
        return frozenset()
    if kind is Kind.EVENT:
        return frozenset(user.user_id for user in users if user.crm_user_id == record.owner_id)
    return frozenset(user.user_id for user in users if takes(user, record))
