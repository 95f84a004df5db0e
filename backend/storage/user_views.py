"""Users as the engine sees them: who syncs, by which settings, from when on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import follows, legs, unresolved
from backend.storage.configuration_codec import COLUMNS, decode_configuration
from backend.storage.tables import configuration, person, selection, user_state
from backend.sync.state import UserView

_SELECTIONS = sa.select(selection.c.user_id, selection.c.uid, selection.c.original_start).where(
    selection.c.ended_at.is_(None)
)
_USERS = (
    sa.select(
        person.c.id.label("user_id"),
        person.c.crm_user_id,
        person.c.username,
        person.c.name.label("person_name"),
        person.c.address,
        sa.func.coalesce(user_state.c.mailbox_zone, person.c.zone).label("zone"),
        user_state.c.mailbox_id,
        user_state.c.mailbox_address,
        user_state.c.config_version,
        user_state.c.contacts_leg_since,
        user_state.c.events_leg_since,
        user_state.c.private_since,
        user_state.c.legs,
        *COLUMNS,
    )
    .join(user_state, user_state.c.user_id == person.c.id)
    .join(configuration, configuration.c.id == user_state.c.configuration_id)
    .where(user_state.c.syncs)
    .order_by(person.c.id)
)
_ONE: sa.BindParameter[int] = sa.bindparam("one_user")
_ONE_USER = _USERS.where(person.c.id == _ONE)
_HIS_SELECTIONS = _SELECTIONS.where(selection.c.user_id == _ONE)


def syncing_users(connection: sa.Connection, user_id: int | None = None) -> Iterator[UserView]:
    """Those who sync, in order of id; or the one asked for, if he does."""
    users, chosen = (_USERS, _SELECTIONS) if user_id is None else (_ONE_USER, _HIS_SELECTIONS)
    whose = {} if user_id is None else {"one_user": user_id}
    selections: dict[int, set[tuple[str, str]]] = {}
    for chosen_by, uid, original_start in connection.execute(chosen, whose):
        selections.setdefault(chosen_by, set()).add((uid, original_start))
    rows = connection.execute(users, whose).all()
    followed = follows.by_user(connection, rows[0].crm_user_id if rows and user_id is not None else None)
    spelt = unresolved.spellings(connection, user_id)
    for row in rows:
        view = _view(row, frozenset(selections.get(row.user_id, ())), followed.get(row.crm_user_id, frozenset()))
        yield replace(view, spellings=spelt.get(row.user_id, {}))


def _view(row: Any, selections: frozenset[tuple[str, str]], followed: frozenset[str]) -> UserView:
    """The version is the user's own: it rises whenever the settings that apply to him become others (F-8)."""
    since = {Kind.CONTACT: row.contacts_leg_since, Kind.EVENT: row.events_leg_since}
    return UserView(
        user_id=row.user_id,
        crm_user_id=row.crm_user_id,
        username=row.username,
        name=row.person_name,
        address=row.address,
        zone=row.zone,
        configuration=replace(decode_configuration(row), version=row.config_version),
        version=row.config_version,
        crm_leg_since={kind: moment for kind, moment in since.items() if moment is not None},
        selections=selections,
        mailbox_id=row.mailbox_id,
        mailbox_address=row.mailbox_address,
        private_since=row.private_since,
        followed=followed,
        widened=legs.widened(row.legs),
    )
