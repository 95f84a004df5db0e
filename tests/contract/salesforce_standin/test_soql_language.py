"""What the stand-in knows of SOQL, sentence by sentence."""

from __future__ import annotations

import pytest

from backend.sandbox.salesforce.soql.parser import parse
from backend.sandbox.salesforce.soql.where import candidates
from tests.fakes.salesforce_client import error_of

PEOPLE = (
    {"LastName": "Adams", "FirstName": "Ann", "Email": "ann@example.com", "DoNotCall": True, "Birthdate": "1980-05-01"},
    {"LastName": "brown", "FirstName": "Bob", "Title": "50% off_er", "Birthdate": "1990-05-01"},
    {"LastName": "Clark", "FirstName": None, "Title": "500 officers"},
    {"LastName": "Davis", "FirstName": "Ann"},
)


@pytest.fixture
def people(as_ada):
    """Four contacts, the first two with an account."""
    acme = as_ada.create("Account", Name="Acme", NumberOfEmployees=50)
    for place, person in enumerate(PEOPLE):
        as_ada.create("Contact", **person, **({"AccountId": acme} if place < 2 else {}))
    return as_ada


def found(api, where: str) -> str:
    """First letters of the contacts that match."""
    rows = api.records(f"SELECT LastName FROM Contact WHERE {where} ORDER BY LastName")
    return "".join(row["LastName"][0] for row in rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("LastName = 'ADAMS'", "A"),
        ("LastName != 'adams'", "bCD"),
        ("LastName <> 'adams'", "bCD"),
        ("FirstName = null", "C"),
        ("FirstName != NULL", "AbD"),
        ("FirstName != 'Ann'", "bC"),
        ("LastName > 'b'", "bCD"),
        ("LastName >= 'Clark' AND LastName < 'e'", "CD"),
        ("LastName IN ('Adams', 'BROWN')", "Ab"),
        ("LastName NOT IN ('Adams', 'BROWN')", "CD"),
        ("FirstName IN ('Ann', null)", "ACD"),
        ("NOT FirstName = 'Ann'", "bC"),
        ("NOT (FirstName = 'Ann' OR LastName = 'Clark')", "b"),
        ("(FirstName = 'Ann' AND LastName = 'Davis') OR LastName = 'Clark'", "CD"),
        ("FirstName = 'Ann' AND (LastName = 'Davis' OR LastName = 'Clark')", "D"),
        ("LastName LIKE '%r%'", "bC"),
        ("LastName LIKE '_avis'", "D"),
        (r"Title LIKE '50\% off\_%'", "b"),
        ("Title LIKE '50%'", "bC"),
        ("(NOT Title LIKE '50%')", "AD"),
        ("DoNotCall = true", "A"),
        ("DoNotCall = FALSE", "bCD"),
        ("Birthdate > 1985-01-01", "b"),
        ("Birthdate <= 1980-05-01", "A"),
        ("CreatedDate > 2020-01-01T00:00:00Z", "AbCD"),
        ("CreatedDate > 2020-01-01T00:00:00.000+0100", "AbCD"),
        ("CreatedDate = TODAY OR CreatedDate > YESTERDAY", "AbCD"),
        ("CreatedDate >= LAST_N_DAYS:2", "AbCD"),
        ("CreatedDate > TOMORROW", ""),
        ("Account.Name = 'acme'", "Ab"),
        ("Account.NumberOfEmployees >= 50", "Ab"),
        ("Account.Name = null", "CD"),
        ("Account.Owner.Name = 'Ada Lovelace'", "Ab"),
        ("Contact.LastName = 'Davis'", "D"),
        ("AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'Ac%')", "Ab"),
        ("AccountId NOT IN (SELECT Id FROM Account)", "CD"),
        ("AccountId = null", "CD"),
        (r"LastName = '\u0041dams'", "A"),
    ],
)
def test_conditions(people, where, expected):
    assert found(people, where) == expected


def test_sorting_by_several_fields_with_nulls(people):
    def order(clause: str) -> str:
        return "".join(row["LastName"][0] for row in people.records(f"SELECT LastName FROM Contact ORDER BY {clause}"))

    assert order("FirstName, LastName DESC") == "CDAb"
    assert order("FirstName ASC NULLS LAST, LastName ASC") == "ADbC"
    assert order("FirstName DESC NULLS LAST, LastName") == "bADC"
    assert order("Account.Name, LastName") == "CDAb"


def test_limit_and_offset(people):
    soql = "SELECT LastName FROM Contact ORDER BY LastName LIMIT 2 OFFSET 1"
    body = people.query(soql)
    assert (body["totalSize"], [row["LastName"] for row in body["records"]]) == (2, ["brown", "Clark"])


def test_count_and_groups(people):
    count = people.query("SELECT COUNT() FROM Contact WHERE FirstName = 'Ann'")
    assert count == {"totalSize": 2, "done": True, "records": []}
    groups = people.query("SELECT FirstName, COUNT(Id), MAX(LastName) last FROM Contact GROUP BY FirstName")["records"]
    assert groups == [
        {"attributes": {"type": "AggregateResult"}, "FirstName": "Ann", "expr0": 2, "last": "Davis"},
        {"attributes": {"type": "AggregateResult"}, "FirstName": "Bob", "expr0": 1, "last": "brown"},
        {"attributes": {"type": "AggregateResult"}, "FirstName": None, "expr0": 1, "last": "Clark"},
    ]
    (whole,) = people.query("SELECT COUNT(Id), MIN(Birthdate), COUNT_DISTINCT(FirstName) d FROM Contact")["records"]
    assert (whole["expr0"], whole["expr1"], whole["d"]) == (4, "1980-05-01", 2)
    ungrouped = people.get("query", params={"q": "SELECT LastName, COUNT(Id) FROM Contact GROUP BY FirstName"})
    assert error_of(ungrouped) == (400, "MALFORMED_QUERY")


def test_names_come_out_in_the_casing_of_the_api(people):
    (record,) = people.query("select ID, account.NAME from contact where lastname = 'Adams'")["records"]
    assert list(record) == ["attributes", "Id", "Account"]
    assert list(record["Account"]) == ["attributes", "Name"]
    assert record["attributes"]["type"] == "Contact"


def test_compound_fields_can_be_selected(people, as_ada):
    as_ada.create("Contact", LastName="E", MailingCity="Oslo")
    (record,) = as_ada.records("SELECT MailingAddress FROM Contact WHERE MailingCity = 'oslo'")
    assert record["MailingAddress"]["city"] == "Oslo"


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("DoNotCall = 'true'", "INVALID_FIELD"),
        ("CreatedDate > '2020-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("CreatedDate > 2020-01-01", "INVALID_FIELD"),
        ("Birthdate > 2020-01-01T00:00:00Z", "INVALID_FIELD"),
        ("LastName = 5", "INVALID_FIELD"),
        ("Nope = 'x'", "INVALID_FIELD"),
        ("Nope.Name = 'x'", "INVALID_FIELD"),
        ("Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("LastName > null", "MALFORMED_QUERY"),
        ("LastName LIKE 5", "INVALID_FIELD"),
        ("LastName == 'x'", "MALFORMED_QUERY"),
        ("LastName = 'a' LastName = 'b'", "MALFORMED_QUERY"),
        ("AccountId IN ()", "MALFORMED_QUERY"),
        ("FirstName INCLUDES ('x')", "MALFORMED_QUERY"),
    ],
)
def test_what_does_not_fit_is_refused(people, where, code):
    answer = people.get("query", params={"q": f"SELECT Id FROM Contact WHERE {where}"})
    assert error_of(answer) == (400, code)


def test_unknown_object_is_refused(people):
    assert error_of(people.get("query", params={"q": "SELECT Id FROM Nothing"})) == (400, "INVALID_TYPE")
    assert error_of(people.get("query")) == (400, "MALFORMED_QUERY")


def test_parent_that_the_user_does_not_see_is_null(people, org, as_bob, bob):
    org.sharing.defaults["Account"] = "Private"
    (row,) = people.records("SELECT AccountId FROM Contact WHERE LastName = 'Adams'")
    org.insert("Contact", {"LastName": "Z", "AccountId": row["AccountId"], "OwnerId": bob})
    (mine,) = as_bob.records("SELECT AccountId, Account.Name FROM Contact")
    assert mine == {"AccountId": row["AccountId"], "Account": None}


def test_user_record_access_answers_for_200_records_of_one_user(people, admin, ada, bob):
    contacts = [row["Id"] for row in people.records("SELECT Id FROM Contact ORDER BY LastName")]
    listed = ", ".join(f"'{contact}'" for contact in contacts)

    def access(user: str) -> list[dict]:
        return admin.records(
            "SELECT RecordId, HasReadAccess, HasEditAccess, MaxAccessLevel FROM UserRecordAccess "
            f"WHERE UserId = '{user}' AND RecordId IN ({listed})"
        )

    assert [row["RecordId"] for row in access(ada)] == contacts
    assert {(row["HasReadAccess"], row["HasEditAccess"], row["MaxAccessLevel"]) for row in access(ada)} == {
        (True, True, "All")
    }
    assert {(row["HasReadAccess"], row["HasEditAccess"], row["MaxAccessLevel"]) for row in access(bob)} == {
        (False, False, "None")
    }
    unfiltered = admin.get("query", params={"q": "SELECT RecordId FROM UserRecordAccess"})
    assert error_of(unfiltered) == (400, "MALFORMED_QUERY")


def test_users_profiles_and_assignments_can_be_read(admin, ada):
    (user,) = admin.records(f"SELECT Username, Profile.Name, TimeZoneSidKey, IsActive FROM User WHERE Id = '{ada}'")
    assert user["Profile"]["Name"] == "Standard User"
    assert (user["Username"], user["TimeZoneSidKey"], user["IsActive"]) == ("ada@example.com", "America/New_York", True)
    (profile,) = admin.records("SELECT PermissionsViewAllData FROM Profile WHERE Name = 'System Administrator'")
    assert profile == {"PermissionsViewAllData": True}
    (given,) = admin.records(f"SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE AssigneeId = '{ada}'")
    assert given["PermissionSet"]["Name"] == "Lockstep_Sync"
    (organisation,) = admin.records("SELECT IsSandbox, Name FROM Organization")
    assert organisation["IsSandbox"] is True


@pytest.mark.parametrize(
    ("where", "looked_at"),
    [
        ("Id = '{id}' AND SystemModstamp > 2020-01-01T00:00:00Z", 1),
        ("SystemModstamp > 2020-01-01T00:00:00Z AND (Id IN ('{id}', '003000000000001AAA'))", 1),
        ("Lockstep_Key__c IN ('k1', 'K2', 'k9999')", 2),
        ("OwnerId = '{owner}'", 300),
        ("OwnerId = '{other}'", 0),
        ("Id = '{id}' OR Lockstep_Key__c = 'k1'", 300),
    ],
)
def test_ids_owners_and_keys_are_found_without_looking_at_every_row(org, ada, bob, where, looked_at):
    ids = [org.insert("Contact", {"LastName": "X", "Lockstep_Key__c": f"k{n}"}, as_user=ada) for n in range(300)]
    soql = f"SELECT Id FROM Contact WHERE {where.format(id=ids[7], owner=ada, other=bob)}"
    offered = candidates(org.database.table("Contact"), org.sobject("Contact"), parse(soql).where, soql)
    assert len(list(offered)) == looked_at
