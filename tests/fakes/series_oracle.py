"""Judges the records of series (INV-3, INV-5, INV-8, INV-22, INV-23, INV-24, INV-25), from the fakes' own books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.domain.fieldmap import GROUPS
from backend.domain.projection import equivalent
from backend.domain.recurrence import Occurrence, ended, expand
from backend.domain.values import AllDay, Kind, Side, Timed, end_instant, start_instant
from backend.ports.answers import Op
from backend.storage import tables
from backend.sync.scope import left_out, window_of
from backend.sync.state import LinkState
from tests.fakes.account import Place, Thing
from tests.fakes.fake_mailbox import occurrence_values
from tests.fakes.lab import Lab, Remembered
from tests.fakes.series_people import SeriesPeople, definition
from tests.fakes.world import ApiWrite

OF_A_PASS = timedelta(minutes=1)
"""A meeting may end while the pass that deletes its record is on its way."""


@dataclass
class SeriesWatch:
    """Sees every write before it takes effect."""

    lab: Lab

    def __post_init__(self) -> None:
        self.lab.world.watchers.append(self.look)

    def look(self, write: ApiWrite) -> None:
        """Judges one write."""
        if write.side is Side.CRM and write.op is Op.DELETE:
            self._deleting(write)
        elif write.side is Side.MAILBOX:
            thing = self.lab.world.accounts[write.owner].things.get(write.target or "")
            whole = thing is not None and thing.series is not None and not write.original_start
            assert not whole, f"INV-25: {write} changes a whole series because of one record"

    def _deleting(self, write: ApiWrite) -> None:
        pair = next(pair for pair in self.lab.pairs() if pair.line.crm_id == write.target)
        when = write.before.get("when")
        assert isinstance(when, Timed | AllDay)
        over = end_instant(when) < self.lab.world.clock.now() - OF_A_PASS
        assert not over, f"INV-24: {write} although its meeting has taken place"
        thing = self.lab.world.mailbox_of(1).things[pair.link.mailbox_id or ""]
        stands = thing.alive and occurrence_values(thing, pair.link.original_start) is not None
        assert not stands, f"INV-5, INV-25: {write} although {pair.link.ref} is still there"


@dataclass
class SeriesJudge:
    """Looks at a settled world."""

    lab: Lab
    people: SeriesPeople
    settings: Configuration
    continued: set[str] = field(default_factory=set)
    """Series of which records were found to go on as they have to."""

    def __post_init__(self) -> None:
        self.org = self.lab.world.org
        self.today = self.lab.world.clock.now().date()
        self.window = window_of(self.settings, self.today)
        self.pairs = self.lab.pairs()
        self.by_ref = {(pair.link.mailbox_id, pair.link.original_start): pair for pair in self.pairs}
        self.until = {
            row.mailbox_id: row.expanded_until
            for row in self.lab.rows(sa.select(tables.series.c.mailbox_id, tables.series.c.expanded_until))
        }

    def check(self) -> None:
        """Every invariant of a settled world."""
        self._one_each()
        standing = {
            (thing.id, start): (thing, occurrence)
            for thing in self.people.series()
            if thing.place is Place.CONTAINER
            for start, occurrence in expand(definition(thing), thing.values, self.window).items()
        }
        for thing, occurrence in standing.values():
            self._recorded(thing, occurrence)
        for row in self.people.rows():
            self._accounted_for(row.id)
        self._continued({(id, occurrence.local_date): start for (id, start), (_, occurrence) in standing.items()})
        open_states = tables.intent.c.state.in_(["planned", "sent"])
        assert self.lab.count(tables.intent, open_states) == 0, "INV-15: a write is still open"

    def _one_each(self) -> None:
        records = Counter(pair.line.crm_id for pair in self.pairs if pair.line.crm_id)
        assert [id for id, times in records.items() if times > 1] == [], "INV-23: a record stands for two occurrences"
        keys = Counter(row.key for row in self.people.rows())
        assert [key for key, times in keys.items() if times > 1] == [], "INV-3: records were made more than once"

    def _recorded(self, thing: Thing, occurrence: Occurrence) -> None:
        """INV-23: an occurrence in the window has one living record in step, or a reason."""
        if left_out(Kind.EVENT, self.settings, occurrence.values, self.window) is not None:
            return
        pair = self.by_ref.get((thing.id, occurrence.original_start))
        when = occurrence.values["when"]
        assert isinstance(when, Timed | AllDay)
        if pair is None:
            over = thing.id in self.people.moved and ended(when, self.today)
            ahead = start_instant(when).date() >= self.until[thing.id]
            assert over or ahead, f"INV-23: {thing.id} {occurrence.original_start} has no record and no reason"
            return
        if pair.link.state is not LinkState.LINKED:
            assert pair.link.reason, f"INV-23: {pair.link} is not followed and nobody is told why"
            return
        row = self.org.rows[pair.line.crm_id or ""]
        assert row.alive, f"INV-23: the record {row.id} of {pair.link.ref} is deleted"
        for group in GROUPS[Kind.EVENT]:
            mailbox, crm = occurrence.values.get(group), row.values.get(group)
            same = equivalent(Kind.EVENT, group, mailbox, crm)
            assert same, f"INV-8: {pair.link.ref} and {row.id} differ in {group}: {mailbox!r} {crm!r}"

    def _accounted_for(self, crm_id: str) -> None:
        """INV-23: no record is stray."""
        pair = next((pair for pair in self.pairs if pair.line.crm_id == crm_id), None)
        assert pair is not None, f"INV-23: nobody knows of the record {crm_id}"
        if pair.link.state is LinkState.LINKED:
            assert self._stands(pair), f"INV-23: {crm_id} stands for {pair.link.ref}, which is not there"
        else:
            assert pair.link.reason, f"INV-23: {crm_id} is not followed and nobody is told why"

    def _stands(self, pair: Remembered) -> bool:
        thing = self.people.account.things[pair.link.mailbox_id or ""]
        return thing.place is Place.CONTAINER and occurrence_values(thing, pair.link.original_start) is not None

    def _continued(self, starts: dict[tuple[str, date], str]) -> None:
        """INV-22: what goes on keeps its record."""
        for crm_id, (thing_id, day) in self.people.goes_on.items():
            start = starts.get((thing_id, day))
            if start is None or day <= self.today:
                continue
            pair = self.by_ref.get((thing_id, start))
            now = pair.line.crm_id if pair else None
            self.continued.add(thing_id)
            assert now == crm_id, f"INV-22: {thing_id} on {day} was {crm_id} and is now {now}"
