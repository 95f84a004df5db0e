"""Pairing in special cases: stops left in another mailbox, creates cut off by a reset, cards used anew, doubts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from backend.domain.identity import contact_key, same_name, same_person
from backend.domain.values import Kind, Name, Values
from backend.sync import rows
from backend.sync.context import Context, title_of
from backend.sync.plan import Step, Verb
from backend.sync.series import ItemView
from backend.sync.state import IntentState, Line, LineState, Link, LinkState, SeenRecord


def stop_follows(context: Context, view: ItemView, link: Link) -> Step | None:
    """A stop whose item was left behind in another mailbox stays a stop of the same meeting (G-2, G-3)."""
    if link.state is not LinkState.STOPPED or context.view(link) is not None:
        return None
    moved = replace(link, mailbox_id=view.ref.mailbox_id, original_start=view.ref.original_start)
    return Step(Verb.REPOINT, Kind.EVENT, title_of(view.values), "The same meeting in another mailbox.", link=moved)


def found_again(context: Context, line: Line, tagged: Sequence[SeenRecord]) -> Line | None:
    """The line with the record that its key names, where whoever made it was reset before the answer came (C22)."""
    pending = context.snapshot.pending.get(rows.crm_target(line.id))
    under_way = pending is not None and pending.state in (IntentState.PLANNED, IntentState.SENT)
    if line.crm_id is not None or under_way or not tagged:
        return None
    return replace(line, crm_id=tagged[0].crm_id, state=LineState.LIVE)


def line_of_card(context: Context, view: ItemView, life: int, by_key: Mapping[UUID, Sequence[SeenRecord]]) -> Line:
    """The line of the record that a card becomes. life: how often its pair ended.

    A card may be used for somebody else. If its key names the record of who it was before, that one stays with its own
    pair, and the card begins another life (D-3, G-2).
    """
    user_id, card = context.user.user_id, view.ref.mailbox_id
    while any(not same_person(view.values, one.values) for one in by_key.get(contact_key(user_id, card, life), ())):
        life += 1
    return rows.line_for_contact(user_id, card, life)


def doubt(item: Values, record: Values, records: int, items: int) -> str:
    """Why a match may be the wrong one, in a sentence; empty if nothing speaks against it.

    records, items: how many things of each side are equal by what they are known by, these two included.
    """
    if records > 1:
        return f"{records} records of Salesforce are equal; the configuration's preference chose this one."
    if items > 1:
        return f"{items} things of the mailbox are equal; the oldest one is paired."
    mine, other = item.get("name"), record.get("name")
    if isinstance(mine, Name) and isinstance(other, Name) and not same_name(item, record):
        return f"Same address, another name: it is “{other.display}” in Salesforce."
    return ""
