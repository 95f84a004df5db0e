"""Duplicate rules and external ids of the Salesforce stand-in (SF-049 to SF-058)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceMoreThanOneRecord

from backend.sandbox.salesforce.duplicates import STANDARD_CONTACT_RULE
from tests.fakes.salesforce_client import error_of

HEADER = "Sforce-Duplicate-Rule-Header"
ADA = {"LastName": "Lovelace", "Email": "ada@lovelace.example"}


@pytest.fixture
def known(org, as_bob) -> str:
    """A contact of Bob's that the standard rule guards."""
    org.add_duplicate_rule(STANDARD_CONTACT_RULE)
    return as_bob.create("Contact", **ADA)


def test_sf049_alert_refuses_with_candidates_and_allow_save_overrides(as_ada, known):
    answer = as_ada.post("sobjects/Contact", ADA)
    assert error_of(answer) == (400, "DUPLICATES_DETECTED")
    body = answer.json()[0]
    assert body["message"] == "Use one of these records?"
    result = body["duplicateResult"]
    assert (result["allowSave"], result["duplicateRule"]) == (True, "Standard_Contact_Duplicate_Rule")
    (match,) = result["matchResults"]
    assert (match["entityType"], match["size"], match["success"]) == ("Contact", 1, True)
    assert match["matchRecords"][0]["record"]["Id"] == known
    assert as_ada.post("sobjects/Contact", ADA, headers={HEADER: "allowSave=true"}).status_code == 201


def test_sf049_simple_salesforce_gets_the_candidates_too(sf, ada, known):
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.simple("ada@example.com").Contact.create(ADA)
    assert caught.value.content[0]["duplicateResult"]["matchResults"][0]["size"] == 1
    headers = {HEADER: "allowSave=true; includeRecordDetails=true"}
    assert sf.simple("ada@example.com").Contact.create(ADA, headers=headers)["success"] is True


def test_sf049_matching_ignores_case_and_needs_a_value(as_ada, known):
    upper = {"LastName": "Byron", "Email": "ADA@lovelace.example"}
    assert error_of(as_ada.post("sobjects/Contact", upper))[1] == "DUPLICATES_DETECTED"
    assert as_ada.post("sobjects/Contact", {"LastName": "Byron"}).status_code == 201


def test_sf049_rule_looks_past_sharing_unless_asked_not_to(as_ada, known):
    assert as_ada.records("SELECT Id FROM Contact") == []
    own_sight = as_ada.post("sobjects/Contact", ADA, headers={HEADER: "runAsCurrentUser=true"})
    assert own_sight.status_code == 201


def test_sf050_block_refuses_even_with_allow_save(org, as_ada, known):
    org.customizing.duplicates[0] = replace(STANDARD_CONTACT_RULE, on_create="block")
    answer = as_ada.post("sobjects/Contact", ADA, headers={HEADER: "allowSave=true"})
    assert error_of(answer) == (400, "DUPLICATES_DETECTED")
    assert answer.json()[0]["duplicateResult"]["allowSave"] is False


def test_sf051_details_of_candidates_come_only_when_asked_for(as_bob, known):
    def record(header: str) -> set[str]:
        body = as_bob.post("sobjects/Contact", ADA, headers={HEADER: header}).json()
        return set(body[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"])

    assert record("allowSave=false") == {"attributes", "Id"}
    assert {"attributes", "Id", "LastName", "Email", "OwnerId"} <= record("includeRecordDetails=true")


def test_sf052_key_may_be_misspelt(org, as_ada, known):
    org.settings.misspelt_duplicate_result = True
    body = as_ada.post("sobjects/Contact", ADA).json()[0]
    assert "duplicateResult" not in body
    assert body["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == known


def test_sf053_rules_fire_on_update_and_inside_collections(org, as_ada, known):
    org.customizing.duplicates[0] = replace(STANDARD_CONTACT_RULE, on_edit="alert")
    other = as_ada.create("Contact", LastName="Byron")
    assert error_of(as_ada.patch(f"sobjects/Contact/{other}", {"Email": ADA["Email"]}))[1] == "DUPLICATES_DETECTED"
    assert as_ada.patch(f"sobjects/Contact/{other}", {"Phone": "1"}).status_code == 204
    records = [{"attributes": {"type": "Contact"}, **ADA}, {"attributes": {"type": "Contact"}, "LastName": "X"}]
    first, second = as_ada.post("composite/sobjects", {"records": records}).json()
    assert first == {
        "success": False,
        "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}],
    }
    assert second["success"] is True


def test_sf054_upsert_creates_updates_or_lists_the_choices(sf, org, as_ada):
    path = "sobjects/Contact/Lockstep_Key__c/k1"
    assert as_ada.patch(path, {"LastName": "A"}).status_code == 201
    assert as_ada.patch(path, {"LastName": "B"}).status_code == 200
    org.settings.key_unique = False
    twin = as_ada.create("Contact", LastName="C", Lockstep_Key__c="k1")
    answer = as_ada.patch(path, {"LastName": "D"})
    assert answer.status_code == 300
    assert f"/services/data/v67.0/sobjects/Contact/{twin}" in answer.json()
    assert len(answer.json()) == 2
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.simple("ada@example.com").Contact.upsert("Lockstep_Key__c/k1", {"LastName": "D"})


def test_sf054_key_inside_the_body_is_refused(as_ada):
    answer = as_ada.patch("sobjects/Contact/Lockstep_Key__c/k1", {"LastName": "A", "Lockstep_Key__c": "k1"})
    assert error_of(answer) == (400, "INVALID_FIELD")


def test_sf055_update_only_never_creates(as_ada):
    path = "sobjects/Contact/Lockstep_Key__c/k1?updateOnly=true"
    assert error_of(as_ada.patch(path, {"LastName": "A"})) == (404, "NOT_FOUND")
    as_ada.create("Contact", LastName="A", Lockstep_Key__c="k1")
    assert as_ada.patch(path, {"LastName": "B"}).status_code == 200


def test_sf056_unique_value_taken_names_the_row(as_ada, as_bob):
    first = as_bob.create("Contact", LastName="A", Lockstep_Key__c="k1")
    answer = as_ada.post("sobjects/Contact", {"LastName": "B", "Lockstep_Key__c": "K1"})
    assert error_of(answer) == (400, "DUPLICATE_VALUE")
    expected = f"duplicate value found: Lockstep_Key__c duplicates value on record with id: {first[:15]}"
    assert answer.json()[0]["message"] == expected


def test_sf056_of_racing_creates_with_one_key_one_wins(sf, as_ada):
    with ThreadPoolExecutor(6) as pool:
        keyed = {"LastName": "X", "Lockstep_Key__c": "k1"}
        answers = list(pool.map(lambda _: as_ada.post("sobjects/Contact", keyed), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 5
    codes = {error_of(answer)[1] for answer in answers if answer.status_code == 400}
    assert codes == {"DUPLICATE_VALUE"}


def test_sf056_row_in_the_recycle_bin_does_not_hold_its_key(org, as_ada):
    first = as_ada.create("Contact", LastName="A", Lockstep_Key__c="k1")
    as_ada.delete(f"sobjects/Contact/{first}")
    as_ada.create("Contact", LastName="B", Lockstep_Key__c="k1")
    with pytest.raises(Exception, match="duplicate value found"):
        org.undelete(first)


@pytest.mark.parametrize("sobject", ["Event", "Task"])
def test_sf057_activity_key_takes_upsert_on_event_and_task(as_ada, tomorrow, sobject):
    data = {"Subject": "A"}
    if sobject == "Event":
        data |= {"StartDateTime": tomorrow("09:00"), "EndDateTime": tomorrow("10:00")}
    first = as_ada.patch(f"sobjects/{sobject}/Lockstep_Key__c/e1", data)
    again = as_ada.patch(f"sobjects/{sobject}/Lockstep_Key__c/e1", {"Subject": "B"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert as_ada.get(f"sobjects/{sobject}/Lockstep_Key__c/e1").json()["Subject"] == "B"


@pytest.mark.parametrize("field", ["Nope__c", "LastName"])
def test_sf058_field_that_is_no_external_id_is_not_found(as_ada, field):
    assert error_of(as_ada.patch(f"sobjects/Contact/{field}/x", {"Phone": "1"})) == (404, "NOT_FOUND")


def test_row_is_deleted_by_external_id(as_ada):
    as_ada.create("Contact", LastName="A", Lockstep_Key__c="k1")
    assert as_ada.delete("sobjects/Contact/Lockstep_Key__c/k1").status_code == 204
    assert as_ada.records("SELECT Id FROM Contact") == []
