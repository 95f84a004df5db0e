"""What Salesforce must do through both ports. Subclass `CrmPort` and supply the fixture `bench`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from backend.domain.projection import equivalent
from backend.domain.values import AllDay, FieldValue, Kind, Name, ShowAs, Timed, Values
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.crm import Crm, Organisation, OrganisationPage, Record
from backend.ports.errors import CursorExpired
from backend.ports.mailbox import Probe

NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


class CrmBench(Protocol):
    """An empty organisation to test: the ports, and hands to arrange things as people do."""

    @property
    def port(self) -> Crm:
        """Salesforce as one user."""
        ...

    @property
    def organisation(self) -> Organisation:
        """Salesforce as the integration user."""
        ...

    @property
    def user(self) -> str:
        """Salesforce id of the user whom `port` stands for."""
        ...

    @property
    def colleague(self) -> str:
        """Salesforce id of somebody else."""
        ...

    def create(self, kind: Kind, values: Values, owner: str) -> str:
        """A person makes a record."""
        ...

    def edit(self, id: str, values: Values) -> None:
        """A person changes a record."""
        ...

    def edit_in_slow_transaction(self, id: str, values: Values) -> None:
        """A process changes a record: stamped now, visible only after `finish_transactions`."""
        ...

    def finish_transactions(self) -> None:
        """Slow transactions commit."""
        ...

    def delete(self, id: str) -> None:
        """A person deletes a record: it lies in the Recycle Bin."""
        ...

    def restore(self, id: str) -> None:
        """A person takes a record back."""
        ...

    def invite(self, id: str, user: str) -> str:
        """A person invites a user to an event; id of the child event."""
        ...

    def refuse_titles(self, title: str, message: str) -> None:
        """An admin adds a validation rule: contacts with this title are refused with the message."""
        ...

    def forget_deletions(self) -> None:
        """The deletion log is purged."""
        ...


def person(last: str, email: str | None = None) -> dict[str, FieldValue]:
    """A small contact."""
    return {"name": Name("Ada", last), "email": email or f"{last.lower()}@example.com"}


def meeting(subject: str, start: datetime = NINE, minutes: int = 30) -> dict[str, FieldValue]:
    """A small event."""
    return {"subject": subject, "when": Timed(start, start + timedelta(minutes=minutes))}


SAMPLE: Mapping[Kind, Values] = {Kind.CONTACT: person("Lovelace"), Kind.EVENT: meeting("Review")}
EDIT: Mapping[Kind, Values] = {Kind.CONTACT: {"title": "Countess"}, Kind.EVENT: {"location": "Room 4"}}


class Desk:
    """The ports under test for one kind, and short forms of their calls."""

    def __init__(self, bench: CrmBench, kind: Kind) -> None:
        self.bench = bench
        self.port = bench.port
        self.kind = kind

    def arrange(self, values: Values | None = None, owner: str | None = None) -> str:
        """A person makes a record."""
        return self.bench.create(self.kind, values or SAMPLE[self.kind], owner or self.bench.user)

    def write(self, *writes: Write) -> list[Answer[Record]]:
        """A collection."""
        return self.port.write(writes)

    def make(self, values: Values, key: UUID | None = None) -> Answer[Record]:
        """An insert."""
        return self.write(Write(uuid4(), Op.CREATE, self.kind, values, key=key or uuid4(), owner=self.bench.user))[0]

    def change(self, id: str, values: Values) -> Answer[Record]:
        """An update."""
        return self.write(Write(uuid4(), Op.UPDATE, self.kind, values, target=id))[0]

    def remove(self, id: str) -> Answer[Record]:
        """A delete."""
        return self.write(Write(uuid4(), Op.DELETE, self.kind, {}, target=id))[0]

    def one(self, id: str) -> Record:
        """A record by id."""
        found = self.port.fetch(self.kind, [id])[id]
        assert isinstance(found, Record)
        return found

    def reading(self, mark: str | None = None) -> tuple[dict[str, Record], set[str], str]:
        """One reading of the organisation: records and removed ids of this kind, and the next mark."""
        pages: list[OrganisationPage] = list(self.bench.organisation.changes(mark, ()))
        assert [page.mark is not None for page in pages] == [False] * (len(pages) - 1) + [True]
        records = {record.id: record for page in pages for record in page.records.get(self.kind, ())}
        removed = {id for page in pages for id in page.removed.get(self.kind, ())}
        return records, removed, pages[-1].mark or ""


class CrmPort:
    """The conformance class."""

    @pytest.fixture
    def bench(self) -> CrmBench:
        """Supplied by the subclass: an empty organisation with two users."""
        raise NotImplementedError

    @pytest.fixture(params=list(Kind))
    def desk(self, request: pytest.FixtureRequest, bench: CrmBench) -> Desk:
        """Both kinds, one after the other."""
        return Desk(bench, request.param)

    @pytest.fixture
    def contacts(self, bench: CrmBench) -> Desk:
        """Contacts."""
        return Desk(bench, Kind.CONTACT)

    @pytest.fixture
    def calendar(self, bench: CrmBench) -> Desk:
        """Events."""
        return Desk(bench, Kind.EVENT)

    # --- one user: writing --------------------------------------------------------------------------------------

    def test_an_inserted_record_belongs_to_its_user_and_carries_its_key_ls093(self, desk: Desk) -> None:
        key = uuid4()
        made = desk.make(SAMPLE[desk.kind], key)
        assert made.result is Result.OK
        assert made.stored is not None
        seen = desk.one(made.stored.id)
        assert (seen.owner_id, seen.key_tag, seen.is_child) == (desk.bench.user, key, False)
        assert [group for group in SAMPLE[desk.kind] if not _agree(desk.kind, group, seen.values)] == []

    def test_sf056_a_repeated_insert_finds_the_record_and_overwrites_nothing_d3(self, desk: Desk) -> None:
        key = uuid4()
        made = desk.make(SAMPLE[desk.kind], key).stored
        assert made is not None
        desk.bench.edit(made.id, EDIT[desk.kind])
        again = desk.make(SAMPLE[desk.kind], key)
        assert again.result is Result.EXISTS
        assert again.stored is not None
        assert again.stored.id == made.id
        assert again.stored.values.items() >= EDIT[desk.kind].items()
        assert desk.one(made.id).values.items() >= EDIT[desk.kind].items()

    def test_a_key_in_the_recycle_bin_is_found_there_d3(self, desk: Desk) -> None:
        key = uuid4()
        made = desk.make(SAMPLE[desk.kind], key).stored
        assert made is not None
        desk.bench.delete(made.id)
        found = desk.port.find_tagged(desk.kind, [key])
        assert [(record.id, record.in_bin) for record in found] == [(made.id, True)]

    def test_records_are_found_by_key(self, desk: Desk) -> None:
        key = uuid4()
        made = desk.make(SAMPLE[desk.kind], key).stored
        assert made is not None
        desk.arrange()
        found = desk.port.find_tagged(desk.kind, [key, uuid4()])
        assert [(record.id, record.key_tag, record.in_bin) for record in found] == [(made.id, key, False)]

    def test_the_answer_of_a_write_is_the_record_as_it_is_read(self, desk: Desk) -> None:
        record = desk.arrange()
        changed = desk.change(record, EDIT[desk.kind]).stored
        assert changed is not None
        read = desk.one(record)
        assert (changed.values, changed.version) == (read.values, read.version)
        assert read.values.items() >= EDIT[desk.kind].items()

    def test_an_update_writes_the_named_groups_only_and_none_blanks(self, desk: Desk) -> None:
        record = desk.arrange({**SAMPLE[desk.kind], **EDIT[desk.kind]})
        before = desk.one(record).values
        group = next(iter(EDIT[desk.kind]))
        assert desk.change(record, {group: None}).result is Result.OK
        after = desk.one(record).values
        assert after.get(group) is None
        assert {name: after.get(name) for name in before if name != group} == {
            name: value for name, value in before.items() if name != group
        }

    def test_sf024_writing_to_what_is_deleted_says_gone(self, desk: Desk) -> None:
        record = desk.arrange()
        desk.bench.delete(record)
        assert desk.change(record, EDIT[desk.kind]).result is Result.GONE
        assert desk.remove(record).result is Result.GONE

    def test_a_deleted_record_is_gone_and_can_be_taken_back(self, desk: Desk) -> None:
        record = desk.arrange()
        assert desk.remove(record).result is Result.OK
        assert desk.port.fetch(desk.kind, [record]) == {record: Verdict.GONE}
        desk.bench.restore(record)
        assert desk.one(record).id == record

    def test_a_collection_is_answered_row_by_row(self, desk: Desk) -> None:
        ids = [desk.arrange(_numbered(desk.kind, number)) for number in range(3)]
        desk.bench.delete(ids[1])
        writes = [Write(uuid4(), Op.UPDATE, desk.kind, EDIT[desk.kind], target=id) for id in ids]
        results = {answer.id: answer.result for answer in desk.write(*writes)}
        assert [results[write.id] for write in writes] == [Result.OK, Result.GONE, Result.OK]

    def test_a_full_collection_is_taken(self, desk: Desk) -> None:
        size = desk.port.batch_size
        writes = [
            Write(uuid4(), Op.CREATE, desk.kind, _numbered(desk.kind, number), key=uuid4(), owner=desk.bench.user)
            for number in range(size)
        ]
        assert [answer.result for answer in desk.write(*writes)] == [Result.OK] * size
        assert len(desk.reading()[0]) == size

    # --- refusals -----------------------------------------------------------------------------------------------

    def test_sf028_a_contact_without_last_name_is_refused_and_the_others_go_through(self, contacts: Desk) -> None:
        good, bad = (
            Write(uuid4(), Op.CREATE, Kind.CONTACT, values, key=uuid4(), owner=contacts.bench.user)
            for values in (person("Lovelace"), {"email": "nobody@example.com"})
        )
        answers = {answer.id: answer for answer in contacts.write(good, bad)}
        assert (answers[good.id].result, answers[bad.id].result) == (Result.OK, Result.REFUSED)
        assert answers[bad.id].fields == ("LastName",)
        assert answers[bad.id].message

    def test_sf029_too_long_a_text_is_refused_not_cut(self, contacts: Desk) -> None:
        answer = contacts.make({**person("Lovelace"), "title": "x" * 129})
        assert (answer.result, answer.code, answer.fields) == (Result.REFUSED, "STRING_TOO_LONG", ("Title",))
        assert contacts.reading()[0] == {}

    def test_sf033_a_validation_rule_speaks_in_its_own_words(self, contacts: Desk) -> None:
        contacts.bench.refuse_titles("Duke", "Dukes are kept elsewhere.")
        record = contacts.arrange()
        answer = contacts.change(record, {"title": "Duke"})
        assert answer.result is Result.REFUSED
        assert "Dukes are kept elsewhere." in answer.message
        assert contacts.one(record).values.get("title") is None

    @pytest.mark.parametrize(("minutes", "result"), [(0, Result.OK), (1, Result.REFUSED)])
    def test_sf095_fourteen_days_go_and_a_minute_more_does_not(
        self, calendar: Desk, minutes: int, result: Result
    ) -> None:
        assert calendar.make(meeting("Expedition", minutes=14 * 24 * 60 + minutes)).result is result

    # --- what Salesforce makes of values ------------------------------------------------------------------------

    def test_ls119_a_long_subject_is_shortened_with_an_ellipsis(self, calendar: Desk) -> None:
        made = calendar.make(meeting("x" * 300)).stored
        assert made is not None
        assert made.values["subject"] == "x" * 254 + "…"

    def test_a_single_event_has_no_zone_of_its_own(self, calendar: Desk) -> None:
        zoned: Values = {"subject": "Review", "when": Timed(NINE, NINE + timedelta(hours=1), "Australia/Sydney")}
        made = calendar.make(zoned).stored
        assert made is not None
        assert made.values["when"] == Timed(NINE, NINE + timedelta(hours=1), None)

    def test_sf094_whole_days_are_never_shifted(self, calendar: Desk) -> None:
        days = AllDay(date(2026, 3, 28), date(2026, 3, 31))
        made = calendar.make({"subject": "Holiday", "when": days}).stored
        assert made is not None
        assert calendar.one(made.id).values["when"] == days

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            (ShowAs.BUSY, ShowAs.BUSY),
            (ShowAs.FREE, ShowAs.FREE),
            (ShowAs.OUT_OF_OFFICE, ShowAs.OUT_OF_OFFICE),
            (ShowAs.TENTATIVE, ShowAs.BUSY),
            (ShowAs.ELSEWHERE, ShowAs.BUSY),
        ],
    )
    def test_ls118_salesforce_knows_three_kinds_of_show_as(self, calendar: Desk, written: ShowAs, kept: ShowAs) -> None:
        made = calendar.make({**meeting("Review"), "show_as": written}).stored
        assert made is not None
        assert made.values["show_as"] is kept

    # --- looking ------------------------------------------------------------------------------------------------

    def test_sf098_sf102_an_event_series_is_made_by_one_create_and_changes_as_a_whole(self, calendar: Desk) -> None:
        """E-10: the first occurrence carries the key; only who means all of them may change one."""
        ahead = datetime(2031, 3, 3, 9, tzinfo=UTC)
        write = Write(
            uuid4(), Op.CREATE, Kind.EVENT, meeting("Stand-up", ahead), key=uuid4(), owner=calendar.bench.user,
            pattern="RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3",
        )  # fmt: skip
        first = calendar.write(write)[0].stored
        assert first is not None
        rows = calendar.port.series_rows([first.id])[first.id]
        assert sorted(str(row.values["when"]) for row in rows) == [
            str(Timed(ahead + timedelta(days=day), ahead + timedelta(days=day, minutes=30))) for day in range(3)
        ]
        assert [row.key_tag for row in rows if row.key_tag] == [write.key]
        assert calendar.change(first.id, {"location": "Room 4"}).code == "EVENT_SERIES"
        for_all = Write(uuid4(), Op.UPDATE, Kind.EVENT, {"location": "Room 4"}, target=first.id, in_series=True)
        assert calendar.write(for_all)[0].result is Result.OK
        rows = calendar.port.series_rows([first.id])[first.id]
        assert [row.values.get("location") for row in rows] == ["Room 4"] * 3

    def test_sf088_what_is_nowhere_is_unknown_never_gone(self, desk: Desk) -> None:
        nowhere = ("003" if desk.kind is Kind.CONTACT else "00U") + "000000000009999"
        found = desk.port.fetch(desk.kind, [nowhere])
        assert found == {nowhere: Verdict.UNKNOWN}

    def test_ls066_contacts_are_found_by_address_whatever_its_case(self, contacts: Desk) -> None:
        record = contacts.arrange(person("Lovelace", "ada@example.com"))
        contacts.arrange(person("Babbage"))
        assert _found(contacts, person("Byron", "ADA@example.com")) == [record]

    def test_ls067_contacts_are_found_by_full_name(self, contacts: Desk) -> None:
        nameless: Values = {"name": Name("Ada", "Lovelace")}
        record = contacts.arrange(nameless)
        contacts.arrange(person("Babbage"))
        assert _found(contacts, nameless) == [record]

    def test_ls111_events_are_found_among_the_users_own_only_d14(self, calendar: Desk) -> None:
        record = calendar.arrange()
        calendar.arrange(owner=calendar.bench.colleague)
        calendar.arrange(meeting("Review", NINE + timedelta(hours=1)))
        assert _found(calendar, SAMPLE[Kind.EVENT]) == [record]

    def test_deleted_records_are_not_found_by_natural_key(self, desk: Desk) -> None:
        record = desk.arrange()
        desk.bench.delete(record)
        assert _found(desk, SAMPLE[desk.kind]) == []

    # --- the organisation ---------------------------------------------------------------------------------------

    def test_the_first_reading_shows_every_living_record_of_everybody(self, desk: Desk) -> None:
        mine = desk.arrange()
        theirs = desk.arrange(_numbered(desk.kind, 1), desk.bench.colleague)
        gone = desk.arrange(_numbered(desk.kind, 2))
        desk.bench.delete(gone)
        records, _, _ = desk.reading()
        assert {id: record.owner_id for id, record in records.items()} == {
            mine: desk.bench.user,
            theirs: desk.bench.colleague,
        }

    def test_what_changed_after_the_mark_is_read_again(self, desk: Desk) -> None:
        first, second = desk.arrange(_numbered(desk.kind, 1)), desk.arrange(_numbered(desk.kind, 2))
        _, _, mark = desk.reading()
        desk.bench.edit(first, EDIT[desk.kind])
        desk.bench.delete(second)
        third = desk.arrange(_numbered(desk.kind, 3))
        records, removed, _ = desk.reading(mark)
        assert {first, third} <= records.keys()
        assert records[first].values.items() >= EDIT[desk.kind].items()
        assert second in removed
        assert second not in records

    def test_sf089_a_restored_record_is_read_again(self, desk: Desk) -> None:
        record = desk.arrange()
        desk.bench.delete(record)
        _, _, mark = desk.reading()
        desk.bench.restore(record)
        assert record in desk.reading(mark)[0]

    def test_sf079_what_was_committed_late_with_an_older_stamp_is_caught(self, desk: Desk) -> None:
        record = desk.arrange()
        desk.bench.edit_in_slow_transaction(record, EDIT[desk.kind])
        desk.arrange(_numbered(desk.kind, 2))
        records, _, mark = desk.reading()
        assert not records[record].values.items() >= EDIT[desk.kind].items()
        desk.bench.finish_transactions()
        assert desk.reading(mark)[0][record].values.items() >= EDIT[desk.kind].items()

    def test_versions_rise_with_every_change(self, desk: Desk) -> None:
        record = desk.arrange()
        before = desk.one(record).version
        for _ in range(5):
            desk.bench.edit(record, EDIT[desk.kind])
        assert desk.one(record).version > before

    def test_sf107_an_invited_users_child_event_says_that_it_is_one_ls134(self, calendar: Desk) -> None:
        record = calendar.arrange()
        child = calendar.bench.invite(record, calendar.bench.colleague)
        records, _, _ = calendar.reading()
        assert {id: seen.is_child for id, seen in records.items()} == {record: False, child: True}

    def test_sf086_a_mark_older_than_the_deletion_log_is_refused(self, desk: Desk) -> None:
        desk.arrange()
        _, _, mark = desk.reading()
        desk.bench.forget_deletions()
        with pytest.raises(CursorExpired):
            desk.reading(mark)
        assert len(desk.reading()[0]) == 1

    def test_the_organisation_fetches_by_id_too(self, desk: Desk) -> None:
        living, deleted = desk.arrange(_numbered(desk.kind, 1)), desk.arrange(_numbered(desk.kind, 2))
        desk.bench.delete(deleted)
        found = desk.bench.organisation.fetch(desk.kind, [living, deleted])
        assert isinstance(found[living], Record)
        assert found[deleted] is Verdict.GONE

    def test_the_organisation_has_an_identity_that_stays(self, bench: CrmBench) -> None:
        assert bench.organisation.identity() == bench.organisation.identity()


def _numbered(kind: Kind, number: int) -> Values:
    if kind is Kind.CONTACT:
        return person(f"Person{number}")
    return meeting(f"Event {number}", NINE + timedelta(hours=number))


def _found(desk: Desk, values: Values) -> list[str]:
    probe = Probe(uuid4(), values)
    return [record.id for record in desk.port.find_like(desk.kind, [probe])[probe.id]]


def _agree(kind: Kind, group: str, values: Values) -> bool:
    return equivalent(kind, group, SAMPLE[kind].get(group), values.get(group))
