"""A leg that is switched on agrees to the differences it finds: they stay as they are on both sides (F-9).

Done once, before anything is planned by the new settings; what is changed afterwards flows as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from backend.domain.field_choices import FieldMap
from backend.domain.field_view import blind, pointed
from backend.domain.projection import equivalent
from backend.domain.spelling import region_of
from backend.domain.values import Kind, Side
from backend.sync.context import Context
from backend.sync.linked import Linked, meeting_shadows, with_shadows
from backend.sync.matrix import Seen
from backend.sync.pairs import decides
from backend.sync.state import EVERYTHING, Link, LinkState, Meeting, Presence, Todo, Widened
from backend.sync.store import Changes, Snapshot


@dataclass(frozen=True, slots=True)
class Agreement:
    """One pair and the groups in which both sides differ and are to stay as they are; link: with those that agree."""

    link: Link
    meeting: Meeting | None
    groups: frozenset[str]


def agreements(context: Context, widened: Widened) -> Iterator[Agreement]:
    """What a widening agrees to."""
    for link in sorted(context.links.values(), key=lambda link: link.id):
        pair = standing_pair(context, link)
        if pair is None:
            continue
        groups = _found(pair, widened)
        settled = {*groups, *(widened.groups & set(pair.groups))}  # those that are equal too: nothing of them was kept
        agreed = with_shadows(link, pair.view.values, pair.crm_values, settled)
        if groups or agreed != link:
            yield Agreement(agreed, meeting_shadows(pair, set(groups)), groups)


def ripe(
    widened: Widened, kind: Kind, field_map: FieldMap, marks: Iterable[Todo], contexts: Iterable[Context]
) -> Widened:
    """How much of a widening can be agreed about now: a group waits while Salesforce does not show a field of it.

    contexts: all that is marked. Where that is not everything, one record has to show the field: it marked the others.
    """
    far = frozenset(row.group for row, _ in pointed(kind, field_map)) & widened.groups
    if not far:
        return widened
    shown, unseen = any(mark.side == EVERYTHING for mark in marks), set[str]()
    for context in contexts:
        for record in context.snapshot.records.values():
            if record.presence is Presence.HERE:
                shown = True
                unseen |= blind(kind, field_map, record.further)
    return replace(widened, groups=widened.groups - (unseen if shown else far))


def rehearsed(snapshot: Snapshot, agreed: Changes) -> Snapshot:
    """The snapshot with what a rehearsal would have agreed about and did not store."""
    links = {link.id: link for link in agreed.links}
    meetings = {(meeting.uid, meeting.original_start): meeting for meeting in agreed.meetings}
    if not links:
        return snapshot
    return replace(snapshot, links={**snapshot.links, **links}, meetings={**snapshot.meetings, **meetings})


def changes_for(agreed: Iterable[Agreement], kind: Kind, widened: Widened) -> Changes:
    """The agreements as one transaction, which ends the widening too."""
    changes = Changes(widened=(kind, widened))
    for one in agreed:
        changes.links.append(one.link)
        if one.meeting is not None:
            changes.meetings.append(one.meeting)
    return changes


def standing_pair(context: Context, link: Link) -> Linked | None:
    """The pair, if both sides are there and it is this copy that decides about them."""
    if link.state not in (LinkState.LINKED, LinkState.PARKED, LinkState.HELD):
        return None
    if link.shadow_mailbox is None or link.shadow_crm is None:
        return None
    view, record = context.view(link), context.record(context.line(link))
    if view is None or record is None or {view.presence, record.presence} != {Presence.HERE}:
        return None
    pair = Linked(context, link, view, record)
    return pair if context.kind is Kind.CONTACT or decides(pair, Seen.SAME) else None


def _found(pair: Linked, widened: Widened) -> frozenset[str]:
    """Groups in which only sides that were silent until now have moved, and those that are mapped anew."""
    changed = {Side.MAILBOX: pair.changed_mailbox(), Side.CRM: pair.changed_crm()}
    silent = frozenset().union(*(changed[side] for side in widened.sides))
    spoken = frozenset().union(*(changed[side] for side in Side if side not in widened.sides))
    return frozenset(group for group in (silent - spoken) | (widened.groups & set(pair.groups)) if differs(pair, group))


def differs(pair: Linked, group: str) -> bool:
    """Whether the two sides hold something else, up to spelling and to what each can hold."""
    region = region_of(pair.context.user.zone)
    return not equivalent(pair.context.kind, group, pair.view.values.get(group), pair.crm_values.get(group), region)
