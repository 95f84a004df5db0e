"""What people made, edited and deleted, told apart by a mark that everything carries in a field of its own.

The engine treats the mark as any other text. A person's new thing gets a new mark, a copy too; what the engine makes
carries the mark of what it was made from. So duplicates and losses show without asking the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from backend.domain.values import Address, FieldValue, Kind, Name, ShowAs, Side, Timed, Values
from tests.fakes.account import Place, Thing
from tests.fakes.lab import Lab
from tests.fakes.org import Row
from tests.fakes.world import START

MARK = {Kind.CONTACT: "assistant_name", Kind.EVENT: "location"}
EDITABLE = {
    Kind.CONTACT: ("title", "phone", "notes", "name", "mailing", "email"),
    Kind.EVENT: ("description", "show_as", "subject", "when"),
}
IDENTITY = ("name", "email", "subject", "when")


@dataclass(frozen=True)
class Edit:
    """A person's change of one group: what stood there before, and what stands there now."""

    side: Side
    owner: str
    id: str
    group: str
    before: FieldValue
    after: FieldValue


@dataclass
class People:
    """The people of a world with one user's mailbox each: they make, change and delete, and it is written down."""

    lab: Lab
    user_id: int = 1
    numbers: count[int] = field(default_factory=lambda: count(1))
    edits: list[Edit] = field(default_factory=list)
    deleted: dict[str, str] = field(default_factory=dict)
    """What a person deleted while it was linked, by the id of the other half; restored ones are taken out."""
    twice: set[tuple[Side, str]] = field(default_factory=set)
    """Marks of which a person took one back where there was another already."""

    in_a_pass: bool = False
    """Whether people act while a pass runs: what is taken back then may be made anew at the same moment."""

    def __post_init__(self) -> None:
        self.account = self.lab.world.mailbox_of(self.user_id)
        self.org = self.lab.world.org
        self.crm_user = self.lab.world.people[self.user_id].crm_user_id

    # --- values -------------------------------------------------------------------------------------------------

    def new_values(self, kind: Kind) -> dict[str, FieldValue]:
        """A thing nobody has yet."""
        number = next(self.numbers)
        mark: dict[str, FieldValue] = {MARK[kind]: f"L{number}"}
        if kind is Kind.CONTACT:
            return {"name": Name("Ada", f"Person{number}"), "email": f"p{number}@example.com", **mark}
        start = START + timedelta(days=1, hours=number)
        return {"subject": f"Event {number}", "when": Timed(start, start + timedelta(minutes=30)), **mark}

    def new_value(self, kind: Kind, group: str, now: FieldValue) -> FieldValue:
        """Something else for a group, as a person would type it, never typed before."""
        number = next(self.numbers)
        match group:
            case "name":
                return Name(f"Given{number}", now.last if isinstance(now, Name) else f"Person{number}")
            case "mailing":
                return Address(f"{number} High Street\r\n", "Town")
            case "email":
                return f"P{number}@example.com"
            case "show_as":
                return list(ShowAs)[number % len(ShowAs)]
            case "when":
                start = START + timedelta(days=1 + number % 90, minutes=number)
                return Timed(start, start + timedelta(minutes=45))
            case "subject":
                return f"S{number} " + "long " * 60 if number % 3 == 0 else f" S{number} "
        return f"{group[0]}{number} -- more " if number % 2 else f"{group[0]}{number}"

    # --- what there is ------------------------------------------------------------------------------------------

    def things(self) -> list[Thing]:
        """All that lives in the mailbox, contacts and events."""
        return [thing for kind in Kind for thing in self.account.living(kind)]

    def binned(self) -> list[Thing]:
        """What lies in Deleted Items."""
        return [thing for thing in self.account.things.values() if thing.place is Place.BIN]

    def rows(self) -> list[Row]:
        """All records that live."""
        return [row for kind in Kind for row in self.org.living(kind)]

    def binned_rows(self) -> list[Row]:
        """What lies in the Recycle Bin."""
        return [row for row in self.org.rows.values() if row.in_bin and not row.erased]

    # --- what people do -----------------------------------------------------------------------------------------

    def create_item(self, kind: Kind, values: Values | None = None) -> str:
        """Makes something in the mailbox."""
        return self.account.create(kind, values or self.new_values(kind))

    def create_record(self, kind: Kind, values: Values | None = None) -> str:
        """Makes something in Salesforce."""
        return self.org.create(kind, values or self.new_values(kind), self.crm_user)

    def edit_item(self, thing: Thing, group: str, value: FieldValue = None) -> None:
        """Changes one group in the mailbox, to a new value of no meaning if none is given."""
        self._alone(thing, group)
        before = thing.values.get(group)
        self.account.edit(thing.id, {group: value or self.new_value(thing.kind, group, before)})
        self.edits.append(Edit(Side.MAILBOX, self.account.address, thing.id, group, before, thing.values.get(group)))

    def edit_record(self, row: Row, group: str, *, late: bool = False) -> None:
        """Changes one group in Salesforce. `late`: in a slow transaction."""
        self.org.locked(row.id)
        self._alone(row, group)
        before = row.values.get(group)
        value = self.new_value(row.kind, group, before)
        after = self.org.accepted(row.kind, {group: value}, row.values).get(group)
        self.org.edit(row.id, {group: value}, late=late)
        self.edits.append(Edit(Side.CRM, "", row.id, group, before, after))

    def delete_item(self, thing: Thing) -> None:
        """Deletes something in the mailbox."""
        self._deleted(thing)
        self.account.delete(thing.id)

    def delete_record(self, row: Row) -> None:
        """Deletes something in Salesforce."""
        self._deleted(row)
        self.org.delete(row.id)

    def restore_item(self, thing: Thing) -> None:
        """Takes something back from Deleted Items."""
        self._undone(thing, self.things())
        self.account.restore(thing.id)

    def restore_record(self, row: Row) -> None:
        """Takes something back from the Recycle Bin."""
        self._undone(row, self.rows())
        self.org.restore(row.id)

    def move_item(self, thing: Thing) -> None:
        """Moves something to another folder or calendar, or back."""
        if thing.place is Place.CONTAINER:
            self.account.move_out(thing.id)
            return
        if mark_of(thing) in marks([other for other in self.things() if other.place is Place.CONTAINER]):
            self.twice |= {(side, mark_of(thing)) for side in Side}
        self.account.move_back(thing.id)

    def copy_item(self, thing: Thing) -> None:
        """Copies something in the mailbox, tag and all; only the mark differs."""
        twin = self.account.things[self.account.copy(thing.id)]
        twin.values[MARK[twin.kind]] = self._cloned(thing)
        self.account.touch(twin)

    def copy_record(self, row: Row) -> None:
        """Clones something in Salesforce; only the mark differs."""
        values = {**row.values, MARK[row.kind]: self._cloned(row)}
        self.org.create(row.kind, values, row.owner)

    def _alone(self, thing: Thing | Row, group: str) -> None:
        """What is edited before it was paired, in what it would be known by, becomes another thing."""
        linked = {id for pair in self.lab.pairs() for id in (pair.link.mailbox_id, pair.line.crm_id)}
        if group in IDENTITY and not thing.by_api and thing.id not in linked:
            self.twice |= {(side, mark_of(thing)) for side in Side}

    def _cloned(self, thing: Thing | Row) -> str:
        """The mark of a copy. Which of several equal things are paired is open, so neither tells duplicates now."""
        mark = f"L{next(self.numbers)}"
        self.twice |= {(side, either) for side in Side for either in (mark, mark_of(thing))}
        return mark

    def _deleted(self, thing: Thing | Row) -> None:
        for pair in self.lab.pairs():
            halves = {pair.link.mailbox_id, pair.line.crm_id} - {None}
            others = halves - {thing.id} if thing.id in halves else set()
            # One that the engine takes for gone, and was taken back since, looks like a restore when it is seen.
            for other in others - self.lab.thought_gone():
                self.deleted[str(other)] = thing.id

    def _undone(self, thing: Thing | Row, living: Sequence[Thing] | Sequence[Row]) -> None:
        if self.in_a_pass or mark_of(thing) in marks(living):
            self.twice |= {(side, mark_of(thing)) for side in Side}
        self.deleted = {half: id for half, id in self.deleted.items() if thing.id not in (half, id)}


def mark_of(thing: Thing | Row) -> str:
    """The mark that a thing carries."""
    return str(thing.values.get(MARK[thing.kind]))


def marks(things: Sequence[Thing] | Sequence[Row]) -> list[str]:
    """Marks of several things."""
    return [mark_of(thing) for thing in things]
