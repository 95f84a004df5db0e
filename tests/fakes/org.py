"""One Salesforce organisation as its people see it: contacts and events of all users, with a Recycle Bin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from backend.domain.attendees import Reply
from backend.domain.fieldmap import ROWS, TooLong
from backend.domain.people import Found, Person, Relations, Sort, Tie
from backend.domain.projection import project_crm
from backend.domain.values import EMPTY, AllDay, FieldValue, Kind, Name, Timed, Values, overlaid
from backend.ports.crm import CrmUser, Right

if TYPE_CHECKING:
    from tests.fakes.world import FakeClock

LONGEST: Final = timedelta(days=14)


class Refused(Exception):
    """Salesforce does not take a row: its code, its words, and the fields it names."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields


@dataclass
class Row:
    """A Contact or an Event. `stamp` is SystemModstamp, in whole seconds as in practice (SF-080)."""

    id: str
    kind: Kind
    values: dict[str, FieldValue]
    owner: str
    stamp: datetime
    last_modified: datetime
    created: datetime
    modified_by: str
    key: UUID | None = None
    child: bool = False
    in_bin: bool = False
    erased: bool = False
    by_api: bool = False
    further: dict[str, str | None] = field(default_factory=dict)
    """Custom fields by lower-case name."""
    ties: list[Tie] = field(default_factory=list)
    series: str | None = None
    """The event series it belongs to."""
    notes: tuple[str, ...] = ()
    """What people wrote into fields without a mapping, and related it to; lost with the record."""

    @property
    def alive(self) -> bool:
        """Whether people still see it."""
        return not self.in_bin and not self.erased


@dataclass
class Org:
    """The organisation. `late`: transactions by row that have not committed yet, though their stamp is taken."""

    clock: FakeClock
    rows: dict[str, Row] = field(default_factory=dict)
    users: dict[str, CrmUser] = field(default_factory=dict)
    late: dict[str, Callable[[], None]] = field(default_factory=dict)
    rules: list[Callable[[Kind, Values], str | None]] = field(default_factory=list)
    """Validation rules: why the values are refused, or None."""
    multiday: bool = True
    """Whether events may last longer than a day (LS-161)."""
    purged_before: datetime | None = None
    leads: dict[str, str] = field(default_factory=dict)
    """Addresses of leads, by id."""
    hidden: set[str] = field(default_factory=set)
    """Ids of people whom sharing hides from everybody who syncs."""
    shared_activities: bool = True
    zone: str = "Europe/London"
    """Time zone of the users, in which their series are reckoned."""
    series_delay: timedelta = timedelta(0)
    """How long after the first one the other occurrences of a series stand there."""
    unborn: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    series_allowed: bool = True
    """Whether patterns are taken; else a single event is made."""
    held: set[tuple[str, str, FieldValue]] = field(default_factory=set)
    """Every value that any row ever had: (id, group, value)."""
    followed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Who follows what, since when: (user id, record id)."""
    denied: dict[tuple[str, Kind], frozenset[Right]] = field(default_factory=dict)
    """Rights that a user lacks."""

    unseen: dict[str, set[str]] = field(default_factory=dict)
    """Records that are not shared with a user."""

    custom: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in Kind})
    """Custom fields of each object."""

    def add_field(self, kind: Kind, name: str) -> None:
        """An admin makes a custom field."""
        self.custom[kind].add(name.casefold())
        for row in self.rows.values():
            if row.kind is kind:
                row.further.setdefault(name.casefold(), None)

    def remove_field(self, kind: Kind, name: str) -> None:
        """An admin deletes a custom field, or hides it."""
        self.custom[kind].discard(name.casefold())
        for row in self.rows.values():
            row.further.pop(name.casefold(), None)

    def fill(self, row_id: str, name: str, text: str | None) -> None:
        """A person edits a custom field."""
        row = self.locked(row_id)
        row.further[name.casefold()] = text
        row.last_modified = row.stamp = self._second()

    def hire(self, user_id: str, address: str) -> None:
        """One more Salesforce user."""
        name = address.split("@")[0]
        self.users[user_id] = CrmUser(user_id, address, name, address, "Standard User", True, "Europe/London")

    # --- what everything goes through ---------------------------------------------------------------------------

    def settle_commits(self) -> None:
        """Every transaction that is under way commits: its rows become visible with the stamp they got before."""
        for row_id in list(self.late):
            self.locked(row_id)

    def locked(self, row_id: str) -> Row:
        """A row for changing: who changes it waits for the transaction that holds it."""
        commit = self.late.pop(row_id, None)
        if commit is not None:
            commit()
        return self.rows[row_id]

    def insert(self, kind: Kind, values: Values, owner: str, by: str, key: UUID | None = None) -> Row:
        """A new row. Raises Refused."""
        kept = self.accepted(kind, values)
        now = self._second()
        prefix = "003" if kind is Kind.CONTACT else "00U"
        row = Row(f"{prefix}{len(self.rows) + 1:015d}", kind, kept, owner, now, now, now, by, key)
        row.further = dict.fromkeys(self.custom[kind])
        self.rows[row.id] = row
        self._remember(row)
        return row

    def update(self, row: Row, values: Values, by: str) -> Row:
        """New values of some groups; None blanks one. Raises Refused."""
        row.values = self.accepted(row.kind, values, row.values)
        row.modified_by = by
        row.last_modified = self._second()
        row.stamp = row.last_modified
        self._remember(row)
        return row

    def stamp(self, row: Row) -> None:
        """The system touches a row (SF-081)."""
        row.stamp = self._second()

    def _second(self) -> datetime:
        return self.clock.tick().replace(microsecond=0)

    def _remember(self, row: Row) -> None:
        self.held |= {(row.id, group, value) for group, value in row.values.items()}

    def accepted(self, kind: Kind, values: Values, before: Values = EMPTY) -> dict[str, FieldValue]:
        """What a row would hold after a write. Raises Refused."""
        kept = overlaid(before, stored(kind, values))
        for rule in self.rules:
            message = rule(kind, kept)
            if message:
                raise Refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", message)
        _check_required(kind, kept)
        _check_length(kind, kept)
        self._check_multiday(kept)
        return kept

    def _check_multiday(self, values: Values) -> None:
        when = values.get("when")
        if not self.multiday and isinstance(when, Timed) and when.duration > timedelta(minutes=1440):
            message = "Duration must be between 0 and 1440 minutes"
            raise Refused("FIELD_INTEGRITY_EXCEPTION", message, "DurationInMinutes")

    # --- event series -------------------------------------------------------------------------------------------

    def repeat(self, first: Row, pattern: str) -> None:
        """Makes an event the first occurrence of a series; the key stays with it, relations are copied (SF-098)."""
        when = first.values["when"]
        assert isinstance(when, Timed)
        first.series = f"{first.id}-{pattern}"
        rule = pattern.removeprefix("RRULE:").replace("BYMONTHDAY=31", "BYMONTHDAY=28,29,30,31;BYSETPOS=-1")
        starts = list(rrulestr(rule, dtstart=self._local(when.start)))[1:]
        if not self.series_delay:
            self._bear(first, starts)
            return
        self.unborn.append((self.clock.now() + self.series_delay, lambda: self._bear(first, starts)))

    def be_born(self) -> None:
        """The occurrences of series whose time has come stand there."""
        due = [birth for moment, birth in self.unborn if moment <= self.clock.now()]
        self.unborn = [(moment, birth) for moment, birth in self.unborn if moment > self.clock.now()]
        for birth in due:
            birth()

    def _bear(self, first: Row, starts: Iterable[datetime]) -> None:
        when = first.values["when"]
        assert isinstance(when, Timed)
        for local in starts:
            begin = local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
            values = {**first.values, "when": Timed(begin, begin + when.duration)}
            row = self.insert(Kind.EVENT, values, first.owner, first.modified_by)
            row.series, row.ties, row.by_api = first.series, list(first.ties), True

    def change_series(self, row: Row, values: Values, by: str) -> None:
        """An update through the API: of a future occurrence it changes all (SF-102). Raises Refused."""
        before = row.values.get("when")
        future = isinstance(before, Timed) and before.start > self.clock.now()
        self.update(row, values, by)
        if row.series is None or not future:
            return
        assert isinstance(before, Timed)
        now = row.values["when"]
        assert isinstance(now, Timed)
        by_clock = self._local(now.start) - self._local(before.start)
        for other in self.rows.values():
            if other.series != row.series or other is row or not other.alive:
                continue
            own = other.values["when"]
            assert isinstance(own, Timed)
            start = (self._local(own.start) + by_clock).replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
            self.update(other, {**values, "when": Timed(start, start + now.duration)}, by)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def edit_series(self, row_id: str, values: Values) -> None:
        """A person changes a whole series."""
        row = self.locked(row_id)
        self.change_series(row, values, row.owner)

    # --- relations of events ------------------------------------------------------------------------------------

    def found(self, addresses: Iterable[str], events: Iterable[str]) -> Found:
        """What a user finds of people and relations."""
        people: dict[str, list[Person]] = {}
        for address, person in self._people():
            people.setdefault(address, []).append(person)
        asked = {address: people[address] for address in addresses if address in people}
        ties = {event: tuple(self.rows[event].ties) for event in events if event in self.rows}
        return Found(asked, ties, self.shared_activities)

    def _people(self) -> Iterator[tuple[str, Person]]:
        for user in self.users.values():
            yield user.address, Person(user.id, Sort.USER)
        for row in self.living(Kind.CONTACT):
            email = row.values.get("email")
            if isinstance(email, str) and row.id not in self.hidden:
                yield email.casefold(), Person(row.id, Sort.CONTACT, row.created, row.last_modified, row.last_modified)
        for id_, address in self.leads.items():
            if id_ not in self.hidden:
                yield address, Person(id_, Sort.LEAD)

    def asked(self) -> dict[str, tuple[str, ...]]:
        """Addresses of the invitees of every event."""
        known = {person.id: address for address, person in self._people()}
        return {
            row.id: tuple(known[tie.target] for tie in row.ties if tie.invited and tie.target in known)
            for row in self.living(Kind.EVENT)
        }

    def tie(self, row: Row, people: Relations) -> None:
        """Relation rows of an event as a write wants them. Raises Refused (SF-113, SF-115)."""
        if len(people.whos) > (50 if self.shared_activities else 1):
            raise Refused("FIELD_INTEGRITY_EXCEPTION", "too many people", "WhoId")
        if any(one in self.leads for one in people.whos) and (len(people.whos) > 1 or people.what):
            raise Refused("FIELD_INTEGRITY_EXCEPTION", "a lead stands alone", "WhoId")
        known = {tie.id: tie for tie in row.ties if tie.id not in people.removed}
        known |= {tie.id: tie for tie in people.changed}
        ties = list(known.values())
        replies = dict(people.invited)
        for person in people.made:
            if any(tie.target == person for tie in ties):
                raise Refused("FIELD_INTEGRITY_EXCEPTION", "already related", "RelationId")
            related, reply = person in people.whos, replies.get(person, Reply.NONE)
            ties.append(Tie(f"0RE{row.id[3:]}{person}", person, related, person in replies, reply))
            if person in replies and person in self.users:
                self.child_of(row.id, person)
        row.ties = ties

    def relate(self, row_id: str, target: str, *, invited: bool = False) -> None:
        """A person relates a record to an event, or invites somebody."""
        row = self.locked(row_id)
        row.ties.append(Tie(f"0REperson{len(row.ties)}{target}", target, not invited, invited))
        self.stamp(row)

    # --- people at Salesforce -----------------------------------------------------------------------------------

    def create(self, kind: Kind, values: Values, owner: str) -> str:
        """A person makes a record."""
        return self.insert(kind, values, owner, owner).id

    def edit(self, row_id: str, values: Values, *, late: bool = False) -> None:
        """A person or a process changes a record. `late`: stamped now, visible only at the next `settle_commits`."""
        row = self.locked(row_id)
        if not late:
            self.update(row, values, row.owner)
            return
        stamp = self._second()

        def commit() -> None:
            self.update(row, values, row.owner)
            row.stamp = row.last_modified = stamp

        self.late[row_id] = commit

    def annotate(self, row_id: str, note: str) -> None:
        """A person writes something that no mapping knows; the record is stamped."""
        row = self.locked(row_id)
        row.notes = (*row.notes, note)
        row.last_modified = row.stamp = self._second()

    def delete(self, row_id: str) -> None:
        """A person deletes a record: it lies in the Recycle Bin."""
        self._bin(row_id, True)

    def restore(self, row_id: str) -> None:
        """A person takes a record back (SF-089)."""
        self._bin(row_id, False)

    def erase(self, row_id: str) -> None:
        """The Recycle Bin loses a record (SF-090)."""
        self.locked(row_id).erased = True

    def copy(self, row_id: str) -> str:
        """A person clones a record; the unique key stays with the original."""
        original = self.rows[row_id]
        return self.create(original.kind, original.values, original.owner)

    def give(self, row_id: str, owner: str) -> None:
        """A record changes hands."""
        row = self.locked(row_id)
        row.owner = owner
        self.stamp(row)

    def child_of(self, row_id: str, owner: str) -> str:
        """A user was invited: he gets a child event (SF-107)."""
        child = self.create(Kind.EVENT, self.rows[row_id].values, owner)
        self.rows[child].child = True
        return child

    def read(self, row_id: str) -> Values | None:
        """What a person sees, None if it is not there any more."""
        row = self.rows.get(row_id)
        return row.values if row is not None and row.alive else None

    def living(self, kind: Kind) -> list[Row]:
        """All that people see."""
        return [row for row in self.rows.values() if row.kind is kind and row.alive and not row.child]

    def forget_deletions(self) -> None:
        """The deletion log was purged: older marks no longer serve (SF-086)."""
        self.purged_before = self.clock.tick()

    def _bin(self, row_id: str, in_bin: bool) -> None:
        row = self.locked(row_id)
        row.in_bin = in_bin
        self.stamp(row)


def stored(kind: Kind, values: Values) -> dict[str, FieldValue]:
    """Values as Salesforce keeps them."""
    return {group: project_crm(kind, group, value) for group, value in values.items()}


def _check_required(kind: Kind, values: Values) -> None:
    if kind is Kind.CONTACT:
        name = values.get("name")
        if not isinstance(name, Name) or not name.last:
            raise Refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName")
        return
    match values.get("when"):
        case Timed() as when if when.duration > LONGEST:
            raise Refused("FIELD_INTEGRITY_EXCEPTION", "Event is longer than 14 days", "DurationInMinutes")
        case AllDay(first, end) if end - first > LONGEST:
            raise Refused("FIELD_INTEGRITY_EXCEPTION", "Event is longer than 14 days", "DurationInMinutes")
        case None:
            raise Refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDateTime]")


def _check_length(kind: Kind, values: Values) -> None:
    for row in ROWS[kind]:
        value = values.get(row.group)
        text = getattr(value, row.part) if row.part and isinstance(value, Name) else value
        if row.limit and row.too_long is TooLong.REFUSE and isinstance(text, str) and len(text) > row.limit:
            message = f"{row.label}: data value too large: {text[:20]}… (max length={row.limit})"
            raise Refused("STRING_TOO_LONG", message, row.salesforce)
