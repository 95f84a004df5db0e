"""Contacts, folders and tags: MS-082..MS-093."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.graph_client import TAG, GraphClient, event

CONTACTS = "~/contactFolders/contacts/contacts/delta"


def _tagged(value: str, tag: str = TAG) -> dict[str, Any]:
    return {"singleValueExtendedProperties": [{"id": tag, "value": value}]}


def _find(graph: GraphClient, tag: str, value: str) -> list[str]:
    wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{tag}' and ep/value eq '{value}')"
    return [each["id"] for each in graph.get(f"~/contacts?$filter={wanted}")["value"]]


@pytest.mark.parametrize(
    ("body", "name", "count", "most"),
    [
        ({"emailAddresses": [{"address": f"{n}@x.example"} for n in range(4)]}, "EmailAddresses", 4, 3),
        ({"businessPhones": ["1", "2", "3"]}, "BusinessPhones", 3, 2),
        ({"homePhones": ["1", "2", "3"]}, "HomePhones", 3, 2),
    ],
)
def test_ms082_too_many_values_are_refused_by_the_propertys_name(
    graph: GraphClient, body: dict[str, Any], name: str, count: int, most: int
) -> None:
    answer = graph.call("POST", "~/contacts", body)
    expected = f"The multi value property {name} has {count} entries, that exceeds the max allowed value of {most}"
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, expected)
    assert graph.get("~/contacts")["value"] == []


def test_ms083_arrays_are_replaced_not_merged(graph: GraphClient) -> None:
    body = {"givenName": "Bob", "businessPhones": ["1", "2"], "categories": ["A", "B"]}
    made = graph.post("~/contacts", body)
    changed = graph.patch(f"~/contacts/{made['id']}", {"businessPhones": ["3"], "categories": []})
    assert (changed["businessPhones"], changed["categories"]) == (["3"], [])


def test_ms084_patch_of_name_parts_recomputes_display_name_unless_sent(graph: GraphClient) -> None:
    made = graph.post("~/contacts", {"givenName": "Bob", "surname": "Example"})
    assert (made["displayName"], made["fileAs"]) == ("Bob Example", "Example, Bob")
    own = graph.post("~/contacts", {"givenName": "Bob", "surname": "Example", "displayName": "Bobby"})
    assert own["displayName"] == "Bobby"
    kept = graph.patch(f"~/contacts/{own['id']}", {"companyName": "Acme"})
    assert kept["displayName"] == "Bobby"
    lost = graph.patch(f"~/contacts/{own['id']}", {"surname": "Sample"})
    assert (lost["displayName"], lost["fileAs"]) == ("Bob Sample", "Sample, Bob")
    sent = graph.patch(f"~/contacts/{own['id']}", {"surname": "Else", "displayName": "Bobby", "fileAs": "B"})
    assert (sent["displayName"], sent["fileAs"]) == ("Bobby", "B")


def test_ms085_empty_addresses_arrays_and_scalars(graph: GraphClient) -> None:
    made = graph.post("~/contacts", {"givenName": "Bob", "businessAddress": {"city": "Wien", "state": None}})
    assert made["homeAddress"] == made["otherAddress"] == {}
    assert made["businessAddress"] == {"city": "Wien"}
    assert made["emailAddresses"] == made["homePhones"] == made["categories"] == []
    assert made["surname"] is made["mobilePhone"] is made["birthday"] is None
    cleared = graph.patch(f"~/contacts/{made['id']}", {"givenName": None, "businessAddress": {"city": None}})
    assert (cleared["givenName"], cleared["businessAddress"]) == (None, {})


def test_ms086_default_folder_is_not_listed_but_reachable(graph: GraphClient) -> None:
    assert graph.get("~/contactFolders")["value"] == []
    made = graph.post("~/contacts", {"givenName": "Bob"})
    default = graph.get("~/contactFolders/contacts")
    assert (default["id"], default["displayName"]) == (made["parentFolderId"], "Contacts")
    listed = graph.get("~/contactFolders/contacts/contacts")["value"]
    assert [each["id"] for each in listed] == [made["id"]]


def test_ms087_duplicate_folder_name_conflicts_and_can_be_adopted(graph: GraphClient) -> None:
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce_Sync"})
    assert graph.refused("POST", "~/contactFolders", {"displayName": "salesforce_sync"}) == (409, "ErrorFolderExists")
    found = graph.get("~/contactFolders?$filter=displayName eq 'Salesforce_Sync'")["value"]
    assert found == [{"id": folder["id"], "parentFolderId": folder["parentFolderId"], "displayName": "Salesforce_Sync"}]
    child = graph.post(f"~/contactFolders/{folder['id']}/childFolders", {"displayName": "Salesforce_Sync"})
    assert child["parentFolderId"] == folder["id"]


def test_ms088_renamed_folder_keeps_its_id_and_a_deleted_one_is_gone(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce"})
    contacts = f"~/contactFolders/{folder['id']}/contacts"
    made = graph.post(contacts, {"givenName": "Bob"})
    mailbox.rename_folder(mailbox.folders[folder["id"]], "CRM")
    assert graph.get(contacts)["value"][0]["id"] == made["id"]
    mailbox.delete_folder(mailbox.contact_folder("CRM"))
    assert graph.refused("GET", contacts) == (404, "ErrorSyncFolderNotFound")
    assert graph.refused("GET", f"~/contacts/{made['id']}") == (404, "ErrorItemNotFound")


def test_ms090_extended_property_is_not_echoed_and_comes_with_expand(graph: GraphClient) -> None:
    expand = f"$expand=singleValueExtendedProperties($filter=id eq '{TAG}' or id eq 'String 0x3A1E')"
    for address, body in (("~/contacts", {"givenName": "Bob"}), ("~/events", event())):
        made = graph.post(address, {**body, **_tagged("003A")})
        assert "singleValueExtendedProperties" not in made
        one = f"{address}/{made['id']}"
        assert "singleValueExtendedProperties" not in graph.get(one)
        expected = [{"id": TAG, "value": "003A"}]
        assert graph.get(f"{one}?{expand}")["singleValueExtendedProperties"] == expected
        assert graph.get(f"{address}?{expand}")["value"][0]["singleValueExtendedProperties"] == expected
        assert "singleValueExtendedProperties" not in graph.patch(one, _tagged("003B"))
        assert graph.get(f"{one}?{expand}")["singleValueExtendedProperties"] == [{"id": TAG, "value": "003B"}]


def test_ms091_filter_by_tag_heeds_the_case_of_the_name_but_not_of_the_value(graph: GraphClient) -> None:
    made = graph.post("~/contacts", {"givenName": "Bob", **_tagged("003Ab")})
    assert _find(graph, TAG, "003aB") == [made["id"]]
    assert _find(graph, TAG.replace("5f3a1c77", "5F3A1C77"), "003Ab") == [made["id"]]
    assert _find(graph, TAG.replace("LockstepKey", "lockstepkey"), "003Ab") == []
    starting = f"singleValueExtendedProperties/Any(ep: ep/id eq '{TAG}' and startswith(ep/value,'003'))"
    assert [each["id"] for each in graph.get(f"~/contacts?$filter={starting}")["value"]] == [made["id"]]
    graph.patch(f"~/contacts/{made['id']}", _tagged("003C"))
    assert _find(graph, TAG, "003Ab") == []


def test_ms091_blanks_in_a_filter_are_percent_encoded_not_plus(graph: GraphClient) -> None:
    assert graph.refused("GET", "~/contacts?$filter=displayName+eq+'x'") == (400, "ErrorInvalidUrlQueryFilter")
    assert graph.get("~/contacts?$filter=displayName%20eq%20'x'")["value"] == []


def test_ms092_a_copy_made_in_outlook_carries_the_tag(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    made = graph.post("~/contacts", {"givenName": "Bob", **_tagged("003A")})
    copy = mailbox.copy_contact(made["id"])
    assert set(_find(graph, TAG, "003A")) == {made["id"], copy}
    first = graph.post("~/events", event(**_tagged("00U1")))
    second = mailbox.copy_event(first["id"])
    assert mailbox.tag_of(second, TAG) == mailbox.tag_of(first["id"], TAG) == "00U1"
    assert graph.get(f"~/events/{second}")["iCalUId"] != first["iCalUId"]


def test_ms093_a_tag_set_as_mapi_property_is_read_by_graph(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    made = mailbox.create_contact({"givenName": "Bob"})
    mailbox.set_tag(made, TAG, "003A")
    assert _find(graph, TAG, "003A") == [made]
    expand = f"$expand=singleValueExtendedProperties($filter=id eq '{TAG}')"
    assert graph.get(f"~/contacts/{made}?{expand}")["singleValueExtendedProperties"][0]["value"] == "003A"


def test_contacts_are_filtered_by_address_and_name(graph: GraphClient) -> None:
    """§6 and §12: looking contacts up before making another one."""
    made = graph.post("~/contacts", {"givenName": "Bob", "emailAddresses": [{"address": "Bob@Acme.example"}]})
    graph.post("~/contacts", {"givenName": "Eve"})
    for wanted in ("emailAddresses/any(a:a/address eq 'bob@acme.example')", "displayName eq 'bob'"):
        found = graph.get(f"~/contacts?$filter={wanted}&$select=displayName")["value"]
        assert [(each["id"], each["displayName"]) for each in found] == [(made["id"], "Bob")]
    ordered = graph.get("~/contacts?$orderby=displayName desc")["value"]
    assert [each["displayName"] for each in ordered] == ["Eve", "Bob"]


def test_email_name_defaults_to_the_address(graph: GraphClient) -> None:
    """§6: a missing name of an address is filled in by the server."""
    made = graph.post("~/contacts", {"emailAddresses": [{"address": "bob@acme.example"}]})
    assert made["emailAddresses"] == [{"name": "bob@acme.example", "address": "bob@acme.example"}]


def test_birthday_is_a_utc_date_time(graph: GraphClient) -> None:
    """§6: the date of a birthday is wrapped in a UTC date-time."""
    made = graph.post("~/contacts", {"givenName": "Bob", "birthday": "1974-07-22T12:00:00Z"})
    assert made["birthday"] == "1974-07-22T12:00:00Z"


def test_contact_in_a_folders_path_must_lie_there(graph: GraphClient) -> None:
    """§6: a contact is found below its own folder and below the mailbox, nowhere else."""
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce"})
    inside = graph.post(f"~/contactFolders/{folder['id']}/contacts", {"givenName": "In"})
    outside = graph.post("~/contacts", {"givenName": "Out"})
    assert graph.get(f"~/contacts/{inside['id']}")["givenName"] == "In"
    there = f"~/contactFolders/{folder['id']}/contacts"
    assert graph.refused("GET", f"{there}/{outside['id']}") == (404, "ErrorItemNotFound")
    assert [each["id"] for each in graph.get("~/contacts")["value"]] == [outside["id"]]


def test_permanent_delete_leaves_nothing_to_restore(graph: GraphClient) -> None:
    """§6: permanentDelete bypasses Deleted Items."""
    made = graph.post("~/contacts", {"givenName": "Bob"})
    _, link = graph.round(CONTACTS)
    graph.post(f"~/contacts/{made['id']}/permanentDelete", None, 204)
    assert len(graph.tenant.mailbox(graph.ada.id).deleted.items) == 0
    assert [each["id"] for each in graph.round(link)[0]] == [made["id"]]
