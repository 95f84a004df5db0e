"""One plan's surroundings: the snapshot, the user's settings and window, and look-ups over them. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from uuid import UUID

from backend.domain.attendees import ATTENDEES, Attendees
from backend.domain.codec import encode_values
from backend.domain.configuration import KindSettings, MovedRule
from backend.domain.field_choices import groups_of
from backend.domain.field_view import blind, remapped
from backend.domain.fieldmap import GROUPS
from backend.domain.recurrence import WHOLE, Window
from backend.domain.values import EMPTY, Kind, Name, Values, overlaid
from backend.ports.crm import FieldAccess
from backend.sync.meetings import Lead, lead
from backend.sync.series import ItemView, occurrences, single
from backend.sync.state import Line, Link, Meeting, Ref, SeenItem, SeenRecord, UserView, Widened
from backend.sync.store import Snapshot


def title_of(values: Values) -> str:
    """What people call a thing: its subject, or the person's name or address."""
    name = values.get("name")
    if isinstance(name, Name):
        return name.display
    for group in ("subject", "email", "company"):
        value = values.get(group)
        if isinstance(value, str):
            return value
    return ""


def digest(*parts: Values | int) -> str:
    """A short fingerprint of values, to tell whether something changed since."""
    data = [part if isinstance(part, int) else encode_values(part) for part in parts]
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Context:
    """Arguments of `plan` and what follows from them. `links` and `meetings` stand as they are after re-alignment."""

    user: UserView
    kind: Kind
    snapshot: Snapshot
    window: Window
    today: date
    links: Mapping[UUID, Link]
    meetings: Mapping[tuple[str, str], Meeting] = field(default_factory=dict)

    @property
    def settings(self) -> KindSettings:
        """Direction, conflict rule and deletion choice of this kind."""
        return self.user.configuration.of(self.kind)

    @property
    def moved_is_deleted(self) -> bool:
        """Whether leaving the calendar counts as deletion (LS-169); leaving the contact folder never does (H-1)."""
        return self.kind is Kind.EVENT and self.user.configuration.moved is MovedRule.DELETED

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Groups that his field map holds and he may read (INV-28), but those still to be agreed about (F-9)."""
        widened = self.user.widened.get(self.kind, Widened())
        left_out = self.access.hidden | widened.groups
        return tuple(group for group in groups_of(self.kind, self.settings.field_map) if group not in left_out)

    def groups_with(self, record: SeenRecord | None) -> tuple[str, ...]:
        """The groups that can be compared with a record: of the others Salesforce does not show a field."""
        unseen = blind(self.kind, self.settings.field_map, record.further) if record is not None else frozenset()
        return tuple(group for group in self.groups if group not in unseen) if unseen else self.groups

    @property
    def access(self) -> FieldAccess:
        """What the user may read and edit."""
        return self.user.access.get(self.kind, FieldAccess())

    def mapped(self, values: Values) -> Values:
        """Values without groups that the user's field map leaves out or he may not read."""
        unmapped = set(GROUPS[self.kind]).difference(self.groups)
        if unmapped.isdisjoint(values):
            return values
        return {group: value for group, value in values.items() if group not in unmapped}

    @cached_property
    def by_ref(self) -> dict[Ref, Link]:
        """This user's links by item."""
        return {link.ref: link for link in self.links.values() if link.ref is not None}

    @cached_property
    def by_line(self) -> dict[UUID, Link]:
        """This user's links by line."""
        return {link.line_id: link for link in self.links.values()}

    @cached_property
    def by_key(self) -> dict[UUID, Link]:
        """This user's links by the tag of their item."""
        return {link.key: link for link in self.links.values()}

    @cached_property
    def line_of_record(self) -> dict[str, Line]:
        """Lines by Salesforce id."""
        return {line.crm_id: line for line in self.snapshot.lines.values() if line.crm_id}

    @cached_property
    def line_by_key(self) -> dict[UUID, Line]:
        """Lines by key."""
        return {line.key: line for line in self.snapshot.lines.values()}

    @cached_property
    def meeting_of_line(self) -> dict[UUID, Meeting]:
        """Meetings by line."""
        return {meeting.line_id: meeting for meeting in self.meetings.values() if meeting.line_id}

    @cached_property
    def views(self) -> dict[Ref, ItemView]:
        """Everything in the mailbox that this plan looks at, series taken apart into occurrences."""
        known: dict[str, list[str]] = {}
        for link in self.links.values():
            if link.mailbox_id is not None:
                known.setdefault(link.mailbox_id, []).append(link.original_start)
        views: dict[Ref, ItemView] = {}
        for item in self.snapshot.items.values():
            starts = known.get(item.mailbox_id, [])
            if item.series is None and not any(starts):
                view = single(item)
                views[view.ref] = view
            else:
                views |= {Ref(item.mailbox_id, start): v for start, v in self._parts(item, starts).items()}
        return {ref: self._staying(view) for ref, view in views.items()} if self.snapshot.deleted_by else views

    def _staying(self, view: ItemView) -> ItemView:
        """Who deleted his copy is no guest towards Salesforce (D-8); the item itself, `seen`, still names him."""
        asked = view.values.get(ATTENDEES)
        staying = self.without_deleters(view.seen, asked) if isinstance(asked, Attendees) else asked
        return view if staying is asked else replace(view, values={**view.values, ATTENDEES: staying})

    def without_deleters(self, item: SeenItem, asked: Attendees) -> Attendees:
        """The people without those who deleted their copies of the meeting."""
        gone = self.snapshot.deleted_by.get(item.uid or "")
        if not gone:
            return asked
        return replace(asked, people=tuple(one for one in asked.people if one.address not in gone))

    def _parts(self, item: SeenItem, starts: list[str]) -> dict[str, ItemView]:
        parts = occurrences(item, self.window, starts)
        if item.series is None and WHOLE not in parts:
            parts[WHOLE] = single(item)
        return parts

    def line(self, link: Link) -> Line:
        """The link's line."""
        return self.snapshot.lines[link.line_id]

    def record(self, line: Line) -> SeenRecord | None:
        """The line's record, as mirrored."""
        return self.snapshot.records.get(line.crm_id) if line.crm_id else None

    def view(self, link: Link) -> ItemView | None:
        """The link's item, as it stands."""
        return self.views.get(link.ref) if link.ref else None

    def meeting(self, view: ItemView) -> Meeting | None:
        """The meeting an item is a copy of, if it is known already."""
        return self.meetings.get((view.seen.uid or "", view.ref.original_start))

    def lead(self, item: SeenItem) -> Lead:
        """Who writes the record of a meeting. Contacts, and events without a UID, are everybody's own."""
        if self.kind is Kind.CONTACT or not item.uid:
            return Lead(self.user.user_id, self.user.user_id, frozenset({self.user.user_id}))
        organizer = self.snapshot.organizers.get((item.organizer or "").casefold())
        holders = self.snapshot.holders.get(item.uid, ())
        return lead(holders, organizer, declined=item.uid in self.snapshot.declined)

    def left_open(self, item: SeenItem) -> bool:
        """Whether it may be an event that we made for its organiser before he left: that is looked up first (D-9)."""
        return (item.organizer or "").casefold() in self.snapshot.left_open

    def base_crm(self, link: Link) -> Values | None:
        """Shadow of the Salesforce side: the meeting's where there is one, so a new leader misses nothing (D-7).

        Fields that only his map names are his own affair: those of a meeting are the standard ones.
        """
        meeting = self.meeting_of_line.get(link.line_id)
        if meeting is None or meeting.shadow_crm is None:
            return link.shadow_crm
        own = remapped(self.kind, self.settings.field_map)
        if not own:
            return meeting.shadow_crm
        return overlaid(meeting.shadow_crm, {group: (link.shadow_crm or EMPTY).get(group) for group in own})

    def held_digest(self, view: ItemView | None, record: SeenRecord | None) -> str:
        """What a hold remembers: it is asked again when either side or the settings change (LS-090)."""
        mailbox = view.values if view else EMPTY
        crm = record.values if record else EMPTY
        return digest(mailbox, crm, self.user.configuration.version)
