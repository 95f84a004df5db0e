"""Reading changes from the Salesforce stand-in (SF-070 to SF-091, SF-135)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from simple_salesforce import format_soql

from backend.sandbox.salesforce.values import moment, stamp
from tests.fakes.salesforce_client import error_of


def fill(api, number: int) -> None:
    """So many contacts, named L0000 on."""
    for first in range(0, number, 200):
        rows = range(first, min(first + 200, number))
        records = [{"attributes": {"type": "Contact"}, "LastName": f"L{n:04}"} for n in rows]
        assert all(result["success"] for result in api.post("composite/sobjects", {"records": records}).json())


def deleted(api, start, end, sobject: str = "Contact"):
    params = {"start": start.isoformat(), "end": end.isoformat()}
    return api.get(f"sobjects/{sobject}/deleted/", params=params)


def updated(api, start, end, sobject: str = "Contact"):
    params = {"start": start.isoformat(), "end": end.isoformat()}
    return api.get(f"sobjects/{sobject}/updated/", params=params)


def test_sf070_pages_of_2000_with_the_full_count(sf, as_ada, ada):
    fill(as_ada, 2100)
    first = as_ada.query("SELECT LastName FROM Contact ORDER BY LastName")
    assert (first["totalSize"], first["done"], len(first["records"])) == (2100, False, 2000)
    assert first["nextRecordsUrl"].startswith("/services/data/v67.0/query/01g")
    assert first["nextRecordsUrl"].endswith("-2000")
    second = as_ada.get(first["nextRecordsUrl"]).json()
    assert (second["totalSize"], second["done"], len(second["records"])) == (2100, True, 100)
    assert "nextRecordsUrl" not in second
    names = [row["LastName"] for row in sf.simple("ada@example.com").query_all_iter("SELECT LastName FROM Contact")]
    assert sorted(names) == [f"L{n:04}" for n in range(2100)]


def test_sf070_batch_size_is_advice_within_bounds_and_pages_may_be_short(org, as_ada):
    fill(as_ada, 700)

    def page(asked: int) -> int:
        headers = {"Sforce-Query-Options": f"batchSize={asked}"}
        return len(as_ada.query("SELECT Id FROM Contact", headers=headers)["records"])

    assert [page(500), page(10), page(5000)] == [500, 200, 700]
    org.settings.page_rows = 333
    assert [page(500), page(2000)] == [333, 333]


def test_sf071_further_pages_of_query_all_are_under_query_and_still_show_deleted_rows(org, as_ada):
    fill(as_ada, 250)
    org.settings.page_rows = 200
    for row in as_ada.records("SELECT Id FROM Contact ORDER BY LastName DESC LIMIT 10"):
        as_ada.delete(f"sobjects/Contact/{row['Id']}")
    first = as_ada.query("SELECT Id, IsDeleted FROM Contact ORDER BY LastName", "queryAll")
    assert "/query/" in first["nextRecordsUrl"]
    second = as_ada.get(first["nextRecordsUrl"]).json()["records"]
    assert [row["IsDeleted"] for row in second] == [False] * 40 + [True] * 10


def test_sf072_cursor_lives_two_days_and_belongs_to_one_user(sf, org, as_ada, as_bob):
    fill(as_ada, 250)
    org.settings.page_rows = 200
    following = as_ada.query("SELECT Id FROM Contact")["nextRecordsUrl"]
    assert error_of(as_bob.get(following)) == (400, "INVALID_QUERY_LOCATOR")
    assert as_ada.get(following).status_code == 200
    sf.world.clock.advance(2 * 86_400 + 1)
    assert error_of(sf.api("ada@example.com").get(following)) == (400, "INVALID_QUERY_LOCATOR")
    assert error_of(sf.api("ada@example.com").get("query/01gnonsense-2000")) == (400, "INVALID_QUERY_LOCATOR")


def test_sf073_query_hides_deleted_and_archived_rows_and_query_all_shows_both(org, as_ada):
    times = {"StartDateTime": "2020-01-01T09:00:00Z", "DurationInMinutes": 30}
    old = as_ada.create("Event", **times)
    assert org.archive_old_events() == 1
    binned = as_ada.create("Event", **times)
    as_ada.delete(f"sobjects/Event/{binned}")
    kept = as_ada.create("Event", **times)
    assert as_ada.records("SELECT Id FROM Event") == [{"Id": kept}]
    assert as_ada.records("SELECT Id, IsArchived, IsDeleted FROM Event ORDER BY Id", "queryAll") == [
        {"Id": old, "IsArchived": True, "IsDeleted": False},
        {"Id": binned, "IsArchived": False, "IsDeleted": True},
        {"Id": kept, "IsArchived": False, "IsDeleted": False},
    ]


def test_sf074_offset_ends_at_2000(as_ada):
    answer = as_ada.get("query", params={"q": "SELECT Id FROM Contact LIMIT 1 OFFSET 2001"})
    assert error_of(answer) == (400, "NUMBER_OUTSIDE_VALID_RANGE")
    assert as_ada.records("SELECT Id FROM Contact LIMIT 1 OFFSET 2000") == []


def test_sf075_errors_echo_the_query_with_a_caret(as_ada):
    answer = as_ada.get("query", params={"q": "SELECT Nope FROM Contact"})
    assert error_of(answer) == (400, "INVALID_FIELD")
    lines = answer.json()[0]["message"].split("\n")
    assert lines[:4] == ["", "SELECT Nope FROM Contact", "       ^", "ERROR at Row:1:Column:8"]
    assert lines[4].startswith("No such column 'Nope' on entity 'Contact'.")


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Contact WHERE LastName = 'O'Hara'",
        "SELECT Id FROM Contact WHERE LastName = 'open",
        r"SELECT Id FROM Contact WHERE LastName = 'bad \x escape'",
        "SELECT Id FROM Contact WHERE",
        "SELECT FROM Contact",
        "SELECT Id FROM Contact WHERE FirstName = 'a' AND LastName = 'b' OR LastName = 'c'",
        "SELECT Id FROM Contact LIMIT x",
        "SELECT Id, (SELECT Id FROM Events) FROM Contact",
        "DELETE FROM Contact",
    ],
)
def test_sf075_malformed_queries_are_refused(as_ada, soql):
    answer = as_ada.get("query", params={"q": soql})
    assert error_of(answer) == (400, "MALFORMED_QUERY")
    assert "ERROR at Row:1:Column:" in answer.json()[0]["message"]


def test_sf076_long_text_can_be_neither_filtered_nor_sorted(as_ada):
    for clause in ("WHERE Description = 'x'", "ORDER BY Description"):
        answer = as_ada.get("query", params={"q": f"SELECT Id FROM Event {clause}"})
        assert error_of(answer) == (400, "INVALID_FIELD")


def test_sf077_unselective_activity_query_of_a_limited_user_is_too_large(org, as_ada, admin, ada, tomorrow):
    for _ in range(3):
        as_ada.create("Event", StartDateTime=tomorrow("09:00"), DurationInMinutes=30)
    org.settings.unselective_rows = 2
    wide = "SELECT Id FROM Event WHERE Subject = null"
    assert error_of(as_ada.get("query", params={"q": wide})) == (400, "OPERATION_TOO_LARGE")
    assert len(as_ada.records(f"{wide} AND OwnerId = '{ada}'")) == 3
    assert len(admin.records(wide)) == 3


def test_sf078_links_to_several_objects_show_type_and_name(as_ada, tomorrow):
    account = as_ada.create("Account", Name="Acme", Phone="1")
    contact = as_ada.create("Contact", LastName="X")
    times = {"StartDateTime": tomorrow("09:00"), "DurationInMinutes": 30}
    as_ada.create("Event", **times, WhatId=account, WhoId=contact)
    (found,) = as_ada.query("SELECT What.Type, What.Name, Who.Type, Who.Name, Owner.Name FROM Event")["records"]
    assert found["What"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v67.0/sobjects/Account/{account}"},
        "Type": "Account",
        "Name": "Acme",
    }
    assert (found["Who"]["Type"], found["Who"]["Name"]) == ("Contact", "X")
    assert (found["Owner"]["attributes"]["type"], found["Owner"]["Name"]) == ("Name", "Ada Lovelace")
    assert len(as_ada.records("SELECT Id FROM Event WHERE What.Type = 'Account' AND Who.Type = 'Contact'")) == 1
    (by_type,) = as_ada.query(
        "SELECT TYPEOF What WHEN Account THEN Name, Phone WHEN Opportunity THEN StageName ELSE Id END FROM Event"
    )["records"]
    assert (by_type["What"]["Name"], by_type["What"]["Phone"]) == ("Acme", "1")
    assert by_type["What"]["attributes"]["type"] == "Account"


def test_sf079_rows_become_visible_after_their_stamp(sf, org, as_ada, ada):
    sf.world.clock.freeze()
    began = sf.world.clock.now()
    sf.world.clock.advance(300)
    as_ada.create("Contact", LastName="Quick")
    (seen,) = as_ada.records("SELECT SystemModstamp FROM Contact ORDER BY SystemModstamp DESC LIMIT 1")
    with org.stamped(began):
        late = org.insert("Contact", {"LastName": "Slow"}, as_user=ada)
    cursor = seen["SystemModstamp"].replace("+0000", "Z")
    assert as_ada.records(f"SELECT Id FROM Contact WHERE SystemModstamp > {cursor}") == []
    overlap = stamp(moment(seen["SystemModstamp"]) - timedelta(minutes=10)).replace("+0000", "Z")
    found = as_ada.records(f"SELECT Id FROM Contact WHERE SystemModstamp >= {overlap}")
    assert {"Id": late} in found


def test_sf079_commit_lag_sets_all_stamps_back(sf, org, as_ada):
    org.settings.commit_lag = 120
    sf.world.clock.freeze()
    row = as_ada.row("Contact", as_ada.create("Contact", LastName="X"))
    assert (sf.world.clock.now() - moment(row["SystemModstamp"])).total_seconds() // 1 == 120


def test_sf080_many_rows_share_a_stamp_and_keyset_paging_cuts_inside_the_tie(sf, as_ada):
    sf.world.clock.freeze()
    fill(as_ada, 30)
    rows = as_ada.records("SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id LIMIT 10")
    assert len({row["SystemModstamp"] for row in rows}) == 1
    seen, last = [row["Id"] for row in rows], rows[-1]
    while True:
        at = last["SystemModstamp"].replace("+0000", "Z")
        rows = as_ada.records(
            "SELECT Id, SystemModstamp FROM Contact "
            f"WHERE SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{last['Id']}') "
            "ORDER BY SystemModstamp, Id LIMIT 10"
        )
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        last = rows[-1]
    assert len(seen) == len(set(seen)) == 30
    lossy = as_ada.records(f"SELECT Id FROM Contact WHERE SystemModstamp > {at} ORDER BY SystemModstamp LIMIT 10")
    assert lossy == []


def test_sf081_system_changes_move_the_modstamp_alone(sf, org, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    before = as_ada.row("Contact", contact)
    sf.world.clock.advance(60)
    org.system_update(contact)
    after = as_ada.row("Contact", contact)
    assert after["LastModifiedDate"] == before["LastModifiedDate"]
    assert after["SystemModstamp"] > before["SystemModstamp"]


def test_sf082_change_of_a_parent_does_not_touch_its_children(sf, as_ada):
    account = as_ada.create("Account", Name="Acme")
    contact = as_ada.create("Contact", LastName="X", AccountId=account)
    before = as_ada.row("Contact", contact)["SystemModstamp"]
    sf.world.clock.advance(60)
    as_ada.patch(f"sobjects/Account/{account}", {"Name": "Acme & Co"})
    (found,) = as_ada.records("SELECT SystemModstamp, Account.Name FROM Contact")
    assert (found["SystemModstamp"], found["Account"]["Name"]) == (before, "Acme & Co")


def test_sf083_replication_ignores_seconds_and_needs_more_than_a_minute(sf, as_ada):
    sf.world.clock.freeze(sf.world.clock.now().replace(second=30))
    now = sf.world.clock.now()
    as_ada.create("Contact", LastName="X")
    for start, end in ((now, now), (now, now - timedelta(minutes=5)), (now, now + timedelta(seconds=60))):
        assert error_of(updated(as_ada, start, end)) == (400, "INVALID_REPLICATION_DATE")
        assert error_of(deleted(as_ada, start, end)) == (400, "INVALID_REPLICATION_DATE")
    late_start = now + timedelta(seconds=29)
    assert len(updated(as_ada, late_start, now + timedelta(minutes=5)).json()["ids"]) == 1


def test_sf084_deleted_reaches_back_15_days_and_updated_30(sf, as_ada):
    now = sf.world.clock.now()
    for days, ok in ((14, (True, True)), (16, (False, True)), (31, (False, False))):
        start = now - timedelta(days=days)
        assert (deleted(as_ada, start, now).ok, updated(as_ada, start, now).ok) == ok


def test_sf084_simple_salesforce_reads_the_deleted(sf, as_ada, ada):
    contact = as_ada.create("Contact", LastName="X")
    as_ada.delete(f"sobjects/Contact/{contact}")
    now = sf.world.clock.now()
    answer = sf.simple("ada@example.com").Contact.deleted(now - timedelta(hours=1), now + timedelta(minutes=5))
    assert [row["id"] for row in answer["deletedRecords"]] == [contact]
    assert set(answer) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}


def test_sf085_long_transactions_hold_the_covered_date_back(sf, org, as_ada):
    sf.world.clock.freeze()
    start = sf.world.clock.now() - timedelta(minutes=30)
    with org.long_transaction() as began:
        sf.world.clock.advance(600)
        answer = updated(as_ada, start, sf.world.clock.now()).json()
        assert answer["latestDateCovered"] == stamp(began)
        with org.stamped(began):
            late = org.insert("Account", {"Name": "Late"})
    again = updated(as_ada, began - timedelta(minutes=1), sf.world.clock.now(), "Account").json()
    assert again["ids"] == [late]
    assert again["latestDateCovered"] > stamp(began)


def test_sf086_purged_delete_log_refuses_old_starts(sf, org, as_ada):
    now = sf.world.clock.now()
    assert deleted(as_ada, now - timedelta(days=2), now).ok
    org.purge_delete_log()
    assert error_of(deleted(as_ada, now - timedelta(days=2), now)) == (400, "INVALID_REPLICATION_DATE")
    sf.world.clock.advance(600)
    fresh = now + timedelta(minutes=2)
    assert deleted(as_ada, fresh, sf.world.clock.now()).ok


def test_sf087_too_many_ids_are_refused(sf, as_ada, monkeypatch):
    fill(as_ada, 3)
    now = sf.world.clock.now()
    span = (now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert len(updated(as_ada, *span).json()["ids"]) == 3
    monkeypatch.setattr("backend.sandbox.salesforce.rest.replication.MOST_IDS", 2)
    assert error_of(updated(as_ada, *span)) == (400, "EXCEEDED_ID_LIMIT")


def test_sf088_loss_of_access_looks_exactly_like_a_deletion(as_ada, admin, bob):
    account = admin.create("Account", Name="Acme")
    contact = as_ada.create("Contact", LastName="X", AccountId=account)
    admin.patch(f"sobjects/Contact/{contact}", {"OwnerId": bob})
    assert as_ada.records("SELECT Id FROM Contact", "queryAll") == []
    assert error_of(as_ada.get(f"sobjects/Contact/{contact}")) == (404, "NOT_FOUND")
    assert admin.records("SELECT Id FROM Contact") == [{"Id": contact}]


def test_sf089_undelete_brings_back_id_and_relations_under_a_newer_stamp(sf, org, as_ada, tomorrow):
    contact = as_ada.create("Contact", LastName="X")
    event = as_ada.create("Event", StartDateTime=tomorrow("09:00"), DurationInMinutes=30, WhoId=contact)
    before = as_ada.row("Event", event)["SystemModstamp"]
    sf.world.clock.advance(60)
    as_ada.delete(f"sobjects/Event/{event}")
    binned = as_ada.records("SELECT WhoId, AccountId FROM Event WHERE IsDeleted = true", "queryAll")
    assert binned == [{"WhoId": None, "AccountId": None}]
    assert as_ada.records("SELECT Id FROM EventRelation") == []
    sf.world.clock.advance(60)
    org.undelete(event)
    row = as_ada.row("Event", event)
    assert row["WhoId"] == contact
    assert row["SystemModstamp"] > before
    assert as_ada.records("SELECT RelationId FROM EventRelation") == [{"RelationId": contact}]


def test_sf089_without_shared_activities_ids_stay_on_the_row_in_the_bin(org, as_ada, tomorrow):
    org.settings.shared_activities = False
    contact = as_ada.create("Contact", LastName="X")
    event = as_ada.create("Event", StartDateTime=tomorrow("09:00"), DurationInMinutes=30, WhoId=contact)
    as_ada.delete(f"sobjects/Event/{event}")
    assert as_ada.records("SELECT WhoId FROM Event", "queryAll") == [{"WhoId": contact}]


def test_sf090_emptied_bin_leaves_query_all_but_not_the_delete_log(sf, org, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    as_ada.delete(f"sobjects/Contact/{contact}")
    assert as_ada.query("SELECT COUNT() FROM Contact", "queryAll")["totalSize"] == 1
    org.empty_bin()
    assert as_ada.query("SELECT COUNT() FROM Contact", "queryAll")["totalSize"] == 0
    now = sf.world.clock.now()
    listed = deleted(as_ada, now - timedelta(hours=1), now + timedelta(minutes=5)).json()["deletedRecords"]
    assert [row["id"] for row in listed] == [contact]
    assert error_of(as_ada.get(f"sobjects/Contact/{contact}")) == (404, "NOT_FOUND")


def test_sf090_bin_forgets_after_15_days(sf, as_ada):
    contact = as_ada.create("Contact", LastName="X")
    as_ada.delete(f"sobjects/Contact/{contact}")
    sf.world.clock.advance(14 * 86_400)
    api = sf.api("ada@example.com")
    assert api.query("SELECT COUNT() FROM Contact", "queryAll")["totalSize"] == 1
    sf.world.clock.advance(2 * 86_400)
    api = sf.api("ada@example.com")
    assert api.query("SELECT COUNT() FROM Contact", "queryAll")["totalSize"] == 0


def test_sf091_stamps_follow_the_servers_clock_which_the_date_header_tells(sf, as_ada):
    sf.world.clock.shift(-5400)
    api = sf.api("ada@example.com")
    answer = api.post("sobjects/Contact", {"LastName": "X"})
    row = api.row("Contact", answer.json()["id"])
    date = answer.headers["Date"]
    assert moment(row["SystemModstamp"]).strftime("%a, %d %b %Y %H:%M") == date[:22]


def test_sf135_aggregate_with_too_many_groups_has_no_second_page(org, as_ada):
    fill(as_ada, 30)
    org.settings.aggregate_rows = 20
    soql = "SELECT LastName, COUNT(Id) FROM Contact GROUP BY LastName"
    answer = as_ada.get("query", params={"q": soql})
    assert error_of(answer) == (400, "EXCEEDED_ID_LIMIT")
    assert answer.json()[0]["message"].startswith("Aggregate query does not support queryMore()")
    assert len(as_ada.records(f"{soql} LIMIT 20")) == 20


def test_query_by_unquoted_offset_needs_an_escaped_plus(as_ada):
    as_ada.create("Contact", LastName="X")
    soql = quote("SELECT Id FROM Contact WHERE SystemModstamp > 2020-01-01T00:00:00+01:00", safe="+")
    assert error_of(as_ada.get(f"query?q={soql}")) == (400, "MALFORMED_QUERY")
    assert as_ada.get(f"query?q={soql.replace('+', '%2B')}").json()["totalSize"] == 1


def test_simple_salesforce_quotes_what_it_is_given(sf, as_ada, ada):
    as_ada.create("Contact", LastName="O'Hara \\ Sons", Email="a@example.com")
    client = sf.simple("ada@example.com")
    assert client.query(format_soql("SELECT Id FROM Contact WHERE LastName = {}", "O'Hara \\ Sons"))["totalSize"] == 1
    emails = ["A@example.com", "b'@example.com"]
    assert client.query(format_soql("SELECT Id FROM Contact WHERE Email IN {}", emails))["totalSize"] == 1
