"""Known meetings that a user's memory has lost: stops left behind in another mailbox, creates cut off by a reset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backend.domain.values import Kind
from backend.sync import rows
from backend.sync.context import Context, title_of
from backend.sync.plan import Step, Verb
from backend.sync.series import ItemView
from backend.sync.state import IntentState, Line, LineState, Link, LinkState, SeenRecord


def stop_follows(context: Context, view: ItemView, link: Link) -> Step | None:
    """A stop whose item was left behind in another mailbox stays a stop of the same meeting (G-2, G-3)."""
    if link.state is not LinkState.STOPPED or context.view(link) is not None:
        return None
    moved = replace(link, mailbox_id=view.ref.mailbox_id, original_start=view.ref.original_start)
    return Step(Verb.REPOINT, Kind.EVENT, title_of(view.values), "The same meeting in another mailbox.", link=moved)


def found_again(context: Context, line: Line, tagged: Sequence[SeenRecord]) -> Line | None:
    """The line with the record that its key names, where whoever made it was reset before the answer came (C22)."""
    pending = context.snapshot.pending.get(rows.crm_target(line.id))
    under_way = pending is not None and pending.state in (IntentState.PLANNED, IntentState.SENT)
    if line.crm_id is not None or under_way or not tagged:
        return None
    return replace(line, crm_id=tagged[0].crm_id, state=LineState.LIVE)
