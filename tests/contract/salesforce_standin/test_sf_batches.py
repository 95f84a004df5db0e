"""Collections, composite and batch of the Salesforce stand-in (SF-059 to SF-069; SF-067, graph, is not served)."""

from __future__ import annotations

import pytest
import requests

from backend.sandbox.faults import Rule
from tests.fakes.salesforce_client import error_of

V = "/services/data/v67.0"


def contact(**values) -> dict:
    return {"attributes": {"type": "Contact"}, "LastName": "X", **values}


def names(api) -> list[str]:
    return [row["LastName"] for row in api.records("SELECT LastName FROM Contact ORDER BY LastName")]


def part(method: str, path: str, reference: str, **more) -> dict:
    return {"method": method, "url": f"{V}/{path}", "referenceId": reference, **more}


def composite(api, *parts, **more) -> list[dict]:
    answer = api.post("composite", {"compositeRequest": list(parts), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]


def test_sf059_rows_fail_alone_in_order_under_status_200(sf, ada):
    records = [contact(LastName="A"), contact(LastName=None), contact(LastName="C")]
    client = sf.simple("ada@example.com")
    results = client.restful("composite/sobjects", method="POST", json={"records": records})
    assert [result["success"] for result in results] == [True, False, True]
    assert results[0]["errors"] == []
    assert results[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }


def test_sf059_two_hundred_rows_cost_one_call_and_201_are_refused(sf, as_ada):
    answer = as_ada.post("composite/sobjects", {"records": [contact(LastName=f"L{n}") for n in range(200)]})
    assert all(result["success"] for result in answer.json())
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    refused = as_ada.post("composite/sobjects", {"records": [contact() for _ in range(201)]})
    assert error_of(refused) == (400, "EXCEEDED_ID_LIMIT")
    assert as_ada.query("SELECT COUNT() FROM Contact")["totalSize"] == 200


def test_sf059_update_and_delete_report_per_row(as_ada):
    first = as_ada.create("Contact", LastName="A")
    gone = as_ada.create("Contact", LastName="B")
    as_ada.delete(f"sobjects/Contact/{gone}")
    records = [contact(id=first, LastName="A2"), contact(Id=gone), contact(id="003000000000001AAA"), contact()]
    results = as_ada.patch("composite/sobjects", {"records": records}).json()
    assert results[0] == {"id": first, "success": True, "errors": []}
    codes = [result["errors"][0]["statusCode"] for result in results[1:]]
    assert codes == ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MISSING_ARGUMENT"]
    removed = as_ada.delete("composite/sobjects", params={"ids": f"{first},{gone}"}).json()
    assert [result["success"] for result in removed] == [True, False]


def test_sf059_create_with_an_id_is_refused_for_that_row(as_ada):
    (result,) = as_ada.post("composite/sobjects", {"records": [contact(id="003000000000001AAA")]}).json()
    assert result["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_upsert_of_a_collection_tells_created_and_finds_ambiguous_keys(org, as_ada):
    path = "composite/sobjects/Contact/Lockstep_Key__c"
    records = [contact(Lockstep_Key__c="a"), contact(Lockstep_Key__c="b"), contact()]
    results = as_ada.patch(path, {"records": records}).json()
    assert [result.get("created") for result in results] == [True, True, None]
    assert results[2]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"
    org.settings.key_unique = False
    as_ada.create("Contact", LastName="Y", Lockstep_Key__c="a")
    results = as_ada.patch(path, {"records": records[:2]}).json()
    assert results[0]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert results[1]["created"] is False


def test_sf060_more_than_ten_chunks_of_types_are_refused(as_ada):
    account = {"attributes": {"type": "Account"}, "Name": "A"}
    mixed = [row for _ in range(6) for row in (contact(), account)]
    assert error_of(as_ada.post("composite/sobjects", {"records": mixed})) == (400, "LIMIT_EXCEEDED")
    by_type = sorted(mixed, key=lambda row: row["attributes"]["type"])
    assert all(result["success"] for result in as_ada.post("composite/sobjects", {"records": by_type}).json())


def test_sf061_all_or_none_rolls_back_the_good_rows(as_ada):
    records = [contact(LastName="A"), contact(LastName=None), contact(LastName="C")]
    results = as_ada.post("composite/sobjects", {"allOrNone": True, "records": records}).json()
    codes = [result["errors"][0]["statusCode"] for result in results]
    rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert codes == [rolled_back, "REQUIRED_FIELD_MISSING", rolled_back]
    assert names(as_ada) == []


def test_sf061_all_or_none_holds_for_deletion(as_ada):
    first = as_ada.create("Contact", LastName="A")
    params = {"ids": f"{first},003000000000001AAA", "allOrNone": "true"}
    results = as_ada.delete("composite/sobjects", params=params).json()
    assert results[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert names(as_ada) == ["A"]


def test_sf062_missing_rows_are_null_in_place(as_ada, as_bob):
    mine, hidden = as_ada.create("Contact", LastName="A"), as_bob.create("Contact", LastName="B")
    ids = [hidden, mine, "003000000000001AAA"]
    by_url = as_ada.get("composite/sobjects/Contact", params={"ids": ",".join(ids), "fields": "Id,LastName"}).json()
    by_body = as_ada.post("composite/sobjects/Contact", {"ids": ids, "fields": ["Id", "LastName"]}).json()
    assert by_url == by_body
    assert [row and row["LastName"] for row in by_url] == [None, "A", None]
    bad = as_ada.post("composite/sobjects/Contact", {"ids": ids, "fields": ["Nope"]})
    assert error_of(bad) == (400, "INVALID_FIELD")
    many = as_ada.post("composite/sobjects/Contact", {"ids": [mine] * 2001, "fields": ["Id"]})
    assert error_of(many) == (400, "EXCEEDED_ID_LIMIT")


def test_sf063_outer_200_inner_statuses_and_references(as_ada):
    parts = composite(
        as_ada,
        part("POST", "sobjects/Account", "acc", body={"Name": "Acme"}),
        part("POST", "sobjects/Contact", "con", body={"LastName": "X", "AccountId": "@{acc.id}"}),
        part("GET", "sobjects/Contact/@{con.id}?fields=AccountId", "read"),
        part("GET", "query?q=SELECT+Id+FROM+Account", "found"),
    )
    assert [each["httpStatusCode"] for each in parts] == [201, 201, 200, 200]
    assert [each["referenceId"] for each in parts] == ["acc", "con", "read", "found"]
    assert parts[2]["body"]["AccountId"] == parts[0]["body"]["id"]
    assert parts[3]["body"]["totalSize"] == 1
    assert parts[0]["httpHeaders"]["Location"].endswith(parts[0]["body"]["id"])


def test_sf063_failed_dependency_keeps_its_dependants_from_running(as_ada):
    parts = composite(
        as_ada,
        part("POST", "sobjects/Account", "acc", body={}),
        part("POST", "sobjects/Contact", "con", body={"LastName": "X", "AccountId": "@{acc.id}"}),
        part("POST", "sobjects/Contact", "other", body={"LastName": "Free"}),
        collateSubrequests=False,
    )
    assert [each["httpStatusCode"] for each in parts] == [400, 400, 201]
    assert parts[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert parts[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert names(as_ada) == ["Free"]


def test_sf063_too_many_parts_or_queries_are_refused(as_ada):
    def refused(*parts) -> tuple[int, str]:
        return error_of(as_ada.post("composite", {"compositeRequest": list(parts)}))

    many = [part("GET", "limits", f"r{n}") for n in range(26)]
    queries = [part("GET", "query?q=SELECT+Id+FROM+Contact", f"q{n}") for n in range(5)]
    assert refused(*many) == (400, "LIMIT_EXCEEDED")
    assert refused(*queries, part("POST", "composite/sobjects", "c", body={})) == (400, "LIMIT_EXCEEDED")
    assert [each["httpStatusCode"] for each in composite(as_ada, *queries)] == [200] * 5


def test_sf063_composite_is_one_call_with_its_parts_in_the_second_column(sf, as_ada):
    sf.world.calls.clear()
    composite(as_ada, *[part("GET", "query?q=SELECT+Id+FROM+Contact", f"q{n}") for n in range(3)])
    rows = {(row.operation, row.calls, row.inner) for row in sf.world.calls.counts()}
    assert rows == {("POST composite", 1, 0), ("GET query", 0, 3)}
    assert as_ada.get("sobjects").headers["Sforce-Limit-Info"] == "api-usage=2/100000"


def test_sf064_rolled_back_composite_leaves_an_inner_collection_claiming_success(as_ada):
    parts = composite(
        as_ada,
        part("POST", "composite/sobjects", "rows", body={"records": [contact(LastName="Gone")]}),
        part("POST", "sobjects/Contact", "one", body={"LastName": "Gone too"}),
        part("POST", "sobjects/Contact", "bad", body={}),
        part("POST", "sobjects/Contact", "never", body={"LastName": "Never"}),
        allOrNone=True,
        collateSubrequests=False,
    )
    assert [each["httpStatusCode"] for each in parts] == [200, 400, 400, 400]
    assert parts[0]["body"][0]["success"] is True
    codes = [each["body"][0]["errorCode"] for each in parts[1:]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert names(as_ada) == []


def test_sf065_collation_moves_unrelated_parts_and_can_be_switched_off(as_ada):
    parts = (
        part("POST", "sobjects/Contact", "a", body={"LastName": "A"}),
        part("GET", "query?q=SELECT+COUNT()+FROM+Contact", "count"),
        part("POST", "sobjects/Contact", "b", body={"LastName": "B"}),
    )
    assert composite(as_ada, *parts, collateSubrequests=False)[1]["body"]["totalSize"] == 1
    assert composite(as_ada, *parts)[1]["body"]["totalSize"] == 4


def test_sf066_references_are_case_sensitive_and_their_names_limited(as_ada):
    create = part("POST", "sobjects/Account", "acc", body={"Name": "Acme"})
    wrong = part("GET", "sobjects/Account/@{acc.Id}", "read")
    answers = composite(as_ada, create, wrong)
    assert answers[1]["httpStatusCode"] == 400
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    for name in ("with-dash", "with space", ""):
        answer = as_ada.post("composite", {"compositeRequest": [{**create, "referenceId": name}]})
        assert answer.status_code == 400
    assert as_ada.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_composite_parts_may_have_headers_but_not_all(sf, as_ada):
    mine = as_ada.create("Contact", LastName="A")
    stale = {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    (answer,) = composite(as_ada, part("PATCH", f"sobjects/Contact/{mine}", "p", body={}, httpHeaders=stale))
    assert answer["httpStatusCode"] == 412
    forbidden = part("GET", "limits", "l", httpHeaders={"Authorization": "Bearer x"})
    assert as_ada.post("composite", {"compositeRequest": [forbidden]}).status_code == 400


def test_sf068_batch_goes_step_by_step_and_earlier_steps_stay(as_ada):
    requests_ = [
        {"method": "POST", "url": "v67.0/sobjects/Contact", "richInput": {"LastName": "A"}},
        {"method": "POST", "url": "v67.0/sobjects/Contact", "richInput": {}},
        {"method": "POST", "url": "v67.0/sobjects/Contact", "richInput": {"LastName": "C"}},
    ]
    body = as_ada.post("composite/batch", {"batchRequests": requests_}).json()
    assert (body["hasErrors"], [each["statusCode"] for each in body["results"]]) == (True, [201, 400, 201])
    assert names(as_ada) == ["A", "C"]
    body = as_ada.post("composite/batch", {"batchRequests": requests_, "haltOnError": True}).json()
    assert [each["statusCode"] for each in body["results"]] == [201, 400, 412]
    assert as_ada.get("sobjects").headers["Sforce-Limit-Info"] == "api-usage=8/100000"


def test_sf069_lost_answer_leaves_a_row_that_a_blind_retry_doubles(sf, as_ada):
    sf.world.faults.add(Rule("lost_answer", operation="POST composite/sobjects", remaining=1))
    with pytest.raises(requests.ConnectionError):
        as_ada.post("composite/sobjects", {"records": [contact(LastName="Once")]})
    assert names(as_ada) == ["Once"]
    as_ada.post("composite/sobjects", {"records": [contact(LastName="Once")]})
    assert names(as_ada) == ["Once", "Once"]


def test_sf069_key_makes_the_retry_harmless(sf, as_ada):
    sf.world.faults.add(Rule("lost_answer", only="write", remaining=1))
    keyed = {"records": [contact(LastName="Once", Lockstep_Key__c="k1")]}
    with pytest.raises(requests.ConnectionError):
        as_ada.post("composite/sobjects", keyed)
    (again,) = as_ada.post("composite/sobjects", keyed).json()
    assert again["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert names(as_ada) == ["Once"]


def test_composite_of_queries_counts_as_reading_for_fault_rules(sf, as_ada):
    sf.world.faults.add(Rule("503", only="write"))
    composite(as_ada, part("GET", "query?q=SELECT+Id+FROM+Contact", "q"))
    assert as_ada.post("composite/sobjects/Contact", {"ids": [], "fields": ["Id"]}).status_code == 200
    written = as_ada.post("composite", {"compositeRequest": [part("POST", "sobjects/Contact", "c", body={})]})
    assert written.status_code == 503


def test_graph_is_not_served(as_ada):
    assert error_of(as_ada.post("composite/graph", {"graphs": []})) == (404, "NOT_FOUND")
