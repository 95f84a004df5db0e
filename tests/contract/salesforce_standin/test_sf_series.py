"""Repeating events of the Salesforce stand-in (SF-098 to SF-106)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from backend.sandbox.salesforce.series import parse
from tests.fakes.salesforce_client import error_of

NOON = datetime(2030, 3, 1, 12, tzinfo=UTC)
FIRST = {"StartDateTime": "2030-03-04T14:00:00Z", "EndDateTime": "2030-03-04T15:00:00Z"}


@pytest.fixture
def march(sf, ada):
    """A client of Ada's (New York) on Friday, 1 March 2030; summer time begins there on the 10th."""
    sf.world.clock.freeze(NOON)
    return sf.api("ada@example.com")


def series(api, rule: str, **more) -> list[dict]:
    api.create("Event", Subject="Standup", Recurrence2PatternText=rule, **{**FIRST, **more})
    return rows(api)


def rows(api, fields: str = "Id, Subject, StartDateTime, EndDateTime, SystemModstamp") -> list[dict]:
    return api.records(f"SELECT {fields} FROM Event ORDER BY StartDateTime, Id")


def starts(found: list[dict]) -> list[str]:
    return [row["StartDateTime"][5:16] for row in found]


def test_sf098_insert_with_a_pattern_makes_one_row_per_occurrence_and_no_master(march):
    found = series(march, "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3")
    assert starts(found) == ["03-04T14:00", "03-11T13:00", "03-18T13:00"]
    details = march.records(
        "SELECT IsRecurrence2, IsRecurrence, Recurrence2PatternText, Recurrence2PatternTimeZone, GroupEventType, "
        "Recurrence2PatternStartDate, RecurrenceActivityId FROM Event"
    )
    assert len({str(row) for row in details}) == 1
    assert details[0] == {
        "IsRecurrence2": True,
        "IsRecurrence": False,
        "Recurrence2PatternText": "RRULE:FREQ=WEEKLY;BYDAY=MO;WKST=SU;INTERVAL=1;COUNT=3",
        "Recurrence2PatternTimeZone": "America/New_York",
        "GroupEventType": "0",
        "Recurrence2PatternStartDate": "2030-03-04T14:00:00.000+0000",
        "RecurrenceActivityId": None,
    }


def test_sf098_every_occurrence_has_its_own_relations(march):
    contact = march.create("Contact", LastName="X")
    series(march, "FREQ=DAILY;COUNT=3", WhoId=contact)
    relations = march.records("SELECT EventId FROM EventRelation")
    assert {row["EventId"] for row in relations} == {row["Id"] for row in rows(march)}


def test_sf098_key_stays_with_the_first_occurrence(march):
    series(march, "FREQ=DAILY;COUNT=2", Lockstep_Key__c="k1")
    assert [row["Lockstep_Key__c"] for row in rows(march, "Lockstep_Key__c")] == ["k1", None]


def test_sf098_endless_rule_is_materialised_up_to_a_number(org, march):
    org.settings.endless_occurrences = 7
    assert len(series(march, "FREQ=DAILY")) == 7


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("FREQ=DAILY;COUNT=2", "RRULE:FREQ=DAILY;WKST=SU;INTERVAL=1;COUNT=2"),
        ("RRULE:COUNT=2;INTERVAL=3;FREQ=DAILY", "RRULE:FREQ=DAILY;WKST=SU;INTERVAL=3;COUNT=2"),
        ("freq=weekly;byday=mo,we;wkst=mo;count=2", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;WKST=MO;INTERVAL=1;COUNT=2"),
    ],
)
def test_sf099_pattern_text_is_normalised(march, sent, stored):
    series(march, sent)
    assert {row["Recurrence2PatternText"] for row in rows(march, "Recurrence2PatternText")} == {stored}


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;COUNT=3",
        "FREQ=WEEKLY;BYDAY=1MO;COUNT=3",
        "FREQ=DAILY;BYDAY=MO;COUNT=3",
        "FREQ=DAILY;COUNT=3;UNTIL=20300401T000000Z",
        "FREQ=DAILY;COUNT=1000",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;INTERVAL=1000;COUNT=2",
        "FREQ=WEEKLY;BYDAY=MO;INTERVAL=100;COUNT=2",
        "FREQ=DAILY;UNTIL=20300401",
        "FREQ=HOURLY;COUNT=3",
        "FREQ=DAILY;BYHOUR=9;COUNT=3",
        "FREQ=MONTHLY;COUNT=3",
        "FREQ=MONTHLY;BYMONTHDAY=4;BYDAY=MO;COUNT=3",
        "FREQ=MONTHLY;BYDAY=1MO,2TU;COUNT=3",
        "FREQ=MONTHLY;BYDAY=5MO;COUNT=3",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1;COUNT=3",
        "FREQ=MONTHLY;BYDAY=MO;COUNT=3",
        "FREQ=YEARLY;BYMONTHDAY=4;COUNT=3",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYMONTHDAY=4;COUNT=3",
        "EXDATE=20300311T140000Z;FREQ=DAILY",
        "nonsense",
    ],
)
def test_sf100_rules_outside_the_subset_are_refused(march, rule):
    answer = march.post("sobjects/Event", {**FIRST, "Recurrence2PatternText": rule})
    assert error_of(answer) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert answer.json()[0]["fields"] == ["Recurrence2PatternText"]
    assert rows(march) == []


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", ["03-31", "04-30", "05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=4;COUNT=2", ["03-04", "04-04"]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=3", ["03-04", "04-01", "05-06"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["03-29", "04-30"]),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=4;COUNT=2", ["03-04", "03-04"]),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=SA,SU;BYSETPOS=1;COUNT=1", ["05-04"]),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20300306T200000Z", ["03-04", "03-05", "03-06"]),
    ],
)
def test_sf100_rules_of_the_subset_are_expanded(march, rule, days):
    assert [start[:5] for start in starts(series(march, rule))] == days


def test_expansion_follows_the_wall_clock_over_a_change_of_dst():
    found = parse("FREQ=DAILY;COUNT=2").starts(datetime(2030, 11, 2, 13, tzinfo=UTC), "America/New_York", 10)
    assert [start.hour for start in found] == [13, 14]


@pytest.mark.parametrize(
    "change",
    [
        {"IsRecurrence2": False},
        {"Recurrence2PatternText": "RRULE:FREQ=DAILY;COUNT=9"},
        {"Recurrence2PatternTimeZone": "Europe/Berlin"},
        {"Recurrence2PatternStartDate": "2030-03-05T14:00:00Z"},
        {"Recurrence2PatternVersion": "2"},
        {"IsRecurrence2Exclusion": True},
    ],
)
def test_sf101_pattern_fields_cannot_be_changed(march, change):
    first = series(march, "FREQ=DAILY;COUNT=2")[0]["Id"]
    answer = march.patch(f"sobjects/Event/{first}", change)
    assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_sf102_change_of_one_future_occurrence_is_a_change_of_all(sf, march):
    before = series(march, "FREQ=WEEKLY;BYDAY=MO;COUNT=3")
    sf.world.clock.advance(60)
    change = {"Subject": "Moved", "StartDateTime": "2030-03-11T14:30:00Z", "EndDateTime": "2030-03-11T15:30:00Z"}
    assert march.patch(f"sobjects/Event/{before[1]['Id']}", change).status_code == 204
    after = rows(march)
    assert [row["Id"] for row in after] == [row["Id"] for row in before]
    assert {row["Subject"] for row in after} == {"Moved"}
    assert starts(after) == ["03-04T15:30", "03-11T14:30", "03-18T14:30"]
    assert all(row["SystemModstamp"] > before[0]["SystemModstamp"] for row in after)


def test_sf102_change_of_a_past_occurrence_marks_it_alone(sf, march):
    series(march, "FREQ=WEEKLY;BYDAY=MO;COUNT=3")
    sf.world.clock.advance(7 * 86_400)
    api = sf.api("ada@example.com")
    first = rows(api)[0]["Id"]
    assert api.patch(f"sobjects/Event/{first}", {"Subject": "Was different"}).status_code == 204
    found = rows(api, "Subject, IsRecurrence2Exception, StartDateTime")
    assert [(row["Subject"], row["IsRecurrence2Exception"]) for row in found] == [
        ("Was different", True),
        ("Standup", False),
        ("Standup", False),
    ]


def test_sf103_new_pattern_makes_future_rows_anew_and_excludes_past_ones(sf, org, march):
    before = series(march, "FREQ=WEEKLY;BYDAY=MO;COUNT=4")
    sf.world.clock.advance(7 * 86_400)
    fresh = org.change_series_pattern(before[0]["Id"], "FREQ=WEEKLY;BYDAY=TU;COUNT=3")
    api = sf.api("ada@example.com")
    found = rows(api, "Id, StartDateTime, IsRecurrence2Exclusion, Recurrence2PatternText")
    assert [(row["StartDateTime"][5:10], row["IsRecurrence2Exclusion"]) for row in found] == [
        ("03-04", True),
        ("03-12", False),
        ("03-19", False),
    ]
    assert [row["Id"] for row in found[1:]] == fresh
    assert not set(fresh) & {row["Id"] for row in before}
    assert len(api.records("SELECT Id FROM Event WHERE IsDeleted = true", "queryAll")) == 3


def test_sf104_tail_is_deleted_later_and_the_answer_is_not_json(sf, march):
    before = series(march, "FREQ=WEEKLY;BYDAY=MO;COUNT=4")
    answer = march.delete(f"sobjects/Event/{before[2]['Id']}/fromThisEventOnwards")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert len(rows(march)) == 4
    sf.world.clock.advance(5)
    assert [row["Id"] for row in rows(march)] == [row["Id"] for row in before[:2]]


def test_sf104_tail_of_the_first_occurrence_is_the_whole_series(sf, march):
    first = series(march, "FREQ=DAILY;COUNT=3")[0]["Id"]
    march.delete(f"sobjects/Event/{first}/fromThisEventOnwards")
    sf.world.clock.advance(5)
    assert rows(march) == []


def test_sf104_single_events_and_copies_are_no_place_to_cut(march, bob, sf):
    single = march.create("Event", **FIRST)
    assert error_of(march.delete(f"sobjects/Event/{single}/fromThisEventOnwards"))[0] == 400
    march.delete(f"sobjects/Event/{single}")
    first = series(march, "FREQ=DAILY;COUNT=2")[0]["Id"]
    march.create("EventRelation", EventId=first, RelationId=bob)
    as_bob = sf.api("bob@example.com")
    (copy,) = as_bob.records("SELECT Id FROM Event WHERE IsChild = true")
    assert error_of(as_bob.delete(f"sobjects/Event/{copy['Id']}/fromThisEventOnwards"))[0] == 400


def test_sf104_one_occurrence_is_deleted_by_itself(march):
    before = series(march, "FREQ=DAILY;COUNT=3")
    assert march.delete(f"sobjects/Event/{before[1]['Id']}").status_code == 204
    assert [row["Id"] for row in rows(march)] == [before[0]["Id"], before[2]["Id"]]


CLASSIC = {
    "IsRecurrence": True,
    "RecurrenceType": "RecursWeekly",
    "RecurrenceInterval": 1,
    "RecurrenceDayOfWeekMask": 2 + 8,
    "RecurrenceStartDateTime": "2030-03-04T14:00:00Z",
    "RecurrenceEndDateOnly": "2030-03-13",
}


def test_sf105_classic_series_has_a_master_and_occurrences_that_point_at_it(march):
    master = march.create("Event", Subject="Old style", **FIRST, **CLASSIC)
    found = march.records(
        "SELECT Id, StartDateTime, IsRecurrence, RecurrenceActivityId FROM Event "
        "ORDER BY IsRecurrence DESC, StartDateTime"
    )
    assert found[0]["Id"] == master
    assert (found[0]["IsRecurrence"], found[0]["RecurrenceActivityId"]) == (True, None)
    assert starts(found[1:]) == ["03-04T14:00", "03-06T14:00", "03-11T13:00", "03-13T13:00"]
    assert {row["RecurrenceActivityId"] for row in found[1:]} == {master}


def test_sf105_deleting_the_master_takes_past_occurrences_too(sf, march):
    master = march.create("Event", **FIRST, **CLASSIC)
    sf.world.clock.advance(8 * 86_400)
    api = sf.api("ada@example.com")
    assert api.delete(f"sobjects/Event/{master}").status_code == 204
    assert rows(api) == []


def test_sf105_occurrence_of_a_classic_series_lasts_a_day_at_most(march):
    long = {"StartDateTime": "2030-03-04T14:00:00Z", "DurationInMinutes": 1441}
    answer = march.post("sobjects/Event", {**long, **CLASSIC})
    assert error_of(answer) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert rows(march) == []


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"RecurrenceType": "RecursDaily", "RecurrenceInterval": 5, "RecurrenceDayOfWeekMask": None}, "04 09"),
        ({"RecurrenceType": "RecursEveryWeekday", "RecurrenceEndDateOnly": "2030-03-06"}, "04 05 06"),
        (
            {"RecurrenceType": "RecursMonthly", "RecurrenceDayOfMonth": 9, "RecurrenceDayOfWeekMask": None},
            "09",
        ),
        (
            {
                "RecurrenceType": "RecursMonthlyNth",
                "RecurrenceInstance": "Last",
                "RecurrenceDayOfWeekMask": 32,
                "RecurrenceEndDateOnly": "2030-03-31",
            },
            "29",
        ),
    ],
)
def test_sf105_kinds_of_classic_rules(march, fields, days):
    march.create("Event", **FIRST, **{**CLASSIC, **fields})
    found = march.records("SELECT StartDateTime FROM Event WHERE IsRecurrence = false ORDER BY StartDateTime")
    assert " ".join(row["StartDateTime"][8:10] for row in found) == days


def test_sf106_an_event_is_never_in_both_kinds_of_series(march):
    both = {**FIRST, **CLASSIC, "Recurrence2PatternText": "FREQ=DAILY;COUNT=2"}
    assert error_of(march.post("sobjects/Event", both)) == (400, "FIELD_INTEGRITY_EXCEPTION")
    single = march.create("Event", **FIRST)
    for name in ("IsRecurrence", "IsRecurrence2"):
        answer = march.patch(f"sobjects/Event/{single}", {name: True})
        assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
