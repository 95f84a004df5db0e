"""After a crash: what was sent and never answered is looked up, never repeated blindly (C2 to C4).

A create is looked for by its key: found means bound, not found means it is sent again (or is no longer wanted). Any
other write is dropped and its target read again. What an update was to write and what stands there now are agreed; the
planner then compares the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from backend.domain.values import Kind, Side
from backend.ports.answers import Op
from backend.ports.crm import Record
from backend.ports.mailbox import Item
from backend.sync.belonging import ask_for_holders
from backend.sync.executor import Executor
from backend.sync.settle import Settlement
from backend.sync.sight import originals_first, seen_item
from backend.sync.state import Intent, IntentState


@dataclass
class Recovery:
    """Clears the sent intents of one user and kind before anything is planned."""

    executor: Executor

    def resume(self, intents: Sequence[Intent]) -> int:
        """Looks up every unanswered write; how many there were."""
        for side in Side:
            unanswered = [one for one in intents if one.side is side]
            if unanswered:
                self._resume(unanswered)
        return len(intents)

    def _resume(self, intents: list[Intent]) -> None:
        settlement = self.executor.settlement(intents)
        known = [one for one in intents if one.link_id in settlement.links]
        for one in intents:
            if one.link_id not in settlement.links:
                settlement.changes.intents.append(replace(one, state=IntentState.SUPERSEDED))
        creates = [one for one in known if one.op is Op.CREATE]
        if creates:
            self._creates(creates, settlement)
        others = [one for one in known if one.op is not Op.CREATE]
        for one in others:
            settlement.unclear(one)
        if others:
            self.executor.reread(others[0].side, others[0].kind, settlement)
        self.executor.commit(settlement.collected())

    def _creates(self, creates: list[Intent], settlement: Settlement) -> None:
        by_key = {_key(one, settlement): one for one in creates}
        found = self._look(creates[0].side, creates[0].kind, list(by_key))
        ask_for_holders(self.executor.store, settlement, creates[0], [thing.id for thing in found])
        made: set[UUID] = set()
        for thing in found:
            one = by_key.get(thing.key_tag) if thing.key_tag else None
            if one is None or one.id in made:
                continue
            made.add(one.id)
            user, window = self.executor.context.user, self.executor.context.window
            seen = seen_item(user, one.kind, thing, window, linked=True) if isinstance(thing, Item) else None
            settlement.found(one, thing, seen)
        for one in creates:
            if one.id not in made:
                settlement.supersede(one, "It was never made; decided anew.")

    def _look(self, side: Side, kind: Kind, keys: list[UUID]) -> list[Item | Record]:
        if side is Side.CRM:
            return list(self.executor.crm.find_tagged(kind, keys))
        return list(originals_first(self.executor.mailbox.find_tagged(kind, self.executor.container, keys)))


def _key(one: Intent, settlement: Settlement) -> UUID:
    link = settlement.links[one.link_id]
    return settlement.lines[link.line_id].key if one.side is Side.CRM else link.key
