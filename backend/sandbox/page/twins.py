"""Which items stand on both sides, by what people would compare: an address or a name, a subject and a start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from backend.sandbox.page.shelf import Card, Entry


def mark_events(mail: Sequence[Entry], salesforce: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Both lists, each entry saying whether the other side has it too."""
    there, here = {_event(each) for each in salesforce}, {_event(each) for each in mail}
    return (
        [replace(each, on_both=_event(each) in there) for each in mail],
        [replace(each, on_both=_event(each) in here) for each in salesforce],
    )


def mark_contacts(mail: Sequence[Card], salesforce: Sequence[Card]) -> tuple[list[Card], list[Card]]:
    """Both lists, each card saying whether the other side has it too: the latest change of either side first.

    So the same people stand at the same place on both sides.
    """
    there, here = {_contact(each) for each in salesforce}, {_contact(each) for each in mail}
    changed: dict[str, datetime] = {}
    for each in (*mail, *salesforce):
        changed[_contact(each)] = max(each.modified, changed.get(_contact(each), each.modified))

    def order(card: Card) -> tuple[int, str]:
        return -int(changed[_contact(card)].timestamp()), card.name

    return (
        sorted((replace(each, on_both=_contact(each) in there) for each in mail), key=order),
        sorted((replace(each, on_both=_contact(each) in here) for each in salesforce), key=order),
    )


def _event(entry: Entry) -> tuple[object, ...]:
    return entry.title.strip().casefold(), entry.start, entry.all_day


def _contact(card: Card) -> str:
    """What a contact is known by: its address, or its name where it has none."""
    return card.reach.casefold() if "@" in card.reach else card.name.casefold()
