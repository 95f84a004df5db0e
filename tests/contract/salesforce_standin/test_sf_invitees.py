"""Invitees, copies and relations of events in the Salesforce stand-in (SF-107 to SF-116, SF-119)."""

from __future__ import annotations

import pytest

from tests.fakes.salesforce_client import error_of

WHEN = {"StartDateTime": "2030-05-06T09:00:00Z", "EndDateTime": "2030-05-06T10:00:00Z"}


@pytest.fixture
def meeting(as_ada) -> str:
    return as_ada.create("Event", Subject="Review", Location="Room 1", **WHEN)


def relations(api, event: str) -> list[tuple[str, bool, bool, bool]]:
    found = api.records(
        f"SELECT RelationId, IsParent, IsWhat, IsInvitee FROM EventRelation WHERE EventId = '{event}' ORDER BY Id"
    )
    return [(row["RelationId"], row["IsParent"], row["IsWhat"], row["IsInvitee"]) for row in found]


def people(api, number: int) -> list[str]:
    records = [{"attributes": {"type": "Contact"}, "LastName": f"P{n:02}"} for n in range(number)]
    return [row["id"] for row in api.post("composite/sobjects", {"records": records}).json()]


def test_sf107_inviting_a_user_adds_a_relation_and_a_copy_in_that_users_calendar(as_ada, as_bob, meeting, bob):
    assert as_bob.records("SELECT Id FROM Event") == []
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    (copy,) = as_bob.records("SELECT Id, Subject, Location, StartDateTime, OwnerId, IsChild, IsGroupEvent FROM Event")
    assert copy["Id"] != meeting
    assert (copy["Subject"], copy["Location"], copy["OwnerId"]) == ("Review", "Room 1", bob)
    assert (copy["IsChild"], copy["IsGroupEvent"]) == (True, True)
    original = as_ada.row("Event", meeting)
    assert (original["IsGroupEvent"], original["GroupEventType"], original["IsChild"]) == (True, "1", False)
    assert relations(as_ada, meeting) == [(bob, False, False, True)]


def test_sf107_contacts_and_leads_get_a_relation_only(as_ada, admin, meeting):
    contact, lead = as_ada.create("Contact", LastName="X"), as_ada.create("Lead", LastName="Y", Company="Z")
    for person in (contact, lead):
        as_ada.create("EventRelation", EventId=meeting, RelationId=person)
    assert len(admin.records("SELECT Id FROM Event")) == 1
    assert len(relations(as_ada, meeting)) == 2


def test_sf107_nobody_is_mailed(sf, as_ada, meeting, bob):
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    assert sf.world.outbox == []


def test_sf107_uninviting_takes_the_copy_away_and_deleting_the_meeting_all_copies(as_ada, as_bob, meeting, bob):
    relation = as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    as_ada.delete(f"sobjects/EventRelation/{relation}")
    assert as_bob.records("SELECT Id FROM Event") == []
    assert as_ada.row("Event", meeting)["IsGroupEvent"] is False
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    as_ada.delete(f"sobjects/Event/{meeting}")
    assert as_bob.records("SELECT Id FROM Event") == []
    assert as_ada.records("SELECT Id FROM EventRelation") == []


def test_sf107_undeleting_the_meeting_brings_copies_back(org, as_ada, as_bob, meeting, bob):
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    (before,) = as_bob.records("SELECT Id FROM Event")
    as_ada.delete(f"sobjects/Event/{meeting}")
    org.undelete(meeting)
    assert as_bob.records("SELECT Id FROM Event") == [before]


def test_sf107_all_events_of_an_owner_show_a_meeting_once_per_salesforce_attendee(as_ada, admin, meeting, bob):
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    assert len(admin.records("SELECT Id FROM Event WHERE Subject = 'Review'")) == 2
    assert len(admin.records("SELECT Id FROM Event WHERE Subject = 'Review' AND IsChild = false")) == 1


def test_sf108_copy_takes_nothing_but_a_reminder_and_no_relations(as_ada, as_bob, meeting, bob):
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    (copy,) = as_bob.records("SELECT Id FROM Event")
    refused = as_bob.patch(f"sobjects/Event/{copy['Id']}", {"Subject": "Mine"})
    assert error_of(refused) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    reminder = {"IsReminderSet": True, "ReminderDateTime": "2030-05-06T08:45:00Z"}
    assert as_bob.patch(f"sobjects/Event/{copy['Id']}", reminder).status_code == 204
    assert as_ada.row("Event", meeting)["IsReminderSet"] is False
    contact = as_bob.create("Contact", LastName="X")
    answer = as_bob.post("sobjects/EventRelation", {"EventId": copy["Id"], "RelationId": contact})
    assert error_of(answer) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_sf108_invited_user_cannot_change_the_original(as_ada, as_bob, admin, meeting, bob):
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    assert error_of(as_bob.patch(f"sobjects/Event/{meeting}", {"Subject": "Mine"}))[0] == 404


def test_sf108_copy_does_not_carry_the_unique_key(as_ada, as_bob, bob):
    keyed = as_ada.create("Event", **WHEN, Lockstep_Key__c="k1")
    as_ada.create("EventRelation", EventId=keyed, RelationId=bob)
    assert as_bob.records("SELECT Lockstep_Key__c FROM Event") == [{"Lockstep_Key__c": None}]


def test_sf109_change_of_the_original_flows_to_copies_under_new_stamps(sf, as_ada, as_bob, meeting, bob):
    as_ada.create("EventRelation", EventId=meeting, RelationId=bob)
    (before,) = as_bob.records("SELECT Id, SystemModstamp FROM Event")
    sf.world.clock.advance(60)
    as_ada.patch(f"sobjects/Event/{meeting}", {"Location": "Room 2", "StartDateTime": "2030-05-06T11:00:00Z"})
    (after,) = as_bob.records("SELECT Id, SystemModstamp, Location, StartDateTime, OwnerId FROM Event")
    assert (after["Id"], after["OwnerId"]) == (before["Id"], bob)
    assert (after["Location"], after["StartDateTime"]) == ("Room 2", "2030-05-06T11:00:00.000+0000")
    assert after["SystemModstamp"] > before["SystemModstamp"]


def test_sf110_relation_without_flags_is_an_invitee_who_has_not_answered(as_ada, meeting):
    contact = as_ada.create("Contact", LastName="X")
    row = as_ada.row("EventRelation", as_ada.create("EventRelation", EventId=meeting, RelationId=contact))
    assert (row["IsInvitee"], row["IsParent"], row["IsWhat"], row["Status"]) == (True, False, False, "New")


def test_sf110_without_shared_activities_there_are_no_flags(org, as_ada, meeting):
    org.settings.shared_activities = False
    contact = as_ada.create("Contact", LastName="X")
    answer = as_ada.post("sobjects/EventRelation", {"EventId": meeting, "RelationId": contact, "IsInvitee": True})
    assert error_of(answer) == (400, "INVALID_FIELD")
    row = as_ada.row("EventRelation", as_ada.create("EventRelation", EventId=meeting, RelationId=contact))
    assert "IsInvitee" not in row
    assert row["Status"] == "New"


def test_sf111_related_person_is_invited_by_updating_the_one_row(as_ada):
    contact = as_ada.create("Contact", LastName="X")
    event = as_ada.create("Event", **WHEN, WhoId=contact)
    assert relations(as_ada, event) == [(contact, True, False, False)]
    second = as_ada.post("sobjects/EventRelation", {"EventId": event, "RelationId": contact, "IsInvitee": True})
    assert error_of(second) == (400, "FIELD_INTEGRITY_EXCEPTION")
    (row,) = as_ada.records(f"SELECT Id FROM EventRelation WHERE EventId = '{event}'")
    assert as_ada.patch(f"sobjects/EventRelation/{row['Id']}", {"IsInvitee": True}).status_code == 204
    assert relations(as_ada, event) == [(contact, True, False, True)]
    assert as_ada.row("EventRelation", row["Id"])["Status"] == "New"


def test_sf112_ends_of_a_relation_are_fixed(as_ada, meeting, bob):
    contact = as_ada.create("Contact", LastName="X")
    relation = as_ada.create("EventRelation", EventId=meeting, RelationId=contact)
    for change in ({"EventId": meeting}, {"RelationId": bob}, {"IsWhat": True}):
        answer = as_ada.patch(f"sobjects/EventRelation/{relation}", change)
        assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_sf113_list_of_people_states_the_whole_set_and_its_first_is_the_who(as_ada):
    first, second, third = people(as_ada, 3)
    event = as_ada.create("Event", **WHEN, EventWhoIds=[second, first])
    row = as_ada.row("Event", event)
    assert (row["WhoId"], row["WhoCount"], row["EventWhoIds"]) == (second, 2, [second, first])
    as_ada.patch(f"sobjects/Event/{event}", {"EventWhoIds": [third]})
    row = as_ada.row("Event", event)
    assert (row["WhoId"], row["EventWhoIds"]) == (third, [third])
    as_ada.patch(f"sobjects/Event/{event}", {"EventWhoIds": None})
    assert as_ada.row("Event", event)["WhoId"] == third


def test_sf113_who_missing_from_the_list_is_added(as_ada):
    first, second = people(as_ada, 2)
    event = as_ada.create("Event", **WHEN, WhoId=first, EventWhoIds=[second])
    row = as_ada.row("Event", event)
    assert row["WhoId"] == first
    assert set(row["EventWhoIds"]) == {first, second}


def test_sf113_fifty_contacts_or_one_lead(as_ada):
    crowd = people(as_ada, 51)
    assert error_of(as_ada.post("sobjects/Event", {**WHEN, "EventWhoIds": crowd}))[1] == "FIELD_INTEGRITY_EXCEPTION"
    assert as_ada.row("Event", as_ada.create("Event", **WHEN, EventWhoIds=crowd[:50]))["WhoCount"] == 50
    leads = [as_ada.create("Lead", LastName=name, Company="Acme") for name in ("A", "B")]
    for mixed in (leads, [leads[0], crowd[0]]):
        answer = as_ada.post("sobjects/Event", {**WHEN, "EventWhoIds": mixed})
        assert error_of(answer) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_sf113_without_shared_activities_there_is_one_who(org, as_ada):
    org.settings.shared_activities = False
    (contact,) = people(as_ada, 1)
    assert error_of(as_ada.post("sobjects/Event", {**WHEN, "EventWhoIds": [contact]}))[1] == "INVALID_FIELD"
    event = as_ada.create("Event", **WHEN, WhoId=contact)
    assert as_ada.row("Event", event)["WhoId"] == contact
    assert as_ada.records("SELECT Id FROM EventRelation") == []
    described = {field["name"] for field in as_ada.get("sobjects/Event/describe").json()["fields"]}
    assert not {"EventWhoIds", "WhoCount", "WhatCount"} & described


def test_sf114_deleting_the_primary_relation_promotes_another_person(as_ada):
    first, second = people(as_ada, 2)
    event = as_ada.create("Event", **WHEN, EventWhoIds=[first, second])
    (row,) = as_ada.records(f"SELECT Id FROM EventRelation WHERE RelationId = '{first}'")
    as_ada.delete(f"sobjects/EventRelation/{row['Id']}")
    after = as_ada.row("Event", event)
    assert (after["WhoId"], after["WhoCount"]) == (second, 1)


def test_sf114_clearing_the_who_promotes_another_person(as_ada):
    first, second = people(as_ada, 2)
    event = as_ada.create("Event", **WHEN, EventWhoIds=[first, second])
    as_ada.patch(f"sobjects/Event/{event}", {"WhoId": None})
    assert as_ada.row("Event", event)["WhoId"] == second
    as_ada.patch(f"sobjects/Event/{event}", {"WhoId": None})
    assert as_ada.row("Event", event)["WhoId"] is None


def test_who_and_what_have_their_rows_and_follow_changes(as_ada):
    first, second = people(as_ada, 2)
    account = as_ada.create("Account", Name="Acme")
    event = as_ada.create("Event", **WHEN, WhoId=first, WhatId=account)
    assert relations(as_ada, event) == [(first, True, False, False), (account, True, True, False)]
    as_ada.patch(f"sobjects/Event/{event}", {"WhoId": second, "WhatId": None})
    assert relations(as_ada, event) == [(second, True, False, False)]


def test_sf116_resource_is_invited_only_while_free_and_can_only_accept(org, as_ada):
    room = org.ids.new("023")
    org.database.put({"Id": room, "Name": "Room", "Type": "Resource", "IsActive": True, "SystemModstamp": "2030"})
    first, second = as_ada.create("Event", **WHEN), as_ada.create("Event", **WHEN)
    declined = {"EventId": first, "RelationId": room, "Status": "Declined"}
    assert error_of(as_ada.post("sobjects/EventRelation", declined)) == (400, "FIELD_INTEGRITY_EXCEPTION")
    booked = as_ada.create("EventRelation", EventId=first, RelationId=room)
    assert as_ada.row("EventRelation", booked)["Status"] == "Accepted"
    taken = as_ada.post("sobjects/EventRelation", {"EventId": second, "RelationId": room})
    assert error_of(taken) == (400, "FIELD_INTEGRITY_EXCEPTION")
    later = as_ada.create("Event", StartDateTime="2030-05-06T10:00:00Z", DurationInMinutes=30)
    assert as_ada.create("EventRelation", EventId=later, RelationId=room)


def test_sf119_answer_of_an_invitee_stamps_the_relation_and_not_the_event(sf, as_ada, meeting):
    contact = as_ada.create("Contact", LastName="X")
    before = as_ada.row("Event", meeting)["SystemModstamp"]
    sf.world.clock.advance(60)
    relation = as_ada.create("EventRelation", EventId=meeting, RelationId=contact)
    first = as_ada.row("EventRelation", relation)["SystemModstamp"]
    sf.world.clock.advance(60)
    assert as_ada.patch(f"sobjects/EventRelation/{relation}", {"Status": "Accepted"}).status_code == 204
    assert as_ada.row("EventRelation", relation)["SystemModstamp"] > first
    assert as_ada.row("Event", meeting)["SystemModstamp"] == before


def test_lists_of_invitees_by_status_are_written_with_the_event(as_ada, as_bob, bob):
    (contact,) = people(as_ada, 1)
    event = as_ada.create("Event", **WHEN, AcceptedEventInviteeIds=[contact], UndecidedEventInviteeIds=[bob])
    row = as_ada.row("Event", event)
    assert (row["AcceptedEventInviteeIds"], row["UndecidedEventInviteeIds"]) == ([contact], [bob])
    assert len(as_bob.records("SELECT Id FROM Event WHERE IsChild = true")) == 1
    as_ada.patch(f"sobjects/Event/{event}", {"UndecidedEventInviteeIds": []})
    assert as_bob.records("SELECT Id FROM Event") == []
    assert as_ada.row("Event", event)["AcceptedEventInviteeIds"] == [contact]


def test_series_takes_at_most_a_hundred_invitees(as_ada, monkeypatch):
    monkeypatch.setattr("backend.sandbox.salesforce.event_relations.MOST_INVITEES_OF_SERIES", 1)
    first, second = people(as_ada, 2)
    event = as_ada.create("Event", **WHEN, Recurrence2PatternText="FREQ=DAILY;COUNT=2")
    as_ada.create("EventRelation", EventId=event, RelationId=first)
    answer = as_ada.post("sobjects/EventRelation", {"EventId": event, "RelationId": second})
    assert error_of(answer) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_relations_belong_to_who_may_change_the_event(as_ada, as_bob, admin, meeting, bob):
    contact = as_bob.create("Contact", LastName="X")
    answer = as_bob.post("sobjects/EventRelation", {"EventId": meeting, "RelationId": contact})
    assert answer.status_code in (400, 403)
    assert relations(admin, meeting) == []
