"""Field values as people read them, and what changed within them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date

from backend.domain.attendees import ATTENDEES, Attendee, Attendees, Reply
from backend.domain.fieldmap import GROUPS, ROWS
from backend.domain.values import Address, AllDay, FieldValue, Kind, Name, ShowAs, Timed
from backend.web.numbers import LOCALE
from backend.web.times import times
from backend.web.words import say

WORDS: Final = re.compile(r"\s+|\S+")
ALIKE: Final = 0.6
SHOW_AS: Final = {
    ShowAs.BUSY: say("Busy"),
    ShowAs.FREE: say("Free"),
    ShowAs.OUT_OF_OFFICE: say("Out of office"),
    ShowAs.TENTATIVE: say("Tentative"),
    ShowAs.ELSEWHERE: say("Working elsewhere"),
}
REPLIES: Final = {
    Reply.ACCEPTED: say("accepted"),
    Reply.TENTATIVE: say("tentative"),
    Reply.DECLINED: say("declined"),
}
OF_SEVERAL: Final = {
    "name": say("Name"),
    "when": say("When"),
    "mailing": say("Address"),
    "other_address": say("Other address"),
}


def _labels(kind: Kind) -> dict[str, str]:
    return {row.group: OF_SEVERAL.get(row.group, row.label) for row in ROWS[kind]}


LABELS: Final = {kind: _labels(kind) for kind in Kind}
ANY_LABEL: Final = LABELS[Kind.CONTACT] | LABELS[Kind.EVENT] | {ATTENDEES: say("Guests")}
ORDER: Final = {kind: {group: place for place, group in enumerate(groups)} for kind, groups in GROUPS.items()}


Plain = str | bool | date | ShowAs | Name | Address | Timed | AllDay


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text and how it moved: 'same', 'gone' or 'new'."""

    move: str
    text: str


def label(group: str) -> str:
    """What the screens call a field group."""
    return ANY_LABEL.get(group, group)


def beside(value: FieldValue, other: FieldValue) -> str:
    """A value as text next to the one it is compared with: times in the zone of that one, so that they can be."""
    return shown(value, other.zone if isinstance(other, Timed) else None)


def shown(value: FieldValue, zone: str | None = None) -> str:
    """A value as text, '' for none. Times in `zone`, else in the viewer's."""
    if isinstance(value, Attendees):
        return ", ".join(_attendee(one) for one in value.people)
    return "" if value is None else _shown(value, zone)


def _shown(value: Plain, zone: str | None) -> str:
    match value:
        case ShowAs():
            return SHOW_AS[value]
        case bool():
            return say("Yes") if value else say("No")
        case str():
            return value
        case Name():
            return value.display
        case Address(street, city, state, postal_code, country):
            town = " ".join(part for part in (postal_code, city) if part)
            return ", ".join(part for part in (street, town, state, country) if part)
        case Timed(_, _, own):
            return times().span(value, zone or own)
        case AllDay():
            return times().span(value)
        case date():
            return format_date(value, "d MMMM y", locale=LOCALE)


def _attendee(one: Attendee) -> str:
    return f"{one.address} ({REPLIES[one.reply]})" if one.reply in REPLIES else one.address


def diff(before: str, after: str) -> tuple[Piece, ...]:
    """What became of a text, by words; texts that have little in common are given whole."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if not old or not new or len(old) + len(new) > 2000 or matcher.ratio() < ALIKE:
        return tuple(piece for piece in (Piece("gone", before), Piece("new", after)) if piece.text)
    return tuple(_pieces(matcher, old, new))


def _pieces(matcher: difflib.SequenceMatcher[str], old: list[str], new: list[str]) -> Iterator[Piece]:
    gone, new_text = "", ""
    blocks = matcher.get_opcodes()
    for place, (move, old_from, old_to, new_from, new_to) in enumerate(blocks):
        before, after = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        between = gone + new_text and place < len(blocks) - 1
        if move != "equal" or (between and not before.strip()):  # a mere space between two changes belongs to them
            gone, new_text = gone + before, new_text + after
            continue
        yield from _changed(gone, new_text)
        gone, new_text = "", ""
        yield Piece("same", before)
    yield from _changed(gone, new_text)


def _changed(gone: str, new: str) -> Iterator[Piece]:
    if gone:
        yield Piece("gone", gone)
    if new:
        yield Piece("new", new)
