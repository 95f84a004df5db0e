"""Half-bound links: a create was decided, and its answer never came or never will (sync.md B.5 step 4).

Recovery has looked for what a lost answer may have made before this is asked: what is still unbound does not exist.
"""

from __future__ import annotations

from dataclasses import replace

from backend.domain.values import EMPTY, Kind
from backend.sync import rows
from backend.sync.context import Context, title_of
from backend.sync.plan import Step, Verb
from backend.sync.scope import left_out
from backend.sync.state import Link, LinkState, Origin, Presence


def half_step(context: Context, link: Link) -> Step | None:
    """The step for a link of which one side is still to be made."""
    if context.line(link).crm_id is None:
        return _record_missing(context, link)
    return _item_missing(context, link)


def _dropped(context: Context, link: Link, title: str) -> Step:
    return Step(Verb.END, context.kind, title, "Its source vanished before it was made.", link=link, drop=True)


def _record_missing(context: Context, link: Link) -> Step | None:
    view = context.view(link)
    if view is None or view.presence is Presence.UNKNOWN:
        return None
    title = title_of(view.values)
    held = link.state is LinkState.HELD
    if held and link.held_on == context.held_digest(view, None):
        return None
    if link.state is LinkState.STOPPED and view.presence is Presence.HERE:
        return None
    wanted = (
        view.presence is Presence.HERE
        and context.settings.direction.writes_crm
        and left_out(context.kind, context.user.configuration, view.values, context.window) is None
    )
    if not wanted:
        return _dropped(context, link, title)
    if context.kind is Kind.EVENT and not context.lead(view.seen).led_by(link.user_id):
        return None
    planned = rows.create_record(context, link, view, "New in the mailbox.", resumed=not held)
    creating = replace(link, state=LinkState.CREATING, reason="")
    return Step(Verb.CREATE_RECORD, context.kind, title, planned.rule, link=creating, intents=(planned,))


def _item_missing(context: Context, link: Link) -> Step | None:
    record = context.record(context.line(link))
    if record is None or record.presence is Presence.UNKNOWN:
        return None
    title = title_of(record.values or EMPTY)
    if link.state is LinkState.HELD and link.held_on == context.held_digest(None, record):
        return None
    if link.state is LinkState.STOPPED:
        return None
    wanted = (
        record.presence is Presence.HERE
        and context.settings.direction.writes_mailbox
        and (record.crm_id in context.snapshot.in_scope or link.origin is not Origin.CRM)  # the user put it there (H-1)
        and left_out(context.kind, context.user.configuration, record.values, context.window) is None
    )
    if not wanted:
        return _dropped(context, link, title)
    planned = rows.create_item(context, link, record, "New in Salesforce.", resumed=link.state is not LinkState.HELD)
    creating = replace(link, state=LinkState.CREATING, reason="")
    return Step(Verb.CREATE_ITEM, context.kind, title, planned.rule, link=creating, intents=(planned,))
