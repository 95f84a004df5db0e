"""Links, lines and meetings of one batch as they stand while its answers come, and the transaction that stores them.

Shadows come from the plan, not from the mirror at commit: the planned-from value on the source side, the read-back
on the target side; and only for the groups that were written (docs/sync.md B.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from backend.domain.field_choices import STANDARD, FieldMap
from backend.domain.field_view import remapped
from backend.domain.recurrence import WHOLE
from backend.domain.values import EMPTY, Kind, Side, Values, overlaid
from backend.ports.crm import Record
from backend.ports.mailbox import Item
from backend.sync import rows
from backend.sync.sight import seen_record
from backend.sync.state import Intent, Line, LineState, Link, Meeting, SeenItem, Todo
from backend.sync.store import Changes


@dataclass
class Batch:
    """The rows of one batch. `changes` collects what its next transaction stores."""

    now: datetime
    links: dict[UUID, Link]
    lines: dict[UUID, Line]
    meetings: dict[UUID, Meeting]
    """By line."""
    changes: Changes = field(default_factory=Changes)
    claimed: set[str] = field(default_factory=set)
    """Remote ids that were bound in this batch."""
    holders: dict[str, UUID] = field(default_factory=dict)
    """Whose something found instead of made is: an item's link, or the line of a record that this user has linked."""
    by_uid: dict[str, Meeting] = field(default_factory=dict)
    """Meetings that are known already of items that were found, single events only."""
    field_map: FieldMap = STANDARD
    changed_links: dict[UUID, Link] = field(default_factory=dict)
    changed_meetings: dict[UUID, Meeting] = field(default_factory=dict)
    _by_record: dict[str, Line] = field(default_factory=dict)
    _indexed: int = -1

    def collected(self) -> Changes:
        """The transaction that stores all answers so far."""
        dropped = set(self.changes.dropped_links)
        self.changes.links = [link for link in self.changed_links.values() if link.id not in dropped]
        self.changes.meetings = list(self.changed_meetings.values())
        return self.changes

    def target_id(self, one: Intent) -> str | None:
        """Id of what a write is for, once it is known."""
        link = self.links[one.link_id]
        return link.mailbox_id if one.side is Side.MAILBOX else self.lines[link.line_id].crm_id

    def again(self, link: Link, side: Side, mailbox_id: str | None) -> None:
        """A mark that the pair is looked at once more: by its item, or by its record as long as there is none."""
        ref = mailbox_id or link.mailbox_id
        if ref is not None:
            self.changes.todos.append(Todo(link.user_id, link.kind, side.value, ref))
            return
        crm_id = self.lines[link.line_id].crm_id
        if crm_id is not None:
            self.changes.todos.append(Todo(link.user_id, link.kind, Side.CRM.value, crm_id))

    def keep(self, link: Link) -> None:
        """The link as it stands from now on."""
        self.links[link.id] = link
        self.changed_links[link.id] = link

    def meeting_of(self, uid: str, line_id: UUID) -> Meeting:
        """The meeting of an item that was made or found, with its record."""
        return replace(self.by_uid.get(uid) or rows.new_meeting(uid, WHOLE, 0), line_id=line_id)

    def keep_meeting(self, meeting: Meeting) -> None:
        """The meeting as it stands from now on."""
        if meeting.line_id is not None:
            self.meetings[meeting.line_id] = meeting
        self.changed_meetings[meeting.id] = meeting

    def taken(self, one: Intent, found: str) -> bool:
        """Whether another pair of this user has it: nothing is bound twice (INV-1)."""
        return self.holders.get(found, self._own(one)) != self._own(one)

    def claim(self, one: Intent, found: str) -> None:
        """What was found is this write's from now on."""
        self.claimed.add(found)
        self.holders[found] = self._own(one)

    def _own(self, one: Intent) -> UUID:
        return one.link_id if one.side is Side.MAILBOX else self.links[one.link_id].line_id

    def bind_record(self, link: Link, crm_id: str) -> Link:
        """The line gets its record; where another line stands for it already, the link goes over to that one."""
        line = self.lines[link.line_id]
        other = self._standing(crm_id)
        if other is None or other.id == line.id:
            self.lines[line.id] = self._by_record[crm_id] = replace(line, crm_id=crm_id, state=LineState.LIVE)
            self.changes.lines.append(self.lines[line.id])
            return link
        meeting = self.meetings.pop(line.id, None)
        if meeting is not None:
            self.meetings[other.id] = replace(meeting, line_id=other.id)
        return replace(link, line_id=other.id)

    def _standing(self, crm_id: str) -> Line | None:
        """The line that stands for a record."""
        if self._indexed != len(self.lines):
            self._by_record = {line.crm_id: line for line in self.lines.values() if line.crm_id}
            self._indexed = len(self.lines)
        return self._by_record.get(crm_id)

    def agree(self, link: Link, mailbox: Values, crm: Values, *, replaced: bool = False) -> None:
        """Moves the shadows of link and meeting. Groups that the read-back does not tell stay as planned."""
        base_mailbox = EMPTY if replaced else link.shadow_mailbox or EMPTY
        base_crm = EMPTY if replaced else link.shadow_crm or EMPTY
        link = replace(link, shadow_mailbox=overlaid(base_mailbox, mailbox), shadow_crm=overlaid(base_crm, crm))
        self.keep(link)
        meeting = self.meetings.get(link.line_id)
        if meeting is not None:
            old_mailbox = EMPTY if replaced else meeting.shadow_mailbox or EMPTY
            old_crm = EMPTY if replaced else meeting.shadow_crm or EMPTY
            self.keep_meeting(
                replace(
                    meeting,
                    line_id=link.line_id,
                    shadow_mailbox=overlaid(old_mailbox, mailbox),
                    shadow_crm=overlaid(old_crm, _shared(link.kind, self.field_map, crm)),
                )
            )

    def mirror(self, stored: Item | Record | None, seen: SeenItem | None, one: Intent) -> None:
        """What stands there now belongs to the mirror at once (C16)."""
        if isinstance(stored, Record):
            self.changes.records.append((one.kind, seen_record(stored)))
        elif seen is not None:
            self.changes.items.append(seen)


def _shared(kind: Kind, field_map: FieldMap, crm: Values) -> Values:
    """Values of a meeting's record without fields that only one person's map names."""
    own = remapped(kind, field_map)
    return {group: value for group, value in crm.items() if group not in own} if own else crm
