"""What a person's settings leave out, and why: counted by reason, and told of one item (LS 4.13)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from backend.domain.configuration import StartRule
from backend.domain.values import Kind, Side
from backend.storage.tables import crm_record, crm_scope, line, link, mailbox_item, note
from backend.storage.user_views import syncing_users
from backend.sync.state import Presence, UserView

BEFORE: Final = "It was in Salesforce before the sync was switched on: it comes with its next change there."
UNINVITED: Final = (
    "The organiser of this Salesforce event does not sync, so no invitation to it reaches the mailbox: assign a "
    "configuration to the organiser too."
)
PRIVATE_BEFORE: Final = "Private, and older than the switch for private events: it syncs when it is next changed."


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Items of one kind that one reason keeps from being written, seen from the side they are on."""

    kind: Kind
    side: Side
    reason: str
    number: int


def left_out(connection: sa.Connection, user_id: int) -> tuple[LeftOut, ...]:
    """Everything that is left out for a person, the most frequent reason first."""
    found: Counter[tuple[str, str, str]] = Counter()
    for query in (_NOTED, _OUTSIDE, _STOPPED):
        for row in connection.execute(query, {"user": user_id}):
            found[row.kind, row.side, row.reason] += row.number
    user = next(syncing_users(connection, user_id), None)
    if user is not None:
        found.update(_waiting(connection, user))
    ordered = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(LeftOut(Kind(kind), Side(side), reason, number) for (kind, side, reason), number in ordered)


_NOTED: Final = (
    sa.select(note.c.kind, note.c.side, note.c.reason, sa.func.count().label("number"))
    .where(note.c.user_id == sa.bindparam("user"))
    .group_by(note.c.kind, note.c.side, note.c.reason)
)
_OUTSIDE: Final = (
    sa.select(
        mailbox_item.c.kind,
        sa.literal(Side.MAILBOX.value).label("side"),
        mailbox_item.c.problem.label("reason"),
        sa.func.count().label("number"),
    )
    .where(
        mailbox_item.c.user_id == sa.bindparam("user"),
        mailbox_item.c.presence == Presence.OUTSIDE.value,
        mailbox_item.c.problem.is_not(None),
    )
    .group_by(mailbox_item.c.kind, mailbox_item.c.problem)
)
_remaining = sa.case((mailbox_item.c.presence == Presence.HERE.value, Side.MAILBOX.value), else_=Side.CRM.value)
_STOPPED: Final = (
    sa.select(link.c.kind, _remaining.label("side"), link.c.reason, sa.func.count().label("number"))
    .outerjoin(
        mailbox_item,
        sa.and_(
            mailbox_item.c.user_id == link.c.user_id,
            mailbox_item.c.kind == link.c.kind,
            mailbox_item.c.mailbox_id == link.c.mailbox_id,
        ),
    )
    .where(link.c.user_id == sa.bindparam("user"), link.c.state == "stopped", link.c.reason.like("Deleted in%"))
    .group_by(link.c.kind, "side", link.c.reason)
)
"""What was deleted on one side, told of the side where the other copy is."""
_parent = crm_record.alias("parent")
_ORPHANED: Final = ~(
    sa.exists()
    .where(
        _parent.c.kind == crm_record.c.kind,
        _parent.c.natural_key == crm_record.c.natural_key,
        _parent.c.presence == Presence.HERE.value,
        _parent.c.is_child.is_(sa.false()),
    )
    .correlate(crm_record)
)
"""Of an invitee's copy: no event of that name and time belongs to anybody who syncs."""
_UNPAIRED: Final = (
    sa.select(
        crm_record.c.last_modified,
        crm_record.c["values"]["private"].as_boolean().label("private"),
        crm_record.c.is_child,
    )
    .join(crm_scope, sa.and_(crm_scope.c.kind == crm_record.c.kind, crm_scope.c.crm_id == crm_record.c.crm_id))
    .where(
        crm_scope.c.user_id == sa.bindparam("user"),
        crm_record.c.kind == Kind.EVENT.value,
        crm_record.c.presence == Presence.HERE.value,
        crm_record.c.problem.is_(None),
        crm_record.c.is_child.is_(sa.false()) | _ORPHANED,
        sa.not_(
            sa.exists().where(
                line.c.kind == crm_record.c.kind,
                line.c.crm_id == crm_record.c.crm_id,
                link.c.line_id == line.c.id,
                link.c.user_id == crm_scope.c.user_id,
            )
        ),
    )
)
_ONE: Final = _UNPAIRED.where(crm_record.c.crm_id == sa.bindparam("ref"))


def _waiting(connection: sa.Connection, user: UserView) -> Counter[tuple[str, str, str]]:
    rows = connection.execute(_UNPAIRED, {"user": user.user_id})
    reasons = Counter(reason for row in rows if (reason := _why(user, row)))
    return Counter({(Kind.EVENT.value, Side.CRM.value, reason): number for reason, number in reasons.items()})


def why_waiting(connection: sa.Connection, user_id: int, crm_id: str) -> str:
    """Why an event of Salesforce that nothing is wrong with is not in the mailbox; empty if that is not known."""
    user = next(syncing_users(connection, user_id), None)
    row = connection.execute(_ONE, {"user": user_id, "ref": crm_id}).one_or_none()
    return _why(user, row) if user is not None and row is not None else ""


def _why(user: UserView, row: Any) -> str:
    """See `sync.newcomers`: the start rule (LS-106) and the switch for private events (LS-147, LS-151)."""
    settings, since = user.configuration, user.crm_leg_since.get(Kind.EVENT)
    if not settings.events.direction.writes_mailbox:
        return ""
    if row.private and not settings.private:
        return f"Private events stay where they are ({settings.name})."
    before = settings.start is StartRule.EDITED and since is not None and row.last_modified < since
    if row.is_child:
        return "" if before else UNINVITED
    if before:
        return BEFORE
    if row.private and user.private_since is not None and row.last_modified < user.private_since:
        return PRIVATE_BEFORE
    return ""
