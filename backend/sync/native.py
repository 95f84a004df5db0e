"""Repeating events as Salesforce event series (E-10, LS-152, LS-155, LS-156): what becomes of a plan.

The engine knows one pair for each occurrence, whatever Salesforce makes of them. A new series is made by the create of
its first occurrence; the others are bound to the rows that Salesforce makes along with it. How a series changes
afterwards: see `native_changes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from backend.domain.configuration import SeriesRule
from backend.domain.native_series import EXCEPTIONS, NotNative, makes, pattern
from backend.domain.recurrence import WHOLE, local_date
from backend.domain.values import AllDay, Kind, Timed, Values, start_instant
from backend.sync import native_marks as marks
from backend.sync.context import Context
from backend.sync.native_changes import changed, marked, series_of
from backend.sync.plan import Step, Verb
from backend.sync.state import IntentState, Link, SeenItem

AS_SERIES: Final = "New in the mailbox, made as a Salesforce event series."
_AS_SINGLES: Final = "New in the mailbox, made as a single event: {}."
ADDED: Final = "a Salesforce series cannot be prolonged or changed once it is made"
PARTLY: Final = "some of its meetings are in Salesforce already, or do not sync"


def with_series(context: Context, steps: Sequence[Step]) -> list[Step]:
    """The steps of a plan with regard to Salesforce series."""
    if context.kind is not Kind.EVENT:
        return list(steps)
    return changed(context, _made(context, steps))


def newcomers(context: Context, steps: Iterable[Step], keep: set[str]) -> Iterator[Step]:
    """Steps without items for rows of Salesforce series that a repeating event of the mailbox stands for already.

    Such a row is no event of its own in the mailbox. As long as a series of this user is being made, none of his rows
    can be told from its occurrences: they are put into `keep`. What matches comes first in the steps.
    """
    here = set(context.snapshot.series_here)
    for step in steps:
        record = context.snapshot.records.get(step.line.crm_id or "") if step.line is not None else None
        if record is None or record.series is None:
            yield step
        elif step.verb is not Verb.CREATE_ITEM:
            if step.link is not None and step.link.original_start != WHOLE:
                here.add(record.series)
            yield step
        elif context.snapshot.making_series:
            keep.add(record.crm_id)
        elif record.series not in here:
            yield step


# --- new series ------------------------------------------------------------------------------------------------------


def _made(context: Context, steps: Sequence[Step]) -> list[Step]:
    """Creates of occurrences become one series each, where Salesforce can keep it."""
    kept = list(steps)
    if context.user.configuration.series is not SeriesRule.NATIVE:
        return kept
    creates: dict[str, list[int]] = defaultdict(list)
    for at, step in enumerate(kept):
        if step.verb is Verb.CREATE_RECORD and step.link is not None and step.link.original_start != WHOLE:
            creates[step.link.mailbox_id or ""].append(at)
    for mailbox_id, places in creates.items():
        places.sort(key=lambda at: _start(kept[at].intents[0].values))
        for at, step in zip(places, _one_series(context, mailbox_id, [kept[at] for at in places]), strict=True):
            kept[at] = step
    return kept


def _one_series(context: Context, mailbox_id: str, steps: list[Step]) -> list[Step]:
    """The creates of one item's occurrences in order of start: as a series, or with the reason why they are not."""
    if any(step.link is not None and step.link.id in context.links for step in steps):
        return [_resumed(context, step) for step in steps]
    try:
        text = _pattern(context, context.snapshot.items.get(mailbox_id), steps)
    except NotNative as reason:
        return [_with_rule(step, _AS_SINGLES.format(reason)) for step in steps]
    first, *others = steps
    mark = marks.row(_link(first).line_id, text)
    return [_with_rule(_marked(step, text if step is first else mark), AS_SERIES) for step in (first, *others)]


def _resumed(context: Context, step: Step) -> Step:
    """The first occurrence's create, which never left: it makes the series as long as the others wait for just that."""
    others = [
        one
        for one in context.snapshot.pending.values()
        if marks.head_of(one.native) == _link(step).line_id and one.state is IntentState.PLANNED
    ]
    if not others:
        return step
    text = marks.pattern_of(others[0].native)
    starts = sorted(_start(one.values) for one in (*step.intents, *others))
    return _with_rule(_marked(step, text), AS_SERIES) if makes(text, starts, context.user.zone) else step


def _pattern(context: Context, item: SeenItem | None, steps: Sequence[Step]) -> str:
    """The pattern of a new series. Raises NotNative."""
    if item is None or item.series is None:
        raise NotNative(PARTLY)
    links = [link for link in context.links.values() if link.mailbox_id == item.mailbox_id]
    if any(series_of(context, link) for link in links):
        raise NotNative(ADDED)
    if links or any(uid == item.uid and start != WHOLE for uid, start in context.meetings):
        raise NotNative(PARTLY)
    days = [local_date(item.series, _link(step).original_start) for step in steps]
    odd = {*item.series.cancelled, *(local_date(item.series, start) for start in item.series.exceptions)}
    if any(min(days) <= day <= max(days) for day in odd):
        raise NotNative(EXCEPTIONS)
    if sum(ref.mailbox_id == item.mailbox_id for ref in context.views) != len(steps):
        raise NotNative(PARTLY)
    return pattern(item.series, [_start(step.intents[0].values) for step in steps], context.user.zone)


def _start(values: Values) -> datetime:
    when = values.get("when")
    if not isinstance(when, Timed | AllDay):
        raise TypeError("an occurrence has a time")
    return start_instant(when)


def _link(step: Step) -> Link:
    if step.link is None:
        raise TypeError("a create has a link")
    return step.link


def _marked(step: Step, mark: str) -> Step:
    return replace(step, intents=tuple(marked(one, mark) for one in step.intents))


def _with_rule(step: Step, rule: str) -> Step:
    return replace(step, rule=rule, intents=tuple(replace(one, rule=rule) for one in step.intents))
