"""The verdict: what people typed against what stands on both sides at the end. Every fault is one sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.torture.ledger import CONTESTED, FIELDS, MAILBOX, SALESFORCE, SIDES, Thing
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
    for side, copies in sides.items():
        name = f"{side}: {thing.kind} {thing.marker!r} (made in the {thing.home})"
        if thing.deleted:
            verdict.risen += [f"{name} was deleted and is there" for _ in copies]
        elif not copies:
            verdict.losses.append(f"{name} is missing")
        verdict.duplicates += [f"{name} is there {len(copies)} times" for _ in copies[1:]]
    if not thing.deleted and all(sides.values()):
        verdict.compared += 1
        verdict.differences += _differences(thing, sides[MAILBOX][0], sides[SALESFORCE][0])


def _differences(thing: Thing, mailbox: Copy, salesforce: Copy) -> Iterator[str]:
    name = f"{thing.kind} {thing.marker!r}"
    if not mailbox.owner == salesforce.owner == thing.person.key:
        yield f"{name} belongs to {mailbox.owner} and {salesforce.owner} instead of {thing.person.key}"
    for part in FIELDS[thing.kind]:
        ours, theirs = mailbox.fields[part], salesforce.fields[part]
        if ours != theirs:
            yield f"{name}: {part} is {ours!r} in the mailbox and {theirs!r} in Salesforce"
        elif ours not in thing.allowed(part):
            kind = "contested, typed" if part == CONTESTED[thing.kind] else "typed"
            yield f"{name}: {part} is {ours!r} on both sides; {kind}: {thing.typed.get(part)}"
