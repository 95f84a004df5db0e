"""One meeting in many mailboxes: who leads, and who may delete its record (D-4, D-5, D-8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.sync.state import Holder


@dataclass(frozen=True, slots=True)
class Lead:
    """Who writes a meeting's record. `leader` None: everybody waits for the organiser."""

    leader: int | None
    organizer: int | None
    others: frozenset[int] = frozenset()
    """Eligible holders."""

    def led_by(self, user_id: int) -> bool:
        """Whether this user leads."""
        return self.leader == user_id


def lead(holders: Iterable[Holder], organizer: int | None, *, declined: bool) -> Lead:
    """The organiser if he syncs and has not declined, else the eligible holder with the lowest user id (D-4)."""
    eligible = frozenset(holder.user_id for holder in holders if holder.eligible)
    if organizer is not None and organizer in eligible:
        return Lead(organizer, organizer, eligible)
    if organizer is not None and not declined:
        return Lead(None, organizer, eligible)
    return Lead(min(eligible, default=None), organizer, eligible)


def may_delete_record(lead_now: Lead, user_id: int) -> bool:
    """Whether the record may go because this user's copy is confirmed gone (table D-8, events)."""
    if lead_now.organizer == user_id:
        return True
    return lead_now.organizer is None and not lead_now.others - {user_id}
