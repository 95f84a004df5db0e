"""The mailbox port over an `Account`, with the habits of a real service.

Pages of two; ids repeated within a round (MS-021); unchanged things reported again (MS-022);
what leaves the window or the folder reported as removed (MS-026); tags of events missing from changes (MS-039);
contact creates that are not idempotent (MS-052) and event creates that are (MS-049); occurrences written through the
master; mail to guests for every content write on a meeting (MS-074, MS-076).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from uuid import UUID

from backend.domain import identity
from backend.domain.attendees import ATTENDEES, Attendees
from backend.domain.field_view import empty_of, parts_off, with_part
from backend.domain.recurrence import Window, expand, local_date, touches
from backend.domain.timezones import UnknownZone
from backend.domain.values import (
    AllDay,
    FieldValue,
    Kind,
    Side,
    Timed,
    Values,
    end_instant,
    overlaid,
    start_instant,
)
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.errors import ContainerGone, CursorExpired, Malformed
from backend.ports.mailbox import OWN, Caps, Item, MailboxIdentity, Page, Probe, Span
from tests.fakes.account import Account, Place, Thing
from tests.fakes.world import ApiWrite, FakeWorld

HOME = "Europe/London"
"""Zone of every mailbox."""
SILENT = frozenset({"show_as"})
"""Groups whose change mails nobody."""


def caps_of(account: Account, thing: Thing) -> Caps:
    """What may be done to a thing (I.1)."""
    if thing.kind is Kind.CONTACT or (thing.organizer == account.address and not thing.guests):
        return OWN
    if thing.organizer == account.address:
        return OWN | Caps.WOULD_MAIL
    return Caps.NONE


def values_of(account: Account, thing: Thing) -> dict[str, FieldValue]:
    """All values of a thing, its people among them."""
    own = thing.organizer == account.address
    if thing.people is None or (own and not thing.people):
        return dict(thing.values)
    return {**thing.values, ATTENDEES: Attendees(own, thing.organizer, thing.people)}


def item_of(account: Account, thing: Thing, *, tagged: bool = True) -> Item:
    """A thing as the port shows it."""
    return Item(
        id=thing.id,
        version=f"W/{thing.etag}",
        values=values_of(account, thing),
        caps=caps_of(account, thing),
        key_tag=thing.tag if tagged else None,
        uid=thing.uid,
        organizer=thing.organizer if thing.kind is Kind.EVENT else None,
        guests=len(thing.guests),
        cancelled=thing.cancelled,
        modified_at=thing.modified_at,
        created_at=thing.created_at,
        series=thing.series,
    )


class FakeMailbox:
    """`ports.mailbox.Mailbox` of one account."""

    batch_size = 20
    page_size = 2

    def __init__(self, world: FakeWorld, account: Account) -> None:
        self.world = world
        self.account = account

    @classmethod
    def of(cls, world: FakeWorld, user_id: int) -> FakeMailbox:
        """The mailbox of a person who syncs."""
        return cls(world, world.mailbox_of(user_id))

    @contextmanager
    def _call(self, operation: str) -> Iterator[str]:
        """One request: a step of the run; a fault may strike it before or after its effect."""
        fault = self.world.fault(f"mailbox.{operation}")
        with self.world.fuel.step(f"mailbox.{operation}"):
            self.world.clock.tick()
            if fault is not None and fault.kind not in ("lost", "half"):
                raise fault.error()
            yield fault.kind if fault is not None else ""
            if fault is not None:
                raise fault.error()

    # --- reading ------------------------------------------------------------------------------------------------

    def identity(self) -> MailboxIdentity:
        """See Mailbox."""
        with self._call("identity"):
            return MailboxIdentity(f"box-{self.account.address}", self.account.address, HOME)

    def container(self, kind: Kind) -> str:
        """See Mailbox. A deleted contact folder is made again, empty (LS-057)."""
        with self._call("container"):
            return self.account.container(kind)

    def changes(self, kind: Kind, container: str, cursor: str | None, span: Span) -> Iterator[Page]:
        """See Mailbox."""
        epoch, end = self.account.cursor_epoch, len(self.account.changed)
        start, frozen = _position(cursor, span)
        ids = self._listed(kind) if start is None else self._touched(kind, start)
        batches = [ids[at : at + self.page_size] for at in range(0, len(ids), self.page_size)] or [[]]
        for number, batch in enumerate(batches, 1):
            with self._call("changes"):
                self._require(kind, container, cursor)
                page = self._page(kind, batch, frozen, everything=start is None)
            final = f"{epoch}|{end}|{frozen.first}|{frozen.end}" if number == len(batches) else None
            yield replace(page, cursor=final)

    def _require(self, kind: Kind, container: str, cursor: str | None) -> None:
        if kind is Kind.CONTACT and not (self.account.has_folder and container == self.account.container(kind)):
            raise ContainerGone("The contact folder was deleted.", code="ErrorSyncFolderNotFound")
        if cursor is not None and cursor.split("|")[0] != str(self.account.cursor_epoch):
            raise CursorExpired("The mailbox no longer serves this cursor.", code="SyncStateNotFound")

    def _listed(self, kind: Kind) -> list[str]:
        return [thing.id for thing in self._here(kind)]

    def _touched(self, kind: Kind, start: int) -> list[str]:
        return [id for id in self.account.changed[start:] if self.account.things[id].kind is kind]

    def _page(self, kind: Kind, ids: Sequence[str], span: Span, *, everything: bool) -> Page:
        items: list[Item] = []
        removed: list[str] = []
        for thing in (self.account.things[id] for id in ids):
            if thing.place is Place.CONTAINER and shown(thing, span):
                items.append(item_of(self.account, thing, tagged=kind is Kind.CONTACT))
            elif not everything:
                removed.append(thing.id)
        return Page(tuple(items), tuple(removed))

    def fetch(self, kind: Kind, container: str, ids: Sequence[str]) -> Mapping[str, Item | Verdict]:
        """See Mailbox."""
        with self._call("fetch"):
            return {id: self._state(kind, id) for id in ids}

    def _state(self, kind: Kind, id: str) -> Item | Verdict:
        if id in self.account.unreadable:
            return Verdict.UNKNOWN
        thing = self.account.things.get(id)
        if thing is None or not thing.alive or thing.kind is not kind:
            return Verdict.GONE
        return Verdict.OUTSIDE if thing.place is Place.ELSEWHERE else item_of(self.account, thing)

    def find_tagged(self, kind: Kind, container: str, keys: Sequence[UUID]) -> list[Item]:
        """See Mailbox."""
        with self._call("find_tagged"):
            return [item_of(self.account, thing) for thing in self._here(kind) if thing.tag in set(keys)]

    def find_elsewhere(self, kind: Kind, container: str, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        """See Mailbox."""
        with self._call("find_elsewhere"):
            moved = [thing for thing in self.account.things.values() if thing.place is Place.ELSEWHERE]
            return {thing.tag: thing.id for thing in moved if thing.kind is kind and thing.tag in set(keys)}

    def find_like(self, kind: Kind, container: str, probes: Sequence[Probe]) -> Mapping[UUID, list[Item]]:
        """See Mailbox."""
        with self._call("find_like"):
            return {
                probe.id: [
                    item_of(self.account, thing)
                    for thing in self._here(kind)
                    if alike(kind, probe.values, thing.values)
                ]
                for probe in probes
            }

    def _here(self, kind: Kind) -> list[Thing]:
        things = self.account.things.values()
        here = [thing for thing in things if thing.kind is kind and thing.place is Place.CONTAINER]
        return [thing for thing in here if thing.id not in self.account.unreadable]

    # --- writing ------------------------------------------------------------------------------------------------

    def write(self, container: str, writes: Sequence[Write]) -> list[Answer[Item]]:
        """See Mailbox."""
        if len(writes) > self.batch_size:
            raise Malformed("More than twenty requests in a batch.", code="400")
        with self._call("write") as fault:
            applied = writes[: len(writes) // 2] if fault == "half" else writes
            return [self._apply(write) for write in applied]

    def _apply(self, write: Write) -> Answer[Item]:
        thing = self.account.things.get(write.target or "")
        if write.op is not Op.CREATE and (thing is None or not thing.alive or thing.place is Place.ELSEWHERE):
            return Answer(write.id, Result.GONE, code="ErrorItemNotFound", message="The item is not there any more.")
        if thing is not None and write.expect is not None and write.expect != f"W/{thing.etag}":
            return Answer(write.id, Result.MOVED, item_of(self.account, thing), "ErrorIrresolvableConflict")
        self._announce(write, thing)
        if thing is None:
            return Answer(write.id, Result.OK, item_of(self.account, self._create(write)))
        if write.original_start:
            return self._occurrence(write, thing)
        if write.op is Op.DELETE:
            self.account.remove(thing)
            return Answer(write.id, Result.OK)
        asked = write.values.get(ATTENDEES)
        if isinstance(asked, Attendees):
            self.account.ask(thing.id, *asked.people)
        values = {group: value for group, value in write.values.items() if group != ATTENDEES}
        for row in parts_off(write.kind, write.field_map):
            if row.group in values and row.part is not None:
                kept = getattr(thing.values.get(row.group), row.part, None)
                values[row.group] = with_part(values[row.group] or empty_of(row.group), row.part, kept)
        self.account.change(thing, _at_home(values))
        return Answer(write.id, Result.OK, item_of(self.account, thing))

    def _announce(self, write: Write, thing: Thing | None) -> None:
        before = dict(thing.values) if thing is not None else {}
        self.world.about_to(
            ApiWrite(
                Side.MAILBOX,
                self.account.address,
                write.kind,
                write.op,
                write.target,
                write.key,
                write.values,
                before,
                write.original_start,
            )
        )
        asked = write.values.get(ATTENDEES)
        if isinstance(asked, Attendees):
            self.world.mail(self.account.address, [one.address for one in asked.people], f"{write.op} {write.target}")
        elif thing is not None and thing.guests and (write.op is Op.DELETE or not write.values.keys() <= SILENT):
            self.world.mail(self.account.address, thing.guests, f"{write.op} {thing.id}")

    def _create(self, write: Write) -> Thing:
        if write.kind is Kind.EVENT and write.key is not None:
            for known in self._here(Kind.EVENT):
                if known.transaction == write.key:
                    return known
        thing = self.account.add(write.kind, _at_home(write.values))
        thing.tag = thing.made_with = write.key
        thing.transaction = write.key if write.kind is Kind.EVENT else None
        thing.by_api = True
        return thing

    def _occurrence(self, write: Write, thing: Thing) -> Answer[Item]:
        standing = occurrence_values(thing, write.original_start)
        if standing is None:
            return Answer(write.id, Result.GONE, code="ErrorItemNotFound", message="The occurrence is not there.")
        if write.op is Op.DELETE:
            self.account.cancel_occurrence(thing.id, write.original_start)
        elif crosses(thing, write):
            message = "An occurrence cannot pass its neighbour."
            return Answer(write.id, Result.REFUSED, None, "ErrorOccurrenceCrossingBoundary", message)
        else:
            self.account.edit_occurrence(thing.id, write.original_start, overlaid(standing, write.values))
        return Answer(write.id, Result.OK, item_of(self.account, thing))


def _at_home(values: Values) -> Values:
    """Every event of a mailbox has a zone: a time that brings none gets the mailbox's own."""
    when = values.get("when")
    return {**values, "when": replace(when, zone=HOME)} if isinstance(when, Timed) and when.zone is None else values


def _position(cursor: str | None, span: Span) -> tuple[int | None, Span]:
    if cursor is None:
        return None, span
    _, position, first, end = cursor.split("|")
    # One entry back: unchanged things can be reported again (MS-022).
    return max(0, int(position) - 1), Span(date.fromisoformat(first), date.fromisoformat(end))


def window(span: Span) -> Window:
    """The span as the domain's window."""
    return Window(span.first, span.end)


def shown(thing: Thing, span: Span) -> bool:
    """Whether a listing of the span shows a thing: contacts always, a series if one occurrence is in it."""
    if thing.kind is Kind.CONTACT:
        return True
    if thing.series is not None:
        try:
            return bool(expand(thing.series, thing.values, window(span)))
        except UnknownZone:
            return True  # the service knows when it takes place, whatever its zone is called
    when = thing.values.get("when")
    return isinstance(when, Timed | AllDay) and touches(when, window(span))


def alike(kind: Kind, probe: Values, values: Values) -> bool:
    """Whether a thing answers to a probe by natural key."""
    strong = identity.strong_key(kind, probe)
    if strong is not None and strong == identity.strong_key(kind, values):
        return True
    natural = identity.natural_key(kind, probe)
    return natural is not None and natural == identity.natural_key(kind, values)


def occurrence_values(thing: Thing, original_start: str) -> Values | None:
    """What one occurrence is at present; None if it is cancelled or no longer in the rule."""
    if thing.series is None:
        return None
    if original_start in thing.series.exceptions:
        return thing.series.exceptions[original_start]
    day = local_date(thing.series, original_start)
    around = Window(date.fromordinal(day.toordinal() - 2), date.fromordinal(day.toordinal() + 3))
    found = expand(thing.series, thing.values, around).get(original_start)
    return found.values if found is not None else None


def crosses(thing: Thing, write: Write) -> bool:
    """Whether a moved occurrence would reach the day of a neighbour (MS-068)."""
    when = write.values.get("when")
    if not isinstance(when, Timed | AllDay) or thing.series is None:
        return False
    day = local_date(thing.series, write.original_start)
    wide = Window(date.fromordinal(day.toordinal() - 40), date.fromordinal(day.toordinal() + 40))
    others = {
        start: occurrence.values["when"]
        for start, occurrence in expand(thing.series, thing.values, wide).items()
        if start != write.original_start
    }
    before = [moment for start, moment in others.items() if start < write.original_start]
    after = [moment for start, moment in others.items() if start > write.original_start]
    floor = max((end_instant(moment) for moment in before if isinstance(moment, Timed | AllDay)), default=_EVER[0])
    ceiling = min((start_instant(moment) for moment in after if isinstance(moment, Timed | AllDay)), default=_EVER[1])
    return start_instant(when) < floor or end_instant(when) > ceiling


_EVER = (
    start_instant(AllDay(date(1900, 1, 1), date(1900, 1, 2))),
    start_instant(AllDay(date(2999, 1, 1), date(2999, 1, 2))),
)
