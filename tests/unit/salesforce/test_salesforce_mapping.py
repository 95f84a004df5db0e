"""Rows of Salesforce <-> values."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from backend.domain.fieldmap import ROWS
from backend.domain.projection import project_crm
from backend.domain.values import Address, AllDay, Kind, Name, ShowAs, Timed
from backend.salesforce.fields import described
from backend.salesforce.mapping import fields_of, record_of, user_of, values_of
from tests.fakes.salesforce_wire import NOW, describe, row

CONTACT = described(Kind.CONTACT, describe(Kind.CONTACT))
EVENT = described(Kind.EVENT, describe(Kind.EVENT))
TEN, ELEVEN = datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)

FULL_CONTACT = {
    "name": Name("Ada", "Lovelace", "King", "Ms.", "PhD"),
    "company": "Analytical Engines",
    "email": "ada@engines.example",
    "title": "Analyst",
    "department": "Notes",
    "phone": "+44 20 7946 0001",
    "mobile": "+44 7700 900001",
    "home_phone": "+44 20 7946 0002",
    "other_phone": "+44 20 7946 0003",
    "fax": "+44 20 7946 0004",
    "assistant_name": "Charles",
    "assistant_phone": "+44 20 7946 0005",
    "birthdate": date(1815, 12, 10),
    "notes": "First\nSecond",
    "mailing": Address("12 St James's Square\nFlat 2", "London", "Greater London", "SW1Y 4JH", "United Kingdom"),
    "other_address": Address("Ockham Park", "Ockham", None, "GU23 6NQ", "United Kingdom"),
}


def salesforce_row(sent: dict[str, object], **further: object) -> dict[str, object]:
    return row("003000000000001AAA", **{**sent, **further})


def test_ls086_every_contact_field_survives_the_way_there_and_back() -> None:
    sent = fields_of(CONTACT, FULL_CONTACT, CONTACT.creatable)
    assert set(sent) == {field.salesforce for field in ROWS[Kind.CONTACT]} - {"Account.Name"}
    back = values_of(salesforce_row(sent, Account={"attributes": {}, "Name": "Analytical Engines"}), CONTACT)
    assert back == FULL_CONTACT
    assert sent["Birthdate"] == "1815-12-10"


def test_company_is_never_sent_as_a_field() -> None:
    assert fields_of(CONTACT, {"company": "X"}, CONTACT.updatable | {"Account.Name"}) == {}


def test_ls088_fields_without_permission_are_left_out_and_the_rest_is_sent() -> None:
    layout = described(Kind.CONTACT, describe(Kind.CONTACT, without=("MiddleName", "Suffix"), read_only=("Title",)))
    sent = fields_of(CONTACT, {"name": FULL_CONTACT["name"], "title": "Analyst"}, layout.updatable)
    assert sent == {"Salutation": "Ms.", "FirstName": "Ada", "LastName": "Lovelace"}


def test_blank_groups_blank_every_one_of_their_fields() -> None:
    assert fields_of(CONTACT, {"mailing": None, "phone": None}, CONTACT.updatable) == {
        "MailingStreet": None,
        "MailingCity": None,
        "MailingState": None,
        "MailingPostalCode": None,
        "MailingCountry": None,
        "Phone": None,
    }


def test_an_event_has_a_time_and_a_show_as_whatever_the_other_side_lacks() -> None:
    assert fields_of(EVENT, {"when": None, "show_as": None, "private": None}, EVENT.updatable) == {"IsPrivate": False}


@pytest.mark.parametrize(
    ("when", "sent"),
    [
        (
            Timed(TEN, ELEVEN, "Europe/London"),
            {
                "StartDateTime": "2026-11-23T10:00:00.000Z",
                "EndDateTime": "2026-11-23T11:00:00.000Z",
                "IsAllDayEvent": False,
            },
        ),
        (
            AllDay(date(2026, 7, 21), date(2026, 7, 24)),
            {
                "StartDateTime": "2026-07-21T00:00:00.000Z",
                "EndDateTime": "2026-07-23T00:00:00.000Z",
                "IsAllDayEvent": True,
            },
        ),
        (
            AllDay(date(2026, 7, 21), date(2026, 7, 22)),
            {
                "StartDateTime": "2026-07-21T00:00:00.000Z",
                "EndDateTime": "2026-07-21T00:00:00.000Z",
                "IsAllDayEvent": True,
            },
        ),
    ],
)
def test_sf094_whole_days_are_midnights_utc_with_the_last_day_inclusive(
    when: Timed | AllDay, sent: dict[str, object]
) -> None:
    assert fields_of(EVENT, {"when": when}, EVENT.creatable) == sent
    assert values_of(row("00U", **sent), EVENT)["when"] == project_crm(Kind.EVENT, "when", when)


def test_sf094_whole_days_are_not_shifted_by_the_offset_of_the_answer() -> None:
    day = row("00U", StartDateTime="2026-07-21T00:00:00.000+0000", EndDateTime="2026-07-21T00:00:00.000+0000")
    assert values_of({**day, "IsAllDayEvent": True}, EVENT)["when"] == AllDay(date(2026, 7, 21), date(2026, 7, 22))


def test_times_are_read_in_utc_whatever_their_offset() -> None:
    read = values_of(
        row("00U", StartDateTime="2026-11-23T12:00:00.000+0200", EndDateTime="2026-11-23T11:00:00.000+0000"), EVENT
    )
    assert read["when"] == Timed(TEN, ELEVEN)


@pytest.mark.parametrize(
    ("value", "name", "back"),
    [
        (ShowAs.BUSY, "Busy", ShowAs.BUSY),
        (ShowAs.FREE, "Free", ShowAs.FREE),
        (ShowAs.OUT_OF_OFFICE, "OutOfOffice", ShowAs.OUT_OF_OFFICE),
        (ShowAs.TENTATIVE, "Busy", ShowAs.BUSY),
        (ShowAs.ELSEWHERE, "Busy", ShowAs.BUSY),
    ],
)
def test_ls118_show_as_has_three_values_in_salesforce(value: ShowAs, name: str, back: ShowAs) -> None:
    assert fields_of(EVENT, {"show_as": value}, EVENT.updatable) == {"ShowAs": name}
    assert values_of(row("00U", ShowAs=name), EVENT)["show_as"] is back


def test_ls119_event_texts_are_shortened_and_contact_texts_are_left_for_salesforce_to_refuse() -> None:
    event = fields_of(EVENT, {"subject": "x" * 300, "description": "y" * 33_000}, EVENT.updatable)
    assert (len(event["Subject"]), event["Subject"][-1], len(event["Description"])) == (255, "…", 32_000)
    assert fields_of(CONTACT, {"title": "x" * 129}, CONTACT.updatable) == {"Title": "x" * 129}


def test_what_salesforce_tidies_does_not_look_like_an_edit() -> None:
    read = values_of(row("00U", Subject="  Lunch\twith Bob ", Description="one \r\n\r\ntwo  ", Location=""), EVENT)
    assert read == {"subject": "Lunch with Bob", "description": "one\n\ntwo", "show_as": ShowAs.BUSY, "private": False}


def test_ls085_the_account_of_a_person_account_is_no_company() -> None:
    person = row("003", LastName="Byron", Account={"Name": "Byron"}, IsPersonAccount=True)
    assert values_of(person, CONTACT) == {"name": Name(last="Byron")}


def test_a_record_carries_what_the_engine_decides_by() -> None:
    key = "5d1f3a52-3f0e-5c0b-9a6e-6a7f2d9c1e44"
    found = record_of(
        row(
            "003000000000001AAA",
            LastName="Byron",
            Lockstep_Key__c=key.upper(),
            LastActivityDate="2026-11-20",
            Level__c=3,
            Vip__c=True,
        ),
        CONTACT,
        {"level__c": "Level__c", "Vip__c": "Vip__c", "Region__c": "Region__c"},
    )
    assert found.version == found.last_modified == found.created_at == NOW
    assert found.key_tag == UUID(key)
    assert found.activity_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert found.raw == {"level__c": "3", "Vip__c": "true", "Region__c": None}
    assert (found.is_child, found.in_bin, found.problem) == (False, False, None)


def test_a_key_that_somebody_typed_over_is_no_key() -> None:
    assert record_of(row("003", LastName="B", Lockstep_Key__c="my note"), CONTACT).key_tag is None


def test_sf105_the_head_of_a_classic_series_is_told_as_a_problem() -> None:
    found = record_of(row("00U", IsChild=False, IsRecurrence=True), EVENT)
    assert found.problem is not None
    assert "repeating event" in found.problem


def test_sf117_an_event_of_a_public_calendar_is_told_as_a_problem() -> None:
    found = record_of(row("00U", IsChild=False, OwnerId="023000000000001AAA"), EVENT)
    assert found.problem is not None
    assert "calendar" in found.problem


def test_ls134_an_invitees_copy_is_marked() -> None:
    assert record_of(row("00U", IsChild=True), EVENT).is_child


def test_a_user_without_address_or_profile_is_still_a_user() -> None:
    found = user_of({"Id": "005", "Username": "u@x", "Name": None, "Email": None, "Profile": None, "IsActive": False})
    assert (found.name, found.address, found.profile, found.active, found.zone) == ("u@x", "", "", False, "")
