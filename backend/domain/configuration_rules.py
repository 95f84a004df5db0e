"""Which settings have no effect under which others, and why (LS 2.2). What was chosen there is kept for later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from backend.domain.configuration import Configuration, Direction, Ownership, SeriesRule
from backend.domain.configuration_words import SETTINGS
from backend.domain.values import Kind

_ACTIVE_TOGETHER: Final = ("conflicts", "conflict_scope")
_FROM_SALESFORCE: Final = ("invite_guests", "guests", "start")
_TO_SALESFORCE: Final = ("which", "relate", "attendees", "invite_users", "series")
_FILTER: Final = tuple(one.key for one in SETTINGS if one.key.startswith("contacts.filter."))


@dataclass(frozen=True, slots=True)
class Idle:
    """A setting without effect: the reason in one sentence, and the setting that rules it."""

    key: str
    reason: str
    ruled_by: str


def idle(settings: Configuration) -> dict[str, Idle]:
    """Every setting that has no effect at present, by key; the first reason that holds."""
    found: dict[str, Idle] = {}
    for one in (*_by_direction(settings), *_by_filter(settings), *_by_events(settings)):
        found.setdefault(one.key, one)
    return found


def _by_direction(settings: Configuration) -> Iterator[Idle]:
    for kind in Kind:
        group = f"{kind.value}s"
        ruler, direction = f"{group}.direction", settings.of(kind).direction
        if direction is Direction.OFF:
            others = (one.key for one in SETTINGS if one.key.startswith(f"{group}.") and one.key != ruler)
            yield from (Idle(key, f"No {group} sync at present.", ruler) for key in others)
        elif direction is Direction.BOTH:
            yield Idle(f"{group}.one_way", f"Applies to one-way syncs; {group} sync both ways.", ruler)
        else:
            reason = f"A conflict takes two sides that are written; {group} sync one way."
            yield from (Idle(f"{group}.{name}", reason, ruler) for name in _ACTIVE_TOGETHER)


def _by_filter(settings: Configuration) -> Iterator[Idle]:
    direction, chosen = settings.contacts.direction, settings.contact_filter
    if not direction.writes_mailbox:
        reason = "A filter chooses Salesforce contacts for the mailbox; at present none are written there."
        yield from (Idle(key, reason, "contacts.direction") for key in _FILTER)
    if direction is not Direction.BOTH:
        yield Idle(
            "contacts.company", "A company text waits for an account in two-way syncs only.", "contacts.direction"
        )
    if not direction.writes_crm:
        reason = "No mailbox contact goes to Salesforce at present."
        yield Idle("contacts.company_moves", reason, "contacts.direction")
    if chosen.ownership is Ownership.ALL and not chosen.conditions:
        reason = "Every contact that the person can read is taken already."
        yield Idle("contacts.filter.followed", reason, "contacts.filter.owner")


def _by_events(settings: Configuration) -> Iterator[Idle]:
    direction = settings.events.direction
    if not direction.writes_crm:
        reason = "No mailbox event goes to Salesforce at present."
        yield from (Idle(f"events.{name}", reason, "events.direction") for name in _TO_SALESFORCE)
    if not direction.writes_mailbox:
        reason = "No Salesforce event goes to the mailbox at present."
        yield from (Idle(f"events.{name}", reason, "events.direction") for name in _FROM_SALESFORCE)
    if settings.series is SeriesRule.OFF:
        yield Idle("events.days_ahead", "Repeating events are left alone.", "events.series")
    if not settings.attendees:
        yield Idle("events.invite_users", "No attendees reach Salesforce.", "events.attendees")
