"""A leg that is switched on agrees to the differences it finds: they stay as they are on both sides (F-9).

Done once, before anything is planned by the new settings; what is changed afterwards flows as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.domain.projection import equivalent
from backend.domain.values import Kind, Side
from backend.sync.context import Context
from backend.sync.linked import Linked, meeting_shadows, with_shadows
from backend.sync.matrix import Seen
from backend.sync.pairs import decides
from backend.sync.state import Link, LinkState, Meeting, Presence, Widened
from backend.sync.store import Changes


@dataclass(frozen=True, slots=True)
class Agreement:
    """One pair and the groups in which both sides differ and are to stay as they are."""

    link: Link
    meeting: Meeting | None
    groups: frozenset[str]


def agreements(context: Context, widened: Widened) -> Iterator[Agreement]:
    """What a widening agrees to."""
    for link in sorted(context.links.values(), key=lambda link: link.id):
        pair = _pair(context, link)
        if pair is None:
            continue
        groups = _found(pair, widened)
        if groups:
            agreed = with_shadows(link, pair.view.values, pair.crm_values, set(groups))
            yield Agreement(agreed, meeting_shadows(pair, set(groups)), groups)


def changes_for(agreed: Iterable[Agreement], kind: Kind, widened: Widened) -> Changes:
    """The agreements as one transaction, which ends the widening too."""
    changes = Changes(widened=(kind, widened))
    for one in agreed:
        changes.links.append(one.link)
        if one.meeting is not None:
            changes.meetings.append(one.meeting)
    return changes


def _pair(context: Context, link: Link) -> Linked | None:
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
    kind = pair.context.kind
    return frozenset(
        group
        for group in (silent - spoken) | (widened.groups & set(pair.context.groups))
        if not equivalent(kind, group, pair.view.values.get(group), pair.crm_values.get(group))
    )
