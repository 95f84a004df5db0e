"""Three-way merge per field group, and the first match, which has no base (sync.md B.5 step 2; F-3, F-4, F-5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from backend.domain.configuration import ConflictRule, ConflictScope, Direction, KindSettings, OneWay
from backend.domain.projection import equivalent
from backend.domain.values import FieldValue, Kind, Side, Values


@dataclass
class Merge:
    """Result of a merge. `drift`: differences that the settings or the item's class forbid to write.

    adopted: groups both sides now agree on without a write · lost: (group, winner) of true conflicts.
    """

    to_crm: dict[str, FieldValue] = field(default_factory=dict)
    to_mailbox: dict[str, FieldValue] = field(default_factory=dict)
    adopted: set[str] = field(default_factory=set)
    drift: set[str] = field(default_factory=set)
    lost: list[tuple[str, Side]] = field(default_factory=list)
    replaced: bool = False
    """Whether text on the target of a one-way sync was replaced though the source did not change (LS-114)."""

    def lock(self, groups: frozenset[str]) -> None:
        """Takes out what the user may not change in Salesforce: it stays as it is on both sides (LS-088, D-16)."""
        for group in groups & self.to_crm.keys():
            del self.to_crm[group]
            self.drift.add(group)
            self.lost = [entry for entry in self.lost if entry[0] != group]


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides' present values with their clocks.

    mailbox_rules: the mailbox wins every true conflict (I.1) · frozen: the item must not be written at all ·
    region: the user's country, for telephone numbers that do not name theirs (H-6).
    """

    kind: Kind
    mailbox: Values
    crm: Values
    mailbox_at: datetime | None = None
    crm_at: datetime | None = None
    mailbox_rules: bool = False
    frozen: bool = False
    region: str | None = None

    def equivalent(self, group: str) -> bool:
        """Whether the two sides agree on a group."""
        return equivalent(self.kind, group, self.mailbox.get(group), self.crm.get(group), self.region)


def winner(rule: ConflictRule, pair: Pair) -> Side:
    """Who wins a true conflict. The one comparison across clocks; a tie goes to the mailbox (F-5)."""
    if pair.mailbox_rules or rule is ConflictRule.MAILBOX:
        return Side.MAILBOX
    if rule is ConflictRule.CRM:
        return Side.CRM
    if pair.mailbox_at is None or pair.crm_at is None:
        return Side.MAILBOX if pair.crm_at is None else Side.CRM
    return Side.CRM if pair.crm_at > pair.mailbox_at else Side.MAILBOX


def three_way(
    pair: Pair, changed_mailbox: frozenset[str], changed_crm: frozenset[str], settings: KindSettings
) -> Merge:
    """Merges the groups that moved since the shadows. One-way, the source wins where both moved (F-3)."""
    merge = Merge()
    differing = []
    for group in sorted(changed_mailbox | changed_crm):
        if pair.equivalent(group):
            merge.adopted.add(group)
        else:
            differing.append(group)
    whole = _whole_record_winner(pair, differing, changed_mailbox & changed_crm, settings)
    for group in differing:
        changed = (group in changed_mailbox, group in changed_crm)
        _decide(merge, pair, group, changed, settings, whole)
    return merge


def _whole_record_winner(
    pair: Pair, differing: Iterable[str], both: frozenset[str], settings: KindSettings
) -> Side | None:
    """With conflicts by record, one true conflict makes its winner win in every field that moved (F-5)."""
    by_record = settings.conflict_scope is ConflictScope.RECORD and settings.direction is Direction.BOTH
    return winner(settings.conflict, pair) if by_record and both.intersection(differing) else None


def _decide(
    merge: Merge, pair: Pair, group: str, changed: tuple[bool, bool], settings: KindSettings, whole: Side | None
) -> None:
    direction = settings.direction
    only = None if all(changed) else Side.MAILBOX if changed[0] else Side.CRM
    source = whole or only or _one_way_source(direction) or winner(settings.conflict, pair)
    if only is not None and settings.one_way is OneWay.REPLACE and only is _one_way_target(direction):
        source, merge.replaced = only.other, True
    if source is Side.CRM and pair.frozen:
        merge.drift.add(group)
        return
    if only is not source:
        merge.lost.append((group, source))
    _flow(merge, group, source, pair.mailbox.get(group) if source is Side.MAILBOX else pair.crm.get(group), direction)


def _one_way_source(direction: Direction) -> Side | None:
    return {Direction.TO_CRM: Side.MAILBOX, Direction.TO_MAILBOX: Side.CRM}.get(direction)


def _one_way_target(direction: Direction) -> Side | None:
    source = _one_way_source(direction)
    return source.other if source else None


def _flow(merge: Merge, group: str, source: Side, value: FieldValue, direction: Direction) -> None:
    if not (direction.writes_crm if source is Side.MAILBOX else direction.writes_mailbox):
        merge.drift.add(group)
    elif source is Side.MAILBOX:
        merge.to_crm[group] = value
    else:
        merge.to_mailbox[group] = value


def first_match(pair: Pair, groups: Iterable[str], direction: Direction) -> Merge:
    """Two things that match but never agreed: fill blanks where the direction allows, agree to the rest as it is.

    What differs on both sides stays on both sides and is journalled (F-4, finding F1 in sync.md C.2).
    """
    merge = Merge()
    for group in groups:
        mailbox, crm = pair.mailbox.get(group), pair.crm.get(group)
        if pair.equivalent(group):
            merge.adopted.add(group)
        elif mailbox is None and direction.writes_mailbox and not pair.frozen:
            merge.to_mailbox[group] = crm
        elif crm is None and direction.writes_crm:
            merge.to_crm[group] = mailbox
        else:
            merge.adopted.add(group)
            merge.lost.append((group, Side.MAILBOX if crm is None else Side.CRM))
    return merge
