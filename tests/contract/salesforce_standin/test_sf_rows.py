"""Single rows of the Salesforce stand-in (SF-021 to SF-048)."""

from __future__ import annotations

from email.utils import format_datetime

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from backend.sandbox.salesforce.rules import Automation, AutomationFailure, ValidationRule
from backend.sandbox.salesforce.values import moment, stamp
from tests.fakes.salesforce_client import error_of


def http_date(sf, seconds: float = 0) -> str:
    """The services' time, so many seconds off, as HTTP writes it."""
    at = sf.world.clock.now().timestamp() + seconds
    return format_datetime(sf.world.clock.now().fromtimestamp(at, tz=sf.world.clock.now().tzinfo), usegmt=True)


def test_sf021_create_update_delete_and_their_statuses(sf, ada):
    client = sf.simple("ada@example.com")
    created = client.Contact.create({"LastName": "Turing"})
    assert dict(created) == {"id": created["id"], "success": True, "errors": []}
    assert client.Contact.update(created["id"], {"FirstName": "Alan"}) == 204
    assert client.Contact.get(created["id"])["Name"] == "Alan Turing"
    assert client.Contact.delete(created["id"]) == 204


def test_sf021_create_names_the_location_and_bodies_of_changes_are_empty(as_ada):
    created = as_ada.post("sobjects/Contact", {"LastName": "Turing"})
    record_id = created.json()["id"]
    assert created.headers["Location"] == f"/services/data/v67.0/sobjects/Contact/{record_id}"
    for answer in (as_ada.patch(f"sobjects/Contact/{record_id}", {}), as_ada.delete(f"sobjects/Contact/{record_id}")):
        assert (answer.status_code, answer.content) == (204, b"")


def test_sf021_upsert_tells_created(as_ada):
    first = as_ada.patch("sobjects/Contact/Lockstep_Key__c/k1", {"LastName": "A"})
    again = as_ada.patch("sobjects/Contact/Lockstep_Key__c/k1", {"LastName": "B"})
    record_id = first.json()["id"]
    assert (first.status_code, first.json()["created"]) == (201, True)
    expected = {"id": record_id, "success": True, "errors": [], "created": False}
    assert (again.status_code, again.json()) == (200, expected)


def test_sf022_short_ids_are_taken_and_long_ones_given(as_ada):
    account = as_ada.create("Account", Name="Acme")
    contact = as_ada.create("Contact", LastName="Turing", AccountId=account[:15])
    assert (len(account), len(contact)) == (18, 18)
    assert as_ada.row("Contact", contact[:15])["AccountId"] == account
    assert as_ada.row("Contact", contact.lower())["Id"] == contact
    assert as_ada.records(f"SELECT Id FROM Contact WHERE AccountId = '{account[:15]}'") == [{"Id": contact}]


def test_sf022_impossible_checksum_is_no_id(as_ada):
    account = as_ada.create("Account", Name="Acme")
    wrong = account[:17] + "9"
    assert error_of(as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": wrong})) == (400, "MALFORMED_ID")


def test_sf022_id_of_another_object_in_a_lookup_is_malformed(as_ada, ada):
    answer = as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": ada})
    assert error_of(answer) == (400, "MALFORMED_ID")
    assert answer.json()[0]["fields"] == ["AccountId"]
    assert answer.json()[0]["message"] == f"Account ID: id value of incorrect type: {ada}"


@pytest.mark.parametrize("segment", ["003000000000001AAA", "nonsense"])
def test_sf023_unknown_id_on_a_row_url_reads_as_an_external_id_field(as_ada, segment):
    answer = as_ada.get(f"sobjects/Contact/{segment}")
    assert error_of(answer) == (404, "NOT_FOUND")
    expected = f"Provided external ID field does not exist or is not accessible: {segment}"
    assert answer.json()[0]["message"] == expected


def test_sf023_id_of_another_object_on_a_row_url(as_ada):
    account = as_ada.create("Account", Name="Acme")
    assert error_of(as_ada.get(f"sobjects/Contact/{account}")) == (404, "NOT_FOUND")


def test_sf024_row_in_the_recycle_bin_is_deleted_for_every_method(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    as_ada.delete(f"sobjects/Contact/{contact}")
    for method in ("GET", "PATCH", "DELETE"):
        answer = as_ada.call(method, f"sobjects/Contact/{contact}", json={"LastName": "Y"})
        assert error_of(answer) == (404, "ENTITY_IS_DELETED")


def test_sf025_row_outside_sharing_is_not_found_and_absent_from_queries(as_ada, as_bob, admin):
    account = admin.create("Account", Name="Acme")
    contact = as_ada.create("Contact", LastName="X", AccountId=account)
    for method in ("GET", "PATCH", "DELETE"):
        answer = as_bob.call(method, f"sobjects/Contact/{contact}", json={"LastName": "Y"})
        assert error_of(answer) == (404, "NOT_FOUND")
    assert as_bob.records("SELECT Id FROM Contact") == []
    assert admin.records("SELECT Id FROM Contact") == [{"Id": contact}]


def test_sf025_those_above_in_the_role_hierarchy_see_but_not_private_contacts(sf, org, admin):
    top = org.add_role("Sales")
    middle = org.add_role("Region", top)
    low = org.add_role("Desk", middle)
    org.add_user("boss@example.com", role=top)
    rep = org.add_user("rep@example.com", role=low)
    boss = sf.api("boss@example.com")
    account = admin.create("Account", Name="Acme")
    shared = org.insert("Contact", {"LastName": "A", "AccountId": account}, as_user=rep)
    org.insert("Contact", {"LastName": "Private"}, as_user=rep)
    assert boss.records("SELECT Id FROM Contact") == [{"Id": shared}]
    assert boss.patch(f"sobjects/Contact/{shared}", {"LastName": "B"}).status_code == 204


def test_sf026_unknown_object_in_the_path(as_ada):
    answer = as_ada.get("sobjects/Nothing/describe")
    assert error_of(answer) == (404, "NOT_FOUND")
    assert answer.json()[0]["message"] == "The requested resource does not exist"


def test_method_that_a_resource_does_not_have(as_ada):
    assert error_of(as_ada.delete("query")) == (405, "METHOD_NOT_ALLOWED")


def test_body_that_is_no_json(as_ada):
    assert error_of(as_ada.call("POST", "sobjects/Contact", data="{")) == (400, "JSON_PARSER_ERROR")


def test_sf027_unknown_key_and_read_only_field_refuse_the_whole_row(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    unknown = as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "Y", "Nope": 1})
    assert error_of(unknown) == (400, "INVALID_FIELD")
    closed = as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "Y", "IsDeleted": True, "Name": "Z"})
    assert error_of(closed) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert closed.json()[0]["fields"] == ["IsDeleted", "Name"]
    assert as_ada.row("Contact", contact)["LastName"] == "X"


def test_sf027_names_are_read_in_any_case(as_ada):
    contact = as_ada.create("contact", lastname="X")
    assert as_ada.row("CONTACT", contact)["LastName"] == "X"


def test_sf028_missing_required_field(as_ada):
    answer = as_ada.post("sobjects/Contact", {"FirstName": "Alan"})
    assert answer.status_code == 400
    assert answer.json() == [
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        }
    ]


def test_sf028_required_field_cannot_be_cleared(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    assert error_of(as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "  "}))[1] == "REQUIRED_FIELD_MISSING"


def test_sf029_long_text_is_refused_and_never_cut(sf, ada):
    client = sf.simple("ada@example.com")
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.Contact.create({"LastName": "x" * 81})
    error = caught.value.content[0]
    assert (error["errorCode"], error["fields"]) == ("STRING_TOO_LONG", ["LastName"])
    assert error["message"] == f"Last Name: data value too large: {'x' * 81} (max length=80)"


def test_sf029_length_is_that_of_the_trimmed_text(as_ada):
    contact = as_ada.create("Contact", LastName=f"  {'x' * 80}  ")
    assert as_ada.row("Contact", contact)["LastName"] == "x" * 80


@pytest.mark.parametrize("address", ["x", "x@y", "a b@example.com", "a@b@example.com"])
def test_sf030_bad_mail_address(as_ada, address):
    answer = as_ada.post("sobjects/Contact", {"LastName": "X", "Email": address})
    assert error_of(answer) == (400, "INVALID_EMAIL_ADDRESS")
    assert answer.json()[0]["fields"] == ["Email"]
    assert answer.json()[0]["message"] == f"Email: invalid email address: {address}"


def test_sf031_restricted_picklist_refuses_and_an_open_one_takes_all(as_ada, tomorrow):
    event = {"StartDateTime": tomorrow("09:00"), "DurationInMinutes": 30}
    answer = as_ada.post("sobjects/Event", {**event, "ShowAs": "Tentative"})
    assert error_of(answer) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert answer.json()[0]["message"] == "Show Time As: bad value for restricted picklist field: Tentative"
    created = as_ada.create("Event", **event, Type="Something else")
    assert as_ada.row("Event", created)["Type"] == "Something else"


def test_sf032_lookup_to_missing_invisible_and_deleted_rows(as_ada, as_bob):
    missing = as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": "001000000000001AAA"})
    assert error_of(missing) == (400, "INVALID_CROSS_REFERENCE_KEY")
    hidden = as_bob.create("Contact", LastName="Bob's own")
    invisible = as_ada.post("sobjects/Contact", {"LastName": "X", "ReportsToId": hidden})
    assert error_of(invisible) == (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
    gone = as_ada.create("Account", Name="Acme")
    as_ada.delete(f"sobjects/Account/{gone}")
    deleted = as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": gone})
    assert error_of(deleted) == (400, "ENTITY_IS_DELETED")
    assert deleted.json()[0]["fields"] == ["AccountId"]


def test_sf033_validation_and_trigger_texts_arrive_verbatim(org, as_ada):
    org.add_validation_rule(
        ValidationRule("Contact", lambda row: not row.get("Phone"), "Ohne Telefon geht es nicht.", "Phone")
    )
    answer = as_ada.post("sobjects/Contact", {"LastName": "X"})
    assert answer.json() == [
        {
            "message": "Ohne Telefon geht es nicht.",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Phone"],
        }
    ]

    def explode(_row):
        raise AutomationFailure("ContactTrigger: execution of BeforeInsert caused by: System.NullPointerException")

    org.add_automation(Automation("Contact", explode))
    answer = as_ada.post("sobjects/Contact", {"LastName": "X", "Phone": "1"})
    assert error_of(answer) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    assert answer.json()[0]["message"].startswith("ContactTrigger: execution of BeforeInsert")
    assert org.rows("Contact") == []


def test_sf034_automation_changes_what_was_sent_and_the_stamp_is_later(sf, org, as_ada):
    sf.world.clock.freeze()
    org.add_automation(Automation("Contact", lambda row: {"LastName": row["LastName"].upper()}, touches_after=4))
    contact = as_ada.create("Contact", LastName="Turing")
    row = as_ada.row("Contact", contact)
    assert row["LastName"] == "TURING"
    assert moment(row["SystemModstamp"]).timestamp() == moment(row["LastModifiedDate"]).timestamp() + 4


def test_sf035_row_locked_by_somebody_else_refuses_its_children(org, as_ada):
    account = as_ada.create("Account", Name="Acme")
    org.lock_row(account)
    answer = as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": account})
    assert error_of(answer) == (400, "UNABLE_TO_LOCK_ROW")
    assert as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": account}).status_code == 201


def test_sf036_change_since_the_time_given_is_412_and_writes_nothing(sf, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    before = http_date(sf, -60)
    stale = as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "Y"}, headers={"If-Unmodified-Since": before})
    assert stale.status_code == 412
    assert as_ada.row("Contact", contact)["LastName"] == "X"


def test_sf036_two_writes_within_a_second_cannot_be_told_apart(sf, as_ada):
    sf.world.clock.freeze()
    contact = as_ada.create("Contact", LastName="X")
    now = http_date(sf)
    as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "Y"})
    lost = as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "Z"}, headers={"If-Unmodified-Since": now})
    assert lost.status_code == 204


def test_sf037_unchanged_row_and_describe_are_304(sf, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    later = {"If-Modified-Since": http_date(sf, 60)}
    for path in (f"sobjects/Contact/{contact}", "sobjects/Contact/describe", "sobjects"):
        answer = as_ada.get(path, headers=later)
        assert (answer.status_code, answer.content) == (304, b"")
        assert as_ada.get(path, headers={"If-Modified-Since": http_date(sf, -3600)}).status_code == 200


def test_sf037_describe_changes_when_a_feature_is_switched(sf, org, as_ada):
    sf.world.clock.advance(10)
    mark = {"If-Modified-Since": http_date(sf)}
    assert as_ada.get("sobjects/Event/describe", headers=mark).status_code == 304
    sf.world.clock.advance(10)
    org.settings.shared_activities = False
    answer = as_ada.get("sobjects/Event/describe", headers=mark)
    assert answer.status_code == 200
    assert "WhoCount" not in {field["name"] for field in answer.json()["fields"]}


def test_sf038_tags_work_on_accounts_only(sf, as_ada):
    account = as_ada.create("Account", Name="Acme")
    tag = as_ada.get(f"sobjects/Account/{account}").headers["ETag"]
    assert as_ada.get(f"sobjects/Account/{account}", headers={"If-None-Match": tag}).status_code == 304
    sf.world.clock.advance(5)
    current = as_ada.patch(f"sobjects/Account/{account}", {"Name": "B"}, headers={"If-Match": tag})
    stale = as_ada.patch(f"sobjects/Account/{account}", {"Name": "C"}, headers={"If-Match": tag})
    assert (current.status_code, stale.status_code) == (204, 412)
    contact = as_ada.create("Contact", LastName="X")
    answer = as_ada.get(f"sobjects/Contact/{contact}")
    assert "ETag" not in answer.headers
    assert as_ada.patch(f"sobjects/Contact/{contact}", {}, headers={"If-Match": '"x"'}).status_code == 204


def test_sf038_condition_that_is_no_date_is_400_on_writes(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    bad = {"If-Unmodified-Since": "yesterday"}
    assert as_ada.patch(f"sobjects/Contact/{contact}", {}, headers=bad).status_code == 400


def test_sf039_conditions_do_nothing_on_delete(sf, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    stale = {"If-Unmodified-Since": http_date(sf, -3600)}
    assert as_ada.delete(f"sobjects/Contact/{contact}", headers=stale).status_code == 204


def test_sf040_assignment_rule_takes_the_lead_unless_told_not_to(org, as_ada, admin, ada, bob):
    org.customizing.assignment["Lead"] = bob
    lead = as_ada.create("Lead", LastName="X", Company="Acme")
    assert admin.row("Lead", lead)["OwnerId"] == bob
    answer = as_ada.post("sobjects/Lead", {"LastName": "Y", "Company": "Acme"}, headers={"Sforce-Auto-Assign": "FALSE"})
    assert admin.row("Lead", answer.json()["id"])["OwnerId"] == ada


def test_sf041_system_fields_are_refused_without_the_audit_permission(as_ada, admin):
    past = {"LastName": "X", "CreatedDate": "2020-01-01T00:00:00Z"}
    assert error_of(as_ada.post("sobjects/Contact", past)) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    contact = admin.create("Contact", **past)
    assert admin.row("Contact", contact)["CreatedDate"] == "2020-01-01T00:00:00.000+0000"
    late = admin.patch(f"sobjects/Contact/{contact}", {"CreatedDate": "2019-01-01T00:00:00Z"})
    assert error_of(late) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    stamped = admin.post("sobjects/Contact", {"LastName": "X", "SystemModstamp": "2020-01-01T00:00:00Z"})
    assert error_of(stamped) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_sf042_compound_fields_are_read_only(as_ada):
    contact = as_ada.create("Contact", LastName="X", MailingCity="Zürich", MailingStreet="Gasse 1\nHof")
    row = as_ada.row("Contact", contact)
    assert row["MailingAddress"] == {
        "city": "Zürich", "country": None, "postalCode": None, "state": None, "street": "Gasse 1\r\nHof",
        "geocodeAccuracy": None, "latitude": None, "longitude": None,
    }  # fmt: skip
    for change in ({"Name": "Y"}, {"MailingAddress": {"city": "Bern"}}):
        answer = as_ada.patch(f"sobjects/Contact/{contact}", change)
        assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_sf043_person_account_has_a_shadow_contact_that_only_updates(org, as_ada):
    org.settings.person_accounts = True
    account = as_ada.create("Account", FirstName="Grace", LastName="Hopper", PersonEmail="grace@example.com")
    row = as_ada.row("Account", account)
    shadow = row["PersonContactId"]
    assert (row["Name"], row["IsPersonAccount"]) == ("Grace Hopper", True)
    contact = as_ada.row("Contact", shadow)
    assert (contact["Email"], contact["IsPersonAccount"]) == ("grace@example.com", True)
    assert as_ada.patch(f"sobjects/Contact/{shadow}", {"Email": "rear@example.com"}).status_code == 204
    assert as_ada.row("Account", account)["PersonEmail"] == "rear@example.com"
    refused = as_ada.post("sobjects/Contact", {"LastName": "X", "AccountId": account})
    assert error_of(refused) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert error_of(as_ada.delete(f"sobjects/Contact/{shadow}")) == (400, "DELETE_FAILED")
    assert as_ada.delete(f"sobjects/Account/{account}").status_code == 204
    assert error_of(as_ada.get(f"sobjects/Contact/{shadow}")) == (404, "ENTITY_IS_DELETED")


def test_sf044_change_to_a_person_must_be_the_only_change(org, admin):
    org.settings.person_accounts = True
    person = org.insert("RecordType", {"Name": "Person", "DeveloperName": "Person", "SobjectType": "Account"})
    org.database.put({**org.row(person), "IsPersonType": True})
    account = admin.create("Account", Name="Hopper")
    mixed = admin.patch(f"sobjects/Account/{account}", {"RecordTypeId": person, "Phone": "1"})
    assert error_of(mixed) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert admin.patch(f"sobjects/Account/{account}", {"RecordTypeId": person}).status_code == 204
    assert admin.row("Account", account)["IsPersonAccount"] is True


def test_sf045_merged_contact_points_at_its_master_and_activities_move(sf, org, as_ada, tomorrow):
    winner, loser = as_ada.create("Contact", LastName="A"), as_ada.create("Contact", LastName="B")
    event = as_ada.create("Event", StartDateTime=tomorrow("09:00"), DurationInMinutes=30, WhoId=loser)
    before = as_ada.row("Event", event)["SystemModstamp"]
    sf.world.clock.advance(60)
    org.merge(winner, loser)
    assert error_of(as_ada.get(f"sobjects/Contact/{loser}")) == (404, "ENTITY_IS_DELETED")
    found = as_ada.records("SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true", "queryAll")
    assert found == [{"Id": loser, "MasterRecordId": winner}]
    moved = as_ada.row("Event", event)
    assert moved["WhoId"] == winner
    assert moved["SystemModstamp"] > before


def test_sf046_converted_lead_is_locked_and_its_activities_move(org, as_ada, tomorrow):
    lead = as_ada.create("Lead", LastName="X", Company="Acme", Email="x@example.com")
    event = as_ada.create("Event", StartDateTime=tomorrow("09:00"), DurationInMinutes=30, WhoId=lead)
    contact = org.convert_lead(lead)
    row = as_ada.row("Lead", lead)
    assert (row["IsConverted"], row["ConvertedContactId"]) == (True, contact)
    assert error_of(as_ada.patch(f"sobjects/Lead/{lead}", {"Phone": "1"})) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    assert as_ada.row("Event", event)["WhoId"] == contact
    assert as_ada.row("Contact", contact)["Email"] == "x@example.com"


def test_sf047_users_cannot_be_deleted_and_inactive_ones_cannot_own(org, admin, ada):
    assert admin.delete(f"sobjects/User/{ada}").status_code == 403
    org.update(ada, {"IsActive": False})
    answer = admin.post("sobjects/Contact", {"LastName": "X", "OwnerId": ada})
    assert error_of(answer) == (400, "INACTIVE_OWNER_OR_USER")
    assert answer.json()[0]["fields"] == ["OwnerId"]


def test_sf048_field_security_hides_fields_from_describe_query_and_write(sf, org):
    profile = org.add_profile("Narrow", hidden=["Contact.Title"], read_only=["Contact.Phone"])
    org.add_user("eve@example.com", profile=profile)
    eve = sf.api("eve@example.com")
    fields = {field["name"]: field for field in eve.get("sobjects/Contact/describe").json()["fields"]}
    assert "Title" not in fields
    assert (fields["Phone"]["createable"], fields["Phone"]["updateable"]) == (False, False)
    assert error_of(eve.get("query", params={"q": "SELECT Title FROM Contact"})) == (400, "INVALID_FIELD")
    for name in ("Title", "Phone"):
        answer = eve.post("sobjects/Contact", {"LastName": "X", name: "1"})
        assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    contact = eve.create("Contact", LastName="X")
    assert "Title" not in eve.row("Contact", contact)


def test_sf048_custom_field_stays_hidden_until_a_permission_set_shows_it(sf, org):
    user = org.add_user("new@example.com", key_field=False)
    api = sf.api("new@example.com")
    assert error_of(api.get("query", params={"q": "SELECT Lockstep_Key__c FROM Contact"}))[1] == "INVALID_FIELD"
    org.assign(user, org.key_permission_set)
    assert api.records("SELECT Lockstep_Key__c FROM Contact") == []


def test_key_field_can_be_missing_from_the_organisation(org, as_ada):
    org.settings.key_field = False
    assert error_of(as_ada.post("sobjects/Contact", {"LastName": "X", "Lockstep_Key__c": "k"}))[1] == "INVALID_FIELD"
    assert "Lockstep_Key__c" not in as_ada.row("Contact", as_ada.create("Contact", LastName="X"))


def test_object_permissions_are_those_of_the_profile(sf, org, admin):
    profile = org.add_profile("Reader", denied={"Contact": "CED", "Lead": "CRED"})
    org.add_user("eve@example.com", profile=profile)
    org.sharing.defaults["Contact"] = "ReadWrite"
    eve = sf.api("eve@example.com")
    contact = admin.create("Contact", LastName="X", AccountId=admin.create("Account", Name="Acme"))
    assert eve.row("Contact", contact)["LastName"] == "X"
    assert eve.post("sobjects/Contact", {"LastName": "Y"}).status_code == 403
    assert eve.patch(f"sobjects/Contact/{contact}", {"LastName": "Y"}).status_code == 403
    assert eve.delete(f"sobjects/Contact/{contact}").status_code == 403
    assert error_of(eve.get("query", params={"q": "SELECT Id FROM Lead"})) == (400, "INVALID_TYPE")
    assert "Lead" not in {each["name"] for each in eve.get("sobjects").json()["sobjects"]}


def test_values_are_normalised_on_save(as_ada):
    contact = as_ada.create(
        "Contact",
        LastName="  Turing ",
        FirstName="",
        Title="Head\nof  computing",
        Description="one\ntwo\r\nthree\rfour\n",
    )
    row = as_ada.row("Contact", contact)
    assert (row["LastName"], row["FirstName"], row["Title"]) == ("Turing", None, "Head of  computing")
    assert row["Description"] == "one\r\ntwo\r\nthree\r\nfour"


def test_datetimes_come_in_with_any_offset_and_go_out_in_utc(as_ada):
    event = as_ada.create("Event", StartDateTime="2030-03-31T01:30:00.123+02:00", DurationInMinutes=30)
    assert as_ada.row("Event", event)["StartDateTime"] == "2030-03-30T23:30:00.000+0000"
    for bad in ("2030-03-31T01:30:00", "2030-03-31", "2030-13-31T01:30:00Z"):
        answer = as_ada.post("sobjects/Event", {"StartDateTime": bad, "DurationInMinutes": 30})
        assert error_of(answer) == (400, "JSON_PARSER_ERROR")
    assert error_of(as_ada.post("sobjects/Contact", {"LastName": "X", "Birthdate": "2000-01-01Z"}))[0] == 400


def test_stamps_have_whole_seconds_and_never_run_back(sf, org, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    first = as_ada.row("Contact", contact)
    assert first["SystemModstamp"] == stamp(moment(first["SystemModstamp"]))
    sf.world.clock.shift(-600)
    as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "Y"})
    assert as_ada.row("Contact", contact)["SystemModstamp"] >= first["SystemModstamp"]


def test_creator_and_editor_are_told_apart(as_ada, admin, ada, org):
    contact = as_ada.create("Contact", LastName="X")
    admin.patch(f"sobjects/Contact/{contact}", {"LastName": "Y"})
    row = as_ada.row("Contact", contact)
    assert (row["CreatedById"], row["LastModifiedById"], row["OwnerId"]) == (ada, org.admin_id, ada)


def test_patch_without_a_difference_still_stamps_the_row(sf, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    before = as_ada.row("Contact", contact)["SystemModstamp"]
    sf.world.clock.advance(5)
    as_ada.patch(f"sobjects/Contact/{contact}", {"LastName": "X"})
    assert as_ada.row("Contact", contact)["SystemModstamp"] > before


def test_simple_salesforce_raises_for_a_row_that_is_not_there(sf, ada):
    with pytest.raises(SalesforceResourceNotFound):
        sf.simple("ada@example.com").Contact.get("003000000000001AAA")


def test_fields_of_a_row_can_be_chosen(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    answer = as_ada.get(f"sobjects/Contact/{contact}", params={"fields": "lastname,Email"}).json()
    assert set(answer) == {"attributes", "Id", "LastName", "Email"}
    assert error_of(as_ada.get(f"sobjects/Contact/{contact}?fields=Nope")) == (400, "INVALID_FIELD")
