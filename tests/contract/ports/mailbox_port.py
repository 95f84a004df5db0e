"""What every mailbox must do, whatever service keeps it. Subclass `MailboxPort` and supply the fixture `bench`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from backend.domain.projection import equivalent
from backend.domain.recurrence import Occurrence, Series, Window, expand
from backend.domain.values import Address, AllDay, FieldValue, Kind, Name, ShowAs, Timed, Values
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.errors import CursorExpired
from backend.ports.mailbox import Caps, Item, Mailbox, Page, Probe, Span

NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
SPAN = Span(date(2026, 2, 1), date(2026, 9, 1))


class MailboxBench(Protocol):
    """A mailbox to test: the port, and hands to arrange things as people do."""

    @property
    def port(self) -> Mailbox:
        """The port under test."""
        ...

    def create(self, kind: Kind, values: Values, *, guests: Iterable[str] = (), series: Series | None = None) -> str:
        """The mailbox's owner makes something."""
        ...

    def receive_meeting(self, values: Values) -> str:
        """Somebody else invites the owner; id of the owner's copy."""
        ...

    def edit(self, id: str, values: Values) -> None:
        """The owner changes something."""
        ...

    def delete(self, id: str) -> None:
        """The owner deletes something; it lies in Deleted Items."""
        ...

    def move_out(self, id: str) -> None:
        """The owner moves something to another folder or calendar."""
        ...

    def copy(self, id: str) -> str:
        """The owner copies something."""
        ...

    def expire_cursors(self) -> None:
        """The service forgets the cursors it gave out."""
        ...

    def mails(self) -> list[str]:
        """What the service mailed because of the port's writes."""
        ...


def timed(start: datetime = NINE, minutes: int = 30) -> Timed:
    """An event's time in London."""
    return Timed(start, start + timedelta(minutes=minutes), "Europe/London")


def person(last: str, email: str | None = None) -> dict[str, FieldValue]:
    """A small contact."""
    return {"name": Name("Ada", last), "email": email or f"{last.lower()}@example.com"}


def meeting(subject: str, start: datetime = NINE) -> dict[str, FieldValue]:
    """A small event."""
    return {"subject": subject, "when": timed(start)}


SAMPLE: Mapping[Kind, Values] = {Kind.CONTACT: person("Lovelace"), Kind.EVENT: meeting("Review")}
EDIT: dict[Kind, Values] = {Kind.CONTACT: {"title": "Countess"}, Kind.EVENT: {"location": "Room 4"}}

FULL_CONTACT: Values = {
    "name": Name("Ada", "Lovelace", "King", "Lady", "I"),
    "company": "Analytical Engines",
    "email": "ada@example.com",
    "title": "Countess",
    "department": "Mathematics",
    "phone": "+44 20 7946 0000",
    "mobile": "+44 7700 900000",
    "home_phone": "+44 20 7946 0001",
    "other_phone": "+44 20 7946 0002",
    "fax": "+44 20 7946 0003",
    "assistant_name": "Charles",
    "assistant_phone": "+44 20 7946 0004",
    "birthdate": date(1815, 12, 10),
    "notes": "First line\nSecond line",
    "mailing": Address("12 St James's Square\n2nd floor", "London", "England", "SW1Y 4JH", "United Kingdom"),
    "other_address": Address("Ockham Park", "Ockham", "Surrey", "GU23 6NQ", "United Kingdom"),
}
FULL_EVENT: Values = {
    "subject": "Review of notes",
    "when": timed(),
    "location": "Room 4",
    "description": "First line\nSecond line",
    "show_as": ShowAs.TENTATIVE,
    "private": True,
}


class Desk:
    """The port under test with its container, and short forms of its calls."""

    def __init__(self, bench: MailboxBench, kind: Kind) -> None:
        self.bench = bench
        self.port = bench.port
        self.kind = kind
        self.container = bench.port.container(kind)

    def pages(self, cursor: str | None = None) -> list[Page]:
        """One whole round."""
        return list(self.port.changes(self.kind, self.container, cursor, SPAN))

    def listing(self) -> tuple[dict[str, Item], str]:
        """A full listing and its final cursor."""
        pages = self.pages()
        cursor = pages[-1].cursor
        assert cursor is not None
        return {item.id: item for page in pages for item in page.items}, cursor

    def since(self, cursor: str) -> tuple[dict[str, Item], set[str]]:
        """What changed since a cursor: the last state of each item, and what was reported removed at the end."""
        items: dict[str, Item] = {}
        removed: set[str] = set()
        for page in self.pages(cursor):
            for item in page.items:
                items[item.id] = item
                removed.discard(item.id)
            for id in page.removed:
                items.pop(id, None)
                removed.add(id)
        return items, removed

    def one(self, id: str) -> Item:
        """An item by id."""
        found = self.port.fetch(self.kind, self.container, [id])[id]
        assert isinstance(found, Item)
        return found

    def write(self, *writes: Write) -> list[Answer[Item]]:
        """A batch."""
        return self.port.write(self.container, writes)

    def make(self, values: Values, key: UUID | None = None) -> Answer[Item]:
        """A create."""
        return self.write(Write(uuid4(), Op.CREATE, self.kind, values, key=key or uuid4()))[0]

    def change(self, id: str, values: Values, expect: str | None = None, original_start: str = "") -> Answer[Item]:
        """An update."""
        write = Write(uuid4(), Op.UPDATE, self.kind, values, target=id, expect=expect, original_start=original_start)
        return self.write(write)[0]

    def remove(self, id: str, original_start: str = "") -> Answer[Item]:
        """A delete."""
        return self.write(Write(uuid4(), Op.DELETE, self.kind, {}, target=id, original_start=original_start))[0]


class MailboxPort:
    """The conformance class."""

    @pytest.fixture
    def bench(self) -> MailboxBench:
        """Supplied by the subclass: an empty mailbox."""
        raise NotImplementedError

    @pytest.fixture(params=list(Kind))
    def desk(self, request: pytest.FixtureRequest, bench: MailboxBench) -> Desk:
        """Both kinds, one after the other."""
        return Desk(bench, request.param)

    @pytest.fixture
    def contacts(self, bench: MailboxBench) -> Desk:
        """The contacts folder."""
        return Desk(bench, Kind.CONTACT)

    @pytest.fixture
    def calendar(self, bench: MailboxBench) -> Desk:
        """The calendar."""
        return Desk(bench, Kind.EVENT)

    # --- reading ------------------------------------------------------------------------------------------------

    def test_identity_and_containers_stay_the_same_ls057(self, desk: Desk) -> None:
        assert desk.port.identity() == desk.port.identity()
        assert desk.port.container(desk.kind) == desk.container

    def test_an_empty_listing_has_one_cursor(self, desk: Desk) -> None:
        pages = desk.pages()
        assert [item for page in pages for item in page.items] == []
        assert [page.cursor is not None for page in pages] == [False] * (len(pages) - 1) + [True]

    def test_ms019_a_full_listing_shows_everything_and_only_its_last_page_carries_the_cursor(self, desk: Desk) -> None:
        ids = {desk.bench.create(desk.kind, _numbered(desk.kind, number)) for number in range(5)}
        pages = desk.pages()
        assert {item.id for page in pages for item in page.items} == ids
        assert [page.cursor is not None for page in pages] == [False] * (len(pages) - 1) + [True]

    def test_what_is_new_or_changed_after_the_cursor_is_reported_with_its_values(self, desk: Desk) -> None:
        first = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        _, cursor = desk.listing()
        second = desk.bench.create(desk.kind, _numbered(desk.kind, 2))
        desk.bench.edit(first, EDIT[desk.kind])
        items, _ = desk.since(cursor)
        assert {first, second} <= items.keys()
        assert items[first].values.items() >= EDIT[desk.kind].items()

    def test_a_deleted_item_is_reported_removed_and_fetched_as_gone(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        _, cursor = desk.listing()
        desk.bench.delete(item)
        assert item in desk.since(cursor)[1]
        assert desk.port.fetch(desk.kind, desk.container, [item]) == {item: Verdict.GONE}

    def test_ms036_an_item_moved_to_another_container_is_reported_removed_but_is_outside(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        _, cursor = desk.listing()
        desk.bench.move_out(item)
        assert item in desk.since(cursor)[1]
        assert desk.port.fetch(desk.kind, desk.container, [item]) == {item: Verdict.OUTSIDE}

    def test_ms026_an_event_moved_out_of_the_window_is_reported_removed_but_still_found(self, calendar: Desk) -> None:
        item = calendar.bench.create(Kind.EVENT, meeting("Review"))
        _, cursor = calendar.listing()
        calendar.bench.edit(item, {"when": timed(NINE - timedelta(days=400))})
        assert item in calendar.since(cursor)[1]
        assert calendar.one(item).values["when"] == timed(NINE - timedelta(days=400))
        assert item not in calendar.listing()[0]

    def test_ms033_an_expired_cursor_is_said_so(self, desk: Desk) -> None:
        desk.bench.create(desk.kind, SAMPLE[desk.kind])
        _, cursor = desk.listing()
        desk.bench.expire_cursors()
        with pytest.raises(CursorExpired):
            desk.pages(cursor)
        assert len(desk.listing()[0]) == 1

    def test_fetch_answers_for_every_id(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        found = desk.port.fetch(desk.kind, desk.container, [item, "no-such-id"])
        assert found.keys() == {item, "no-such-id"}
        assert isinstance(found[item], Item)
        assert found["no-such-id"] is Verdict.GONE

    def test_ms045_the_version_changes_with_the_item_and_only_then(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        before = desk.one(item).version
        assert desk.one(item).version == before
        desk.bench.edit(item, EDIT[desk.kind])
        assert desk.one(item).version != before

    # --- writing ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(("kind", "values"), [(Kind.CONTACT, FULL_CONTACT), (Kind.EVENT, FULL_EVENT)])
    def test_every_group_comes_back_as_it_was_written(self, bench: MailboxBench, kind: Kind, values: Values) -> None:
        desk = Desk(bench, kind)
        made = desk.make(values)
        assert made.result is Result.OK
        assert made.stored is not None
        for seen in (made.stored, desk.one(made.stored.id)):
            differing = {group for group in values if not _agree(kind, group, seen.values, values)}
            assert differing == set()

    def test_the_answer_of_a_write_is_the_item_as_it_is_read(self, desk: Desk) -> None:
        made = desk.make(SAMPLE[desk.kind]).stored
        assert made is not None
        changed = desk.change(made.id, EDIT[desk.kind]).stored
        assert changed is not None
        read = desk.one(made.id)
        assert (changed.values, changed.version) == (read.values, read.version)

    def test_ms083_an_update_writes_the_named_groups_only_and_none_blanks(self, desk: Desk) -> None:
        full = FULL_CONTACT if desk.kind is Kind.CONTACT else FULL_EVENT
        made = desk.make(full).stored
        assert made is not None
        group = "title" if desk.kind is Kind.CONTACT else "location"
        assert desk.change(made.id, {group: None}).result is Result.OK
        after = desk.one(made.id).values
        assert {name for name in full if not _agree(desk.kind, name, after, made.values)} == {group}
        assert after.get(group) is None

    def test_ms090_a_created_item_is_found_by_its_key(self, desk: Desk) -> None:
        key = uuid4()
        made = desk.make(SAMPLE[desk.kind], key).stored
        assert made is not None
        found = desk.port.find_tagged(desk.kind, desk.container, [key, uuid4()])
        assert [(item.id, item.key_tag) for item in found] == [(made.id, key)]

    def test_ms090_an_item_that_was_moved_away_is_found_by_its_key_too(self, desk: Desk) -> None:
        keys = [uuid4() for _ in range(4)]
        here, moved, deleted = (desk.make(SAMPLE[desk.kind], key).stored for key in keys[:3])
        assert here is not None
        assert moved is not None
        assert deleted is not None
        desk.bench.move_out(moved.id)
        desk.bench.move_out(deleted.id)
        desk.bench.delete(deleted.id)
        assert desk.port.find_elsewhere(desk.kind, desk.container, keys) == {keys[1]: moved.id}

    def test_ms092_a_copy_carries_the_tag_too(self, desk: Desk) -> None:
        key = uuid4()
        made = desk.make(SAMPLE[desk.kind], key).stored
        assert made is not None
        copy = desk.bench.copy(made.id)
        assert {item.id for item in desk.port.find_tagged(desk.kind, desk.container, [key])} == {made.id, copy}

    def test_ms049_repeat_of_create_with_same_transaction_id_returns_same_event(self, calendar: Desk) -> None:
        key = uuid4()
        first, again = calendar.make(meeting("Review"), key).stored, calendar.make(meeting("Review"), key).stored
        assert first is not None
        assert again is not None
        assert first.id == again.id
        assert set(calendar.listing()[0]) == {first.id}

    def test_ms046_a_stale_version_writes_nothing(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        stale = desk.one(item).version
        desk.bench.edit(item, EDIT[desk.kind])
        before = desk.one(item).values
        group = next(iter(EDIT[desk.kind]))
        assert desk.change(item, {group: "Overwritten"}, expect=stale).result is Result.MOVED
        assert desk.one(item).values == before

    def test_a_current_version_is_written(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        assert desk.change(item, EDIT[desk.kind], expect=desk.one(item).version).result is Result.OK

    def test_ms132_writing_to_what_is_gone_says_gone(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        desk.bench.delete(item)
        assert desk.change(item, EDIT[desk.kind]).result is Result.GONE
        assert desk.remove(item).result is Result.GONE

    def test_a_deleted_item_lies_in_deleted_items(self, desk: Desk) -> None:
        item = desk.bench.create(desk.kind, SAMPLE[desk.kind])
        assert desk.remove(item).result is Result.OK
        assert desk.port.fetch(desk.kind, desk.container, [item]) == {item: Verdict.GONE}
        assert item not in desk.listing()[0]

    def test_a_batch_is_answered_row_by_row_in_whatever_order_ms095(self, desk: Desk) -> None:
        ids = [desk.bench.create(desk.kind, _numbered(desk.kind, number)) for number in range(3)]
        desk.bench.delete(ids[1])
        writes = [Write(uuid4(), Op.UPDATE, desk.kind, EDIT[desk.kind], target=id) for id in ids]
        results = {answer.id: answer.result for answer in desk.write(*writes)}
        assert [results[write.id] for write in writes] == [Result.OK, Result.GONE, Result.OK]

    def test_a_full_batch_is_taken(self, desk: Desk) -> None:
        size = desk.port.batch_size
        writes = [
            Write(uuid4(), Op.CREATE, desk.kind, _numbered(desk.kind, number), key=uuid4()) for number in range(size)
        ]
        assert [answer.result for answer in desk.write(*writes)] == [Result.OK] * size
        assert len(desk.listing()[0]) == size

    # --- looking by what people know ----------------------------------------------------------------------------

    def test_ls066_contacts_are_found_by_address_whatever_its_case(self, contacts: Desk) -> None:
        item = contacts.bench.create(Kind.CONTACT, person("Lovelace", "Ada@Example.com"))
        contacts.bench.create(Kind.CONTACT, person("Babbage"))
        assert _found(contacts, person("Byron", "ada@example.COM")) == [item]

    def test_ls067_contacts_are_found_by_full_name_and_company(self, contacts: Desk) -> None:
        engines: Values = {"name": Name("Ada", "Lovelace"), "company": "Engines"}
        item = contacts.bench.create(Kind.CONTACT, engines)
        contacts.bench.create(Kind.CONTACT, {"name": Name("Ada", "Lovelace"), "company": "Looms"})
        assert _found(contacts, engines) == [item]

    def test_ls111_events_are_found_by_subject_start_and_end_outside_the_window_too(self, calendar: Desk) -> None:
        long_ago = meeting("Review", NINE - timedelta(days=400))
        item = calendar.bench.create(Kind.EVENT, long_ago)
        calendar.bench.create(Kind.EVENT, meeting("Review"))
        assert _found(calendar, long_ago) == [item]

    def test_several_probes_are_answered_each(self, desk: Desk) -> None:
        ids = [desk.bench.create(desk.kind, _numbered(desk.kind, number)) for number in range(2)]
        probes = [Probe(uuid4(), _numbered(desk.kind, number)) for number in range(3)]
        found = desk.port.find_like(desk.kind, desk.container, probes)
        assert [[item.id for item in found[probe.id]] for probe in probes] == [[ids[0]], [ids[1]], []]

    # --- events -------------------------------------------------------------------------------------------------

    def test_ms057_whole_days_stay_whole_days(self, calendar: Desk) -> None:
        days: Values = {"subject": "Holiday", "when": AllDay(date(2026, 3, 28), date(2026, 3, 31))}
        made = calendar.make(days).stored
        assert made is not None
        assert calendar.one(made.id).values["when"] == days["when"]
        assert calendar.listing()[0][made.id].values["when"] == days["when"]

    @pytest.mark.parametrize("show_as", list(ShowAs))
    def test_every_status_is_kept(self, calendar: Desk, show_as: ShowAs) -> None:
        made = calendar.make({**meeting("Review"), "show_as": show_as}).stored
        assert made is not None
        assert calendar.one(made.id).values["show_as"] is show_as

    def test_an_event_of_ones_own_may_be_written(self, calendar: Desk) -> None:
        item = calendar.bench.create(Kind.EVENT, meeting("Review"))
        assert calendar.one(item).caps.own

    def test_ms074_a_meeting_with_guests_would_mail_them(self, calendar: Desk) -> None:
        item = calendar.bench.create(Kind.EVENT, meeting("Review"), guests=["guest@elsewhere.example"])
        seen = calendar.one(item)
        assert (seen.guests, Caps.WOULD_MAIL in seen.caps, seen.caps.own) == (1, True, False)

    def test_ms131_a_guests_copy_is_not_ones_own(self, calendar: Desk) -> None:
        seen = calendar.one(calendar.bench.receive_meeting(meeting("Their review")))
        assert not seen.caps.own
        assert Caps.ORGANIZER not in seen.caps

    def test_ms048_an_event_has_a_uid_that_stays(self, calendar: Desk) -> None:
        item = calendar.bench.create(Kind.EVENT, meeting("Review"))
        uid = calendar.one(item).uid
        calendar.bench.edit(item, {"subject": "Renamed"})
        assert uid
        assert calendar.one(item).uid == uid

    def test_writing_own_things_mails_nobody_inv12(self, desk: Desk) -> None:
        made = desk.make(SAMPLE[desk.kind]).stored
        assert made is not None
        desk.change(made.id, EDIT[desk.kind])
        desk.remove(made.id)
        assert desk.bench.mails() == []

    # --- series -------------------------------------------------------------------------------------------------

    @pytest.fixture
    def weekly(self, calendar: Desk) -> str:
        """A weekly meeting at nine in London, six times from 9 March 2026: summer time begins on 29 March."""
        series = Series("FREQ=WEEKLY;COUNT=6;BYDAY=MO", datetime(2026, 3, 9, 9, 0), "Europe/London", 1800)  # noqa: DTZ001 - wall-clock time
        return calendar.bench.create(Kind.EVENT, meeting("Weekly"), series=series)

    def test_ms071_a_series_is_one_item_with_its_rule(self, calendar: Desk, weekly: str) -> None:
        items, _ = calendar.listing()
        assert set(items) == {weekly}
        assert _starts(items[weekly]) == WEEKLY_STARTS

    def test_ms072_nine_oclock_stays_nine_oclock_over_summer_time(self, calendar: Desk, weekly: str) -> None:
        hours = [datetime.fromisoformat(start).hour for start in _starts(calendar.one(weekly))]
        assert hours == [9, 9, 9, 8, 8, 8]

    def test_ms067_a_changed_occurrence_is_an_exception_and_the_others_stay(self, calendar: Desk, weekly: str) -> None:
        answer = calendar.change(weekly, {"subject": "Special"}, original_start=WEEKLY_STARTS[2])
        assert answer.result is Result.OK
        assert _subjects(calendar.one(weekly)) == ["Weekly", "Weekly", "Special", "Weekly", "Weekly", "Weekly"]

    def test_ms070_a_deleted_occurrence_is_cancelled_and_the_others_stay(self, calendar: Desk, weekly: str) -> None:
        assert calendar.remove(weekly, original_start=WEEKLY_STARTS[2]).result is Result.OK
        assert _starts(calendar.one(weekly)) == [*WEEKLY_STARTS[:2], *WEEKLY_STARTS[3:]]
        assert calendar.remove(weekly, original_start=WEEKLY_STARTS[2]).result is Result.GONE

    def test_a_moved_occurrence_keeps_its_original_start(self, calendar: Desk, weekly: str) -> None:
        moved = timed(NINE + timedelta(days=1))
        assert calendar.change(weekly, {"when": moved}, original_start=WEEKLY_STARTS[0]).result is Result.OK
        occurrence = _occurrences(calendar.one(weekly))[WEEKLY_STARTS[0]]
        assert equivalent(Kind.EVENT, "when", occurrence.values["when"], moved)

    def test_ms068_an_occurrence_does_not_pass_its_neighbour(self, calendar: Desk, weekly: str) -> None:
        answer = calendar.change(weekly, {"when": timed(NINE + timedelta(days=8))}, original_start=WEEKLY_STARTS[0])
        assert answer.result is Result.REFUSED
        assert answer.message
        assert _starts(calendar.one(weekly)) == WEEKLY_STARTS


WEEKLY_STARTS = [
    (NINE + timedelta(days=7 * week) - (timedelta(hours=1) if week > 2 else timedelta())).isoformat()
    for week in range(6)
]


def _occurrences(item: Item) -> dict[str, Occurrence]:
    assert item.series is not None
    return expand(item.series, item.values, Window(SPAN.first, SPAN.end))


def _starts(item: Item) -> list[str]:
    return list(_occurrences(item))


def _subjects(item: Item) -> list[object]:
    return [occurrence.values["subject"] for occurrence in _occurrences(item).values()]


def _numbered(kind: Kind, number: int) -> Values:
    if kind is Kind.CONTACT:
        return person(f"Person{number}")
    return meeting(f"Event {number}", NINE + timedelta(hours=number))


def _found(desk: Desk, values: Values) -> list[str]:
    probe = Probe(uuid4(), values)
    return [item.id for item in desk.port.find_like(desk.kind, desk.container, [probe])[probe.id]]


def _agree(kind: Kind, group: str, left: Values, right: Values) -> bool:
    return equivalent(kind, group, left.get(group), right.get(group))
