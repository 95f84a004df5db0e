"""How Graph speaks: MS-011..MS-018, users, settings and categories (MS-040, MS-089)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.fakes.graph_client import IMMUTABLE, GraphClient, event


def _contacts(graph: GraphClient, count: int) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    for number in range(count):
        mailbox.create_contact({"givenName": f"C{number:03d}"})


def test_ms011_ids_are_case_sensitive_and_percent_encoded(graph: GraphClient) -> None:
    made = graph.post("~/contacts", {"givenName": "Bob"})
    assert made["id"].endswith("=")
    assert graph.get(f"~/contacts/{quote(made['id'], safe='')}")["id"] == made["id"]
    assert graph.refused("GET", f"~/contacts/{made['id'].swapcase()}") == (404, "ErrorItemNotFound")
    assert graph.refused("GET", "~/contacts/nonsense") == (400, "ErrorInvalidIdMalformed")


def test_ms012_links_are_absolute_on_the_called_host(graph: GraphClient) -> None:
    _contacts(graph, 11)
    address = "~/contactFolders/contacts/contacts/delta"
    first = graph.get(address)
    links = [first["@odata.nextLink"], graph.get("~/contacts")["@odata.nextLink"], graph.round(address)[1]]
    host = urlsplit(graph.facts["graph_url"]).netloc
    assert [(urlsplit(link).scheme, urlsplit(link).netloc) for link in links] == [("https", host)] * 3


def test_ms013_request_ids_on_every_answer(graph: GraphClient) -> None:
    good = graph.call("GET", "~/events", headers={"client-request-id": "mine"})
    bad = graph.call("GET", "~/events/nonsense", headers={"client-request-id": "mine"})
    inner = bad.json()["error"]["innerError"]
    assert good.headers["client-request-id"] == inner["client-request-id"] == "mine"
    assert bad.headers["request-id"] == inner["request-id"]
    assert good.headers["request-id"] != bad.headers["request-id"]


@pytest.mark.parametrize(
    ("address", "body", "expected"),
    [
        ("~/events", event(colour="red"), (400, "RequestBodyRead")),
        ("~/events", event(iCalUId="x"), (400, "RequestBodyRead")),
        ("~/events", event(isReminderOn="yes"), (400, "RequestBodyRead")),
        ("~/contacts", {"givenName": "A", "faxNumber": "1"}, (400, "RequestBodyRead")),
        ("~/contacts", {"businessAddress": {"zip": "1010"}}, (400, "RequestBodyRead")),
        ("~/contacts", ["no object"], (400, "UnableToDeserializePostBody")),
    ],
)
def test_ms014_unknown_property_or_wrong_type_is_refused(
    graph: GraphClient, address: str, body: Any, expected: tuple[int, str]
) -> None:
    assert graph.refused("POST", address, body) == expected


@pytest.mark.parametrize(
    "query",
    ["?$search=x", "?page=2", "?$select=subject,colour", "?$filter=colour eq 'x'", "?$orderby=colour", "?$top=0"],
)
def test_ms014_unknown_query_option_or_property_is_refused(graph: GraphClient, query: str) -> None:
    assert graph.refused("GET", f"~/events{query}")[0] == 400


def test_ms014_option_names_are_accepted_in_any_case(graph: GraphClient) -> None:
    graph.post("~/events", event())
    window = "STARTDATETIME=2026-12-01T00:00:00Z&endDatetime=2026-12-02T00:00:00Z"
    assert len(graph.get(f"~/calendarView?{window}")["value"]) == 1


def test_ms015_enum_values_in_any_case_come_back_in_camel_case(graph: GraphClient) -> None:
    body = event(
        showAs="WorkingElsewhere",
        sensitivity="PRIVATE",
        importance="High",
        body={"contentType": "HTML", "content": "<p>x</p>"},
        attendees=[{"type": "Optional", "emailAddress": {"address": "x@y.example"}}],
    )
    made = graph.post("~/events", body)
    shown = (made["showAs"], made["sensitivity"], made["importance"], made["body"]["contentType"])
    assert shown == ("workingElsewhere", "private", "high", "html")
    assert made["attendees"][0]["type"] == "optional"
    assert graph.refused("POST", "~/events", event(showAs="sleeping")) == (400, "RequestBodyRead")


def test_ms016_pages_of_ten_and_at_most_a_thousand(graph: GraphClient) -> None:
    _contacts(graph, 23)
    first = graph.get("~/contacts")
    second = graph.get(first["@odata.nextLink"])
    third = graph.get(second["@odata.nextLink"])
    pages = [len(page["value"]) for page in (first, second, third)]
    assert (pages, "@odata.nextLink" in third) == ([10, 10, 3], False)
    assert len(graph.get("~/contacts?$top=1000")["value"]) == 23
    assert graph.refused("GET", "~/contacts?$top=1001")[0] == 400
    assert [each["givenName"] for each in graph.get("~/contacts?$top=2&$skip=20")["value"]] == ["C020", "C021"]


def test_ms016_a_page_can_be_empty_and_still_carry_a_next_link(graph: GraphClient) -> None:
    graph.tenant.mailbox(graph.ada.id).create_distribution_list("Team")
    _contacts(graph, 1)
    page = graph.get("~/contacts?$top=1")
    assert page["value"] == []
    assert len(graph.get(page["@odata.nextLink"])["value"]) == 1
    graph.tenant.quirks.empty_pages = 1
    delta = graph.get("~/contactFolders/contacts/contacts/delta")
    assert (delta["value"], "@odata.nextLink" in delta) == ([], True)
    assert len(graph.round(delta["@odata.nextLink"])[0]) == 1


def test_ms017_count_includes_distribution_lists_that_are_not_returned(graph: GraphClient) -> None:
    graph.tenant.mailbox(graph.ada.id).create_distribution_list("Team")
    _contacts(graph, 2)
    page = graph.get("~/contacts?$count=true")
    assert (page["@odata.count"], len(page["value"])) == (3, 2)
    assert "@odata.count" not in graph.get("~/contacts")


def test_ms018_preference_applied_echoes_what_is_honoured(graph: GraphClient) -> None:
    prefer = 'outlook.timezone="Europe/Vienna", outlook.body-content-type="text", IdType="ImmutableId", foo="bar"'
    answer = graph.call("GET", "~/events", prefer=prefer)
    expected = 'outlook.timezone="Europe/Vienna", outlook.body-content-type="text", IdType="ImmutableId"'
    assert answer.headers["Preference-Applied"] == expected
    assert "Preference-Applied" not in graph.call("GET", "~/events", prefer="respond-async").headers
    delta = graph.call("GET", "~/contactFolders/delta", prefer="odata.maxpagesize=5")
    assert delta.headers["Preference-Applied"] == "odata.maxpagesize=5, odata.track-changes"


def test_ms040_users_delta_from_latest_and_its_seven_days(graph: GraphClient) -> None:
    everyone, _ = graph.round("/users/delta")
    assert {each["id"] for each in everyone} == {graph.ada.id, graph.bob.id}
    page = graph.get("/users/delta?$deltatoken=latest")
    assert page["value"] == []
    carl = graph.tenant.add_user("Carl", "carl@lockstep.example")
    graph.tenant.remove_user(graph.bob)
    changed, link = graph.round(page["@odata.deltaLink"])
    assert [each["id"] for each in changed if "@removed" not in each] == [carl.id]
    assert [each["id"] for each in changed if "@removed" in each] == [graph.bob.id]
    graph.world.clock.advance(7 * 86_400 + 1)
    graph.fresh_token()
    assert graph.refused("GET", link) == (410, "SyncStateNotFound")


def test_users_are_found_by_address_and_select(graph: GraphClient) -> None:
    """§12: the list of users with $select and $filter."""
    graph.tenant.add_user("Guest", "guest@elsewhere.example", user_type="Guest")
    found = graph.get("/users?$select=id,mail,userType&$filter=mail eq 'ADA@lockstep.example'")["value"]
    assert found == [{"id": graph.ada.id, "mail": "ada@lockstep.example", "userType": "Member"}]
    proxies = graph.get("/users?$filter=proxyAddresses/any(p:p eq 'smtp:bob@lockstep.example')")["value"]
    assert [each["id"] for each in proxies] == [graph.bob.id]
    members = graph.get("/users?$filter=userType eq 'Member' and accountEnabled eq true")["value"]
    assert len(members) == 2
    assert graph.get("/users/ada@lockstep.example")["id"] == graph.ada.id


def test_advanced_user_queries_need_the_consistency_header(graph: GraphClient) -> None:
    """§12: `$count`, `endswith` and `ne` need ConsistencyLevel: eventual."""
    address = "/users?$count=true&$filter=endswith(mail,'lockstep.example')"
    assert graph.refused("GET", address) == (400, "Request_UnsupportedQuery")
    assert graph.get(address, headers={"ConsistencyLevel": "eventual"})["@odata.count"] == 2


def test_mailbox_settings_tell_zone_and_purpose(graph: GraphClient) -> None:
    """§5.8 and §12: time zone and user purpose of a mailbox."""
    settings = graph.get("~/mailboxSettings")
    assert (settings["timeZone"], settings["userPurpose"]) == ("Europe/Vienna", "user")
    assert graph.get("~/mailboxSettings/timeZone")["value"] == "Europe/Vienna"
    assert graph.refused("PATCH", "~/mailboxSettings", {"timeZone": "UTC"}) == (403, "ErrorAccessDenied")
    graph.tenant.app.consent(["MailboxSettings.ReadWrite"])
    graph.fresh_token()
    assert graph.patch("~/mailboxSettings", {"timeZone": "Tokyo Standard Time"})["timeZone"] == "Tokyo Standard Time"
    names = {each["alias"] for each in graph.get("~/outlook/supportedTimeZones")["value"]}
    assert "W. Europe Standard Time" in names
    iana = graph.get("~/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')")
    assert "Europe/Vienna" in {each["alias"] for each in iana["value"]}


def test_ms044_translate_exchange_ids_up_to_a_thousand(graph: GraphClient) -> None:
    made = graph.post("~/contacts", {"givenName": "Bob"}, prefer=None)
    immutable = graph.get(f"~/contacts/{made['id']}")["id"]
    body = {"inputIds": [made["id"]], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    assert graph.post("~/translateExchangeIds", body, 200)["value"] == [{"sourceId": made["id"], "targetId": immutable}]
    ews = graph.post("~/translateExchangeIds", {**body, "targetIdType": "ewsId"}, 200)["value"][0]["targetId"]
    back = {"inputIds": [ews, "x"], "sourceIdType": "EwsId", "targetIdType": "RestImmutableEntryId"}
    first, second = graph.post("~/translateExchangeIds", back, 200)["value"]
    assert first["targetId"] == immutable
    assert second["errorDetails"]["code"] == "ErrorInvalidIdMalformed"
    many = {**body, "inputIds": [made["id"]] * 1001}
    assert graph.refused("POST", "~/translateExchangeIds", many)[0] == 400


def test_ms089_unknown_categories_are_accepted_and_master_ones_unique(graph: GraphClient) -> None:
    graph.tenant.app.consent(["MailboxSettings.ReadWrite"])
    graph.fresh_token()
    made = graph.post("~/events", event(categories=["Nobody defined this"]))
    assert made["categories"] == ["Nobody defined this"]
    assert graph.get("~/outlook/masterCategories")["value"] == []
    category = graph.post("~/outlook/masterCategories", {"displayName": "Salesforce", "color": "Preset3"})
    assert (category["displayName"], category["color"]) == ("Salesforce", "preset3")
    assert graph.refused("POST", "~/outlook/masterCategories", {"displayName": "salesforce"})[0] == 409
    one = f"~/outlook/masterCategories/{category['id']}"
    assert graph.patch(one, {"color": "preset4"})["color"] == "preset4"
    graph.delete(one)
    assert graph.refused("GET", one) == (404, "ErrorItemNotFound")


def test_ms042_header_missing_on_one_call_returns_the_other_format(graph: GraphClient) -> None:
    made = graph.post("~/events", event(), prefer=IMMUTABLE)
    plain = graph.get("~/events", prefer=None)["value"][0]["id"]
    assert plain != made["id"]
    assert graph.get("~/events")["value"][0]["id"] == made["id"]
