"""Writes left open by people who no longer sync are finished by whoever needs their target (D-9).

What nobody needs is closed by the next cycle of the organisation, see `leavers`.

The owner's lease is taken first, so that a pass of his that is still alive commits nothing more. Then what was planned
is dropped, a create that was sent is looked up by its key and bound, and the target of any other write is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from backend.domain.configuration import Direction
from backend.domain.values import Kind, Side
from backend.sync.executor import Executor
from backend.sync.recovery import Recovery
from backend.sync.state import Intent, IntentState
from backend.sync.store import Changes, SyncStore

OWNER_LEFT = "Its owner no longer syncs; decided anew by who needs it."


@dataclass
class HandOver:
    """Clears the way of one user's pass. Only records are shared: items are always their owner's alone."""

    store: SyncStore
    executor: Executor
    holder: str
    lease_seconds: float

    def complete(self, pending: Mapping[str, Intent]) -> bool:
        """Finishes what others left open of these intents by target; whether anything was finished."""
        done = False
        for owner, intents in self._left(pending).items():
            lease = self.store.acquire(owner, self.holder, self.lease_seconds)
            if lease is None:
                continue
            self._finish(replace(self.executor, lease=lease), intents)
            self.store.release(lease)
            done = True
        return done

    def _left(self, pending: Mapping[str, Intent]) -> dict[int, list[Intent]]:
        mine = self.executor.context.user.user_id
        others: dict[int, list[Intent]] = defaultdict(list)
        for one in pending.values():
            under_way = one.state in (IntentState.PLANNED, IntentState.SENT)
            if one.user_id != mine and one.side is Side.CRM and under_way:
                others[one.user_id].append(one)
        return {owner: intents for owner, intents in others.items() if not syncs(self.store, owner, intents[0].kind)}

    def _finish(self, executor: Executor, intents: list[Intent]) -> None:
        planned = [one for one in intents if one.state is IntentState.PLANNED]
        dropped = [replace(one, state=IntentState.SUPERSEDED, message=OWNER_LEFT) for one in planned]
        executor.commit(Changes(intents=dropped))
        Recovery(executor).resume([one for one in intents if one.state is IntentState.SENT])


def syncs(store: SyncStore, owner: int, kind: Kind) -> bool:
    """Whether a user has passes of this kind."""
    user = store.user(owner)
    return user is not None and user.configuration.of(kind).direction is not Direction.OFF
