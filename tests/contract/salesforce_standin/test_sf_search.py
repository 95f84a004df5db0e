"""Search in the Salesforce stand-in (SF-128), and describe as a whole."""

from __future__ import annotations

import pytest

from tests.fakes.salesforce_client import error_of

BODY = {
    "q": "lovelace",
    "in": "NAME",
    "fields": ["Id", "Name"],
    "sobjects": [{"name": "Contact", "fields": ["Id", "Name", "Email"]}, {"name": "Account"}],
}


def found(api, **change) -> list[str]:
    answer = api.post("parameterizedSearch", BODY | change)
    assert answer.status_code == 200, answer.text
    return [record["Name"] for record in answer.json()["searchRecords"]]


def test_sf128_search_lags_behind_writes_and_respects_sharing(sf, org, as_ada, as_bob):
    org.settings.search_delay = 30
    as_ada.create("Contact", FirstName="Ada", LastName="Lovelace", Email="ada@example.com")
    as_ada.create("Account", Name="Lovelace & Co")
    assert found(as_ada) == []
    sf.world.clock.advance(31)
    assert found(as_ada) == ["Ada Lovelace", "Lovelace & Co"]
    assert found(as_bob) == ["Lovelace & Co"]


def test_search_looks_where_it_is_told_and_shows_the_fields_asked_for(as_ada):
    as_ada.create("Contact", FirstName="Ada", LastName="Lovelace", Email="ada@example.com")
    assert found(as_ada, q="ada@example.com") == []
    assert found(as_ada, q="ADA@example.com", **{"in": "EMAIL"}) == ["Ada Lovelace"]
    by_url = as_ada.get("parameterizedSearch", params={"q": "lovel*", "sobject": "Contact", "fields": "Name,Email"})
    (record,) = by_url.json()["searchRecords"]
    assert (record["Name"], record["Email"], record["attributes"]["type"]) == (
        "Ada Lovelace",
        "ada@example.com",
        "Contact",
    )
    assert error_of(as_ada.post("parameterizedSearch", BODY | {"q": "a"})) == (400, "MALFORMED_SEARCH")


@pytest.mark.parametrize(
    ("sobject", "field", "facts"),
    [
        ("Contact", "LastName", {"type": "string", "length": 80, "nillable": False, "createable": True}),
        ("Contact", "MailingAddress", {"type": "address", "createable": False, "updateable": False}),
        ("Contact", "Lockstep_Key__c", {"externalId": True, "unique": True, "custom": True, "length": 255}),
        ("Event", "Description", {"type": "textarea", "length": 32000, "filterable": False, "sortable": False}),
        ("Event", "ShowAs", {"type": "picklist", "restrictedPicklist": True, "defaultedOnCreate": True}),
        ("Event", "WhoId", {"type": "reference", "referenceTo": ["Contact", "Lead"], "polymorphicForeignKey": True}),
        ("Event", "Recurrence2PatternText", {"createable": True, "updateable": False, "length": 512}),
        ("EventRelation", "EventId", {"createable": True, "updateable": False, "nillable": False}),
        ("User", "TimeZoneSidKey", {"type": "picklist", "length": 40}),
    ],
)
def test_describe_tells_the_facts_of_a_field(sf, ada, sobject, field, facts):
    described = getattr(sf.simple("ada@example.com"), sobject).describe()
    fields = {each["name"]: each for each in described["fields"]}
    assert {name: fields[field][name] for name in facts} == facts


def test_describe_lists_picklist_values_and_the_objects_calls(as_ada):
    described = as_ada.get("sobjects/Event/describe").json()
    show_as = next(field for field in described["fields"] if field["name"] == "ShowAs")
    assert [value["value"] for value in show_as["picklistValues"]] == ["Busy", "OutOfOffice", "Free"]
    assert (described["keyPrefix"], described["createable"], described["mergeable"]) == ("00U", True, False)
    names = {each["name"] for each in as_ada.get("sobjects").json()["sobjects"]}
    assert {"Account", "Contact", "Event", "EventRelation", "Lead", "Opportunity", "User"} <= names
    assert as_ada.get("sobjects/Event").json()["objectDescribe"]["label"] == "Event"
    assert "query" in as_ada.get("").json()
