"""One linked pair, and its shadows once both sides agree (docs/sync.md B.5 step 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from backend.domain.field_view import remapped
from backend.domain.values import EMPTY, Values, differing, overlaid
from backend.sync.context import Context, title_of
from backend.sync.matrix import Seen
from backend.sync.plan import Step, Verb
from backend.sync.scope import left_out
from backend.sync.series import ItemView
from backend.sync.sight import MOVED_AWAY
from backend.sync.state import Line, Link, LinkState, Meeting, Origin, Presence, SeenRecord

PRESENCE: Final = {
    Presence.GONE: Seen.GONE,
    Presence.OUTSIDE: Seen.OUTSIDE,
    Presence.UNKNOWN: Seen.UNKNOWN,
}


class Linked:
    """One linked pair with everything that decides about it."""

    def __init__(self, context: Context, link: Link, view: ItemView, record: SeenRecord | None) -> None:
        self.context = context
        self.view = view
        self.record = record
        self.line: Line = context.line(link)
        self.meeting: Meeting | None = context.meeting_of_line.get(link.line_id)
        self.link = _based(link, self.meeting, remapped(context.kind, context.settings.field_map))
        self.base_crm = context.base_crm(link)
        self.groups = context.groups_with(record)

    @property
    def crm_values(self) -> Values:
        """The record's values, empty if there is none."""
        return self.record.values if self.record else EMPTY

    @property
    def title(self) -> str:
        """What people call the pair."""
        return title_of(self.view.values) or title_of(self.crm_values) or title_of(self.link.shadow_crm or EMPTY)

    def changed_mailbox(self) -> frozenset[str]:
        """Groups in which the item left its shadow."""
        return differing(self.view.values, self.link.shadow_mailbox or EMPTY, self.groups)

    def changed_crm(self) -> frozenset[str]:
        """Groups in which the record left its shadow."""
        return differing(self.crm_values, self.base_crm or EMPTY, self.groups)

    def mailbox_seen(self) -> Seen:
        """Where the item stands."""
        if self.view.presence is not Presence.HERE:
            return Seen.GONE if self._moved_away() else PRESENCE[self.view.presence]
        if left_out(self.context.kind, self.context.user.configuration, self.view.values, self.context.window):
            return Seen.OUTSIDE
        return Seen.CHANGED if self.changed_mailbox() else Seen.SAME

    def _moved_away(self) -> bool:
        """Whether it left the calendar by which it counts as deleted; what was parked before that rule stays parked."""
        outside = self.view.presence is Presence.OUTSIDE and self.view.seen.problem == MOVED_AWAY
        return outside and self.context.moved_is_deleted and self.link.state is not LinkState.PARKED

    def crm_seen(self) -> Seen:
        """Where the record stands. A record that the filter brought leaves with the filter (G); others stay."""
        if self.record is None or self.record.problem:
            return Seen.UNKNOWN
        if self.record.presence is not Presence.HERE:
            return PRESENCE[self.record.presence]
        if self.link.origin is Origin.CRM and self.record.crm_id not in self.context.snapshot.in_scope:
            return Seen.OUTSIDE
        if left_out(self.context.kind, self.context.user.configuration, self.record.values, self.context.window):
            return Seen.OUTSIDE
        return Seen.CHANGED if self.changed_crm() else Seen.SAME

    def step(self, verb: Verb, rule: str, link: Link | None = None, **more: object) -> Step:
        """A step about this pair."""
        unit = f"{self.link.mailbox_id or self.link.id}"
        return replace(Step(verb, self.context.kind, self.title, rule, link=link, unit=unit), **more)  # type: ignore[arg-type]  # keyword names are Step's own

    def state(self, verb: Verb, state: LinkState, reason: str) -> Step:
        """A step that changes only the link's state."""
        return self.step(verb, reason, replace(self.link, state=state, reason=reason))


def _based(link: Link, meeting: Meeting | None, own: frozenset[str]) -> Link:
    """A link that joined before the record was bound takes the meeting's shadows now, never its item's values (D-6).

    Of groups in fields that are his own (`own`) nothing was agreed yet.
    """
    waited = link.state is LinkState.CREATING and link.shadow_mailbox is None and link.shadow_crm is None
    if not waited or meeting is None:
        return link
    if own and meeting.shadow_mailbox is not None and meeting.shadow_crm is not None:
        mailbox, crm = (
            {group: value for group, value in shadow.items() if group not in own}
            for shadow in (meeting.shadow_mailbox, meeting.shadow_crm)
        )
        return replace(link, shadow_mailbox=mailbox, shadow_crm=crm)
    return replace(link, shadow_mailbox=meeting.shadow_mailbox, shadow_crm=meeting.shadow_crm)


def with_shadows(link: Link, mailbox: Values, crm: Values, groups: set[str]) -> Link:
    """The link once both sides agree on these groups as they are."""
    return replace(
        link,
        shadow_mailbox=overlaid(link.shadow_mailbox or EMPTY, {group: mailbox.get(group) for group in groups}),
        shadow_crm=overlaid(link.shadow_crm or EMPTY, {group: crm.get(group) for group in groups}),
    )


def meeting_shadows(pair: Linked, groups: set[str]) -> Meeting | None:
    """The meeting, if there is one, once these groups are agreed as they are."""
    if pair.meeting is None or not groups:
        return None
    mailbox = {group: pair.view.values.get(group) for group in groups}
    own = remapped(pair.context.kind, pair.context.settings.field_map)
    crm = {group: pair.crm_values.get(group) for group in groups - own}
    return replace(
        pair.meeting,
        shadow_mailbox=overlaid(pair.meeting.shadow_mailbox or EMPTY, mailbox),
        shadow_crm=overlaid(pair.meeting.shadow_crm or EMPTY, crm),
    )
