"""Which items stand on both sides, by what people would compare: an address or a name, a subject and a start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backend.sandbox.page.shelf import Card, Entry


def mark_events(mail: Sequence[Entry], salesforce: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Both lists, each entry saying whether the other side has it too."""
    there, here = {_event(each) for each in salesforce}, {_event(each) for each in mail}
    return (
        [replace(each, on_both=_event(each) in there) for each in mail],
        [replace(each, on_both=_event(each) in here) for each in salesforce],
    )


def mark_contacts(mail: Sequence[Card], salesforce: Sequence[Card]) -> tuple[list[Card], list[Card]]:
    """Both lists, each card saying whether the other side has it too."""
    there, here = _known(salesforce), _known(mail)
    return (
        [replace(each, on_both=not there.isdisjoint(_contact(each))) for each in mail],
        [replace(each, on_both=not here.isdisjoint(_contact(each))) for each in salesforce],
    )


def _event(entry: Entry) -> tuple[object, ...]:
    return entry.title.strip().casefold(), entry.start, entry.all_day


def _known(cards: Sequence[Card]) -> set[str]:
    return set().union(*map(_contact, cards))


def _contact(card: Card) -> set[str]:
    """What a contact is known by: its address, or its name where it has none."""
    return {card.reach.casefold()} if "@" in card.reach else {card.name.casefold()}
