"""Judges what the engine did, from the fakes' own books: the invariants of docs/sync.md B.12.

`Watch` looks at every write the moment before it takes effect; `check_settled` looks at a world at rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from backend.domain.codec import decode_values
from backend.domain.configuration import Configuration, DeletionChoice
from backend.domain.fieldmap import GROUPS
from backend.domain.projection import equivalent
from backend.domain.values import EMPTY, AllDay, FieldValue, Kind, Side, Timed, Values, end_instant
from backend.ports.answers import Op
from backend.storage import tables
from backend.sync.scope import window_of
from backend.sync.state import LinkState
from tests.fakes.account import Place, Thing
from tests.fakes.lab import Lab, Remembered
from tests.fakes.lineage import Edit, People, marks
from tests.fakes.org import Row
from tests.fakes.world import ApiWrite


@dataclass
class Watch:
    """Sees every write of the engine before it takes effect."""

    lab: Lab
    people: People
    settings: Configuration
    sent: set[tuple[Side, str, FieldValue]] = field(default_factory=set)
    versions: dict[tuple[str, ...], datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lab.world.watchers.append(self.look)

    def look(self, write: ApiWrite) -> None:
        """Judges one write."""
        self.sent |= {(write.side, group, value) for group, value in write.values.items()}
        if write.op is Op.CREATE:
            self._creating(write)
        elif write.op is Op.DELETE:
            self._deleting(write)

    def _creating(self, write: ApiWrite) -> None:
        half = {
            (pair.link.key if write.side is Side.MAILBOX else pair.line.key): pair.line.crm_id or pair.link.mailbox_id
            for pair in self.lab.pairs()
        }
        assert write.key in half, f"INV-2: {write} is sent before a link with its key is stored"
        if self.settings.of(write.kind).deletion is not DeletionChoice.RECREATE:
            deleted = self.people.deleted.get(half[write.key] or "")
            assert deleted is None, f"INV-20: {write} brings back {deleted}, which a person deleted"

    def _deleting(self, write: ApiWrite) -> None:
        pair = next(pair for pair in self.lab.pairs() if write.target in (pair.link.mailbox_id, pair.line.crm_id))
        choice = self.settings.of(write.kind).deletion
        assert choice is DeletionChoice.DELETE, f"INV-5: {write} although the choice is {choice}"
        if write.side is Side.MAILBOX:
            counterpart: Thing | Row = self.lab.world.org.rows[pair.line.crm_id or ""]
            gone = isinstance(counterpart, Row) and not counterpart.alive
            shadow = pair.link.shadow_mailbox
        else:
            counterpart = self.people.account.things[pair.link.mailbox_id or ""]
            gone = counterpart.place in (Place.BIN, Place.ERASED)
            shadow = pair.link.shadow_crm
        assert gone, f"INV-5, INV-11: {write} although its counterpart {counterpart.id} is not deleted"
        moved = differing(write.before, shadow or EMPTY, write.kind)
        assert not moved, f"INV-5: {write} although {moved} left the shadow"

    def check_monotone(self) -> None:
        """INV-21: no commit lowers the version of a mirror row."""
        for key, version in self._mirrored().items():
            before = self.versions.get(key)
            assert before is None or version >= before, f"INV-21: {key} went back from {before} to {version}"
            self.versions[key] = version

    def _mirrored(self) -> dict[tuple[str, ...], datetime]:
        record, item = tables.crm_record.c, tables.mailbox_item.c
        rows = self.lab.rows(sa.select(record.kind, record.crm_id, record.version))
        seen: dict[tuple[str, ...], datetime] = {(row.kind, row.crm_id): row.version for row in rows}
        items = self.lab.rows(
            sa.select(item.kind, item.user_id, item.mailbox_id, item.modified_at).where(item.modified_at.is_not(None))
        )
        return seen | {(row.kind, str(row.user_id), row.mailbox_id): row.modified_at for row in items}


def differing(values: Values, shadow: Values, kind: Kind) -> set[str]:
    """Groups in which values and shadow differ."""
    return {group for group in GROUPS[kind] if values.get(group) != shadow.get(group)}


@dataclass(frozen=True)
class Lost:
    """A row of the conflict journal."""

    link_id: UUID
    group: str
    mailbox: FieldValue
    crm: FieldValue


@dataclass
class Judge:
    """Looks at a settled world of one user."""

    lab: Lab
    people: People
    settings: Configuration

    def __post_init__(self) -> None:
        self.account = self.people.account
        self.org = self.lab.world.org
        self.pairs = self.lab.pairs()
        self.journal = list(self._journal())
        self.noted = {row.ref for row in self.lab.rows(sa.select(tables.note.c.ref))}

    def check(self, watch: Watch) -> None:
        """Every invariant of a settled world."""
        self.check_injective()
        self.check_no_duplicates()
        self.check_everything_is_in_step()
        self.check_shadows(watch)
        self.check_edits(self.people.edits)
        self.check_done()
        assert self.lab.world.outbox == [], f"INV-12: guests were mailed: {self.lab.world.outbox}"

    def _journal(self) -> Iterable[Lost]:
        conflict = tables.conflict.c
        for row in self.lab.rows(
            sa.select(conflict.link_id, conflict.group, conflict.mailbox_value, conflict.crm_value)
        ):
            mailbox, crm = (decode_values(value or {}) for value in (row.mailbox_value, row.crm_value))
            yield Lost(UUID(row.link_id), row.group, mailbox.get(row.group), crm.get(row.group))

    # --- INV-1, INV-3 -------------------------------------------------------------------------------------------

    def check_injective(self) -> None:
        """INV-1: no item and no record is in two links of the user."""
        items = Counter(pair.link.ref for pair in self.pairs if pair.link.ref)
        records = Counter(pair.line.crm_id for pair in self.pairs if pair.line.crm_id)
        assert [ref for ref, times in items.items() if times > 1] == [], "INV-1: an item is in two links"
        assert [id for id, times in records.items() if times > 1] == [], "INV-1: a record is in two links"

    def check_no_duplicates(self) -> None:
        """INV-3: one item and one record at most of everything that people made."""
        for kind in Kind:
            in_place = [thing for thing in self.account.living(kind) if thing.place is Place.CONTAINER]
            living = {Side.MAILBOX: marks(in_place), Side.CRM: marks(self.org.living(kind))}
            for side, found in living.items():
                many = [mark for mark, times in Counter(found).items() if times > 1]
                twice = [mark for mark in many if (side, mark) not in self.people.twice]
                assert twice == [], f"INV-3: {kind} {twice} is there twice in {side}"
        keys = [
            (Side.MAILBOX, thing.made_with) for thing in self.account.things.values() if thing.place is Place.CONTAINER
        ]
        keys += [(Side.CRM, row.key if row.by_api else None) for row in self.org.rows.values() if row.alive]
        many_made = [key for key, times in Counter(keys).items() if times > 1 and key[1] is not None]
        assert many_made == [], f"INV-3: made more than once: {many_made}"

    # --- INV-7, INV-8, INV-11 -----------------------------------------------------------------------------------

    def check_everything_is_in_step(self) -> None:
        """INV-8: every linked pair agrees on every group, and nothing in scope is left without a pair or a reason."""
        for pair in self.pairs:
            thing = self.account.things.get(pair.link.mailbox_id or "")
            row = self.org.rows.get(pair.line.crm_id or "")
            if pair.link.state is LinkState.LINKED and thing and row and self.in_scope(thing) and self.in_scope(row):
                self._agree(pair, thing, row)
        linked = {pair.link.mailbox_id for pair in self.pairs} | {pair.line.crm_id for pair in self.pairs} | self.noted
        for kind in Kind:
            living: list[Thing | Row] = [*self.account.living(kind), *self.org.living(kind)]
            alone = [
                thing.id
                for thing in living
                if self.in_scope(thing) and thing.id not in linked and not self._shares_its_address(thing)
            ]
            assert alone == [], f"INV-8: {alone} never reached the other side, and nobody is told why"

    def in_scope(self, thing: Thing | Row) -> bool:
        """Whether a thing is where it is kept in step, and in the window."""
        if not thing.alive or (isinstance(thing, Thing) and thing.place is not Place.CONTAINER):
            return False
        when = thing.values.get("when")
        if thing.kind is Kind.CONTACT or not isinstance(when, Timed | AllDay):
            return thing.kind is Kind.CONTACT
        first = window_of(self.settings, self.lab.world.clock.now().date()).first
        return end_instant(when).date() > first

    def _shares_its_address(self, thing: Thing | Row) -> bool:
        """A clone in Salesforce of somebody whose card is linked: the mailbox has that person already (D-12)."""
        email = thing.values.get("email")
        others = [row for row in self.org.living(thing.kind) if row.id != thing.id]
        return isinstance(thing, Row) and email is not None and email in [row.values.get("email") for row in others]

    def _agree(self, pair: Remembered, thing: Thing, row: Row) -> None:
        for group in GROUPS[thing.kind]:
            mailbox, crm = thing.values.get(group), row.values.get(group)
            rewritten = self.account.rewritten(thing.kind, {group: crm})[group]
            if equivalent(thing.kind, group, mailbox, crm) or rewritten == mailbox:
                continue
            left = any(lost.link_id == pair.link.id and lost.group == group for lost in self.journal)
            shadows = ((pair.link.shadow_mailbox or EMPTY).get(group), (pair.link.shadow_crm or EMPTY).get(group))
            told = left and shadows == (mailbox, crm)
            assert told, f"INV-8: {thing.id} and {row.id} differ in {group}: {mailbox!r} {crm!r}"

    # --- INV-6, INV-9, INV-15 -----------------------------------------------------------------------------------

    def check_edits(self, edits: list[Edit]) -> None:
        """INV-6: what a person typed last stands where it was typed, or was seen and replaced, or is in the journal."""
        last = {(edit.side, edit.id, edit.group): number for number, edit in enumerate(edits)}
        for number in sorted(last.values()):
            edit = edits[number]
            if edit.side is Side.MAILBOX and edit.owner != self.account.address:
                continue  # judged with its own mailbox
            now = self._values(edit)
            if now is None or now.get(edit.group) == edit.after or edit.before == edit.after:
                continue
            kind = Kind.CONTACT if edit.group in GROUPS[Kind.CONTACT] else Kind.EVENT
            replaced = any(
                other.side is not edit.side and other.group == edit.group and self._same(kind, edit, other.before)
                for other in edits[number + 1 :]
            )
            journalled = any(
                lost.group == edit.group and edit.after in (lost.mailbox, lost.crm) for lost in self.journal
            )
            assert replaced or journalled, f"INV-6: {edit} is lost; there stands {now.get(edit.group)!r}"

    def _values(self, edit: Edit) -> Values | None:
        return self.account.read(edit.id) if edit.side is Side.MAILBOX else self.org.read(edit.id)

    def _same(self, kind: Kind, edit: Edit, seen: FieldValue) -> bool:
        if edit.side is Side.MAILBOX:
            return equivalent(kind, edit.group, edit.after, seen)
        rewritten = self.account.rewritten(kind, {edit.group: edit.after})[edit.group]
        return equivalent(kind, edit.group, seen, edit.after) or rewritten == seen

    def check_shadows(self, watch: Watch) -> None:
        """INV-9: no shadow holds a value that its side never held."""
        in_mailbox = {(group, value) for _, group, value in self.account.held}
        in_crm = {(group, value) for _, group, value in self.org.held}
        in_mailbox |= {(group, value) for side, group, value in watch.sent if side is Side.MAILBOX}
        in_crm |= {(group, value) for side, group, value in watch.sent if side is Side.CRM}
        for pair in self.pairs:
            for shadow, held in ((pair.link.shadow_mailbox, in_mailbox), (pair.link.shadow_crm, in_crm)):
                invented = {item for item in (shadow or EMPTY).items() if item[1] is not None and item not in held}
                assert invented == set(), f"INV-9: {pair.link.id} remembers what was never there: {invented}"

    def check_done(self) -> None:
        """INV-15: no write is left open."""
        open_states = tables.intent.c.state.in_(["planned", "sent"])
        assert self.lab.count(tables.intent, open_states) == 0, "INV-15: a write is still open"
