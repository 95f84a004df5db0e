"""The organisation reader: two calls when nothing changed, and nothing missed."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from backend.domain.values import Kind
from backend.ports.answers import Verdict
from backend.ports.crm import OrganisationPage, Record
from backend.ports.errors import CursorExpired, Malformed, ServiceError
from backend.salesforce.organisation import SalesforceOrganisation
from tests.fakes.salesforce_wire import NOW, Answered, Wire, composite, described, parts_of, problem, row, rows, stamp

A1, A2 = "001000000000001AAA", "001000000000002AAA"
C1, C2, C3 = (f"00300000000000{n}AAA" for n in (1, 2, 3))
E1 = "00U000000000001AAA"


class Books:
    """Answers each statement by what it reads: living rows and deleted rows, by object."""

    def __init__(self) -> None:
        self.pages: dict[str, list[tuple[int, Any]]] = {}
        self.wire = Wire(handler=self._answer)
        self.options: dict[str, Any] = {}

    def put(self, name: str, *pages: tuple[int, Any]) -> None:
        self.pages[name] = list(pages)

    def _answer(self, request: requests.PreparedRequest) -> Answered:
        return described(request, **self.options) or composite(*map(self._part, parts_of(request)))

    def _part(self, part: dict[str, Any]) -> tuple[int, Any]:
        text = unquote(part["url"])
        sobject = text.partition(" FROM ")[2].split()[0]
        kind = "deleted " if "IsDeleted = true" in text else "of accounts " if "AccountId IN" in text else ""
        pages = self.pages.get(f"{kind}{sobject}", [])
        return pages.pop(0) if pages else rows()

    def read(self, mark: str | None, *filters: str, **options: Any) -> list[OrganisationPage]:
        organisation = SalesforceOrganisation(self.wire.client(), self.wire.layouts(), **options)
        return list(organisation.changes(mark, filters))

    def listed(self, *filters: str) -> str:
        """The mark of a full listing; what was asked for it is forgotten."""
        mark = self.read(None, *filters)[-1].mark
        self.wire.requests.clear()
        self.wire.meter.calls.clear()
        assert mark is not None
        return mark


def ids(pages: list[OrganisationPage], kind: Kind) -> list[str]:
    return [record.id for page in pages for record in page.records.get(kind, ())]


def test_inv16_an_idle_reading_is_two_calls_in_a_fresh_process() -> None:
    books = Books()
    mark = books.listed()
    pages = books.read(mark)
    assert books.wire.meter.calls["salesforce"] == 2
    living, deleted = books.wire.composites()
    assert [part.partition(" FROM ")[2].split()[0] for part in living] == ["Contact", "Event", "User", "Account"]
    assert [part.partition(" FROM ")[2].split()[0] for part in deleted] == ["Contact", "Event"]
    assert all(part.startswith("GET queryAll") for part in deleted)
    assert pages[-1].mark is not None
    assert [dict(page.records) for page in pages] == [{Kind.CONTACT: (), Kind.EVENT: ()}, {}]


def test_sf079_the_overlap_is_read_again_and_a_quiet_organisation_is_not_read_for_ever() -> None:
    books = Books()
    books.put("Contact", rows(row(C1, NOW - timedelta(minutes=3))), rows())
    mark = books.listed()
    books.read(mark)
    living, _ = books.wire.composites()
    assert "WHERE SystemModstamp >= 2026-11-22T12:47:00Z" in living[0]  # ten minutes before the latest contact
    assert "WHERE SystemModstamp >= 2026-11-22T12:40:00Z" in living[1]  # no event: ten minutes before the last reading
    books.wire.clock.moment += timedelta(hours=8)
    later = books.read(mark)[-1].mark
    assert later is not None
    assert json.loads(later)["since"]["Contact"] == "2026-11-22T20:50:00+00:00"


def test_sf091_a_stamp_after_the_start_of_the_reading_does_not_move_the_mark_beyond_it() -> None:
    books = Books()
    before, after = row(C1, NOW - timedelta(seconds=5)), row(C2, NOW + timedelta(seconds=5))
    books.put("Contact", rows(before, after))
    assert json.loads(books.listed())["since"]["Contact"] == "2026-11-22T12:59:55+00:00"


def test_sf080_pages_go_on_behind_stamp_and_id_without_a_server_cursor() -> None:
    """A page may be short though more follow (SF-070), and may end among rows of one stamp."""
    books = Books()
    at = NOW.replace(microsecond=120_000) - timedelta(days=1)
    books.put("Contact", rows(row(C1, at), row(C2, at), more="/services/data/v67.0/query/01g-2"), rows(row(C3, at)))
    pages = books.read(None)
    assert ids(pages, Kind.CONTACT) == [C1, C2, C3]
    second = books.wire.composites()[1]
    assert len(second) == 1
    assert second[0].endswith(
        f"FROM Contact WHERE (SystemModstamp > 2026-11-21T13:00:00.120Z OR (SystemModstamp = 2026-11-21T13:00:00.120Z "
        f"AND Id > '{C2}')) ORDER BY SystemModstamp, Id"
    )


def test_a_full_listing_leaves_out_events_that_ended_before_the_day_given() -> None:
    books = Books()
    books.read(None, events_since=date(2026, 9, 23))
    event = books.wire.composites()[0][1]
    assert "FROM Event WHERE EndDateTime >= 2026-09-22T00:00:00Z ORDER BY" in event


def test_users_come_with_the_last_page() -> None:
    books = Books()
    user = {"Username": "u@x", "Name": "U", "Email": "u@x.example", "Profile": {"Name": "Rep"}, "IsActive": True}
    books.put("User", rows(row("005000000000001AAA", TimeZoneSidKey="Europe/London", **user)))
    [found] = books.read(None)[-1].users
    assert (found.address, found.profile, found.zone, found.active) == ("u@x.example", "Rep", "Europe/London", True)


def test_sf045_deleted_rows_are_told_and_merged_contacts_name_the_winner() -> None:
    books = Books()
    mark = books.listed()
    books.put("deleted Contact", rows(row(C1, MasterRecordId=C2), row(C3, MasterRecordId=None)))
    books.put("deleted Event", rows(row(E1)))
    last = books.read(mark)[-1]
    assert last.removed == {Kind.CONTACT: (C1, C3), Kind.EVENT: (E1,)}
    assert last.merged == {C1: C2}


def test_a_full_listing_asks_the_bin_for_merged_contacts_only() -> None:
    books = Books()
    books.read(None)
    [[statement]] = books.wire.composites()[1:]
    assert statement.endswith("WHERE IsDeleted = true AND MasterRecordId != null ORDER BY SystemModstamp, Id")


# --- accounts -------------------------------------------------------------------------------------------------------


def test_sf082_contacts_of_a_changed_account_are_read_again_once() -> None:
    books = Books()
    mark = books.listed()
    changed = rows(row(A1, NOW - timedelta(minutes=1), Name="New"))
    books.put("Account", changed)
    books.put("of accounts Contact", rows(row(C1, Account={"Name": "New"})))
    pages = books.read(mark)
    assert [record.values["company"] for page in pages for record in page.records.get(Kind.CONTACT, ())] == ["New"]
    assert books.wire.meter.calls["salesforce"] == 3
    next_mark = pages[-1].mark
    books.wire.meter.calls.clear()
    books.put("Account", rows(row(A1, NOW - timedelta(minutes=1), Name="New")))
    assert ids(books.read(next_mark), Kind.CONTACT) == []
    assert books.wire.meter.calls["salesforce"] == 2
    books.put("Account", rows(row(A1, NOW, Name="Newer"), row(A2, NOW, Name="Second")))
    books.read(next_mark)
    assert books.wire.composites()[-2][0].endswith(f"WHERE AccountId IN ('{A1}','{A2}')")


# --- filters --------------------------------------------------------------------------------------------------------


def test_fields_that_filters_ask_for_come_as_text_under_the_name_asked() -> None:
    books = Books()
    books.put("Contact", rows(row(C1, Title="Boss", Level__c=3)))
    pages = books.read(None, "title", "Level__c")
    [record] = pages[0].records[Kind.CONTACT]
    assert record.raw == {"title": "Boss"}  # a field that is not there cannot be read
    statement = books.wire.composites()[0][0]
    assert statement.count("Title") == 1
    assert "Level__c" not in statement


def test_further_filter_fields_need_a_full_listing_and_known_ones_do_not() -> None:
    books = Books()
    mark = books.listed("Title", "Level__c")
    with pytest.raises(CursorExpired):
        books.read(mark, "Title", "Department")
    books.put("Contact", rows(row(C1, Title="Boss")))
    [record] = books.read(mark, "Level__c")[0].records[Kind.CONTACT]
    assert record.raw == {}


# --- marks that no longer serve -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "2026-11-22T13:00:00Z", "{}", '{"form":0}', "[]", '{"form":1,"since":{}}'])
def test_a_mark_that_is_not_ours_expires(mark: str) -> None:
    with pytest.raises(CursorExpired):
        Books().read(mark)


def test_sf086_a_mark_older_than_the_recycle_bin_expires() -> None:
    books = Books()
    mark = books.listed()
    books.wire.clock.moment += timedelta(days=13)
    books.read(mark)
    books.wire.clock.moment += timedelta(days=2)
    with pytest.raises(CursorExpired):
        books.read(mark)


def test_sf048_a_field_withdrawn_since_the_listing_expires_the_mark() -> None:
    books = Books()
    mark = books.listed()
    books.put("Contact", (400, problem(400, "INVALID_FIELD", "No such column 'Fax' on entity 'Contact'").body))
    with pytest.raises(CursorExpired, match="Fax"):
        books.read(mark)


def test_a_page_that_fails_fails_the_reading() -> None:
    books = Books()
    books.put("Event", (400, problem(400, "MALFORMED_QUERY", "unexpected token").body))
    with pytest.raises(ServiceError, match="unexpected token"):
        books.read(None)


def test_without_the_servers_clock_nothing_is_read() -> None:
    books = Books()
    books.wire.handler = lambda request: described(request) or Answered(200, {"compositeResponse": [
        {"httpStatusCode": 200, "body": {"done": True, "records": []}} for _ in parts_of(request)
    ]}, {"Date": ""})  # fmt: skip
    with pytest.raises(Malformed):
        books.read(None)


def test_identity_is_the_organisations_long_id() -> None:
    books = Books()
    assert SalesforceOrganisation(books.wire.client(), books.wire.layouts()).identity() == "00D000000000001EAA"
    assert books.wire.requests == []


def test_fetch_tells_living_deleted_and_unseen_apart() -> None:
    books = Books()
    organisation = SalesforceOrganisation(books.wire.client(), books.wire.layouts())
    list(organisation.changes(None, ("Title",)))
    books.put("Contact", rows(row(C1, Title="Boss"), row(C2, IsDeleted=True)))
    found = organisation.fetch(Kind.CONTACT, [C1, C2, C3])
    assert isinstance(found[C1], Record)
    assert found[C1].raw == {"Title": "Boss"}
    assert (found[C2], found[C3]) == (Verdict.GONE, Verdict.UNKNOWN)
    assert organisation.fetch(Kind.EVENT, []) == {}


def test_stamps_are_read_as_written() -> None:
    assert stamp(datetime.fromisoformat("2026-11-22T13:00:00.120+00:00")) == "2026-11-22T13:00:00.120+0000"
