"""What a user may not do at all in Salesforce is not planned; it waits, and the user's state says so (F-7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import replace
from typing import Final
from uuid import UUID

from backend.domain.values import Side
from backend.ports.answers import Op
from backend.ports.crm import EVERY_RIGHT, Right
from backend.sync.plan import Plan, Step, Verb
from backend.sync.state import Intent, Link, Todo
from backend.sync.store import Snapshot

_NEEDED: Final = {Op.CREATE: Right.CREATE, Op.UPDATE: Right.EDIT, Op.DELETE: Right.DELETE}


def permitted(plan: Plan, rights: frozenset[Right], snapshot: Snapshot) -> Plan:
    """The plan without writes that lack a right; what they are about is looked at again in every pass.

    Nothing reaches a mailbox whose owner may not read such records in Salesforce (INV-28).
    """
    if rights == EVERY_RIGHT:
        return plan
    lacking: Counter[Right] = Counter()
    steps, again = [], []
    for step in plan.steps:
        barred = {one.id: lacked for one in step.intents if (lacked := _lacked(one, rights)) is not None}
        if not barred:
            steps.append(step)
            continue
        lacking.update(barred.values())
        again += [_todo(step, one, snapshot) for one in step.intents if one.id in barred]
        rest = _rest(step, barred, snapshot)
        if rest is not None:
            steps.append(rest)
    return replace(plan, steps=tuple(steps), again=tuple(again), lacking=lacking)


def _lacked(one: Intent, rights: frozenset[Right]) -> Right | None:
    needed = {Right.READ} if one.side is Side.MAILBOX else {Right.READ, _NEEDED[one.op]}
    return next((right for right in Right if right in needed - rights), None)


def _rest(step: Step, barred: Container[UUID], snapshot: Snapshot) -> Step | None:
    """What a step still does: the other side's write, and what both sides agree about."""
    if step.verb not in (Verb.WRITE, Verb.HOLD):
        return None
    intents = tuple(one for one in step.intents if one.id not in barred)
    if intents:
        return replace(step, intents=intents, conflicts=())
    if step.link is None or _same(step.link, snapshot.links.get(step.link.id)):
        return None
    return replace(step, verb=Verb.ADOPT, intents=(), conflicts=())


def _same(planned: Link, stored: Link | None) -> bool:
    return stored is not None and replace(planned, held_on=stored.held_on) == stored


def _todo(step: Step, one: Intent, snapshot: Snapshot) -> Todo:
    link = step.link or snapshot.links[one.link_id]
    if link.mailbox_id is not None:
        return Todo(link.user_id, link.kind, Side.MAILBOX.value, link.mailbox_id)
    line = step.line or snapshot.lines[link.line_id]
    return Todo(link.user_id, link.kind, Side.CRM.value, line.crm_id or "")
