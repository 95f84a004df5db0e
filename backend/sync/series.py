"""Series as occurrences: what stands in the mailbox now, and which row goes on as which (docs/sync.md E)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from backend.domain.recurrence import (
    EMPTY_EXCEPTIONS,
    WHOLE,
    Occurrence,
    Series,
    Window,
    ended,
    expand,
    local_date,
    rule_parts,
    start_key,
)
from backend.domain.timezones import UnknownZone, zone
from backend.domain.values import EMPTY, AllDay, Timed, Values
from backend.ports.mailbox import Caps
from backend.sync.state import Presence, Ref, SeenItem

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MARGIN: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class ItemView:
    """One thing in the mailbox as the planner sees it: a contact, a single event, or one occurrence."""

    ref: Ref
    presence: Presence
    values: Values
    seen: SeenItem
    problem: str | None = None
    cut: bool = False
    """The rule no longer includes it and nobody cancelled it, or its whole series is gone (E-4)."""

    @property
    def caps(self) -> Caps:
        """What may be done to it."""
        return self.seen.caps

    @property
    def expect(self) -> str | None:
        """Version precondition of a write; occurrences have none of their own that we know."""
        return self.seen.version if self.ref.original_start == WHOLE else None


def single(item: SeenItem) -> ItemView:
    """A contact or a single event."""
    presence = Presence.UNKNOWN if item.presence is Presence.HERE and item.problem else item.presence
    return ItemView(Ref(item.mailbox_id), presence, item.values, item, item.problem)


def occurrences(item: SeenItem, window: Window, known: Iterable[str]) -> dict[str, ItemView]:
    """Occurrences of a master by original start: those of the window, and those that rows exist for (`known`)."""
    wanted = sorted(start for start in known if start != WHOLE)
    if item.presence is not Presence.HERE or item.problem:
        presence = Presence.UNKNOWN if item.presence is Presence.HERE else item.presence
        vanished = presence is Presence.GONE
        return {start: replace(_view(item, start, presence, item.problem), cut=vanished) for start in wanted}
    if item.series is None:
        # It is a single event now: the other occurrences count as cancelled (E-5).
        return {start: _view(item, start, Presence.GONE) for start in wanted}
    try:
        return _expanded(item, item.series, window, wanted)
    except (UnknownZone, ValueError, TypeError) as error:
        return {start: _view(item, start, Presence.UNKNOWN, str(error)) for start in wanted or [WHOLE]}


def sound(series: Series) -> bool:
    """Whether its occurrences can be told at all: the zone is known and the rule is one."""
    try:
        expand(series, EMPTY, Window(series.start.date(), series.start.date() + _MARGIN))
    except (UnknownZone, ValueError, TypeError):
        return False
    return True


def _view(item: SeenItem, start: str, presence: Presence, problem: str | None = None) -> ItemView:
    return ItemView(Ref(item.mailbox_id, start), presence, EMPTY, item, problem)


def _expanded(item: SeenItem, series: Series, window: Window, wanted: list[str]) -> dict[str, ItemView]:
    standing = expand(series, item.values, window)
    beyond = [start for start in wanted if start not in standing]
    if beyond:
        wide = expand(series, item.values, _around(beyond, series))
        standing |= {start: wide[start] for start in beyond if start in wide}
    views = {start: _standing(item, occurrence) for start, occurrence in standing.items()}
    for start in beyond:
        if start not in views:
            cut = local_date(series, start) not in series.cancelled
            views[start] = replace(_view(item, start, Presence.GONE), cut=cut)
    return views


def _standing(item: SeenItem, occurrence: Occurrence) -> ItemView:
    return ItemView(Ref(item.mailbox_id, occurrence.original_start), Presence.HERE, occurrence.values, item)


def _around(starts: list[str], series: Series) -> Window:
    days = [local_date(series, start) for start in starts]
    return Window(min(days) - _MARGIN, max(days) + _MARGIN)


# --- a changed rule re-aligns rows (E-3) ---------------------------------------------------------------------------


def same_times(old: Series, new: Series) -> bool:
    """Whether two definitions make the same occurrences, apart from exceptions and length."""
    return (old.rule, old.start, old.zone, old.all_day) == (new.rule, new.start, new.zone, new.all_day)


def realigned(old: Series, new: Series, starts: Iterable[str], changed_on: date) -> dict[str, str]:
    """Where rows go after a change of the master: old original start -> new one, only for those that move.

    What had ended when it was changed stays where it was, however late that is read (E-6). Rows without a place in
    the new rule keep their start, or move along where all moved by the same days; `occurrences` then reports them as
    cut. No two rows end up in one place.
    """
    if same_times(old, new):
        return {}
    known = {start for start in starts if start != WHOLE}
    coming = sorted(start for start in known if not ended(_moment(old, start), changed_on))
    if not coming:
        return {}
    shift = _day_shift(old, new)
    targets = _placements(old, new, coming, shift)
    placed = _one_by_one(targets, known - set(targets), backwards=shift > 0)
    return {row: target for row, target in placed.items() if row != target}


def _moment(series: Series, start: str) -> Timed | AllDay:
    """When the occurrence of an original start takes place by the rule."""
    if "T" not in start:
        first = date.fromisoformat(start)
        return AllDay(first, first + timedelta(days=series.days or 1))
    instant = datetime.fromisoformat(start)
    return Timed(instant, instant + timedelta(seconds=series.seconds))


def _one_by_one(targets: Mapping[str, str], staying: Iterable[str], *, backwards: bool) -> dict[str, str]:
    """Rows move one after the other, those in front first; who finds his place taken stays."""
    taken = set(staying)
    placed: dict[str, str] = {}
    for row in sorted(targets, reverse=backwards):
        placed[row] = row if targets[row] in taken else targets[row]
        taken.add(placed[row])
    return placed


def _placements(old: Series, new: Series, rows: list[str], shift: int) -> dict[str, str]:
    """The place of each row in the new rule, where it has one: equal start, or else equal date (E-3)."""
    days = {row: local_date(old, row) + timedelta(days=shift) for row in rows}
    around = Window(min(days.values()) - _MARGIN, max(days.values()) + _MARGIN)
    standing = expand(new, EMPTY, around)
    places = {start_key(_at(new, day)) for day in new.cancelled} | standing.keys()
    by_day = {local_date(new, start): start for start in places}
    if shift and rule_parts(new.rule).get("FREQ") in ("DAILY", "WEEKLY"):
        return {row: by_day.get(day, start_key(_at(new, day))) for row, day in days.items()}
    equal = {row: row for row in rows if not shift and row in standing}
    dated = {row: by_day[day] for row, day in days.items() if row not in equal and day in by_day}
    return equal | {row: place for row, place in dated.items() if place not in equal}


def _at(series: Series, day: date) -> Timed | AllDay:
    if series.all_day:
        return AllDay(day, day + timedelta(days=1))
    instant = datetime.combine(day, series.start.time(), zone(series.zone)).astimezone(UTC)
    return Timed(instant, instant)


def _shifted_days(days: str, shift: int) -> frozenset[str]:
    return frozenset(_WEEKDAYS[(_WEEKDAYS.index(day[-2:]) + shift) % 7] for day in days.split(",") if day)


def _day_shift(old: Series, new: Series) -> int:
    """By how many days the whole series was moved: its first day moved by less than an interval, else equal."""
    shift = (new.start.date() - old.start.date()).days
    before, after = rule_parts(old.rule), rule_parts(new.rule)
    if not shift or before.get("FREQ") != after.get("FREQ") or before.get("INTERVAL") != after.get("INTERVAL"):
        return 0
    days_before, days_after = before.get("BYDAY", ""), after.get("BYDAY", "")
    moved = _shifted_days(days_before, shift) == frozenset(days_after.split(",")) - {""}
    if before.get("FREQ") == "WEEKLY" and not moved:
        return 0
    return shift if abs(shift) < interval_days(old) else 0


def interval_days(series: Series) -> int:
    """Days from one round of a series to the next, at least."""
    parts = rule_parts(series.rule)
    length = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}.get(parts.get("FREQ", ""), 1)
    return length * int(parts.get("INTERVAL", "1"))


# --- a series that goes on as another one (E-4) ----------------------------------------------------------------------


def place_key(series: Series, day: date) -> str:
    """Original start of the occurrence of a day."""
    return start_key(_at(series, day))


def no_longer_made(series: Series | None, starts: Iterable[str]) -> set[str]:
    """Which of the original starts a series does not include, be they cancelled or not. None: it is gone."""
    wanted = set(starts)
    if series is None or not wanted:
        return wanted
    plain = replace(series, cancelled=frozenset(), exceptions=EMPTY_EXCEPTIONS)
    return wanted - expand(plain, EMPTY, _around(sorted(wanted), series)).keys()


def places(old: Series, new: Series, days: Iterable[date], anchor: date) -> dict[date, str]:
    """Where meetings of these days go on in a new series whose first meeting is the one of the day `anchor`.

    By days for what repeats daily or weekly, otherwise by months or years; what the new series does not include is
    left out.
    """
    wanted = sorted(days)
    if not wanted:
        return {}
    frequency, first = rule_parts(old.rule).get("FREQ", ""), new.start.date()
    month = timedelta(days=31)
    plain = replace(new, cancelled=frozenset(), exceptions=EMPTY_EXCEPTIONS)
    shift = first - anchor
    window = Window(min(wanted) + shift - month, max(wanted) + shift + month)
    standing = {_round(frequency, local_date(new, start)): start for start in expand(plain, EMPTY, window)}
    by = _round(frequency, first) - _round(frequency, anchor)
    return {day: standing[at] for day in wanted if (at := _round(frequency, day) + by) in standing}


def _round(frequency: str, day: date) -> int:
    """Numbers days so that meetings of one rhythm go on by number."""
    if frequency == "MONTHLY":
        return day.year * 12 + day.month
    return day.year if frequency == "YEARLY" else day.toordinal()
