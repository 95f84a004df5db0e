"""The planner: a pure function from what was seen and agreed to what will be done (sync.md B.5, INV-14).

No session, no clock (times are in the observations, the day is an argument), no randomness (ids are derived).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from backend.domain.configuration import Direction
from backend.domain.recurrence import Window
from backend.domain.values import EMPTY, Kind, Side
from backend.ports.answers import Op
from backend.sync import native, orphans, rows
from backend.sync.adoption import Adoption, followed
from backend.sync.alignment import Aligned, align, refound
from backend.sync.context import Context
from backend.sync.guards import MASS
from backend.sync.halves import half_step
from backend.sync.limit import limited
from backend.sync.linked import Linked
from backend.sync.newcomers import Newcomers
from backend.sync.own_view import own
from backend.sync.pairs import pair_step
from backend.sync.plan import Plan, Step, Verb
from backend.sync.state import Intent, IntentState, Line, Link, Presence, UserView
from backend.sync.store import Snapshot
from backend.sync.unmapped import forgotten


def plan(user: UserView, kind: Kind, snapshot: Snapshot, window: Window, today: date, *, glance: bool = False) -> Plan:
    """What this user's pass is to do with everything dirty. Total: every pair has a named outcome.

    glance: ends as soon as something is to be written for a newcomer; what comes before is in the plan.
    """
    if user.configuration.of(kind).direction is Direction.OFF:
        return Plan(kind, ())
    snapshot = own(kind, user.configuration.of(kind).field_map, snapshot)
    aligned = _aligned(user, kind, snapshot, window, today)
    before, snapshot = snapshot.series, replace(snapshot, series=aligned.series)
    context = Context(user, kind, snapshot, window, today, aligned.links, aligned.meetings)
    found = list(refound(context))
    if found:
        context = _repointed(context, found)
    steps = [*aligned.steps, *found]
    adoption = Adoption(context, before)
    if kind is Kind.EVENT:
        taken_over = [*adoption.steps(), *followed(context)]
        context = _repointed(context, taken_over)
        steps += taken_over
    keep: set[str] = set()
    patient = len(adoption.resting)
    for link in sorted(context.links.values(), key=lambda link: link.id):
        waiting = orphans.waits(context, link)
        patient += waiting
        if waiting or rows.under_way(context, link):
            keep |= _refs(context, link)
            continue
        if _unclear(context, link):
            keep |= _refs(context, link)
        steps += forgotten(context, link, _settled_holds(context, link, _link_step(context, link)))
    newcomers = Newcomers(context, adoption.resting)
    for step in limited(native.newcomers(context, newcomers.steps(), keep), context):
        if any(rows.is_open(context, one.target) for one in step.intents):
            keep |= {step.unit}
        else:
            steps.append(step)
            if glance and step.writes:
                break
    fingerprinted = tuple(_fingerprinted(context, step) for step in native.with_series(context, steps))
    return Plan(kind, fingerprinted, frozenset(keep | newcomers.waiting), patient, reread=adoption.reread)


def _aligned(user: UserView, kind: Kind, snapshot: Snapshot, window: Window, today: date) -> Aligned:
    if kind is Kind.EVENT:
        return align(user, snapshot, window, today)
    return Aligned(dict(snapshot.links), {}, {}, [])


def _repointed(context: Context, steps: Sequence[Step]) -> Context:
    links, lines, meetings = dict(context.links), dict(context.snapshot.lines), dict(context.meetings)
    series = dict(context.snapshot.series)
    went_over = {step.meeting.id for step in steps if step.meeting is not None}
    meetings = {place: meeting for place, meeting in meetings.items() if meeting.id not in went_over}
    for step in steps:
        if step.series is not None:
            series[step.series.mailbox_id] = step.series
        if step.meeting is not None:
            meetings[step.meeting.uid, step.meeting.original_start] = step.meeting
        if step.link is not None:
            links[step.link.id] = step.link
        if step.line is not None:
            lines[step.line.id] = step.line
    return replace(
        context, links=links, meetings=meetings, snapshot=replace(context.snapshot, lines=lines, series=series)
    )


def _unclear(context: Context, link: Link) -> bool:
    """Whether a side is suspected absent or unreadable: it waits, and is asked about again."""
    view, record = context.view(link), context.record(context.line(link))
    return (view is not None and view.presence is Presence.UNKNOWN) or (
        record is not None and record.presence is Presence.UNKNOWN
    )


def _refs(context: Context, link: Link) -> set[str]:
    view = context.view(link)
    refs = {link.mailbox_id, context.line(link).crm_id, view.seen.uid if view else None}
    return {ref for ref in refs if ref}


def _fingerprinted(context: Context, step: Step) -> Step:
    """Links remember what a write was planned from, so that a refusal can tell when to try again (LS-090)."""
    if not step.intents or step.drop:
        return step
    link = step.link or context.links.get(step.intents[-1].link_id)
    if link is None:
        return step
    return replace(step, link=replace(link, held_on=step.intents[-1].fingerprint))


def _link_step(context: Context, link: Link) -> Step | None:
    line: Line = context.line(link)
    if line.crm_id is None or link.mailbox_id is None:
        return half_step(context, link)
    view = context.view(link)
    if view is None:
        return None
    return orphans.turn(context, link) or pair_step(Linked(context, link, view, context.record(line)))


# --- held steps ------------------------------------------------------------------------------------------------------


def _held(context: Context, link: Link) -> list[Intent]:
    targets = (rows.crm_target(link.line_id), rows.mailbox_target(context.user.user_id, link))
    pending = (context.snapshot.pending.get(target) for target in targets)
    return [one for one in pending if one is not None and one.state is IntentState.HELD and one.link_id == link.id]


def _settled_holds(context: Context, link: Link, step: Step | None) -> list[Step]:
    """The step without what is held already; a held write that the world has overtaken is dropped (I.1)."""
    held = _held(context, link)
    if not held:
        return [step] if step is not None else []
    known = {one.id for one in held}
    planned = {one.target for one in (step.intents if step else ()) if one.id not in known}
    overtaken = [one for one in held if one.target in planned or not _stands(context, link, one)]
    kept = _without(step, known, context.links)
    dropped = tuple(replace(one, state=IntentState.SUPERSEDED) for one in overtaken)
    if kept is not None:
        return [replace(kept, intents=(*dropped, *(_still_asked(one, held) for one in kept.intents)))]
    if not dropped:
        return []
    return [Step(Verb.NOTE, context.kind, "", "Changed meanwhile; the held step is no longer needed.", intents=dropped)]


def _still_asked(one: Intent, held: list[Intent]) -> Intent:
    """A write that replaces one held as a mass effect waits for the same answer: alone it would look harmless (B.9)."""
    hold = next((old.hold for old in held if (old.target, old.op) == (one.target, one.op) and old.hold in MASS), "")
    return replace(one, state=IntentState.HELD, hold=hold) if hold and one.state is IntentState.PLANNED else one


def _without(step: Step | None, known: set[UUID], links: Mapping[UUID, Link]) -> Step | None:
    if step is None:
        return None
    intents = tuple(one for one in step.intents if one.id not in known)
    only_held = bool(step.intents) and not intents
    if only_held and step.link is not None and links.get(step.link.id) == step.link:
        return None
    return None if only_held and step.link is None else replace(step, intents=intents)


def _stands(context: Context, link: Link, held: Intent) -> bool:
    """Whether both sides still hold what the held write was planned from."""
    view, record = context.view(link), context.record(context.line(link))
    if held.op is Op.DELETE:
        gone = record.presence if held.side is Side.MAILBOX and record else (view.presence if view else None)
        return gone is Presence.GONE
    mailbox = view.values if view else EMPTY
    crm = record.values if record else EMPTY
    return all(
        mailbox.get(group) == held.from_mailbox.get(group) and crm.get(group) == held.from_crm.get(group)
        for group in held.values
    )
