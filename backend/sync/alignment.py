"""Before pairs are compared: rows follow a changed rule (E-3), and ids that changed are found again (D-13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from backend.domain.identity import natural_key, strong_key
from backend.domain.recurrence import WHOLE, Window, start_key
from backend.domain.timezones import UnknownZone
from backend.domain.values import EMPTY, AllDay, Kind, Timed, Values
from backend.sync.context import Context, title_of
from backend.sync.plan import Step, Verb
from backend.sync.rows import new_meeting, released
from backend.sync.series import ItemView, realigned, same_times, sound
from backend.sync.state import (
    Line,
    LineState,
    Link,
    LinkState,
    Meeting,
    Presence,
    SeenItem,
    SeenRecord,
    SeriesRow,
    Tombstone,
    UserView,
)
from backend.sync.store import Snapshot

_TAKEN: Final = "It became a series that has another record for this time; this record stays and is not followed."


@dataclass
class Aligned:
    """The rows after alignment, and the steps that took them there."""

    links: dict[UUID, Link]
    meetings: dict[tuple[str, str], Meeting]
    series: dict[str, SeriesRow]
    steps: list[Step]


def align(user: UserView, snapshot: Snapshot, window: Window, today: date) -> Aligned:
    """Re-aligns the rows of every series whose rule changed, and turns one-off rows into series rows and back."""
    aligned = Aligned(dict(snapshot.links), dict(snapshot.meetings), dict(snapshot.series), [])
    epochs = latest_epochs(snapshot.meetings.values())
    by_item: dict[str, list[Link]] = {}
    for link in snapshot.links.values():
        if link.mailbox_id is not None:
            by_item.setdefault(link.mailbox_id, []).append(link)
    for item in sorted(snapshot.items.values(), key=lambda item: item.mailbox_id):
        if item.presence is not Presence.HERE or item.problem:
            continue
        rows = sorted(by_item.get(item.mailbox_id, []), key=lambda link: link.original_start)
        known = epochs.get(item.uid or "", 0)
        _align_item(aligned, user, item, rows, known, window, today)
    return aligned


def latest_epochs(meetings: Iterable[Meeting]) -> dict[str, int]:
    """The highest epoch in use, by UID: whoever moved these meetings, keys of an epoch are never given out anew."""
    latest: dict[str, int] = {}
    for meeting in meetings:
        latest[meeting.uid] = max(meeting.epoch, latest.get(meeting.uid, 0))
    return latest


def _align_item(
    aligned: Aligned, user: UserView, item: SeenItem, rows: list[Link], epoch: int, window: Window, today: date
) -> None:
    row = aligned.series.get(item.mailbox_id)
    moves: dict[str, str] = {}
    if item.series is not None:
        moves = {} if row is None else _along(row, item, rows, today)
        moves |= _into_series(item, rows, {moves.get(link.original_start, link.original_start) for link in rows})
    elif any(link.original_start for link in rows):
        moves = _into_single(item, rows)
    changed = row is not None and item.series is not None and not same_times(row.definition, item.series)
    epoch = max(epoch, row.epoch if row else 0) + (1 if moves or changed else 0)
    if item.series is not None and WHOLE not in moves:
        stray = [link for link in rows if link.original_start == WHOLE and link.state is not LinkState.STOPPED]
        aligned.steps += [_without_place(aligned, item, link) for link in stray]
    _move(aligned, item, {link.id: moves[link.original_start] for link in rows if link.original_start in moves}, epoch)
    _remember(aligned, user, item, row, window, epoch)


def _along(row: SeriesRow, item: SeenItem, rows: list[Link], today: date) -> dict[str, str]:
    if item.series is None:
        return {}
    changed_on = min(today, item.modified_at.date()) if item.modified_at is not None else today
    try:
        return realigned(row.definition, item.series, [link.original_start for link in rows], changed_on)
    except (UnknownZone, ValueError, TypeError):
        return {}


def _first_start(item: SeenItem) -> str | None:
    when = item.values.get("when")
    return start_key(when) if isinstance(when, Timed | AllDay) else None


def _into_series(item: SeenItem, rows: list[Link], taken: set[str]) -> dict[str, str]:
    """A one-off became a series: its record is the row of the first occurrence (E-5, LS-158 with ids kept).

    It may have been a series before; a row that was stopped then can have the place.
    """
    start = _first_start(item)
    return {WHOLE: start} if start and start not in taken and any(not link.original_start for link in rows) else {}


def _into_single(item: SeenItem, rows: list[Link]) -> dict[str, str]:
    start = _first_start(item)
    starts = [link.original_start for link in rows if link.original_start]
    if not starts or any(link.original_start == WHOLE for link in rows):
        return {}
    return {start if start in starts else starts[0]: WHOLE}


def _move(aligned: Aligned, item: SeenItem, moves: dict[UUID, str], epoch: int) -> None:
    """Rows take their new places together: one may go where another one leaves."""
    uid = item.uid or ""
    links = [aligned.links[link_id] for link_id in moves]
    along: dict[UUID, Meeting] = {}
    for link in links:
        meeting = aligned.meetings.get((uid, link.original_start))
        if meeting is not None and meeting.line_id == link.line_id:
            along[link.id] = meeting
            del aligned.meetings[uid, link.original_start]
    for link in links:
        aligned.steps.append(_moved(aligned, item, link, along.get(link.id), moves[link.id], epoch))


def _without_place(aligned: Aligned, item: SeenItem, link: Link) -> Step:
    """A one-off became a series of which another row has its time: its record stays, and that is told."""
    stopped = aligned.links[link.id] = replace(link, state=LinkState.STOPPED, reason=_TAKEN)
    return Step(Verb.STOP, Kind.EVENT, title_of(item.values), _TAKEN, link=stopped)


def _moved(aligned: Aligned, item: SeenItem, link: Link, meeting: Meeting | None, target: str, epoch: int) -> Step:
    moved = replace(link, original_start=target)
    aligned.links[link.id] = moved
    rule = "The series was changed; the record goes on with the meeting."
    step = Step(Verb.REALIGN, Kind.EVENT, title_of(item.values), rule, link=moved)
    if meeting is None:
        return step
    place = (item.uid or "", target)
    former = aligned.meetings.get(place)
    aligned.meetings[place] = replace(meeting, original_start=target, epoch=epoch)
    # An occurrence that once stood there and was cancelled has no record any more, and no claim to the place.
    dropped = former.id if former is not None and former.line_id is None else None
    return replace(step, moved_meeting=(meeting.id, target, epoch), dropped_meeting=dropped)


def _remember(
    aligned: Aligned, user: UserView, item: SeenItem, row: SeriesRow | None, window: Window, epoch: int
) -> None:
    if item.series is None or not sound(item.series):
        return  # rows are aligned from what was last understood (E-11)
    known = SeriesRow(user.user_id, item.mailbox_id, item.uid or "", item.series, window.horizon, epoch)
    if row == known:
        return
    aligned.series[item.mailbox_id] = known
    rule = "Its occurrences are followed up to the horizon."
    aligned.steps.append(Step(Verb.REALIGN, Kind.EVENT, title_of(item.values), rule, series=known))


# --- ids that changed (D-13) ---------------------------------------------------------------------------------------


def refound(context: Context) -> Iterator[Step]:
    """Things that vanished under one id and stand there under another: the pair goes on, shadows kept.

    What is known again by its content only was made by hand, perhaps long ago: its blanks are no deletions, they are
    filled from the other side.
    """
    items = _Unlinked(context)
    for link in sorted(context.links.values(), key=lambda link: link.id):
        view = context.view(link)
        record = context.record(context.line(link))
        if _vanished(link, view):
            again = items.like_item(view, link.shadow_mailbox or EMPTY)
            if again is not None:
                moved = _filled(replace(link, mailbox_id=again.ref.mailbox_id), again.values)
                if view is not None and again.seen.uid and again.seen.uid == view.seen.uid:
                    moved = replace(link, mailbox_id=again.ref.mailbox_id)
                left = Tombstone(link.user_id, link.kind, link.mailbox_id, None)
                yield replace(_repointed(context, moved, None, title_of(again.values)), tombstone=left)
                yield from _meeting_goes_along(context, link, again)
        elif record is not None and record.presence is Presence.GONE:
            anew = items.like_record(link.shadow_crm or EMPTY)
            if anew is not None:
                line = replace(context.line(link), crm_id=anew.crm_id, state=LineState.LIVE)
                yield _repointed(context, _filled(link, anew.values), line, title_of(anew.values))
                meeting = context.meeting_of_line.get(line.id)
                if meeting is not None:
                    yield Step(Verb.REPOINT, context.kind, title_of(anew.values), meeting=_filled(meeting, anew.values))


def _vanished(link: Link, view: ItemView | None) -> bool:
    """Whether a pair's item is gone, or was left behind in another mailbox: a stop outlives a reset (G-2, G-3)."""
    if link.original_start != WHOLE or link.mailbox_id is None:
        return False
    return link.state is LinkState.STOPPED if view is None else view.presence is Presence.GONE


Shadowed = TypeVar("Shadowed", Link, Meeting)


def _filled(row: Shadowed, values: Values) -> Shadowed:
    """The row without a base for what the new thing leaves blank."""
    return replace(row, shadow_mailbox=_stated(row.shadow_mailbox, values), shadow_crm=_stated(row.shadow_crm, values))


def _stated(shadow: Values | None, values: Values) -> Values | None:
    if shadow is None:
        return None
    return {group: value for group, value in shadow.items() if values.get(group) is not None}


def _meeting_goes_along(context: Context, link: Link, again: ItemView) -> Iterator[Step]:
    """The record now belongs to the meeting of the new item; the old one, should it return, is a new incarnation."""
    old = context.meeting_of_line.get(link.line_id)
    uid = again.seen.uid
    if old is None or not uid or old.uid == uid:
        return
    heir = context.meetings.get((uid, WHOLE)) or new_meeting(uid, WHOLE, 0)
    title = title_of(again.values)
    rule = "Its record goes on with the event that took its place."
    yield Step(Verb.REPOINT, context.kind, title, rule, meeting=released(old))
    taken = replace(heir, line_id=link.line_id, shadow_mailbox=old.shadow_mailbox, shadow_crm=old.shadow_crm)
    yield Step(Verb.REPOINT, context.kind, title, rule, meeting=_filled(taken, again.values))


def _repointed(context: Context, link: Link, line: Line | None, title: str) -> Step:
    rule = "Deleted and made anew, or moved: the same thing under another id."
    left = Tombstone(link.user_id, link.kind, None, context.line(link).crm_id) if line is not None else None
    return Step(Verb.REPOINT, context.kind, title, rule, link=link, line=line, tombstone=left)


class _Unlinked:
    """Unlinked things by identity; each is given out once."""

    def __init__(self, context: Context) -> None:
        self.context = context
        kind = context.kind
        free = [
            view
            for ref, view in context.views.items()
            if ref not in context.by_ref and view.presence is Presence.HERE and ref.original_start == WHOLE
        ]
        self.items = {view.ref.mailbox_id: view for view in sorted(free, key=lambda view: view.ref.mailbox_id)}
        self.records = {
            record.crm_id: record
            for record in context.snapshot.records.values()
            if record.presence is Presence.HERE
            and record.crm_id not in context.line_of_record
            and not record.is_child
            and (kind is Kind.CONTACT or record.owner_id == context.user.crm_user_id)
        }

    def like_item(self, gone: ItemView | None, shadow: Values) -> ItemView | None:
        """The one unlinked item with the identity of the vanished one."""
        uid = gone.seen.uid if gone is not None else None
        same = [
            view
            for view in self.items.values()
            if (uid and view.seen.uid == uid)
            or (_same(self.context.kind, view.values, shadow) and not self._recorded(view))
        ]
        return self.items.pop(same[0].ref.mailbox_id) if len(same) == 1 else None

    def _recorded(self, view: ItemView) -> bool:
        """Whether an event is a meeting with a record of its own."""
        known = self.context.meeting(view)
        return known is not None and known.line_id is not None

    def like_record(self, shadow: Values) -> SeenRecord | None:
        """The one unlinked record with the identity of the vanished one."""
        same = [record for record in self.records.values() if _same(self.context.kind, record.values, shadow)]
        return self.records.pop(same[0].crm_id) if len(same) == 1 else None


def _same(kind: Kind, values: Values, shadow: Values) -> bool:
    strong = strong_key(kind, shadow)
    if strong is not None:
        return strong_key(kind, values) == strong
    natural = natural_key(kind, shadow)
    return natural is not None and natural_key(kind, values) == natural
