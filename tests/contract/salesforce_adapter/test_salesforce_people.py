"""People of events through the adapter, against the Salesforce stand-in over https (I.2, SF-107 to SF-119)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.domain.attendees import Reply
from backend.domain.people import Relations, Sort, Tie
from backend.domain.values import Kind, Timed, Values
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.crm import Record
from backend.salesforce.crm import SalesforceUser

NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
REVIEW: Values = {"subject": "Review", "when": Timed(NINE, NINE + timedelta(hours=1))}


def ada(bench: Any) -> str:
    """Id of the first user: contacts without account and leads show to their owner only."""
    (found,) = [row["Id"] for row in bench.org.rows("User") if row["Username"] == "ada@acme.example"]
    return str(found)


def contact(bench: Any, address: str, owner: str | None = None) -> str:
    row = {"LastName": address.split("@")[0], "Email": address, "OwnerId": owner or ada(bench)}
    found: str = bench.org.insert("Contact", row)
    return found


def lead(bench: Any, address: str) -> str:
    row = {"LastName": "L", "Company": "C", "Email": address, "OwnerId": ada(bench)}
    found: str = bench.org.insert("Lead", row)
    return found


def made(user: SalesforceUser, people: Relations | None = None, key: UUID | None = None) -> Answer[Record]:
    (answer,) = user.write([Write(uuid4(), Op.CREATE, Kind.EVENT, REVIEW, key=key or uuid4(), people=people)])
    return answer


def event(user: SalesforceUser, people: Relations | None = None) -> str:
    answer = made(user, people)
    assert answer.result is Result.OK, answer
    assert answer.stored is not None
    return answer.stored.id


def change(user: SalesforceUser, target: str, people: Relations, values: Values | None = None) -> Answer[Record]:
    (answer,) = user.write([Write(uuid4(), Op.UPDATE, Kind.EVENT, values or {}, target=target, people=people)])
    return answer


def ties(user: SalesforceUser, event_id: str) -> dict[str, Tie]:
    return {tie.target: tie for tie in user.find_people([], [event_id]).ties.get(event_id, ())}


@pytest.fixture(params=[True, False], ids=["shared", "not shared"])
def activities(request: pytest.FixtureRequest, bench: Any) -> bool:
    """Shared Activities on and off."""
    bench.org.settings.shared_activities = request.param
    return bool(request.param)


# --- looking up ------------------------------------------------------------------------------------------------------


def test_ls122_users_contacts_and_leads_are_found_by_address_in_one_call(bench: Any) -> None:
    user = bench.user()
    colleague = bench.hire("bob@acme.example", email="Bob@acme.example")
    buyer, prospect = contact(bench, "Buyer@client.example"), lead(bench, "prospect@client.example")
    user.find_people(["x@x.example"], [])
    bench.clear_calls()

    found = user.find_people(
        ["bob@acme.example", "buyer@client.example", "prospect@client.example", "stranger@client.example"], []
    )

    assert bench.calls() == 1
    assert {address: [(one.sort, one.id) for one in people] for address, people in found.people.items()} == {
        "bob@acme.example": [(Sort.USER, colleague)],
        "buyer@client.example": [(Sort.CONTACT, buyer)],
        "prospect@client.example": [(Sort.LEAD, prospect)],
    }


def test_inv16_a_thousand_addresses_are_one_call(bench: Any) -> None:
    user = bench.user()
    known = [contact(bench, f"guest{number:04d}@client-company.example") for number in range(30)]
    user.find_people(["x@x.example"], [])
    bench.clear_calls()

    found = user.find_people([f"guest{number:04d}@client-company.example" for number in range(1000)], [])

    assert bench.calls() == 1
    assert sorted(one.id for people in found.people.values() for one in people) == sorted(known)


def test_people_who_left_and_converted_leads_are_not_found(bench: Any) -> None:
    user = bench.user()
    gone = bench.hire("gone@acme.example")
    bench.org.update(gone, {"IsActive": False})
    prospect = lead(bench, "prospect@client.example")
    became = bench.org.convert_lead(prospect)

    found = user.find_people(["gone@acme.example", "prospect@client.example"], [])

    assert [one.id for people in found.people.values() for one in people] == [became]


def test_ls143_a_contact_hidden_by_sharing_is_not_found(bench: Any) -> None:
    user, other = bench.user(), bench.hire("other@acme.example")
    contact(bench, "buyer@client.example", other)

    assert user.find_people(["buyer@client.example"], []).people == {}


def test_ls146_who_may_not_read_contacts_and_leads_finds_nobody_and_nothing_fails(bench: Any) -> None:
    profile = bench.org.add_profile("Calendar only", denied={"Contact": "CRED", "Lead": "CRED"})
    person = bench.hire("cal@acme.example", profile=profile)
    user = bench.connection.user("cal@acme.example", person)
    colleague = bench.hire()
    contact(bench, "buyer@client.example", person)
    lead(bench, "prospect@client.example")

    found = user.find_people(["ada@acme.example", "buyer@client.example", "prospect@client.example"], [])

    assert {address: [one.id for one in people] for address, people in found.people.items()} == {
        "ada@acme.example": [colleague]
    }


def test_the_relations_of_events_are_read_with_their_answers(bench: Any, activities: bool) -> None:
    user = bench.user()
    buyer, guest = contact(bench, "buyer@client.example"), contact(bench, "guest@client.example")
    account = bench.org.insert("Account", {"Name": "Client", "OwnerId": ada(bench)})
    row = event(user, Relations((buyer,), None, ((buyer, Reply.ACCEPTED), (guest, Reply.DECLINED))))
    bench.org.update(row, {"WhatId": account})

    found = ties(user, row)

    assert user.find_people([], [row]).shared is activities
    assert (found[guest].related, found[guest].invited, found[guest].reply) == (False, True, Reply.DECLINED)
    assert found[account].related
    assert not found[account].invited
    assert buyer in found


# --- creating --------------------------------------------------------------------------------------------------------


def test_ls137_ls138_i7_a_new_event_is_written_with_its_people_in_one_call(bench: Any) -> None:
    user = bench.user()
    first, second, third = (contact(bench, f"c{number}@client.example") for number in range(3))
    event(user)
    bench.clear_calls()

    row = event(user, Relations((first, second), None, ((second, Reply.ACCEPTED), (third, Reply.NONE))))

    assert bench.calls() == 1
    assert bench.row(row)["WhoId"] == first
    found = ties(user, row)
    assert {id_ for id_, tie in found.items() if tie.related} == {first, second}
    assert {id_: tie.reply for id_, tie in found.items() if tie.invited} == {
        second: Reply.ACCEPTED,
        third: Reply.NONE,
    }


def test_ls138_without_shared_activities_the_event_has_one_who_and_all_its_attendees(bench: Any) -> None:
    bench.org.settings.shared_activities = False
    user = bench.user()
    first, second = contact(bench, "a@client.example"), contact(bench, "b@client.example")

    row = event(user, Relations((first,), None, ((first, Reply.NONE), (second, Reply.TENTATIVE))))

    assert bench.row(row)["WhoId"] == first
    found = ties(user, row)
    assert found[second].reply is Reply.ACCEPTED


def test_ls140_a_lead_is_related_alone(bench: Any, activities: bool) -> None:
    user = bench.user()
    prospect = lead(bench, "prospect@client.example")

    assert bench.row(event(user, Relations((prospect,))))["WhoId"] == prospect


def test_sf107_an_invited_user_gets_one_copy_and_we_made_one_event(bench: Any) -> None:
    user, colleague = bench.user(), bench.hire("bob@acme.example")

    row = event(user, Relations(invited=((colleague, Reply.NONE),)))

    events = bench.org.rows("Event")
    assert [one["Id"] for one in events if not one["IsChild"]] == [row]
    assert [one["OwnerId"] for one in events if one["IsChild"]] == [colleague]


def test_ls146_an_event_whose_people_are_refused_is_made_with_those_who_are_not_and_says_so(
    bench: Any, activities: bool
) -> None:
    user = bench.user()
    gone, here = contact(bench, "gone@client.example"), contact(bench, "here@client.example")
    bench.org.delete(gone)
    whos = (gone, here) if activities else (gone,)

    answer = made(user, Relations(whos, None, ((gone, Reply.NONE), (here, Reply.ACCEPTED))))

    assert answer.result is Result.OK
    assert answer.people.startswith("Salesforce did not take all its attendees: ")
    assert answer.stored is not None
    (tie,) = ties(user, answer.stored.id).values()
    assert (tie.target, tie.related, tie.invited, tie.reply) == (here, activities, True, Reply.ACCEPTED)
    assert len(bench.org.rows("Event")) == 1


# --- changing --------------------------------------------------------------------------------------------------------


def test_attendees_alone_change_in_one_call_and_leave_the_event_untouched(bench: Any, activities: bool) -> None:
    user = bench.user()
    stays, goes, comes = (contact(bench, f"c{number}@client.example") for number in range(3))
    row = event(user, Relations(invited=((stays, Reply.NONE), (goes, Reply.NONE))))
    before, stamp = ties(user, row), bench.row(row)["SystemModstamp"]
    answer = Tie(before[stays].id, stays, related=False, invited=True, reply=Reply.DECLINED)
    bench.clear_calls()

    done = change(
        user, row, Relations(invited=((comes, Reply.ACCEPTED),), changed=(answer,), removed=(before[goes].id,))
    )

    assert bench.calls() == 1
    assert done.result is Result.OK
    assert done.people == ""
    assert {id_: tie.reply for id_, tie in ties(user, row).items()} == {
        stays: Reply.DECLINED,
        comes: Reply.ACCEPTED,
    }
    assert bench.row(row)["SystemModstamp"] == stamp


def test_ls142_sf111_who_is_related_is_invited_and_uninvited_in_one_row(bench: Any) -> None:
    user = bench.user()
    buyer = contact(bench, "buyer@client.example")
    row = event(user, Relations((buyer,)))
    related = ties(user, row)[buyer]
    assert not related.invited

    change(user, row, Relations(changed=(Tie(related.id, buyer, related=True, invited=True, reply=Reply.DECLINED),)))
    assert ties(user, row)[buyer] == Tie(related.id, buyer, related=True, invited=True, reply=Reply.DECLINED)

    change(user, row, Relations(changed=(Tie(related.id, buyer, related=True, invited=False),)))
    after = ties(user, row)[buyer]
    assert (after.related, after.invited) == (True, False)
    assert bench.row(row)["WhoId"] == buyer


def test_sf136_relations_go_before_the_event_becomes_private(bench: Any, activities: bool) -> None:
    user = bench.user()
    buyer, guest = contact(bench, "buyer@client.example"), contact(bench, "guest@client.example")
    row = event(user, Relations((buyer,), None, ((guest, Reply.NONE),)))
    removed = tuple(tie.id for tie in ties(user, row).values())

    answer = change(user, row, Relations(removed=removed), {"private": True})

    assert answer.result is Result.OK
    assert answer.stored is not None
    assert answer.stored.values["private"] is True
    assert ties(user, row) == {}


def test_an_attendee_whom_salesforce_refuses_is_told_and_the_others_are_written(bench: Any) -> None:
    user = bench.user()
    gone, here = contact(bench, "gone@client.example"), contact(bench, "here@client.example")
    row = event(user)
    bench.org.delete(gone)

    answer = change(user, row, Relations(invited=((gone, Reply.NONE), (here, Reply.NONE))), {"location": "Lobby"})

    assert answer.result is Result.OK
    assert answer.people.startswith("Salesforce did not take all its attendees: ")
    assert set(ties(user, row)) == {here}
    assert bench.row(row)["Location"] == "Lobby"


def test_a_row_that_went_meanwhile_is_no_trouble(bench: Any) -> None:
    user = bench.user()
    buyer = contact(bench, "buyer@client.example")
    row = event(user, Relations(invited=((buyer, Reply.NONE),)))
    tie = ties(user, row)[buyer]
    bench.org.delete(tie.id)

    answer = change(user, row, Relations(removed=(tie.id,)))

    assert (answer.result, answer.people) == (Result.OK, "")


def test_more_rows_than_fit_one_call_are_all_written(bench: Any) -> None:
    user = bench.user()
    people = [contact(bench, f"guest{number}@client.example") for number in range(45)]
    rows = [event(user) for _ in range(20)]
    every = tuple((person, Reply.NONE) for person in people)
    bench.clear_calls()

    answers = user.write(
        [Write(uuid4(), Op.UPDATE, Kind.EVENT, {}, target=row, people=Relations(invited=every)) for row in rows]
    )

    assert {(answer.result, answer.people) for answer in answers} == {(Result.OK, "")}
    assert all(len(ties(user, row)) == 45 for row in rows[:1] + rows[-1:])
    assert len(bench.org.rows("EventRelation")) == 900


def test_a_related_event_says_so(bench: Any, activities: bool) -> None:
    user = bench.user()
    buyer = contact(bench, "buyer@client.example")
    related, bare = event(user, Relations((buyer,))), event(user, Relations(invited=((buyer, Reply.NONE),)))

    found = user.fetch(Kind.EVENT, [related, bare])

    assert {id_: isinstance(one, Record) and one.related for id_, one in found.items()} == {related: True, bare: False}
