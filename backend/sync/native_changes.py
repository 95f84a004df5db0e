"""Updates of occurrences of Salesforce series (E-10, LS-156).

Since API v58 a change of one future occurrence changes them all (SF-102). So a change of all is one write, and what is
to differ from the others is taken out of the series: its row goes, a single event comes. An occurrence that is over
changes alone. Nothing of this concerns series that people made in Salesforce: changes of their occurrences are refused
by the adapter and told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from backend.domain.attendees import ATTENDEES
from backend.domain.identity import derived
from backend.domain.projection import project_crm
from backend.domain.recurrence import WHOLE, ended
from backend.domain.timezones import UnknownZone, zone
from backend.domain.values import EMPTY, AllDay, Kind, Side, Timed, Values, picked, start_instant
from backend.ports.answers import Op
from backend.sync import native_marks as marks
from backend.sync import rows
from backend.sync.context import Context, title_of
from backend.sync.plan import Step, Verb
from backend.sync.state import Intent, IntentState, Link, LinkState, Origin, Presence, SeenRecord, Todo

FOR_ALL: Final = "All meetings of the Salesforce series are changed by this one write."
TAKEN_OUT: Final = (
    "It is to differ from the others of its Salesforce series, which changes as a whole only: it is taken out of the "
    "series and made anew as a single event."
)

Decided = dict[int, Step | None]
"""What becomes of the steps of a plan, by their place."""


@dataclass(frozen=True)
class Change:
    """A planned update of an occurrence of a Salesforce series. `at`: place of its step in the plan."""

    at: int
    one: Intent
    link: Link
    record: SeenRecord

    @cached_property
    def texts(self) -> Values:
        """What is written but times and people."""
        return {group: value for group, value in self.one.values.items() if group not in ("when", ATTENDEES)}

    @property
    def start(self) -> datetime:
        """When the occurrence begins at present."""
        return _begin(self.record)

    def spares(self, record: SeenRecord, *, old: bool) -> bool:
        """Whether a row holds already what is written, or (`old`) what the others held: nothing of its own."""
        return all(
            record.values.get(group) == project_crm(Kind.EVENT, group, value)
            or (old and record.values.get(group) == self.one.from_crm.get(group))
            for group, value in self.texts.items()
        )


def _begin(record: SeenRecord) -> datetime:
    when = record.values.get("when")
    if not isinstance(when, Timed | AllDay):
        raise TypeError("an occurrence has a time")
    return start_instant(when)


def series_of(context: Context, link: Link) -> str | None:
    """The Salesforce series that a pair's record belongs to, if it is there."""
    record = context.record(context.line(link))
    return record.series if record is not None and record.presence is Presence.HERE else None


def marked(one: Intent, mark: str) -> Intent:
    """The write with a mark: another one than without, so with another id."""
    return replace(one, id=derived(one.id, mark), native=mark)


def changed(context: Context, steps: list[Step]) -> list[Step]:
    """The steps of a plan, its updates of series that we made as they can be written."""
    found: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for at, step in enumerate(steps):
        for one in step.intents:
            change = _change(context, at, one)
            if change is not None:
                found[change.link.mailbox_id or "", change.record.series or ""].append(change)
    kept: Decided = dict(enumerate(steps))
    more: list[Step] = []
    for (mailbox_id, series), changes in found.items():
        members = [
            link
            for link in context.links.values()
            if link.mailbox_id == mailbox_id and series_of(context, link) == series
        ]
        if any(_ours(context, link) for link in members):
            group = _Group(context, steps, members, changes)
            kept |= group.decided()
            more += group.further
    return [*(step for step in kept.values() if step is not None), *more]


def _change(context: Context, at: int, one: Intent) -> Change | None:
    link = context.links.get(one.link_id)
    if (one.side, one.op, one.state) != (Side.CRM, Op.UPDATE, IntentState.PLANNED) or link is None:
        return None
    record = context.record(context.line(link))
    if link.original_start == WHOLE or not one.values.keys() - {ATTENDEES}:
        return None
    return Change(at, one, link, record) if record is not None and record.series else None


def _ours(context: Context, link: Link) -> bool:
    """Whether we made this row: by its link, or by the key that the first one carries."""
    record = context.record(context.line(link))
    return link.origin is Origin.MAILBOX or (record is not None and record.key_tag is not None)


class _Group:
    """One series with its pairs and what is to be changed. `further`: steps about others of its occurrences."""

    def __init__(
        self, context: Context, steps: Sequence[Step], members: Sequence[Link], changes: Sequence[Change]
    ) -> None:
        self.context = context
        self.steps = steps
        self.changes = changes
        self.further: list[Step] = []
        self.over = [change for change in changes if self._is_over(change.record)]
        self.coming = [change for change in changes if change not in self.over]
        touched = {change.link.id for change in changes}
        rest = [(link, record) for link in members if link.id not in touched and (record := self._record(link))]
        self.rest_over = [(link, record) for link, record in rest if self._is_over(record)]
        self.rest_coming = [(link, record) for link, record in rest if not self._is_over(record)]

    def _record(self, link: Link) -> SeenRecord | None:
        return self.context.record(self.context.line(link))

    def _is_over(self, record: SeenRecord) -> bool:
        when = record.values.get("when")
        return isinstance(when, Timed | AllDay) and ended(when, self.context.today)

    def decided(self) -> Decided:
        """The series as one, or the few that differ taken out of it first, or each by itself."""
        if not self.coming:
            return self._each()
        alike = self._alike()
        first = alike[0]
        differing = [change for change in self.coming if change not in alike]
        odd = [pair for pair in self.rest_coming if "when" in first.one.values or not first.spares(pair[1], old=False)]
        if not self._past_allows(first):
            return self._each()
        if not differing and not odd:
            return self._as_one(alike)
        begun = any(_begin(record).date() <= self.context.today for _, record in odd)  # it is to stay where it is
        few = len(differing) + len(odd) < len(alike) and not begun
        return self._odd_ones_first(alike, differing, odd) if few else self._each()

    def _alike(self) -> list[Change]:
        """The most of the coming ones that are to become the same."""
        classes: list[list[Change]] = []
        for change in self.coming:
            for known in classes:
                if known[0].texts == change.texts and self._move(known[0]) == self._move(change):
                    known.append(change)
                    break
            else:
                classes.append([change])
        return max(classes, key=len)

    def _move(self, change: Change) -> tuple[timedelta, timedelta] | None:
        """By how much a write moves it on its owner's wall clock, and how long it is then; None: it stays."""
        if "when" not in change.one.values:
            return None
        before, after = change.one.from_crm.get("when"), change.one.values["when"]
        if not isinstance(before, Timed) or not isinstance(after, Timed):
            return timedelta.max, timedelta(0)
        try:
            place = zone(self.context.user.zone)
        except UnknownZone:
            return timedelta.max, before.duration
        old, new = (moment.astimezone(place).replace(tzinfo=None) for moment in (before.start, after.start))
        return new - old, after.duration

    def _past_allows(self, first: Change) -> bool:
        """Whether one write for all takes nothing from what is over (INV-24), and no hours where they stood.

        What has left the window keeps what it held, unless that is what all of them held.
        """
        move = self._move(first)
        if move is not None and (self.over or self.rest_over or move[0] == timedelta.max):
            return False
        if any(change.texts != first.texts for change in self.over):
            return False
        return all(first.spares(record, old=link.state is LinkState.PARKED) for link, record in self.rest_over)

    # --- what to do --------------------------------------------------------------------------------------------------

    def _as_one(self, alike: Sequence[Change]) -> Decided:
        last = max(alike, key=lambda change: change.start)
        step = _remarked(self.steps[last.at], last.one, marks.WHOLE, FOR_ALL)
        decided: Decided = {last.at: step}
        begun = last.start.date() <= self.context.today  # it may be changed alone, then; the same for each does no harm
        for change in (*alike, *self.over):
            if change is not last:
                alone = _remarked(self.steps[change.at], change.one, marks.PAST)
                decided[change.at] = alone if begun else self._left(change, people=True)
        return decided

    def _odd_ones_first(
        self, alike: Sequence[Change], differing: Sequence[Change], odd: Sequence[tuple[Link, SeenRecord]]
    ) -> Decided:
        """Those that are to stay or become different leave the series; the others are changed in a later round."""
        if any(link.state is LinkState.HELD for link, _ in odd):
            return {}  # it cannot leave: the changes are refused, and told
        for link, record in odd:
            if not rows.under_way(self.context, link):
                self.further.append(self._leaving(link, record))
        decided: Decided = {change.at: self._left(change, people=False) for change in (*alike, *self.over)}
        return decided | {change.at: self._taken_out(change) for change in differing}

    def _each(self) -> Decided:
        decided: Decided = {change.at: _remarked(self.steps[change.at], change.one, marks.PAST) for change in self.over}
        return decided | {change.at: self._taken_out(change) for change in self.coming}

    def _left(self, change: Change, *, people: bool) -> Step | None:
        """The step of an occurrence without its update. `people`: what is about people is written all the same."""
        step = self.steps[change.at]
        intents = [other for other in step.intents if other is not change.one]
        if people and ATTENDEES in change.one.values:
            intents.append(_of_people(change.one))
        if intents:
            return replace(step, intents=tuple(intents))
        if step.link == self.context.links.get(change.link.id) and not step.conflicts and step.meeting is None:
            return None
        return replace(step, verb=Verb.ADOPT, intents=())

    def _taken_out(self, change: Change) -> Step:
        """One that is to differ; first what it is to bring to the mailbox, if anything."""
        step = self.steps[change.at]
        others = tuple(other for other in step.intents if other is not change.one)
        if others:
            return replace(step, intents=others)
        leaving = self._leaving(change.link, change.record)
        return replace(leaving, conflicts=step.conflicts)

    def _leaving(self, link: Link, record: SeenRecord) -> Step:
        view = self.context.view(link)
        values = view.values if view is not None else EMPTY
        planned = rows.intent(
            self.context, link, Side.CRM, Op.DELETE, EMPTY, mailbox=values, crm=record.values, rule=TAKEN_OUT
        )
        mailbox_id = link.mailbox_id or ""
        return Step(
            Verb.DELETE_RECORD, Kind.EVENT, title_of(values) or title_of(record.values), TAKEN_OUT,
            intents=(marked(planned, marks.REPLACED),), unit=mailbox_id,
            todo=Todo(link.user_id, Kind.EVENT, Side.MAILBOX.value, mailbox_id),
        )  # fmt: skip


def _remarked(step: Step, one: Intent, mark: str, rule: str = "") -> Step:
    own = marked(replace(one, rule=rule or one.rule), mark)
    return replace(step, intents=tuple(own if other is one else other for other in step.intents))


def _of_people(one: Intent) -> Intent:
    """The part of an update that is about people only: they are rows of their own."""
    kept: Collection[str] = (ATTENDEES,)
    return replace(
        one,
        id=derived(one.id, ATTENDEES),
        values=picked(one.values, kept),
        from_mailbox=picked(one.from_mailbox, kept),
        from_crm=picked(one.from_crm, kept),
    )
