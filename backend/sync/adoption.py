"""A new series goes on with the records of the one it was cut from: "this and following" (E-4).

The client shortens the old series and makes a new one that nothing links to it, in either order, not at once. Which
belongs to which is told by organiser, rhythm, subject, time of day and place in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Final

from backend.domain.recurrence import WHOLE, Series, ended, local_date, same_rhythm
from backend.domain.timezones import zone
from backend.domain.values import EMPTY, AllDay, Kind, Side, Timed
from backend.sync import rows
from backend.sync.context import Context, title_of
from backend.sync.orphans import PATIENCE, decides, older
from backend.sync.plan import Step, Verb
from backend.sync.series import interval_days, no_longer_made, place_key, places, sound
from backend.sync.state import (
    Link,
    LinkState,
    Meeting,
    MeetingState,
    Presence,
    Ref,
    SeenItem,
    SeriesRow,
    Todo,
)

_GOES_ON: Final = 'The series was split ("this and following"); the record goes on with the new series.'
_PATIENT: Final = "It may be the rest of a series that is being split; it is read again before anything is made."


@dataclass(frozen=True)
class Former:
    """A series of which rows were cut off, or may be about to be."""

    item: SeenItem
    definition: Series
    rows: tuple[Link, ...]
    lost: frozenset[str] = frozenset()
    """Original starts that were cut off and have no row: cancelled ones count as places too."""

    @cached_property
    def subject(self) -> frozenset[object]:
        """Its subject as it is now, and as most of its rows had it when both sides last agreed."""
        known = Counter((row.shadow_mailbox or EMPTY).get("subject") for row in self.rows)
        return frozenset({self.item.values.get("subject"), *(one for one, _ in known.most_common(1))} - {None})

    @cached_property
    def times(self) -> frozenset[time]:
        """Its time of day as it is now, and as its rows had it."""
        now = {self.item.series.start.time()} if self.item.series is not None else set()
        return frozenset(now | {_local(self.definition, row.original_start).time() for row in self.rows})

    def starts(self) -> set[str]:
        """Where a new series may set in."""
        return {row.original_start for row in self.rows} | self.lost


@dataclass(frozen=True)
class Likeness:
    """How a new series takes up a former one. `anchor`: original start of the row nearest to its first meeting."""

    new: SeenItem
    former: Former
    anchor: str
    distance: timedelta
    same_subject: bool
    same_time: bool

    @property
    def same_date(self) -> bool:
        """Whether it begins on the very day of that row."""
        return _definition(self.new).start.date() == local_date(self.former.definition, self.anchor)

    @property
    def rank(self) -> tuple[int, timedelta, str, str]:
        """Of several, the one that is most alike comes first (E-4 b)."""
        alike = self.same_subject + self.same_time + self.same_date
        return -alike, abs(self.distance), self.new.mailbox_id, self.former.item.mailbox_id

    @property
    def certain_enough(self) -> bool:
        """Whether it is worth a wait: its first meeting coincides, or it bears the same name (E-4 c)."""
        return self.same_subject or self.same_date


def _definition(item: SeenItem) -> Series:
    if item.series is None:
        raise ValueError(f"{item.mailbox_id} is no series")
    return item.series


def _local(series: Series, start: str) -> datetime:
    if "T" not in start:
        return datetime.combine(datetime.fromisoformat(start).date(), series.start.time())
    return datetime.fromisoformat(start).astimezone(zone(series.zone)).replace(tzinfo=None)


def _likeness(new: SeenItem, former: Former) -> Likeness | None:
    definition, starts = _definition(new), former.starts()
    alike = new.mailbox_id != former.item.mailbox_id and _organizer(new) == _organizer(former.item)
    if not alike or not starts or not same_rhythm(definition, former.definition):
        return None
    same_subject = new.values.get("subject") in former.subject
    same_time = definition.start.time() in former.times
    distances = {start: definition.start - _local(former.definition, start) for start in starts}
    first = definition.start.date()
    days = {start: abs(first - local_date(former.definition, start)) for start in starts}
    anchor = min(starts, key=lambda start: (days[start], abs(distances[start]), start))
    interval = timedelta(days=interval_days(definition))
    # by date as well: a place that was lost under another time of day may be nearer by the clock than it is
    near = max(abs(distances[anchor]), days[anchor]) < interval
    if not near or not (same_subject or same_time):
        return None
    return Likeness(new, former, anchor, distances[anchor], same_subject, same_time)


def _organizer(item: SeenItem) -> str:
    return (item.organizer or "").casefold()


# --- who may take over from whom -------------------------------------------------------------------------------------


class Adoption:
    """What new series take over in one plan. `before`: series as they were at the last reading."""

    def __init__(self, context: Context, before: Mapping[str, SeriesRow]) -> None:
        self.context = context
        self.before = before
        self.resting: set[str] = set()
        """Mailbox ids of new series that nothing is made for yet."""
        self.reread: tuple[str, ...] = ()
        """Those that a new one may be the rest of, when it is seen for the first time."""
        self.linked = {link.mailbox_id for link in context.links.values()}
        self.free = [item for _, item in sorted(context.snapshot.items.items()) if self._is_new(item)]

    def steps(self) -> Iterator[Step]:
        """Adoptions, the likeliest first; then the new series that wait to see whether an old one is cut."""
        if not self.free:
            return
        free, formers = list(self.free), [*self._cut()]
        while found := min(_pairs(free, formers), key=lambda one: one.rank, default=None):
            free.remove(found.new)
            formers.remove(found.former)
            if any(rows.under_way(self.context, row) for row in found.former.rows):
                self.resting.add(found.new.mailbox_id)
                continue
            moved = self._moves(found)
            yield from self._adopted(found, moved)
            rest = tuple(row for row in found.former.rows if row.id not in {link.id for link, _ in moved})
            if rest:
                formers.append(replace(found.former, rows=rest))
        yield from self._waiting(free)

    def _is_new(self, item: SeenItem) -> bool:
        """Whether it is a series that no row names, and this user writes its records."""
        context = self.context
        if item.series is None or item.presence is not Presence.HERE or item.problem or item.mailbox_id in self.linked:
            return False
        if not sound(item.series):
            return False  # it is held by itself (E-11)
        return context.settings.direction.writes_crm and context.lead(item).led_by(context.user.user_id)

    def _by_item(self) -> Iterator[tuple[SeenItem, Series, list[Link]]]:
        by_item: dict[str, list[Link]] = {}
        for link in sorted(self.context.links.values(), key=lambda link: link.original_start):
            if link.mailbox_id is not None and link.original_start != WHOLE:
                by_item.setdefault(link.mailbox_id, []).append(link)
        for mailbox_id, links in sorted(by_item.items()):
            item, row = self.context.snapshot.items.get(mailbox_id), self.before.get(mailbox_id)
            if item is not None and row is not None and (item.series is None or sound(item.series)):
                yield item, row.definition, links

    def _cut(self) -> Iterator[Former]:
        for item, definition, links in self._by_item():
            orphans = tuple(link for link in links if self._orphaned(link))
            if orphans:
                yield Former(item, definition, orphans, frozenset(self._lost(item, definition)))

    def _orphaned(self, link: Link) -> bool:
        view, meeting = self.context.view(link), self.context.meeting_of_line.get(link.line_id)
        if view is None or meeting is None or not view.cut or not decides(self.context, view):
            return False
        over = meeting.state is MeetingState.ORPHAN and meeting.orphan_runs >= PATIENCE
        return not (over and link.state is LinkState.STOPPED)

    def _lost(self, item: SeenItem, definition: Series) -> set[str]:
        """Cancelled occurrences that the series has no room for any more either."""
        meetings = self.context.meetings.values()
        starts = {one.original_start for one in meetings if one.uid == item.uid and one.line_id is None} - {WHOLE}
        starts |= {place_key(definition, day) for day in definition.cancelled}
        known = {one.original_start for one in meetings if one.uid == item.uid and one.line_id is not None}
        return no_longer_made(item.series, starts - known)

    # --- taking over -----------------------------------------------------------------------------------------------

    def _moves(self, found: Likeness) -> list[tuple[Link, str]]:
        """From the anchor on, each row by the distance, as far as the new series has a place for it."""
        definition, old = _definition(found.new), found.former.definition
        first = local_date(old, found.anchor)
        days = {row.id: local_date(old, row.original_start) for row in found.former.rows}
        going = [row for row in found.former.rows if days[row.id] >= first]
        room = places(old, definition, {days[row.id] for row in going}, first)
        taken = {one.original_start for one in self.context.meetings.values() if self._occupies(one, found)}
        moves: dict[str, Link] = {}
        for row in going:
            place = room.get(days[row.id])
            if place is not None and place not in taken:
                moves.setdefault(place, row)
        return [(row, place) for place, row in moves.items()]

    @staticmethod
    def _occupies(meeting: Meeting, found: Likeness) -> bool:
        uid = found.new.uid or ""
        return meeting.uid == uid and meeting.line_id is not None and uid != found.former.item.uid

    def _adopted(self, found: Likeness, moves: list[tuple[Link, str]]) -> Iterator[Step]:
        if not moves:
            return
        context, title = self.context, title_of(found.new.values)
        for item in (found.former.item, found.new):
            row = context.snapshot.series.get(item.mailbox_id)
            if row is not None:
                raised = replace(row, epoch=row.epoch + 1)
                yield Step(Verb.REALIGN, Kind.EVENT, title, _GOES_ON, series=raised)
        for link, place in moves:
            yield self._taken_over(found.new, link, place, title)
        for holder in context.snapshot.holders.get(found.new.uid or "", ()):
            if holder.user_id != context.user.user_id:
                again = Todo(holder.user_id, Kind.EVENT, "meeting", found.new.uid or "")
                yield Step(Verb.NOTE, Kind.EVENT, title, _GOES_ON, todo=again)

    def _taken_over(self, new: SeenItem, link: Link, place: str, title: str) -> Step:
        context, uid = self.context, new.uid or ""
        meeting = context.meeting_of_line[link.line_id]
        former = context.meetings.get((uid, place))
        row = context.snapshot.series.get(new.mailbox_id)
        heir = replace(
            meeting, uid=uid, original_start=place, state=MeetingState.LIVE, orphan_runs=0,
            epoch=max(meeting.epoch, (row.epoch if row else 0) + 1),
        )  # fmt: skip
        step = Step(
            Verb.REPOINT, Kind.EVENT, title, _GOES_ON, meeting=heir,
            link=replace(link, mailbox_id=new.mailbox_id, original_start=place),
        )  # fmt: skip
        if meeting.uid == uid:
            return replace(step, moved_meeting=(meeting.id, place, heir.epoch))
        return replace(step, dropped_meeting=former.id if former is not None and former.id != meeting.id else None)

    # --- waiting for the cut (c) ------------------------------------------------------------------------------------

    def _waiting(self, free: list[SeenItem]) -> Iterator[Step]:
        standing = [*self._standing()]
        for item in free:
            meeting = self.context.meetings.get((item.uid or "", WHOLE))
            if meeting is not None and meeting.state is MeetingState.ORPHAN and meeting.orphan_runs >= PATIENCE:
                continue
            likely = [one for one in _pairs([item], standing) if one.certain_enough]
            if not likely or not item.uid:
                continue
            self.resting.add(item.mailbox_id)
            if meeting is None or meeting.state is not MeetingState.ORPHAN:
                self.reread += tuple(one.former.item.mailbox_id for one in likely)
                waiting = meeting or rows.new_meeting(item.uid, WHOLE, 0)
                again = Todo(
                    self.context.user.user_id, Kind.EVENT, Side.MAILBOX.value, likely[0].former.item.mailbox_id
                )
                yield Step(
                    Verb.NOTE, Kind.EVENT, title_of(item.values), _PATIENT, todo=again,
                    meeting=replace(waiting, state=MeetingState.ORPHAN, orphan_runs=0),
                )  # fmt: skip

    def _standing(self) -> Iterator[Former]:
        """Series with coming meetings that nobody cut yet; a rest may set in at one that is over (E-4 a)."""
        for item, definition, links in self._by_item():
            if item.presence is not Presence.HERE or item.series is None:
                continue
            standing = tuple(link for link in links if self._stands(link))
            if any(self._coming(link) for link in standing):
                yield Former(item, definition, standing)

    def _stands(self, link: Link) -> bool:
        view = self.context.view(link)
        return view is not None and view.presence is Presence.HERE

    def _coming(self, link: Link) -> bool:
        view = self.context.view(link)
        when = view.values.get("when") if view is not None else None
        return isinstance(when, Timed | AllDay) and not ended(when, self.context.today)


def _pairs(free: Iterable[SeenItem], formers: Iterable[Former]) -> Iterator[Likeness]:
    formers = list(formers)
    for item in free:
        for former in formers:
            found = _likeness(item, former)
            if found is not None:
                yield found


def waits(meeting: Meeting) -> bool:
    """Whether this is the mark of a new series that waits to see whether an old one is cut."""
    started = meeting.state is MeetingState.ORPHAN and meeting.orphan_runs < PATIENCE
    return started and meeting.original_start == WHOLE and meeting.line_id is None


def aged(context: Context) -> Iterator[Meeting]:
    """Orphans, and new series that wait for one, after one more complete reading of the mailbox."""
    yield from older(context)
    for item in context.snapshot.items.values():
        meeting = context.meetings.get((item.uid or "", WHOLE))
        if item.series is None or meeting is None or not waits(meeting):
            continue
        if context.lead(item).led_by(context.user.user_id):
            yield replace(meeting, orphan_runs=meeting.orphan_runs + 1)


# --- everybody else's copies ----------------------------------------------------------------------------------------


def followed(context: Context) -> Iterator[Step]:
    """Rows of a user who does not lead: their meeting went over to another series, his copies go along."""
    items = {item.uid: item for item in context.snapshot.items.values() if item.presence is Presence.HERE and item.uid}
    for link in sorted(context.links.values(), key=lambda link: link.id):
        view, meeting = context.view(link), context.meeting_of_line.get(link.line_id)
        if view is None or meeting is None or not view.cut or meeting.uid in ("", view.seen.uid):
            continue
        item = items.get(meeting.uid)
        if item is None or item.series is None or Ref(item.mailbox_id, meeting.original_start) in context.by_ref:
            continue
        again = replace(
            link, mailbox_id=item.mailbox_id, original_start=meeting.original_start, reason="",
            state=LinkState.LINKED if link.state is LinkState.STOPPED else link.state,
        )  # fmt: skip
        yield Step(Verb.REPOINT, Kind.EVENT, title_of(item.values), _GOES_ON, link=again)
