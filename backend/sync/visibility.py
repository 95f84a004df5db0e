"""No contact reaches a mailbox whose owner cannot read it in Salesforce (D-16, INV-28).

Whoever owns a record reads it. About all others Salesforce is asked just before something is planned for the mailbox,
so that no list of readable records can be out of date, and a scope is never half refreshed (C23).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from backend.domain.values import Kind, Side
from backend.ports.answers import Op
from backend.ports.crm import Crm
from backend.sync.context import Context
from backend.sync.plan import Plan, Step, Verb
from backend.sync.state import LinkState, SeenRecord

UNREADABLE: Final = "This person can no longer read the contact in Salesforce; his card stays and is not followed."


def visible(plan: Plan, context: Context, crm: Crm, asked: dict[str, bool]) -> Plan:
    """The plan without what would bring unreadable contacts, or changes of them, to the mailbox.

    asked: what the pass has learnt so far; added to.
    """
    if context.kind is not Kind.CONTACT:
        return plan
    concerned = {position: record for position, step in enumerate(plan.steps) if (record := _others(step, context))}
    if not concerned:
        return plan
    unknown = sorted({record.crm_id for record in concerned.values()} - asked.keys())
    if unknown:
        answer = crm.readable(unknown)
        asked |= {crm_id: crm_id in answer for crm_id in unknown}
    shown = frozenset(crm_id for crm_id, readable in asked.items() if readable)
    steps = [
        kept
        for position, step in enumerate(plan.steps)
        if (kept := _kept(step, concerned.get(position), shown, context)) is not None
    ]
    return replace(plan, steps=tuple(steps))


def _others(step: Step, context: Context) -> SeenRecord | None:
    """The record of somebody else that a step brings to the mailbox."""
    if not any(one.side is Side.MAILBOX and one.op is not Op.DELETE for one in step.intents):
        return None
    link = step.link or context.links[step.intents[0].link_id]
    line = step.line or context.line(link)
    record = context.record(line)
    return record if record is not None and record.owner_id != context.user.crm_user_id else None


def _kept(step: Step, record: SeenRecord | None, shown: frozenset[str], context: Context) -> Step | None:
    if record is None or record.crm_id in shown:
        return step
    link = context.links.get(step.intents[0].link_id)
    if link is None or link.state is LinkState.PARKED or link.mailbox_id is None:
        return None
    parked = replace(link, state=LinkState.PARKED, reason=UNREADABLE)
    return Step(Verb.PARK, step.kind, step.title, UNREADABLE, link=parked, unit=step.unit)
