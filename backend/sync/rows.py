"""Making the rows of a plan: lines, links, meetings and intents with derived ids (D-2, E-2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from backend.domain.attendees import ATTENDEES, Attendees
from backend.domain.identity import contact_key, derived, item_key, meeting_key
from backend.domain.recurrence import WHOLE
from backend.domain.values import EMPTY, Kind, Side, Values, picked
from backend.ports.answers import Op
from backend.sync.context import Context, digest
from backend.sync.series import ItemView
from backend.sync.state import (
    Intent,
    IntentState,
    Line,
    LineState,
    Link,
    LinkState,
    Meeting,
    MeetingState,
    Origin,
    Ref,
    SeenRecord,
)


def crm_target(line_id: UUID) -> str:
    """Names a record for the index of open intents."""
    return f"crm:{line_id}"


def mailbox_target(user_id: int, link: Link) -> str:
    """Names an item for the index of open intents; an item that is still to be made goes by its link."""
    ref = link.ref or Ref(str(link.id))
    return f"mbx:{user_id}:{ref.mailbox_id}#{ref.original_start}"


def is_open(context: Context, target: str) -> bool:
    """Whether a write of this target is decided and not answered."""
    pending = context.snapshot.pending.get(target)
    return pending is not None and pending.state in (IntentState.PLANNED, IntentState.SENT)


def under_way(context: Context, link: Link) -> bool:
    """Whether a write of this pair is under way: nothing new is decided until it is answered (step 5)."""
    return any(is_open(context, target) for target in (crm_target(link.line_id), mailbox_target(link.user_id, link)))


def link_id(user_id: int, line_id: UUID) -> UUID:
    """Id of a user's link to a line."""
    return derived("link", user_id, line_id)


def new_meeting(uid: str, original_start: str, epoch: int) -> Meeting:
    """A meeting or occurrence that is seen for the first time."""
    return Meeting(derived("meeting", uid, original_start, epoch), uid, original_start, epoch=epoch)


def line_for_meeting(meeting: Meeting) -> Line:
    """The line of a meeting's next record."""
    key = meeting_key(meeting.uid, meeting.original_start, meeting.epoch, meeting.incarnation)
    return Line(derived("line", meeting.id, meeting.incarnation), Kind.EVENT, key, incarnation=meeting.incarnation)


def line_for_contact(user_id: int, mailbox_id: str, incarnation: int) -> Line:
    """The line of the record that a mailbox contact becomes."""
    line = derived("line", Kind.CONTACT, user_id, mailbox_id, incarnation)
    return Line(line, Kind.CONTACT, contact_key(user_id, mailbox_id, incarnation), incarnation=incarnation)


def line_for_record(kind: Kind, record: SeenRecord) -> Line:
    """The line of a record that was there before us.

    The version is part of its id: a record may come back from the Recycle Bin after its first line went on with
    another one that was made in its place.
    """
    sight = (kind, record.crm_id, record.version.isoformat())
    return Line(derived("line", *sight), kind, derived("line-key", *sight), record.crm_id, state=LineState.LIVE)


def next_life(line: Line, meeting: Meeting | None) -> tuple[Line, Meeting | None]:
    """The line as it is made anew on purpose: next incarnation, another key (D-3)."""
    incarnation = line.incarnation + 1
    if meeting is None:
        key = derived("line-key", line.id, incarnation)
        return replace(line, crm_id=None, key=key, incarnation=incarnation, state=LineState.CREATING), None
    key = meeting_key(meeting.uid, meeting.original_start, meeting.epoch, incarnation)
    reborn = replace(line, crm_id=None, key=key, incarnation=incarnation, state=LineState.CREATING)
    return reborn, replace(meeting, incarnation=incarnation)


def released(meeting: Meeting | None) -> Meeting | None:
    """A meeting whose record is no more: should a copy of it return, that is its next incarnation."""
    if meeting is None or meeting.line_id is None:
        return None
    return replace(
        meeting, line_id=None, incarnation=meeting.incarnation + 1, shadow_mailbox=None, shadow_crm=None,
        state=MeetingState.LIVE, orphan_runs=0,
    )  # fmt: skip


def link_to(
    context: Context,
    line: Line,
    *,
    ref: Ref | None,
    state: LinkState,
    origin: Origin,
    lives: int = 0,
    shadows: tuple[Values | None, Values | None] = (None, None),
) -> Link:
    """A new link of this user. `lives`: how often an item was made from this record and the pair has ended."""
    user_id = context.user.user_id
    return Link(
        id=link_id(user_id, line.id),
        user_id=user_id,
        kind=context.kind,
        line_id=line.id,
        key=item_key(user_id, line.crm_id or str(line.id), lives),
        origin=origin,
        state=state,
        mailbox_id=ref.mailbox_id if ref else None,
        original_start=ref.original_start if ref else WHOLE,
        shadow_mailbox=shadows[0],
        shadow_crm=shadows[1],
    )


def intent(
    context: Context,
    link: Link,
    side: Side,
    op: Op,
    values: Values,
    *,
    mailbox: Values = EMPTY,
    crm: Values = EMPTY,
    expect: str | None = None,
    rule: str = "",
    resumed: bool = False,
    notify: bool = False,
    hold: str = "",
) -> Intent:
    """A write, with the values that it was planned from. `resumed`: something with this key may exist already."""
    target = crm_target(link.line_id) if side is Side.CRM else mailbox_target(context.user.user_id, link)
    groups: Collection[str] = values if op is not Op.DELETE else context.groups
    version = context.user.configuration.version
    fingerprint = digest(mailbox, crm, version)
    return Intent(
        id=derived("intent", link.id, link.incarnation, target, op, ",".join(values), fingerprint),
        user_id=context.user.user_id,
        link_id=link.id,
        kind=context.kind,
        side=side,
        op=op,
        target=target,
        values=values,
        from_mailbox=mailbox if values is mailbox else picked(mailbox, groups),
        from_crm=crm if values is crm else picked(crm, groups) if crm else EMPTY,
        expect=expect,
        notify=notify,
        config_version=version,
        state=IntentState.HELD if hold else IntentState.PLANNED,
        attempts=1 if resumed else 0,
        rule=rule,
        hold=hold,
        fingerprint=fingerprint,
    )


def create_record(context: Context, link: Link, view: ItemView, rule: str, *, resumed: bool = False) -> Intent:
    """The write that makes an item's record."""
    values = context.mapped(view.values)
    return intent(context, link, Side.CRM, Op.CREATE, values, mailbox=values, rule=rule, resumed=resumed)


def create_item(context: Context, link: Link, record: SeenRecord, rule: str, *, resumed: bool = False) -> Intent:
    """The write that makes a record's item; without guests, who are asked in a step of their own (LS-123)."""
    values = {group: value for group, value in context.mapped(record.values).items() if group != ATTENDEES}
    planned = intent(context, link, Side.MAILBOX, Op.CREATE, values, crm=values, rule=rule, resumed=resumed)
    if context.kind is Kind.CONTACT or not context.user.configuration.invite_guests:
        return planned
    asked = Attendees(own=True, organizer=None) if _fresh(context, record) else record.values.get(ATTENDEES)
    return planned if asked is None else replace(planned, from_crm={**values, ATTENDEES: asked})


def _fresh(context: Context, record: SeenRecord) -> bool:
    """Whether a record was made after the user's leg began: whom older ones invite was asked long ago (F-9)."""
    since = context.user.crm_leg_since.get(context.kind)
    return since is None or (record.created_at is not None and record.created_at >= since.replace(microsecond=0))
