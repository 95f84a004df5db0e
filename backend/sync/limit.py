"""At most 50,000 contacts of a user are kept in step; the others wait in the order they were seen (H-7, LS-094)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from backend.domain.values import Kind, Side
from backend.sync.context import Context
from backend.sync.plan import Step, Verb
from backend.sync.state import Note

MOST: Final = 50_000
CODE: Final = "limit"
"""Code of notes about contacts that wait for room."""
FULL: Final = (
    "This person already syncs 50,000 contacts, and no more are taken. It is taken up as soon as one of them stops "
    "syncing: move contacts that are no longer needed out of the folder, or narrow the filter."
)
_PAIRING: Final = frozenset({Verb.MATCH, Verb.CREATE_RECORD, Verb.CREATE_ITEM})


def limited(steps: Iterable[Step], context: Context) -> Iterator[Step]:
    """The steps about things that nothing is linked to, with a note for each contact that finds no room."""
    room = MOST - context.snapshot.totals
    for step in steps:
        if context.kind is not Kind.CONTACT or step.verb not in _PAIRING:
            yield step
            continue
        yield step if room > 0 else _waits(step, context)
        room -= 1


def _waits(step: Step, context: Context) -> Step:
    crm_id = step.line.crm_id if step.line is not None else None
    item = step.link.mailbox_id if step.link is not None else None
    side, ref = (Side.MAILBOX, item) if item is not None else (Side.CRM, crm_id or "")
    note = Note(context.user.user_id, step.kind, side, ref, FULL, step.title, CODE)
    return Step(Verb.NOTE, step.kind, step.title, FULL, notes=(note,))
