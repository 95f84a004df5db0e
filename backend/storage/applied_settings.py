"""Carries a change of people, assignments or configurations to everybody it concerns (docs/sync.md G).

Called at the end of every transaction that changes one of the three. Whoever gets other settings than before looks at
everything in his next pass; where more than before is asked for, it is also read again from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from backend.domain.configuration import Configuration, Direction, SeriesRule, Which
from backend.domain.field_view import pointed
from backend.domain.values import Kind
from backend.storage import legs, todos
from backend.storage.assignment import Applied, Assignments, resolve
from backend.storage.configuration_codec import COLUMNS, decode_configuration, decode_settings, encode_configuration
from backend.storage.holders import lead_anew
from backend.storage.statements import run_many, upsert
from backend.storage.tables import assignment, link, mailbox_item, organisation, person, selection, stream, user_state
from backend.sync.sight import SERIES_STAY
from backend.sync.state import Origin, Presence

_LEGS: Final = {Kind.CONTACT: "contacts_leg_since", Kind.EVENT: "events_leg_since"}
_PEOPLE = (
    sa.select(
        person.c.id,
        person.c.username,
        person.c.address,
        person.c.profile,
        person.c.active,
        user_state.c.configuration_id,
        user_state.c.syncs,
        user_state.c.because,
        sa.cast(user_state.c.applied, sa.Text).label("applied"),
        user_state.c.config_version,
        user_state.c.assigned_at,
        user_state.c.contacts_leg_since,
        user_state.c.events_leg_since,
        user_state.c.private_since,
        user_state.c.legs,
    )
    .join(user_state, user_state.c.user_id == person.c.id, isouter=True)
    .order_by(person.c.id)
)
_FORGET_CURSOR = (
    sa.update(stream)
    .where(stream.c.user_id == sa.bindparam("user"), stream.c.kind == sa.bindparam("of_kind"))
    .values(cursor=None)
)

_NOT_SELECTED: Final = "Not selected: this configuration syncs events that users select."
_PRIVATE_STAYS: Final = "Private events stay where they are."
_FORGET_PRIVATE = (
    sa.update(mailbox_item)
    .where(
        mailbox_item.c.user_id == sa.bindparam("user"),
        mailbox_item.c.kind == Kind.EVENT.value,
        mailbox_item.c["values"]["private"].as_boolean(),
    )
    .values(
        {
            "presence": Presence.OUTSIDE.value,
            "values": None,
            "series": None,
            "problem": _PRIVATE_STAYS,
        }
    )
)
"""Of a private event no more is kept than that it is there, once it is not to be synced (LS-150)."""

_FORGET_SERIES = (
    sa.update(mailbox_item)
    .where(
        mailbox_item.c.user_id == sa.bindparam("user"),
        mailbox_item.c.kind == Kind.EVENT.value,
        mailbox_item.c.presence == Presence.HERE.value,
        mailbox_item.c.series.is_not(None),
    )
    .values({"presence": Presence.OUTSIDE.value, "values": None, "series": None, "problem": SERIES_STAY})
)
"""The same for repeating events, once they are left alone (LS-152)."""

_CHOSEN = sa.select(selection.c.uid).where(
    selection.c.user_id == mailbox_item.c.user_id, selection.c.ended_at.is_(None)
)
_FROM_SALESFORCE = sa.select(link.c.mailbox_id).where(
    link.c.user_id == mailbox_item.c.user_id,
    link.c.kind == Kind.EVENT.value,
    link.c.mailbox_id.is_not(None),
    link.c.origin != Origin.MAILBOX.value,
)
_FORGET_UNSELECTED = (
    sa.update(mailbox_item)
    .where(
        mailbox_item.c.user_id == sa.bindparam("user"),
        mailbox_item.c.kind == Kind.EVENT.value,
        mailbox_item.c.presence == Presence.HERE.value,
        sa.func.coalesce(mailbox_item.c.uid, "").not_in(_CHOSEN),
        mailbox_item.c.mailbox_id.not_in(_FROM_SALESFORCE),
    )
    .values({"presence": Presence.OUTSIDE.value, "values": None, "series": None, "problem": _NOT_SELECTED})
)
"""The same for what nobody selected, once only selected events sync (F.3)."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One person's settings before and after; None: he did not sync, or no longer does."""

    row: Any
    applied: Applied
    before: Configuration | None
    after: Configuration | None

    @property
    def settings_changed(self) -> bool:
        """Whether other settings apply to him now."""
        return self.before != self.after


def carry_out(connection: sa.Connection, now: datetime) -> frozenset[int]:
    """Brings everybody's applied settings up to date; ids of those to whom other settings apply now."""
    assignments = load_assignments(connection)
    rows = connection.execute(_PEOPLE).all()
    answers = resolve(rows, assignments)
    changes = [change for row in rows if (change := _change(row, answers[row.id], assignments)) is not None]
    upsert(connection, user_state, [_state(change, now) for change in changes])
    others = [change for change in changes if change.settings_changed]
    _look_again(connection, [change for change in others if change.after is not None])
    lead_anew(connection, (change.row.id for change in others), {row.id for row in rows if answers[row.id].syncs})
    return frozenset(change.row.id for change in others)


def load_assignments(connection: sa.Connection) -> Assignments:
    """Everything that decides which configuration applies."""
    rows = connection.execute(sa.select(assignment)).all()
    return Assignments(
        {row.id: decode_configuration(row) for row in connection.execute(sa.select(*COLUMNS))},
        {row.username.casefold(): row.configuration_id for row in rows if row.username is not None},
        {row.profile.casefold(): row.configuration_id for row in rows if row.profile is not None},
    )


def _change(row: Any, applied: Applied, assignments: Assignments) -> _Change | None:
    after = assignments.configurations[applied.configuration_id or 0] if applied.syncs else None
    after = None if after is None else _comparable(after)
    before = decode_settings(row.applied) if row.syncs and row.applied is not None else None
    stored = (row.configuration_id, row.syncs, row.because)
    if before == after and stored == (applied.configuration_id, applied.syncs, applied.because):
        return None
    return _Change(row, applied, before, after)


def _comparable(settings: Configuration) -> Configuration:
    """Without what makes no difference to anybody's items."""
    return replace(settings, name="", active=True, version=1)


def _state(change: _Change, now: datetime) -> dict[str, Any]:
    row, after = change.row, change.after
    since = {column: _leg_since(change, kind, now) for kind, column in _LEGS.items()}
    return since | {
        "private_since": _private_since(change, now),
        "legs": legs.followed(row.legs, change.before, after),
        "user_id": row.id,
        "configuration_id": change.applied.configuration_id,
        "syncs": change.applied.syncs,
        "because": change.applied.because,
        "applied": None if after is None else encode_configuration(after),
        "config_version": (row.config_version or 0) + change.settings_changed,
        "assigned_at": row.assigned_at if change.before is not None else now,
    }


def _leg_since(change: _Change, kind: Kind, now: datetime) -> datetime | None:
    """When the Salesforce → mailbox leg that now runs was switched on (F-6)."""
    if change.after is None or not change.after.of(kind).direction.writes_mailbox:
        return None
    ran_before = change.before is not None and change.before.of(kind).direction.writes_mailbox
    since: datetime | None = change.row._mapping[_LEGS[kind]]
    return since if ran_before else now


def _private_since(change: _Change, now: datetime) -> datetime | None:
    """When private events were switched on: older ones wait until they are changed (LS-151)."""
    if change.after is None or not change.after.private:
        return None
    ran_before = change.before is not None and change.before.private
    since: datetime | None = change.row.private_since
    return since if ran_before else now


def _look_again(connection: sa.Connection, changes: list[_Change]) -> None:
    todos.mark_everything(connection, [change.row.id for change in changes])
    for kind in Kind:
        wider = [change.row.id for change in changes if _mailbox_widens(kind, change.before, change.after)]
        run_many(connection, _FORGET_CURSOR, [{"user": user, "of_kind": kind.value} for user in wider])
    left = [change.row.id for change in changes if _selection_begins(change.before, change.after)]
    run_many(connection, _FORGET_UNSELECTED, [{"user": user} for user in left])
    alone = [change.row.id for change in changes if _series_end(change.before, change.after)]
    run_many(connection, _FORGET_SERIES, [{"user": user} for user in alone])
    hidden = [change.row.id for change in changes if _private_ends(change.before, change.after)]
    run_many(connection, _FORGET_PRIVATE, [{"user": user} for user in hidden])
    if any(_salesforce_widens(change.before, change.after) for change in changes):
        connection.execute(sa.update(organisation).values(mark=None))


def _private_ends(before: Configuration | None, after: Configuration | None) -> bool:
    return before is not None and after is not None and before.private and not after.private


def _series_end(before: Configuration | None, after: Configuration | None) -> bool:
    if before is None or after is None:
        return False
    return after.series is SeriesRule.OFF and before.series is not SeriesRule.OFF


def _selection_begins(before: Configuration | None, after: Configuration | None) -> bool:
    return after is not None and after.which is Which.SELECTED and before is not None and before.which is Which.ALL


def _mailbox_widens(kind: Kind, before: Configuration | None, after: Configuration | None) -> bool:
    """Whether items count now that were left out when they were read."""
    if after is None or after.of(kind).direction is Direction.OFF:
        return False
    if before is None or before.of(kind).direction is Direction.OFF:
        return True
    if after.of(kind).direction.writes_crm and not before.of(kind).direction.writes_crm:
        return True
    return kind is Kind.EVENT and (
        after.days_back > before.days_back
        or after.days_ahead > before.days_ahead
        or (after.which is Which.ALL and before.which is Which.SELECTED)
        or (after.private and not before.private)
        or (after.series is not SeriesRule.OFF and before.series is SeriesRule.OFF)
    )


def _salesforce_widens(before: Configuration | None, after: Configuration | None) -> bool:
    """Whether records count now that nobody may have kept."""
    if after is None:
        return False
    if before is None or after.contact_filter != before.contact_filter or _runs(before) != _runs(after):
        return True
    return any(
        set(pointed(kind, after.of(kind).field_map)) - set(pointed(kind, before.of(kind).field_map)) for kind in Kind
    )


def _runs(settings: Configuration) -> frozenset[Kind]:
    return frozenset(kind for kind in Kind if settings.of(kind).direction is not Direction.OFF)
