"""Judges meetings that lie in several mailboxes (INV-6, INV-12, INV-17, INV-18, INV-19, INV-27)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.domain.fieldmap import GROUPS
from backend.domain.projection import equivalent
from backend.domain.values import EMPTY, Kind, Side
from backend.ports.answers import Op
from backend.storage import tables
from backend.sync.state import LinkState
from tests.fakes.account import Account, Place, Thing
from tests.fakes.lab import Lab, Remembered
from tests.fakes.lineage import People, marks
from tests.fakes.oracle import Judge
from tests.fakes.org import Row
from tests.fakes.world import ApiWrite

SILENT = frozenset({"show_as"})


@dataclass
class MeetingWatch:
    """Sees every write before it takes effect."""

    lab: Lab
    everybody: dict[int, People]
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.lab.world.watchers.append(self.look)

    def look(self, write: ApiWrite) -> None:
        """Judges one write."""
        self.seen[f"{write.side}.{write.op}"] += 1
        if write.side is Side.MAILBOX:
            self._towards_mailbox(write)
        elif write.op is Op.DELETE:
            self._deleting_record(write)
        elif write.op is Op.UPDATE:
            self._updating_record(write)

    def _towards_mailbox(self, write: ApiWrite) -> None:
        thing = self.lab.world.accounts[write.owner].things.get(write.target or "")
        if thing is None or thing.kind is Kind.CONTACT:
            return
        assert thing.organizer == write.owner, f"INV-27: {write} goes to a guest's copy"
        quiet = write.op is Op.UPDATE and write.values.keys() <= SILENT
        assert not thing.guests or quiet, f"INV-12: {write} would mail {thing.guests}"

    def _user(self, write: ApiWrite) -> int:
        return next(user for user, people in self.everybody.items() if people.crm_user == write.owner)

    def _item(self, write: ApiWrite) -> tuple[Account, Thing] | None:
        user = self._user(write)
        for pair in self.lab.pairs(user):
            if pair.line.crm_id == write.target and pair.link.mailbox_id:
                account = self.everybody[user].account
                return account, account.things[pair.link.mailbox_id]
        return None

    def holders(self, uid: str) -> set[int]:
        """Users who sync and whose mirrored copy of the meeting is in place."""
        item = tables.mailbox_item.c
        rows = self.lab.rows(sa.select(item.user_id).where(item.uid == uid, item.presence == "here"))
        return {row.user_id for row in rows} & set(self.lab.syncing())

    def organizer(self, thing: Thing) -> int | None:
        """The organiser, if he syncs."""
        syncing = set(self.lab.syncing())
        return next((user for user in syncing if self.everybody[user].account.address == thing.organizer), None)

    def _deleting_record(self, write: ApiWrite) -> None:
        found = self._item(write)
        assert found is not None, f"INV-19: {write} by somebody who has no copy"
        account, thing = found
        assert thing.place in (Place.BIN, Place.ERASED), f"INV-5: {write} although {thing.id} is still there"
        organizer = self.organizer(thing)
        if organizer is not None:
            assert thing.organizer == account.address, f"INV-19: {write} because a guest deleted his copy"
            return
        others = self.holders(thing.uid or "") - {self._user(write)}
        assert others == set(), f"INV-19: {write} although {others} still hold the meeting"

    def _updating_record(self, write: ApiWrite) -> None:
        found = self._item(write)
        assert found is not None, f"INV-18: {write} by somebody who has no copy"
        _, thing = found
        holders, organizer = self.holders(thing.uid or ""), self.organizer(thing)
        leader = organizer if organizer in holders else min(holders, default=None)
        assert self._user(write) == leader, f"INV-18: {write} although {leader} leads"


@dataclass
class MeetingJudge:
    """Looks at a settled world of several users."""

    lab: Lab
    everybody: dict[int, People]
    settings: Configuration

    def check(self, watch: MeetingWatch) -> None:
        """Every invariant of a settled world."""
        assert self.lab.world.outbox == [], f"INV-12: guests were mailed: {self.lab.world.outbox}"
        self._one_record_each()
        pairs = self.lab.pairs()
        linked_records = {pair.line.crm_id for pair in pairs}
        for user in self.lab.syncing():
            people = self.everybody[user]
            judge = Judge(self.lab, people, self.settings)
            judge.pairs = [pair for pair in pairs if pair.link.user_id == user]
            judge.check_injective()
            self._nothing_alone(judge, user, linked_records)
            for pair in judge.pairs:
                self._led(judge, watch, pair)
            judge.check_edits(people.edits)
        Judge(self.lab, self.everybody[1], self.settings).check_done()

    def _one_record_each(self) -> None:
        found = Counter(marks(self.lab.world.org.living(Kind.EVENT)))
        twice = [mark for mark, times in found.items() if times > 1]
        assert twice == [], f"INV-17: {twice} have several records"
        for people in self.everybody.values():
            in_place = [thing for thing in people.account.living(Kind.EVENT) if thing.place is Place.CONTAINER]
            many = [mark for mark, times in Counter(marks(in_place)).items() if times > 1]
            assert many == [], f"INV-3: {many} are there twice in {people.account.address}"

    def _nothing_alone(self, judge: Judge, user: int, linked_records: set[str | None]) -> None:
        people = self.everybody[user]
        linked = {pair.link.mailbox_id for pair in judge.pairs} | judge.noted
        items = [
            thing.id
            for thing in people.account.living(Kind.EVENT)
            if judge.in_scope(thing) and not thing.cancelled and thing.id not in linked
        ]
        assert items == [], f"INV-8: {items} of user {user} never reached Salesforce, and nobody is told why"
        records = [
            row.id
            for row in self.lab.world.org.living(Kind.EVENT)
            if row.owner == people.crm_user and row.id not in linked_records and self._due(user, row)
        ]
        assert records == [], f"INV-8: {records} of user {user} never reached a mailbox, and nobody is told why"

    def _due(self, user: int, row: Row) -> bool:
        """Records that nobody touched since the user's leg began are matched, never pushed (F-6)."""
        view = self.lab.store.user(user)
        since = view.crm_leg_since.get(Kind.EVENT) if view is not None else None
        return since is None or row.last_modified >= since

    def _led(self, judge: Judge, watch: MeetingWatch, pair: Remembered) -> None:
        """The leader's copy and the record agree, apart from what is held or may not be written."""
        thing = judge.account.things.get(pair.link.mailbox_id or "")
        row = self.lab.world.org.rows.get(pair.line.crm_id or "")
        if thing is None or row is None or not row.alive or not judge.in_scope(thing) or thing.cancelled:
            return
        holders, organizer = watch.holders(thing.uid or ""), watch.organizer(thing)
        leader = organizer if organizer in holders else min(holders, default=None)
        if pair.link.state is not LinkState.LINKED or leader != pair.link.user_id:
            return
        loud = bool(thing.guests) or thing.organizer != judge.account.address
        for group in GROUPS[Kind.EVENT]:
            mailbox, crm = thing.values.get(group), row.values.get(group)
            rewritten = judge.account.rewritten(Kind.EVENT, {group: crm})[group]
            if equivalent(Kind.EVENT, group, mailbox, crm) or rewritten == mailbox:
                continue
            # What Salesforce changed on a meeting with guests stays there: held, or drift (I.1).
            shadow = (pair.link.shadow_mailbox or EMPTY).get(group)
            assert loud, f"INV-8: {thing.id} and {row.id} differ in {group}: {mailbox!r} {crm!r}"
            assert mailbox == shadow, f"INV-8: {thing.id} changed {group} to {mailbox!r} and {row.id} has {crm!r}"
