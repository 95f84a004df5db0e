"""The organisation reader against the stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.domain.values import Kind, Timed
from backend.ports.answers import Verdict
from backend.ports.crm import OrganisationPage, Record
from backend.ports.errors import CursorExpired

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)


def read(bench: Any, mark: str | None, *filters: str, **options: Any) -> list[OrganisationPage]:
    """A reading as in a fresh process; its calls only."""
    organisation = bench.organisation(**options)
    bench.clear_calls()
    return list(organisation.changes(mark, filters))


def settled(bench: Any) -> str | None:
    """A mark of a while ago, so that the overlap shows nothing of what was before."""
    mark = read(bench, None)[-1].mark
    later(bench)
    mark = read(bench, mark)[-1].mark
    later(bench)
    return mark


def ids(pages: list[OrganisationPage], kind: Kind) -> list[str]:
    return [record.id for page in pages for record in page.records.get(kind, ())]


def contact(bench: Any, last: str = "Byron", **fields: Any) -> str:
    found: str = bench.org.insert("Contact", {"LastName": last, **fields})
    return found


def event(bench: Any, subject: str = "Lunch", start: datetime = TEN, **fields: Any) -> str:
    times = {"StartDateTime": start.isoformat(), "EndDateTime": (start + timedelta(hours=1)).isoformat()}
    found: str = bench.org.insert("Event", {"Subject": subject, **times, **fields})
    return found


def later(bench: Any, **time: float) -> None:
    """Let time pass; an hour unless told otherwise."""
    bench.sandbox.world.clock.advance(timedelta(**(time or {"hours": 1})).total_seconds())


def test_inv16_an_idle_reading_is_two_calls_whatever_the_organisation_holds(bench: Any) -> None:
    for number in range(5):
        bench.hire(f"u{number}@acme.example")
        contact(bench, f"L{number}")
        event(bench, f"E{number}")
    mark = settled(bench)
    pages = read(bench, mark)
    assert bench.calls() == 2
    assert (ids(pages, Kind.CONTACT), ids(pages, Kind.EVENT), pages[-1].users) == ([], [], ())
    assert pages[-1].removed == {Kind.CONTACT: (), Kind.EVENT: ()}


def test_a_full_listing_shows_everything_living(bench: Any) -> None:
    user = bench.hire()
    people = [contact(bench, f"L{n}", OwnerId=user) for n in range(3)]
    meetings = [event(bench, f"E{n}", OwnerId=user, IsPrivate=True) for n in range(3)]
    bench.org.delete(contact(bench, "Gone"))
    pages = read(bench, None)
    assert sorted(ids(pages, Kind.CONTACT)) == sorted(people)
    assert sorted(ids(pages, Kind.EVENT)) == sorted(meetings)
    assert [found.address for found in pages[-1].users if found.id == user] == ["ada@acme.example"]
    assert pages[-1].removed[Kind.CONTACT] == ()


def test_changes_and_deletions_are_told(bench: Any) -> None:
    kept, changed, deleted = contact(bench, "Kept"), contact(bench, "Old"), event(bench)
    mark = settled(bench)
    bench.org.update(changed, {"LastName": "New"})
    bench.org.delete(deleted)
    pages = read(bench, mark)
    assert ids(pages, Kind.CONTACT) == [changed]
    assert kept not in ids(pages, Kind.CONTACT)
    assert pages[-1].removed[Kind.EVENT] == (deleted,)
    assert bench.calls() == 2


def test_sf089_what_was_brought_back_is_told(bench: Any) -> None:
    back = event(bench)
    bench.org.delete(back)
    mark = settled(bench)
    bench.org.undelete(back)
    pages = read(bench, mark)
    assert ids(pages, Kind.EVENT) == [back]
    assert pages[-1].removed[Kind.EVENT] == ()


def test_sf079_a_row_that_becomes_visible_with_an_older_stamp_is_not_missed(bench: Any) -> None:
    now = bench.sandbox.world.clock.now()
    contact(bench, "Latest")
    mark = read(bench, None)[-1].mark
    with bench.org.stamped(now - timedelta(minutes=5)):
        late = contact(bench, "Late")
    assert late in ids(read(bench, mark), Kind.CONTACT)


@pytest.mark.parametrize("page_rows", [1, 2, 3])
def test_sf070_sf080_pages_that_end_among_equal_stamps_lose_nothing(bench: Any, page_rows: int) -> None:
    with bench.org.stamped(bench.sandbox.world.clock.now()):
        people = [contact(bench, f"L{n}") for n in range(5)]
        meetings = [event(bench, f"E{n}") for n in range(4)]
    bench.org.settings.page_rows = page_rows
    pages = read(bench, None)
    assert sorted(ids(pages, Kind.CONTACT)) == sorted(people)
    assert sorted(ids(pages, Kind.EVENT)) == sorted(meetings)


def test_sf081_a_stamp_moved_by_the_system_shows_the_row_again(bench: Any) -> None:
    touched = contact(bench)
    mark = settled(bench)
    bench.org.system_update(touched)
    [page] = [page for page in read(bench, mark) if page.records.get(Kind.CONTACT)]
    [record] = page.records[Kind.CONTACT]
    assert record.last_modified is not None
    assert record.version > record.last_modified


def test_sf082_d17_a_renamed_account_shows_its_contacts_again(bench: Any) -> None:
    account = bench.org.insert("Account", {"Name": "Old name"})
    person = contact(bench, AccountId=account)
    mark = settled(bench)
    bench.org.update(account, {"Name": "New name"})
    pages = read(bench, mark)
    [record] = [record for page in pages for record in page.records.get(Kind.CONTACT, ())]
    assert (record.id, record.values["company"]) == (person, "New name")
    assert bench.calls() == 3
    again = read(bench, pages[-1].mark)
    assert (ids(again, Kind.CONTACT), bench.calls()) == ([], 2)


def test_sf045_h5_a_merged_contact_names_the_winner(bench: Any) -> None:
    winner, loser = contact(bench, "Winner"), contact(bench, "Loser")
    mark = settled(bench)
    bench.org.merge(winner, loser)
    last = read(bench, mark)[-1]
    assert last.merged == {loser: winner}
    assert last.removed[Kind.CONTACT] == (loser,)
    assert read(bench, None)[-1].merged == {loser: winner}


def test_sf097_the_integration_user_sees_private_events_whole(bench: Any) -> None:
    event(bench, "Secret", OwnerId=bench.hire(), IsPrivate=True)
    [record] = read(bench, None)[0].records[Kind.EVENT]
    assert (record.values["subject"], record.values["private"]) == ("Secret", True)


def test_sf107_ls134_an_invitees_copy_is_marked(bench: Any) -> None:
    host, guest = bench.hire(), bench.hire("bob@acme.example")
    parent = event(bench, OwnerId=host)
    bench.org.insert("EventRelation", {"EventId": parent, "RelationId": guest, "IsInvitee": True})
    records = read(bench, None)[0].records[Kind.EVENT]
    assert {(record.owner_id, record.is_child) for record in records} == {(host, False), (guest, True)}


def test_ls153_the_head_of_a_classic_series_has_a_reason_and_its_occurrences_have_none(bench: Any) -> None:
    head = event(
        bench, "Old style", IsRecurrence=True, RecurrenceType="RecursDaily", RecurrenceInterval=1,
        RecurrenceStartDateTime=TEN.isoformat(), RecurrenceEndDateOnly=(TEN + timedelta(days=1)).date().isoformat(),
    )  # fmt: skip
    found = [record for page in read(bench, None) for record in page.records.get(Kind.EVENT, ())]
    told = {record.id: record.problem for record in found if record.problem}
    assert list(told) == [head]
    assert "Salesforce Classic" in str(told[head])
    assert len(found) == 3


def test_ls110_a_full_listing_leaves_old_events_out_and_a_change_brings_them_up(bench: Any) -> None:
    now = bench.sandbox.world.clock.now()
    old, recent = event(bench, "Old", now - timedelta(days=90)), event(bench, "Recent", now - timedelta(days=30))
    since = (now - timedelta(days=60)).date()
    pages = read(bench, None, events_since=since)
    assert ids(pages, Kind.EVENT) == [recent]
    bench.org.update(old, {"Subject": "Still old"})
    assert set(ids(read(bench, pages[-1].mark, events_since=since), Kind.EVENT)) == {recent, old}


def test_filter_fields_come_as_text(bench: Any) -> None:
    contact(bench, LeadSource="Web", DoNotCall=True)
    [record] = read(bench, None, "leadsource", "DoNotCall", "Nothing__c")[0].records[Kind.CONTACT]
    assert record.raw == {"leadsource": "Web", "DoNotCall": "true"}


def test_sf048_a_field_withdrawn_since_makes_the_reader_list_everything_anew(bench: Any) -> None:
    contact(bench, Fax="+44 1")
    mark = read(bench, None)[-1].mark
    bench.org.bundles[bench.org.admin_profile].hidden.add(("Contact", "Fax"))
    bench.org.changed("Profile")
    with pytest.raises(CursorExpired):
        read(bench, mark)
    [record] = read(bench, None)[0].records[Kind.CONTACT]
    assert "fax" not in record.values


def test_sf086_sf090_a_mark_older_than_the_bin_expires(bench: Any) -> None:
    mark = read(bench, None)[-1].mark
    later(bench, days=15)
    with pytest.raises(CursorExpired):
        read(bench, mark)


def test_sf090_fetch_concludes_nothing_from_a_row_that_is_nowhere(bench: Any) -> None:
    living, deleted, erased = contact(bench, "A"), contact(bench, "B"), contact(bench, "C")
    bench.org.delete(erased)
    bench.org.empty_bin()
    bench.org.delete(deleted)
    found = bench.organisation().fetch(Kind.CONTACT, [living, deleted, erased])
    assert isinstance(found[living], Record)
    assert (found[deleted], found[erased]) == (Verdict.GONE, Verdict.UNKNOWN)


def test_d9_d3_records_are_found_by_our_key_also_in_the_recycle_bin(bench: Any) -> None:
    keys = [uuid4(), uuid4()]
    living = event(bench, Lockstep_Key__c=str(keys[0]))
    deleted = event(bench, Lockstep_Key__c=str(keys[1]))
    event(bench)
    bench.org.delete(deleted)
    found = bench.organisation().find_tagged(Kind.EVENT, [*keys, uuid4()])
    assert {(one.id, one.key_tag, one.in_bin) for one in found} == {(living, keys[0], False), (deleted, keys[1], True)}
    assert bench.organisation().find_tagged(Kind.EVENT, []) == []


def test_identity_is_the_organisations_id(bench: Any) -> None:
    assert bench.organisation().identity() == bench.org.id


def test_times_are_read_as_they_are(bench: Any) -> None:
    event(bench, start=TEN)
    [record] = read(bench, None)[0].records[Kind.EVENT]
    assert record.values["when"] == Timed(TEN, TEN + timedelta(hours=1))


# --- followed contacts -----------------------------------------------------------------------------------------------


def follows(bench: Any, mark: str | None) -> OrganisationPage:
    """The last page of a reading that asks for followed contacts."""
    bench.clear_calls()
    return list(bench.organisation().changes(mark, (), followed=True))[-1]


def test_ls041_who_follows_which_contact_is_told_at_once_and_costs_no_further_call(bench: Any) -> None:
    user = bench.hire()
    first, second, account = contact(bench, "A"), contact(bench, "B"), bench.org.insert("Account", {"Name": "Acme"})
    for followed in (first, account):
        bench.org.insert("EntitySubscription", {"ParentId": followed, "SubscriberId": user})
    page = follows(bench, None)
    assert (page.followed, page.all_followed) == ({(user, first)}, True)
    later(bench)
    page = follows(bench, page.mark)
    later(bench)

    bench.org.insert("EntitySubscription", {"ParentId": second, "SubscriberId": user})
    page = follows(bench, page.mark)
    assert (page.followed, page.all_followed) == ({(user, second)}, False)
    assert bench.calls() == 2


def test_followed_contacts_are_not_read_unless_somebody_asks(bench: Any) -> None:
    assert read(bench, None)[-1].followed is None


def test_a_reading_of_everything_tells_who_no_longer_follows(bench: Any) -> None:
    user, person = bench.hire(), contact(bench)
    subscription = bench.org.insert("EntitySubscription", {"ParentId": person, "SubscriberId": user})
    assert follows(bench, None).followed == {(user, person)}
    bench.org.delete(subscription)
    page = follows(bench, None)
    assert (page.followed, page.all_followed) == (frozenset(), True)


# --- invitees (D-17, SF-119) ------------------------------------------------------------------------------------------


def invited(bench: Any, mark: str | None) -> OrganisationPage:
    organisation = bench.organisation()
    bench.clear_calls()
    return list(organisation.changes(mark, (), invitees=True))[-1]


@pytest.mark.parametrize("shared", [True, False])
def test_ls131_sf119_invitees_who_come_and_go_are_told_though_the_event_is_untouched(bench: Any, shared: bool) -> None:
    bench.org.settings.shared_activities = shared
    buyer, colleague = contact(bench, Email="Buyer@client.example"), bench.hire("bob@acme.example")
    lunch, alone = event(bench, UndecidedEventInviteeIds=[buyer]), event(bench, "Alone")
    first = invited(bench, None)
    assert first.asked[lunch] == ("buyer@client.example",)
    assert {id_ for id_, people in first.asked.items() if people} == {lunch}
    later(bench)
    again = invited(bench, first.mark)
    later(bench)
    idle = invited(bench, again.mark)
    assert (idle.asked, bench.calls()) == ({}, 2)

    row = bench.org.insert("EventRelation", {"EventId": lunch, "RelationId": colleague})
    bench.org.update(alone, {"WhoId": buyer})
    second = invited(bench, idle.mark)
    related = {alone: ()} if shared else {}
    assert second.asked == {lunch: ("bob@acme.example", "buyer@client.example"), **related}
    assert bench.calls() == 5  # with the describe that a process without cached layouts needs
    later(bench)
    bench.org.delete(row)
    assert invited(bench, invited(bench, second.mark).mark).asked == {lunch: ("buyer@client.example",)}


def test_invitees_of_all_events_are_told_when_they_are_first_asked_for(bench: Any) -> None:
    buyer = contact(bench, Email="buyer@client.example")
    lunch = event(bench, UndecidedEventInviteeIds=[buyer])
    mark = settled(bench)

    assert invited(bench, mark).asked == {lunch: ("buyer@client.example",)}


def test_without_the_setting_no_invitee_is_read(bench: Any) -> None:
    event(bench, UndecidedEventInviteeIds=[contact(bench, Email="buyer@client.example")])
    assert all(page.asked == {} for page in read(bench, None))
