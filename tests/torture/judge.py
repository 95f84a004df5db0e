"""The verdict: what people typed against what stands on both sides at the end. Every fault is one sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.torture.ledger import CONTACT, CONTESTED, FIELDS, MAILBOX, SALESFORCE, SIDES, Thing
from tests.torture.reader import Copy


@dataclass
class Verdict:
    """Faults by kind; none of them: the world is in step."""

    compared: int = 0
    duplicates: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    risen: list[str] = field(default_factory=list)
    """Things that somebody deleted and that stand there all the same."""

    @property
    def faults(self) -> list[str]:
        """All of them."""
        return [*self.duplicates, *self.losses, *self.differences, *self.strangers, *self.risen]


def judge(things: Sequence[Thing], copies: Iterable[Copy]) -> Verdict:
    """Compares each thing with its copies, field by field."""
    verdict = Verdict()
    found: dict[tuple[str, str], dict[str, list[Copy]]] = defaultdict(lambda: {side: [] for side in SIDES})
    for copy in copies:
        found[copy.kind, copy.marker][copy.side].append(copy)
    for thing in things:
        sides = found.pop((thing.kind, thing.marker), {side: [] for side in SIDES})
        _judge_thing(verdict, thing, sides)
    for (kind, marker), sides in found.items():
        for side, strangers in sides.items():
            verdict.strangers += [f"{side}: {kind} {marker!r} was made by nobody" for _ in strangers]
    return verdict


def _judge_thing(verdict: Verdict, thing: Thing, sides: dict[str, list[Copy]]) -> None:
    places = _places(thing, sides)
    for place, copies in places.items():
        name = f"{place}: {thing.kind} {thing.marker!r} (made in the {thing.home})"
        if thing.deleted:
            verdict.risen += [f"{name} was deleted and is there" for _ in copies]
        elif not copies:
            verdict.losses.append(f"{name} is missing")
        verdict.duplicates += [f"{name} is there {len(copies)} times" for _ in copies[1:]]
    if not thing.deleted and all(places.values()):
        record = places.pop(SALESFORCE)[0]
        for copies in places.values():
            verdict.compared += 1
            verdict.differences += _differences(thing, copies[0], record)


def _places(thing: Thing, sides: dict[str, list[Copy]]) -> dict[str, list[Copy]]:
    """Where there has to be one of it: Salesforce, and each mailbox that has it."""
    if not thing.fellows:
        return dict(sides)
    mailboxes: dict[str, list[Copy]] = {person.key: [] for person in thing.holders}
    for copy in sides[MAILBOX]:
        mailboxes.get(copy.owner, mailboxes[thing.person.key]).append(copy)
    named = {f"{MAILBOX} of {key}": copies for key, copies in mailboxes.items()}
    return {SALESFORCE: sides[SALESFORCE], **named}


def _differences(thing: Thing, mailbox: Copy, salesforce: Copy) -> Iterator[str]:
    name = f"{thing.kind} {thing.marker!r}"
    holders = {person.key for person in thing.holders}
    if mailbox.owner not in holders or salesforce.owner not in (
        holders if thing.kind == CONTACT else {thing.person.key}
    ):
        yield f"{name} belongs to {mailbox.owner} and {salesforce.owner} instead of {thing.person.key}"
    for part in FIELDS[thing.kind]:
        ours, theirs = mailbox.fields[part], salesforce.fields[part]
        if ours != theirs:
            yield f"{name}: {part} is {ours!r} in the mailbox and {theirs!r} in Salesforce"
        elif ours not in thing.allowed(part):
            kind = "contested, typed" if part == CONTESTED.get(thing.kind) else "typed"
            yield f"{name}: {part} is {ours!r} on both sides; {kind}: {thing.typed.get(part)}"
