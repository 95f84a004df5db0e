"""Delta rounds of calendars, contacts and folders: MS-019..MS-039."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.fakes.graph_client import IMMUTABLE, TAG, GraphClient, all_day, event, weekly

YEAR = "~/calendarView/delta?startDateTime=2026-06-01T00:00:00Z&endDateTime=2027-06-01T00:00:00Z"
CONTACTS = "~/contactFolders/contacts/contacts/delta"
BARE = {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}


def _kinds(entities: list[dict[str, Any]]) -> list[str]:
    return ["removed" if "@removed" in each else each["type"] for each in entities]


def test_ms019_first_round_is_the_full_state_and_only_its_last_page_has_a_delta_link(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    made = {mailbox.create_event(event(str(number))) for number in range(5)}
    pages, address = [], YEAR
    while address:
        pages.append(graph.get(address, prefer=f"{IMMUTABLE}, odata.maxpagesize=2"))
        address = pages[-1].get("@odata.nextLink", "")
    assert [len(page["value"]) for page in pages] == [2, 2, 1]
    assert ["@odata.deltaLink" in page for page in pages] == [False, False, True]
    assert {each["id"] for page in pages for each in page["value"]} == made


def test_ms020_every_use_gives_a_new_link_and_replay_repeats_or_is_gone(graph: GraphClient) -> None:
    _, link = graph.round(YEAR)
    graph.post("~/events", event())
    links = [link]
    for _ in range(6):
        changed, following = graph.round(links[-1])
        links.append(following)
    assert len(set(links)) == 7
    assert graph.refused("GET", links[0]) == (410, "SyncStateNotFound")
    assert graph.round(links[4])[0] == []
    graph.tenant.delta_states.kept_generations = 100
    assert [each["subject"] for each in graph.round(links[0])[0]] == ["Review"]
    assert changed == []


def test_ms021_an_item_changed_while_paging_comes_twice_and_the_last_one_counts(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    first = mailbox.create_event(event("before"))
    mailbox.create_event(event("other"))
    page = graph.get(YEAR, prefer=f"{IMMUTABLE}, odata.maxpagesize=1")
    mailbox.update_event(first, {"subject": "after"})
    rest, _ = graph.round(page["@odata.nextLink"])
    same = [each["subject"] for each in [*page["value"], *rest] if each["id"] == first]
    assert same == ["before", "after"]


def test_ms022_unchanged_items_are_reported_again_after_the_servers_own_touch(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    _, link = graph.round(YEAR)
    graph.tenant.mailbox(graph.ada.id).touch_item(made["id"])
    (again,) = graph.round(link)[0]
    content = {name: value for name, value in again.items() if name in ("subject", "start", "end", "body")}
    assert content == {name: made[name] for name in content}
    assert again["changeKey"] != made["changeKey"]


def test_ms023_tombstones_even_in_the_first_round(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    first = mailbox.create_event(event("goes"))
    mailbox.create_event(event("stays"))
    page = graph.get(YEAR, prefer=f"{IMMUTABLE}, odata.maxpagesize=1")
    mailbox.delete_event(first)
    rest, _ = graph.round(page["@odata.nextLink"])
    gone = [each for each in rest if "@removed" in each]
    assert gone == [{"@odata.type": "#microsoft.graph.event", "id": first, "@removed": {"reason": "deleted"}}]
    assert _kinds(graph.round(YEAR)[0]) == ["singleInstance"]


@pytest.mark.parametrize(
    "option", ["$select=subject", "$filter=subject eq 'x'", "$expand=x", "$orderby=x", "$search=x"]
)
def test_ms024_calendar_delta_refuses_other_options(graph: GraphClient, option: str) -> None:
    assert graph.refused("GET", f"{YEAR}&{option}")[0] == 400


def test_ms025_window_is_needed_first_and_ignored_with_a_token(graph: GraphClient) -> None:
    assert graph.refused("GET", "~/calendarView/delta") == (400, "ErrorInvalidParameter")
    graph.post("~/events", event())
    _, link = graph.round(YEAR)
    graph.post("~/events", event("second"))
    other_window = f"{link}&startDateTime=2001-01-01T00:00:00Z&endDateTime=2001-01-02T00:00:00Z"
    assert [each["subject"] for each in graph.round(other_window)[0]] == ["second"]


def test_ms026_moved_out_of_the_window_is_removed_though_it_exists(graph: GraphClient) -> None:
    made = graph.post("~/events", event())
    _, link = graph.round(YEAR)
    later = event(start="2030-01-01T09:00:00")
    graph.patch(f"~/events/{made['id']}", {"start": later["start"], "end": later["end"]})
    (gone,) = graph.round(link)[0]
    assert (gone["id"], gone["@removed"]) == (made["id"], {"reason": "deleted"})
    assert graph.get(f"~/events/{made['id']}")["subject"] == "Review"


def test_ms027_created_outside_the_window_is_removed_though_never_told(graph: GraphClient) -> None:
    _, link = graph.round(YEAR)
    made = graph.post("~/events", event(start="2030-01-01T09:00:00"))
    (gone,) = graph.round(link)[0]
    assert (gone["id"], "@removed" in gone) == (made["id"], True)


def test_ms028_delta_occurrences_have_seven_properties_and_exceptions_are_full(graph: GraphClient) -> None:
    master = graph.post("~/events", event(recurrence=weekly(3)))
    graph.tenant.mailbox(graph.ada.id).update_occurrence(master["id"], date(2026, 12, 8), {"subject": "Other"})
    entities, _ = graph.round(YEAR)
    assert _kinds(entities) == ["seriesMaster", "occurrence", "exception", "occurrence"]
    assert [set(each) for each in entities if each["type"] == "occurrence"] == [BARE, BARE]
    assert entities[2]["subject"] == "Other"
    assert entities[2]["originalStart"] == "2026-12-08T08:00:00Z"
    assert {each.get("seriesMasterId") for each in entities[1:]} == {master["id"]}


def test_ms029_deleted_occurrence_has_no_tombstone_and_the_rest_comes_again(graph: GraphClient) -> None:
    master = graph.post("~/events", event(recurrence=weekly(3)))
    entities, link = graph.round(YEAR)
    occurrence = entities[2]["id"]
    graph.delete(f"~/events/{occurrence}")
    again, _ = graph.round(link)
    assert _kinds(again) == ["seriesMaster", "occurrence", "occurrence"]
    assert again[0]["id"] == master["id"]
    assert {each["id"] for each in entities} - {each["id"] for each in again} == {occurrence}


def test_ms030_master_shows_its_first_start_years_before_the_window(graph: GraphClient) -> None:
    rule = weekly(start="2020-01-07") | {"range": {"type": "noEnd", "startDate": "2020-01-07"}}
    graph.post("~/events", event(start="2020-01-07T09:00:00", recurrence=rule))
    window = "~/calendarView/delta?startDateTime=2026-12-01T00:00:00Z&endDateTime=2026-12-10T00:00:00Z"
    entities, _ = graph.round(window)
    assert entities[0]["start"] == {"dateTime": "2020-01-07T08:00:00.0000000", "timeZone": "UTC"}
    starts = [each["start"]["dateTime"] for each in entities[1:]]
    assert starts == ["2026-12-01T08:00:00.0000000", "2026-12-08T08:00:00.0000000"]


def test_ms031_a_series_is_not_split_over_two_pages(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    mailbox.create_event(event("single"))
    mailbox.create_event(event("series", recurrence=weekly(6)))
    mailbox.create_event(event("single"))
    pages, address = [], YEAR
    while address:
        pages.append(graph.get(address, prefer="odata.maxpagesize=3"))
        address = pages[-1].get("@odata.nextLink", "")
    assert [len(page["value"]) for page in pages] == [1, 7, 1]


def test_ms032_occurrences_can_come_without_their_master(graph: GraphClient) -> None:
    master = graph.post("~/events", event(recurrence=weekly(2)))
    graph.tenant.quirks.omit_masters = True
    entities, link = graph.round(YEAR)
    assert _kinds(entities) == ["occurrence", "occurrence"]
    assert graph.get(f"~/events/{entities[0]['seriesMasterId']}")["type"] == "seriesMaster"
    graph.delete(f"~/events/{master['id']}")
    assert _kinds(graph.round(link)[0]) == ["removed"]
    assert graph.refused("GET", f"~/events/{entities[0]['seriesMasterId']}") == (404, "ErrorItemNotFound")


def test_ms033_old_tokens_are_gone_also_in_the_middle_of_paging(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    for number in range(3):
        mailbox.create_contact({"givenName": str(number)})
    middle = graph.get(CONTACTS, prefer="odata.maxpagesize=1")["@odata.nextLink"]
    _, link = graph.round(CONTACTS)
    graph.tenant.expire_delta_tokens()
    assert graph.refused("GET", middle) == (410, "SyncStateNotFound")
    answer = graph.call("GET", link)
    assert "generation=1;[highest=1]" in answer.json()["error"]["message"]
    assert len(graph.round(CONTACTS)[0]) == 3


def test_ms034_resync_required_names_where_to_start_again(graph: GraphClient) -> None:
    graph.post("~/events", event())
    _, link = graph.round(YEAR)
    graph.tenant.require_resync()
    answer = graph.call("GET", link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "resyncRequired")
    restart = answer.headers["Location"]
    assert restart.startswith(graph.version_url)
    assert "token" not in restart.lower()


def test_ms035_foreign_or_corrupt_tokens_and_a_deleted_folder(graph: GraphClient) -> None:
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce"})
    _, link = graph.round(f"~/contactFolders/{folder['id']}/contacts/delta")
    token = link.partition("?")[2]
    assert graph.refused("GET", f"{CONTACTS}?{token}") == (400, "SyncStateInvalid")
    assert graph.refused("GET", f"{CONTACTS}?$deltatoken=garbage") == (400, "SyncStateInvalid")
    graph.delete(f"~/contactFolders/{folder['id']}")
    assert graph.refused("GET", link) == (404, "ErrorSyncFolderNotFound")
    replaced = graph.post("~/contactFolders", {"displayName": "Salesforce"})
    other = f"~/contactFolders/{replaced['id']}/contacts/delta?{token}"
    assert graph.refused("GET", other) == (400, "SyncStateInvalid")


def test_ms036_a_contact_moved_is_removed_here_and_new_there_with_the_same_id(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    other = mailbox.add_contact_folder("Other")
    contact = mailbox.create_contact({"givenName": "Bob"})
    there = f"~/contactFolders/{other.id}/contacts/delta"
    (_, link), (_, link_there) = graph.round(CONTACTS), graph.round(there)
    mailbox.move_contact(contact, other)
    removed = {"@odata.type": "#microsoft.graph.contact", "id": contact, "@removed": {"reason": "deleted"}}
    assert graph.round(link)[0] == [removed]
    (arrived,) = graph.round(link_there)[0]
    assert (arrived["id"], arrived["parentFolderId"]) == (contact, other.id)


def test_ms036_contact_folders_have_their_own_delta(graph: GraphClient) -> None:
    address = "~/contactFolders/delta"
    folder = graph.post("~/contactFolders", {"displayName": "Salesforce"})
    entities, link = graph.round(address)
    assert [each["displayName"] for each in entities] == ["Salesforce"]
    graph.patch(f"~/contactFolders/{folder['id']}", {"displayName": "CRM"})
    entities, link = graph.round(link)
    assert [(each["id"], each["displayName"]) for each in entities] == [(folder["id"], "CRM")]
    graph.delete(f"~/contactFolders/{folder['id']}")
    (gone,) = graph.round(link)[0]
    assert (gone["id"], gone["@removed"]) == (folder["id"], {"reason": "deleted"})


def test_ms037_contact_delta_honours_select_for_the_whole_round(graph: GraphClient) -> None:
    graph.post("~/contacts", {"givenName": "Bob", "surname": "Example"})
    (entity,), link = graph.round(f"{CONTACTS}?$select=givenName")
    assert set(entity) == {"@odata.type", "@odata.etag", "id", "givenName"}
    graph.post("~/contacts", {"givenName": "Eve", "surname": "Example"})
    (entity,) = graph.round(link)[0]
    assert entity["givenName"] == "Eve"
    assert "surname" not in entity


def test_ms038_page_size_is_honoured_per_request_and_big_pages_can_fail(graph: GraphClient) -> None:
    mailbox = graph.tenant.mailbox(graph.ada.id)
    for number in range(12):
        mailbox.create_event(event(str(number)))
    first = graph.get(YEAR, prefer="odata.maxpagesize=4")
    second = graph.get(first["@odata.nextLink"], prefer="odata.maxpagesize=7")
    assert (len(first["value"]), len(second["value"])) == (4, 7)
    graph.tenant.quirks.heavy_page = 50
    assert graph.refused("GET", YEAR, prefer="odata.maxpagesize=51") == (504, "UnknownError")
    assert len(graph.get(YEAR, prefer="odata.maxpagesize=50")["value"]) == 12


def test_ms039_extended_properties_never_appear_in_delta(graph: GraphClient) -> None:
    tags = [{"id": TAG, "value": "00U1"}]
    graph.post("~/events", event(singleValueExtendedProperties=tags))
    graph.post("~/contacts", {"givenName": "Bob", "singleValueExtendedProperties": tags})
    for address in (YEAR, CONTACTS):
        (entity,) = graph.round(address)[0]
        assert "singleValueExtendedProperties" not in entity


def test_ms051_transaction_id_is_returned_in_delta(graph: GraphClient) -> None:
    graph.post("~/events", event(transactionId="t-1"))
    (entity,) = graph.round(YEAR)[0]
    assert entity["transactionId"] == "t-1"


def test_ms129_all_day_events_match_the_window_as_utc_days(graph: GraphClient) -> None:
    graph.post("~/events", all_day("2026-12-24", "2026-12-25", "Tokyo Standard Time"))
    evening = "~/calendarView?startDateTime=2026-12-24T23:00:00Z&endDateTime=2026-12-24T23:30:00Z"
    assert len(graph.get(evening)["value"]) == 1
    in_tokyo = "~/calendarView?startDateTime=2026-12-24T00:00:00%2B09:00&endDateTime=2026-12-24T08:00:00%2B09:00"
    assert graph.get(in_tokyo)["value"] == []


def test_calendar_delta_of_another_calendar_and_a_move_between_them(graph: GraphClient) -> None:
    """§3.2: each calendar has its own delta; a moved event leaves one and enters the other."""
    mailbox = graph.tenant.mailbox(graph.ada.id)
    second = graph.post("~/calendars", {"name": "Second"})
    window = YEAR.partition("?")[2]
    there = f"~/calendars/{second['id']}/calendarView/delta?{window}"
    made = mailbox.create_event(event())
    (_, link), (_, link_there) = graph.round(YEAR), graph.round(there)
    mailbox.move_event(made, mailbox.folders[second["id"]])
    assert _kinds(graph.round(link)[0]) == ["removed"]
    assert [each["id"] for each in graph.round(link_there)[0]] == [made]


def test_restored_item_reappears_with_the_same_immutable_id(graph: GraphClient) -> None:
    """§6: Deleted Items can be undone; the immutable id stays."""
    mailbox = graph.tenant.mailbox(graph.ada.id)
    made = graph.post("~/contacts", {"givenName": "Bob"})
    _, link = graph.round(CONTACTS)
    graph.delete(f"~/contacts/{made['id']}")
    assert graph.refused("GET", f"~/contacts/{made['id']}") == (404, "ErrorItemNotFound")
    (gone,), link = graph.round(link)
    mailbox.undelete(made["id"])
    (back,) = graph.round(link)[0]
    assert gone["id"] == back["id"] == made["id"]
    assert graph.get(f"~/contacts/{made['id']}")["givenName"] == "Bob"


def test_a_round_over_ten_thousand_contacts_reads_each_entry_once(graph: GraphClient) -> None:
    """Paging must not cost more the further it gets: the log is read on from where the token stands."""
    mailbox = graph.tenant.mailbox(graph.ada.id)
    for number in range(10_000):
        mailbox.create_contact({"givenName": str(number)})
    read = 0
    log = mailbox.contacts_folder.log
    plain = log.after

    def counting(sequence: int) -> Any:
        nonlocal read
        for entry in plain(sequence):
            read += 1
            yield entry

    log.after = counting  # type: ignore[method-assign]  # the count is what is tested
    entities, _ = graph.round(CONTACTS, size=500)
    assert len(entities) == 10_000
    assert read <= 10_000 + 20
