"""Differences that both sides were left with, since a leg was switched on or two things matched: sent on demand (F-9).

Pure. A difference is sent by taking the target's value for what was agreed: the source then has changed it, and merge,
rights, guests and guards do the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from backend.domain.attendees import ATTENDEES
from backend.domain.projection import project_crm, project_mailbox
from backend.domain.values import EMPTY, Kind, Side, overlaid
from backend.sync.company import COMPANY
from backend.sync.context import Context
from backend.sync.linked import Linked
from backend.sync.state import Link, LinkState, Meeting
from backend.sync.widening import differs, standing_pair


@dataclass(frozen=True, slots=True)
class Difference:
    """A pair in step whose sides hold something else in these groups, and are meant to."""

    pair: Linked
    groups: tuple[str, ...]


def standing(context: Context) -> Iterator[Difference]:
    """The differences of a person's pairs, in order of their links. Companies have rules of their own (H-3)."""
    for link in sorted(context.links.values(), key=lambda link: link.id):
        pair = standing_pair(context, link) if link.state is LinkState.LINKED else None
        if pair is None:
            continue
        moved = pair.changed_mailbox() | pair.changed_crm() | {COMPANY, ATTENDEES}
        groups = tuple(group for group in pair.groups if group not in moved and differs(pair, group))
        if groups:
            yield Difference(pair, groups)


def sent(difference: Difference, source: Side) -> tuple[Link, Meeting | None]:
    """Link and meeting by which the source's values of the groups flow to the other side with the next pass."""
    pair = difference.pair
    kind, link, meeting = pair.context.kind, pair.link, pair.meeting
    if source is Side.MAILBOX:
        base = {group: project_mailbox(kind, group, pair.crm_values.get(group)) for group in difference.groups}
        return replace(link, shadow_mailbox=overlaid(link.shadow_mailbox or EMPTY, base)), None
    base = {group: project_crm(kind, group, pair.view.values.get(group)) for group in difference.groups}
    link = replace(link, shadow_crm=overlaid(link.shadow_crm or EMPTY, base))
    if meeting is None or kind is Kind.CONTACT:
        return link, None
    return link, replace(meeting, shadow_crm=overlaid(meeting.shadow_crm or EMPTY, base))
