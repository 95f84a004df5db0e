"""What another sync left behind, sorted by how sure its pairs are: from the planner's own steps, no second matcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from backend.domain.values import Kind
from backend.sync.compile import compiled
from backend.sync.newcomers import SAME_ADDRESS
from backend.sync.plan import Plan, Step, Verb
from backend.sync.state import Lease, Ref
from backend.sync.store import Changes, SyncStore

_PAIRING: Final = frozenset({Verb.MATCH, Verb.JOIN, Verb.BIND})
_MAKING: Final = frozenset({Verb.CREATE_RECORD, Verb.CREATE_ITEM})


@dataclass(frozen=True, slots=True)
class Inheritance:
    """The unlinked things of one user. rest: what has no partner and is made on the other side by the next pass."""

    sure: tuple[Step, ...]
    doubtful: tuple[Step, ...]
    rest: tuple[Step, ...]


def sorted_out(steps: Iterable[Step]) -> Inheritance:
    """The steps of a rehearsal by how sure they are; what concerns known pairs is left out."""
    found = tuple(steps)
    pairing = [step for step in found if step.verb in _PAIRING]
    doubtful = [step for step in pairing if step.doubt]
    doubtful += [replace(step, doubt=SAME_ADDRESS) for step in found if step.rule == SAME_ADDRESS]
    return Inheritance(
        tuple(step for step in pairing if not step.doubt),
        tuple(doubtful),
        tuple(step for step in found if step.verb in _MAKING),
    )


def store_pairs(store: SyncStore, lease: Lease, steps: Sequence[Step]) -> int:
    """Stores the links of these steps, and nothing else; how many. What was linked meanwhile is left as it is.

    The pairs are compared by the next pass, as any first match. Raises LeaseLost or TargetTaken.
    """
    stored = 0
    for kind in Kind:
        refs = [step.link.ref for step in steps if step.link is not None and step.link.ref is not None]
        linked = store.linked_refs(lease.user_id, kind, refs)
        mine = [step for step in steps if step.kind is kind and not step.drop]
        fresh = [step for step in mine if _is_free(store, lease.user_id, step, linked)]
        changes = compiled(Plan(kind, tuple(fresh)), store.snapshot(lease.user_id, kind))
        pairs = Changes(links=changes.links, lines=changes.lines, meetings=changes.meetings, todos=changes.todos)
        pairs.item_user, pairs.item_kind = lease.user_id, kind
        store.commit(lease, pairs)
        stored += len(fresh)
    return stored


def _is_free(store: SyncStore, user_id: int, step: Step, linked: Mapping[Ref, UUID]) -> bool:
    link = step.link
    return link is not None and link.ref not in linked and user_id not in store.users_of_line(link.line_id)
