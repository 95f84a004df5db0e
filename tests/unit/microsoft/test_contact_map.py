"""Contacts between Graph and field groups."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.fieldmap import CONTACT_ROWS, GROUPS
from backend.domain.projection import project_mailbox
from backend.domain.values import Address, FieldValue, Kind, Name, Values
from backend.microsoft.contact_map import EXPAND, contact_body, contact_item, values_of, written_properties
from backend.microsoft.tags import TAG, properties

KEY = UUID("11111111-2222-5333-8444-555555555555")
FAX, ASSISTANT, OTHER = "String 0x3A24", "String 0x3A2E", "String 0x3A1F"

GRAPH: dict[str, Any] = {
    "@odata.etag": 'W/"7"',
    "id": "c1",
    "parentFolderId": "f1",
    "createdDateTime": "2026-01-01T08:00:00Z",
    "lastModifiedDateTime": "2026-02-01T08:00:00.1234567Z",
    "displayName": "Lady Ada King Lovelace I",
    "title": "Lady",
    "givenName": "Ada",
    "middleName": "King",
    "surname": "Lovelace",
    "generation": "I",
    "companyName": " Analytical Engines ",
    "emailAddresses": [{"name": "Ada", "address": "ada@example.com"}, {"name": "b", "address": "b@example.com"}],
    "jobTitle": "Countess",
    "department": None,
    "businessPhones": ["+44 20 1", "+44 20 2"],
    "mobilePhone": "+44 77",
    "homePhones": [],
    "assistantName": "",
    "birthday": "1815-12-10T11:59:00Z",
    "personalNotes": "One\r\nTwo \r\n",
    "businessAddress": {"street": "12 St\r\n2nd floor", "city": "London"},
    "otherAddress": {},
    "singleValueExtendedProperties": [
        {"id": "String 0x3a24", "value": "+44 20 3"},
        {"id": TAG.lower().replace("name lockstepkey", "Name LockstepKey"), "value": str(KEY)},
    ],
}
VALUES: Values = {
    "name": Name("Ada", "Lovelace", "King", "Lady", "I"),
    "company": "Analytical Engines",
    "email": "ada@example.com",
    "title": "Countess",
    "phone": "+44 20 1",
    "mobile": "+44 77",
    "fax": "+44 20 3",
    "birthdate": date(1815, 12, 10),
    "notes": "One\nTwo",
    "mailing": Address("12 St\n2nd floor", "London"),
}


def test_ms085_a_contact_is_read_by_groups_and_what_is_empty_is_left_out() -> None:
    item = contact_item(GRAPH)
    assert item.values == VALUES
    assert (item.id, item.version, item.key_tag) == ("c1", 'W/"7"', KEY)
    assert str(item.modified_at) == "2026-02-01 08:00:00+00:00"
    assert (item.uid, item.organizer, item.problem) == (None, None, None)


def test_ms039_extended_properties_are_asked_for_by_id() -> None:
    assert all(f"id eq '{id_}'" in EXPAND for id_ in (FAX, ASSISTANT, OTHER, TAG))


def test_ms083_a_list_is_written_with_its_other_entries() -> None:
    body = contact_body({"email": "new@example.com", "phone": None, "home_phone": "+44 1"}, GRAPH)
    assert body == {
        "emailAddresses": [
            {"address": "new@example.com", "name": "Ada"},
            {"name": "b", "address": "b@example.com"},
        ],
        "businessPhones": ["+44 20 2"],
        "homePhones": ["+44 1"],
    }


def test_a_name_that_only_repeats_the_old_address_is_not_kept() -> None:
    present = {"emailAddresses": [{"name": "old@example.com", "address": "old@example.com"}]}
    assert contact_body({"email": "new@example.com"}, present)["emailAddresses"] == [{"address": "new@example.com"}]


def test_ms084_the_display_name_is_sent_whenever_name_parts_are() -> None:
    body = contact_body({"name": Name("Ada", "Byron")}, GRAPH)
    assert body == {
        "title": None,
        "givenName": "Ada",
        "middleName": None,
        "surname": "Byron",
        "generation": None,
        "displayName": "Ada Byron",
    }
    assert contact_body({"name": None, "company": "Looms"}, GRAPH)["displayName"] == "Looms"
    assert contact_body({"name": None}, GRAPH)["displayName"] == "Analytical Engines"
    assert contact_body({"name": None, "company": None, "email": None}, {})["displayName"] is None


def test_groups_that_are_not_named_are_not_written() -> None:
    assert contact_body({"title": "Dr"}, GRAPH) == {"jobTitle": "Dr"}


def test_blanked_groups_are_sent_as_empty() -> None:
    body = contact_body({"mailing": None, "birthdate": None, "fax": None, "notes": None}, GRAPH)
    assert body == {
        "businessAddress": dict.fromkeys(("street", "city", "state", "postalCode", "countryOrRegion")),
        "birthday": None,
        "personalNotes": None,
        "singleValueExtendedProperties": [{"id": FAX, "value": ""}],
    }


def test_a_birthday_is_written_at_noon_utc_and_read_as_a_date() -> None:
    assert contact_body({"birthdate": date(1990, 1, 31)}, {}) == {"birthday": "1990-01-31T12:00:00Z"}
    assert values_of({"birthday": "1990-01-31T23:30:00Z"}, {}) == {"birthdate": date(1990, 1, 31)}
    assert values_of({"birthday": "0001-01-01T00:00:00Z"}, {}) == {}


def test_a_create_carries_our_key_ms090() -> None:
    body = contact_body({"other_phone": "1"}, {}, KEY)
    assert body["singleValueExtendedProperties"] == [{"id": TAG, "value": str(KEY)}, {"id": OTHER, "value": "1"}]


def test_ms090_what_was_written_is_added_to_what_was_there_since_answers_do_not_echo_it() -> None:
    body = contact_body({"fax": "9", "assistant_phone": "8"}, GRAPH)
    extended = written_properties(body, properties(GRAPH))
    item = contact_item({key: value for key, value in GRAPH.items() if "Extended" not in key}, extended)
    assert (item.values["fax"], item.values["assistant_phone"], item.key_tag) == ("9", "8", KEY)


LINE = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@st.composite
def groups(draw: st.DrawFn) -> dict[str, FieldValue]:
    """Any contact, in the mailbox's own form."""
    found: dict[str, FieldValue] = {}
    for row in CONTACT_ROWS:
        if row.part is None and row.group != "birthdate" and draw(st.booleans()):
            found[row.group] = draw(LINE)
    found["birthdate"] = draw(st.none() | st.dates(date(1800, 1, 1)))
    found["name"] = Name(*(draw(st.none() | LINE) for _ in range(5)))
    found["mailing"] = Address(*(draw(st.none() | LINE) for _ in range(5)))
    tidy = {group: project_mailbox(Kind.CONTACT, group, value) for group, value in found.items()}
    return {group: value for group, value in tidy.items() if value is not None}


@given(groups())
def test_law_what_is_written_is_read_back(values: dict[str, FieldValue]) -> None:
    """Over the mapping alone: the service's own tidying is the stand-in's matter."""
    every: dict[str, FieldValue] = {**dict.fromkeys(GROUPS[Kind.CONTACT]), **values}
    body = contact_body(every, {}, KEY)
    assert values_of(body, properties(body)) == values


@given(groups())
def test_law_reading_is_the_mailboxs_own_projection(values: dict[str, FieldValue]) -> None:
    body = contact_body(values, {})
    read = values_of(body, properties(body))
    assert {group: project_mailbox(Kind.CONTACT, group, value) for group, value in read.items()} == read


@pytest.mark.parametrize("row", CONTACT_ROWS, ids=lambda row: f"{row.group}.{row.part or ''}")
def test_every_row_of_the_field_map_is_written_to_its_own_place_and_read_from_there(row: Any) -> None:
    if row.group == "birthdate":
        value: FieldValue = date(2000, 2, 29)
    elif row.part is None:
        value = "x"
    else:
        value = (Name if row.group == "name" else Address)(**{row.part: "x"})
    body = contact_body({row.group: value}, {})
    assert values_of(body, properties(body)) == {row.group: value}
