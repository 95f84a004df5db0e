"""Single events of the Salesforce stand-in (SF-092 to SF-097, SF-115, SF-117, SF-118, SF-121, SF-136)."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.fakes.salesforce_client import error_of

NINE, TEN = "2030-05-06T09:00:00Z", "2030-05-06T10:00:00Z"


def refused(api, **values) -> tuple[str, list[str]]:
    answer = api.post("sobjects/Event", values)
    assert answer.status_code == 400, answer.text
    return answer.json()[0]["errorCode"], answer.json()[0]["fields"]


def times(row) -> tuple[str, str, int]:
    return row["StartDateTime"][:16], row["EndDateTime"][:16], row["DurationInMinutes"]


def test_sf092_event_needs_a_start(as_ada):
    answer = as_ada.post("sobjects/Event", {"Subject": "Lunch", "DurationInMinutes": 30})
    assert answer.json() == [
        {
            "message": "Required fields are missing: [ActivityDateTime]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["ActivityDateTime"],
        }
    ]


def test_sf092_timed_event_needs_an_end_or_a_duration_that_agree(as_ada):
    assert refused(as_ada, StartDateTime=NINE) == ("FIELD_INTEGRITY_EXCEPTION", ["EndDateTime"])
    assert refused(as_ada, StartDateTime=NINE, EndDateTime=TEN, DurationInMinutes=30) == (
        "FIELD_INTEGRITY_EXCEPTION",
        ["DurationInMinutes"],
    )
    assert refused(as_ada, StartDateTime=TEN, EndDateTime=NINE) == ("FIELD_INTEGRITY_EXCEPTION", ["EndDateTime"])
    by_end = as_ada.row("Event", as_ada.create("Event", StartDateTime=NINE, EndDateTime=TEN))
    by_duration = as_ada.row("Event", as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=60))
    both = as_ada.row("Event", as_ada.create("Event", StartDateTime=NINE, EndDateTime=TEN, DurationInMinutes=60))
    assert times(by_end) == times(by_duration) == times(both) == ("2030-05-06T09:00", "2030-05-06T10:00", 60)


def test_sf092_zero_minutes_are_an_event(as_ada):
    row = as_ada.row("Event", as_ada.create("Event", StartDateTime=NINE, EndDateTime=NINE))
    assert row["DurationInMinutes"] == 0


def test_sf093_the_three_starts_must_agree_and_do_after_saving(as_ada):
    code = "FIELD_INTEGRITY_EXCEPTION"
    duration = {"DurationInMinutes": 60}
    assert refused(as_ada, StartDateTime=NINE, ActivityDateTime=TEN, **duration)[0] == code
    assert refused(as_ada, StartDateTime=NINE, ActivityDate="2030-05-07", **duration)[0] == code
    row = as_ada.row("Event", as_ada.create("Event", ActivityDateTime=NINE, **duration))
    assert row["StartDateTime"] == row["ActivityDateTime"] == "2030-05-06T09:00:00.000+0000"
    assert (row["ActivityDate"], row["EndDate"]) == ("2030-05-06", "2030-05-06")


def test_sf094_all_day_event_is_midnight_utc_with_an_inclusive_end(sf, org):
    org.add_user("west@example.com", time_zone="Pacific/Honolulu")
    west = sf.api("west@example.com")
    one = west.row("Event", west.create("Event", IsAllDayEvent=True, StartDateTime="2030-07-21T00:00:00Z"))
    assert times(one) == ("2030-07-21T00:00", "2030-07-21T00:00", 1440)
    three = west.row(
        "Event",
        west.create(
            "Event", IsAllDayEvent=True, StartDateTime="2030-07-21T00:00:00Z", EndDateTime="2030-07-23T00:00:00Z"
        ),
    )
    assert times(three) == ("2030-07-21T00:00", "2030-07-23T00:00", 3 * 1440)
    assert (three["ActivityDate"], three["EndDate"]) == ("2030-07-21", "2030-07-23")
    by_duration = west.row(
        "Event", west.create("Event", IsAllDayEvent=True, ActivityDate="2030-07-21", DurationInMinutes=2880)
    )
    assert times(by_duration) == ("2030-07-21T00:00", "2030-07-22T00:00", 2880)


def test_sf094_only_the_date_part_of_an_all_day_event_counts(as_ada):
    event = as_ada.create(
        "Event", IsAllDayEvent=True, StartDateTime="2030-07-21T23:30:00Z", EndDateTime="2030-07-21T23:45:00Z"
    )
    assert times(as_ada.row("Event", event)) == ("2030-07-21T00:00", "2030-07-21T00:00", 1440)


def test_sf094_start_filter_covers_both_kinds(as_ada):
    as_ada.create("Event", IsAllDayEvent=True, StartDateTime="2030-07-21T00:00:00Z")
    as_ada.create("Event", StartDateTime="2030-07-21T09:00:00Z", DurationInMinutes=30)
    assert len(as_ada.records("SELECT Id FROM Event WHERE StartDateTime >= 2030-07-21T00:00:00Z")) == 2


def test_sf095_longer_than_14_days_is_refused(as_ada):
    assert as_ada.create("Event", StartDateTime="2030-05-01T09:00:00Z", EndDateTime="2030-05-15T09:00:00Z")
    long = {"StartDateTime": "2030-05-01T09:00:00Z", "EndDateTime": "2030-05-15T09:01:00Z"}
    assert refused(as_ada, **long) == ("FIELD_INTEGRITY_EXCEPTION", ["EndDateTime"])
    days = {"IsAllDayEvent": True, "StartDateTime": "2030-05-01T00:00:00Z"}
    assert as_ada.create("Event", **days, EndDateTime="2030-05-14T00:00:00Z")
    assert refused(as_ada, **days, EndDateTime="2030-05-15T00:00:00Z")[0] == "FIELD_INTEGRITY_EXCEPTION"


def test_sf095_longer_than_a_day_needs_multiday_events(org, as_ada):
    org.settings.multiday_events = False
    assert as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=1440)
    answer = as_ada.post("sobjects/Event", {"StartDateTime": NINE, "DurationInMinutes": 1441})
    assert answer.json() == [
        {
            "message": "Duration must be between 0 and 1440 minutes",
            "errorCode": "FIELD_INTEGRITY_EXCEPTION",
            "fields": ["DurationInMinutes"],
        }
    ]


def test_sf096_reminder_needs_its_time(as_ada):
    event = {"StartDateTime": NINE, "DurationInMinutes": 30}
    assert refused(as_ada, **event, IsReminderSet=True) == ("FIELD_INTEGRITY_EXCEPTION", ["ReminderDateTime"])
    history = as_ada.create("Event", **event, ReminderDateTime="2030-05-06T08:45:00Z")
    assert as_ada.row("Event", history)["IsReminderSet"] is False
    created = as_ada.create("Event", **event, IsReminderSet=True, ReminderDateTime="2030-05-06T08:45:00Z")
    assert error_of(as_ada.patch(f"sobjects/Event/{created}", {"ReminderDateTime": None}))[0] == 400


def test_sf097_details_of_private_events_are_blank_for_others_but_not_for_administrators(sf, org, admin):
    top = org.add_role("Sales")
    low = org.add_role("Desk", top)
    org.add_user("boss@example.com", role=top)
    rep = org.add_user("rep@example.com", role=low)
    event = org.insert(
        "Event",
        {"Subject": "Doctor", "Location": "Clinic", "StartDateTime": NINE, "DurationInMinutes": 30, "IsPrivate": True},
        as_user=rep,
    )
    seen = sf.api("boss@example.com").records("SELECT Id, Subject, Location, StartDateTime, ShowAs FROM Event")
    assert seen == [
        {
            "Id": event,
            "Subject": None,
            "Location": None,
            "StartDateTime": "2030-05-06T09:00:00.000+0000",
            "ShowAs": "Busy",
        }
    ]
    assert sf.api("boss@example.com").row("Event", event)["Subject"] is None
    assert sf.api("boss@example.com").records("SELECT Id FROM Event WHERE Subject = 'Doctor'") == []
    assert admin.row("Event", event)["Subject"] == "Doctor"


def test_sf136_private_event_with_relations_is_refused(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    event = {"StartDateTime": NINE, "DurationInMinutes": 30}
    assert refused(as_ada, **event, IsPrivate=True, WhoId=contact) == ("FIELD_INTEGRITY_EXCEPTION", ["WhoId"])
    related = as_ada.create("Event", **event, WhoId=contact)
    assert error_of(as_ada.patch(f"sobjects/Event/{related}", {"IsPrivate": True}))[1] == "FIELD_INTEGRITY_EXCEPTION"
    change = as_ada.patch(f"sobjects/Event/{related}", {"IsPrivate": True, "WhoId": None})
    assert change.status_code == 204


def test_sf115_lead_excludes_every_what(as_ada):
    lead, account = as_ada.create("Lead", LastName="X", Company="Acme"), as_ada.create("Account", Name="Acme")
    event = {"StartDateTime": NINE, "DurationInMinutes": 30}
    both = refused(as_ada, **event, WhoId=lead, WhatId=account)
    assert both == ("FIELD_INTEGRITY_EXCEPTION", ["WhoId", "WhatId"])
    with_lead = as_ada.create("Event", **event, WhoId=lead)
    assert error_of(as_ada.patch(f"sobjects/Event/{with_lead}", {"WhatId": account}))[0] == 400


def test_sf117_event_may_belong_to_a_public_calendar(org, admin, as_ada):
    calendar = org.ids.new("023")
    org.database.put({"Id": calendar, "Name": "Room", "Type": "Public", "IsActive": True, "SystemModstamp": "2030"})
    event = admin.create("Event", StartDateTime=NINE, DurationInMinutes=30, OwnerId=calendar)
    (row,) = as_ada.records("SELECT Id, OwnerId, Owner.Type, Owner.Name FROM Event")
    assert (row["Id"], row["OwnerId"]) == (event, calendar)
    assert (row["Owner"]["Type"], row["Owner"]["Name"]) == ("Calendar", "Room")


def test_sf118_archiving_takes_old_events_out_of_sight_without_an_edit(sf, org, as_ada):
    old = as_ada.create("Event", StartDateTime="2020-01-01T09:00:00Z", DurationInMinutes=30)
    before = as_ada.row("Event", old)
    sf.world.clock.advance(60)
    assert org.archive_old_events() == 1
    assert as_ada.records("SELECT Id FROM Event") == []
    after = as_ada.row("Event", old)
    assert after["IsArchived"] is True
    assert (after["SystemModstamp"], after["LastModifiedDate"]) == (
        before["SystemModstamp"],
        before["LastModifiedDate"],
    )
    assert as_ada.patch(f"sobjects/Event/{old}", {"Subject": "Still writable"}).status_code == 204


def test_sf121_subtype_is_create_only(as_ada):
    event = as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30, EventSubtype="Event")
    answer = as_ada.patch(f"sobjects/Event/{event}", {"EventSubtype": "Event"})
    assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"StartDateTime": TEN}, ("2030-05-06T10:00", "2030-05-06T11:00", 60)),
        ({"EndDateTime": "2030-05-06T09:45:00Z"}, ("2030-05-06T09:00", "2030-05-06T09:45", 45)),
        ({"DurationInMinutes": 15}, ("2030-05-06T09:00", "2030-05-06T09:15", 15)),
        (
            {"StartDateTime": TEN, "EndDateTime": "2030-05-06T10:20:00Z"},
            ("2030-05-06T10:00", "2030-05-06T10:20", 20),
        ),
        ({"IsAllDayEvent": True}, ("2030-05-06T00:00", "2030-05-06T00:00", 1440)),
        ({"Subject": "No time at all"}, ("2030-05-06T09:00", "2030-05-06T10:00", 60)),
    ],
)
def test_times_settle_after_a_change_of_some_of_them(as_ada, change, expected):
    event = as_ada.create("Event", StartDateTime=NINE, EndDateTime=TEN)
    assert as_ada.patch(f"sobjects/Event/{event}", change).status_code == 204
    assert times(as_ada.row("Event", event)) == expected


def test_start_cannot_be_cleared(as_ada):
    event = as_ada.create("Event", StartDateTime=NINE, EndDateTime=TEN)
    answer = as_ada.patch(f"sobjects/Event/{event}", {"StartDateTime": None})
    assert error_of(answer) == (400, "REQUIRED_FIELD_MISSING")


def test_account_comes_from_what_else_from_the_contact(as_ada):
    first, second = as_ada.create("Account", Name="A"), as_ada.create("Account", Name="B")
    contact = as_ada.create("Contact", LastName="X", AccountId=first)
    deal = as_ada.create("Opportunity", Name="D", StageName="Closed Won", CloseDate="2030-01-01", AccountId=second)
    event = {"StartDateTime": NINE, "DurationInMinutes": 30}
    assert as_ada.row("Event", as_ada.create("Event", **event, WhoId=contact))["AccountId"] == first
    both = as_ada.create("Event", **event, WhoId=contact, WhatId=deal)
    assert as_ada.row("Event", both)["AccountId"] == second
    assert as_ada.row("Opportunity", deal)["IsWon"] is True


def test_nobody_writes_into_the_calendar_of_somebody_else(sf, org, as_ada, admin, bob):
    event = {"StartDateTime": NINE, "DurationInMinutes": 30, "OwnerId": bob}
    assert refused(as_ada, **event)[0] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert admin.row("Event", admin.create("Event", **event))["OwnerId"] == bob


def test_events_are_seen_by_owner_by_those_above_and_by_those_who_see_what_they_are_about(as_ada, as_bob, admin, bob):
    shared, hidden = as_ada.create("Account", Name="Acme"), as_ada.create("Contact", LastName="Private")
    about_account = as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30, WhatId=shared)
    as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30, WhoId=hidden)
    as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30)
    assert as_bob.records("SELECT Id FROM Event") == [{"Id": about_account}]
    assert as_bob.patch(f"sobjects/Event/{about_account}", {"Subject": "Mine"}).status_code == 403
    assert as_bob.delete(f"sobjects/Event/{about_account}").status_code == 403
    assert len(admin.records("SELECT Id FROM Event")) == 3


def test_deleted_contact_takes_activities_that_hang_on_nothing_else(as_ada, org):
    contact, account = as_ada.create("Contact", LastName="X"), as_ada.create("Account", Name="Acme")
    alone = as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30, WhoId=contact)
    about = as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30, WhoId=contact, WhatId=account)
    as_ada.delete(f"sobjects/Contact/{contact}")
    assert as_ada.records("SELECT Id, WhoId FROM Event") == [{"Id": about, "WhoId": None}]
    org.undelete(contact)
    assert {row["Id"] for row in as_ada.records("SELECT Id FROM Event")} == {alone, about}


def test_deleted_account_takes_its_contacts_deals_and_activities(as_ada, org):
    account = as_ada.create("Account", Name="Acme")
    as_ada.create("Contact", LastName="X", AccountId=account)
    as_ada.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2030-01-01", AccountId=account)
    as_ada.create("Event", StartDateTime=NINE, DurationInMinutes=30, WhatId=account)
    as_ada.delete(f"sobjects/Account/{account}")
    counts = [as_ada.query(f"SELECT COUNT() FROM {name}")["totalSize"] for name in ("Contact", "Opportunity", "Event")]
    assert counts == [0, 0, 0]
    org.undelete(account)
    counts = [as_ada.query(f"SELECT COUNT() FROM {name}")["totalSize"] for name in ("Contact", "Opportunity", "Event")]
    assert counts == [1, 1, 1]


def test_activity_dates_are_calendar_days_of_utc(as_ada):
    event = as_ada.create("Event", StartDateTime="2030-05-06T23:30:00-04:00", DurationInMinutes=60)
    row = as_ada.row("Event", event)
    assert (row["ActivityDate"], row["EndDate"]) == ("2030-05-07", "2030-05-07")
    assert datetime.fromisoformat(row["StartDateTime"]).isoformat() == "2030-05-07T03:30:00+00:00"
