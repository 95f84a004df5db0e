"""People on events: from addresses to relation rows, as pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.attendees import Attendee, Attendees, Part, Reply
from backend.domain.codec import decode, encode
from backend.domain.configuration import Preference
from backend.domain.people import (
    MOST,
    Found,
    Person,
    Relations,
    Sort,
    Tie,
    addresses,
    changed_event,
    guests,
    in_crm,
    invitees,
    new_event,
    person_of,
    told,
    whos,
    withdrawn,
)
from backend.domain.projection import project_crm, project_mailbox
from backend.domain.values import Kind

ME, OWNER = "me@us.example", "005owner"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLDEST = Preference.OLDEST


def people(*sorts: tuple[str, Sort]) -> Found:
    """Salesforce knows each address as one of that sort; ids begin with the sort's letter."""
    known: dict[str, Sequence[Person]] = {}
    for address, sort in sorts:
        known[address] = (*known.get(address, ()), Person(f"{sort.name[0]}-{address}", sort))
    return Found(known, {}, shared=True)


def alone(found: Found) -> Found:
    """The same without Shared Activities."""
    return Found(found.people, found.ties, shared=False)


def asked(*them: Attendee | str, own: bool = True, organizer: str = ME) -> Attendees:
    return Attendees(own, organizer, tuple(Attendee(one) if isinstance(one, str) else one for one in them))


def crowd(number: int, sort: Sort = Sort.CONTACT) -> tuple[Attendees, Found]:
    names = [f"guest{position:03d}@client.example" for position in range(number)]
    return asked(*names), people(*((name, sort) for name in names))


# --- who an address means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sorts", "expected"),
    [
        ((Sort.LEAD, Sort.CONTACT, Sort.USER), Sort.USER),
        ((Sort.LEAD, Sort.CONTACT), Sort.CONTACT),
        ((Sort.LEAD,), Sort.LEAD),
    ],
)
def test_ls122_ls139_an_address_means_a_user_before_a_contact_and_a_contact_before_a_lead(
    sorts: tuple[Sort, ...], expected: Sort
) -> None:
    person = person_of("a@x", people(*(("a@x", sort) for sort in sorts)), OLDEST)

    assert person is not None
    assert person.sort is expected


def test_ls122_an_address_that_nobody_has_means_nobody() -> None:
    assert person_of("a@x", people(), OLDEST) is None


@pytest.mark.parametrize(
    ("preference", "expected"), [(Preference.OLDEST, "a"), (Preference.UPDATED, "b"), (Preference.ACTIVITY, "c")]
)
def test_of_several_contacts_with_one_address_one_is_taken_by_the_preference(
    preference: Preference, expected: str
) -> None:
    later = NOON + timedelta(days=1)
    found = Found(
        {
            "a@x": (
                Person("c", Sort.CONTACT, later, NOON, later),
                Person("a", Sort.CONTACT, NOON, NOON, NOON),
                Person("b", Sort.CONTACT, later, later, None),
            )
        }
    )

    person = person_of("a@x", found, preference)

    assert person is not None
    assert person.id == expected


# --- whom an event is related to --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "expected"), [(1, 1), (50, 50), (51, 50)])
def test_ls138_fifty_contacts_are_related_at_most(number: int, expected: int) -> None:
    attendees, found = crowd(number)

    assert len(whos(attendees, found, OLDEST)) == expected


def test_ls138_without_shared_activities_the_first_contact_alone_is_related() -> None:
    attendees, found = crowd(3)

    assert whos(attendees, alone(found), OLDEST) == ("C-guest000@client.example",)


def test_ls140_contacts_and_leads_are_never_related_together() -> None:
    found = people(("lead@x", Sort.LEAD), ("contact@x", Sort.CONTACT))

    assert whos(asked("lead@x", "contact@x"), found, OLDEST) == ("C-contact@x",)


@pytest.mark.parametrize("shared", [True, False])
def test_ls140_one_lead_is_related_at_most(shared: bool) -> None:
    attendees, found = crowd(2, Sort.LEAD)

    assert whos(attendees, found if shared else alone(found), OLDEST) == ("L-guest000@client.example",)


def test_sf115_a_lead_is_not_related_beside_a_what_and_a_contact_is() -> None:
    assert whos(asked("a@x"), people(("a@x", Sort.LEAD)), OLDEST, what="001") == ()
    assert whos(asked("a@x"), people(("a@x", Sort.CONTACT)), OLDEST, what="001") == ("C-a@x",)


def test_colleagues_are_never_related() -> None:
    assert whos(asked("a@x"), people(("a@x", Sort.USER)), OLDEST) == ()


def test_i6_an_outside_organiser_is_related_first_then_required_then_optional_people() -> None:
    them = (Attendee("c@x", Part.OPTIONAL), Attendee("b@x"), Attendee("room@x", Part.RESOURCE))
    attendees = asked(*them, own=False, organizer="a@x")

    assert addresses(attendees) == ("a@x", "b@x", "c@x")
    assert addresses(asked(*them)) == ("b@x", "c@x")


# --- who is an attendee in Salesforce ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [50, 51])
def test_ls120_everybody_known_is_counted_and_fifty_are_told(number: int) -> None:
    attendees, found = crowd(number)

    known = invitees(attendees, found, OLDEST, OWNER, users=False)

    assert len(known) == number
    assert MOST == 50


def test_ls120_strangers_take_nobodys_place() -> None:
    attendees, found = crowd(50)
    more = Attendees(True, ME, (Attendee("stranger@x"), *attendees.people))

    assert len(invitees(more, found, OLDEST, OWNER, users=False)) == 50


def test_ls133_users_are_attendees_only_by_setting_and_the_owner_never() -> None:
    found = Found({"a@x": (Person("U", Sort.USER),), "me@x": (Person(OWNER, Sort.USER),)})
    attendees = asked("a@x", "me@x")

    assert invitees(attendees, found, OLDEST, OWNER, users=False) == []
    assert invitees(attendees, found, OLDEST, OWNER, users=True) == [("U", Reply.NONE)]


def test_ls126_a_copy_tells_of_no_attendees() -> None:
    assert guests(asked("a@x", own=False)) == ()
    assert told(asked("a@x", own=False)) == told(None) == frozenset()


def test_ls135_rooms_are_no_attendees() -> None:
    assert guests(asked(Attendee("room@x", Part.RESOURCE), "a@x")) == (Attendee("a@x"),)


def test_i9_a_distribution_list_is_one_attendee_and_nobody_twice() -> None:
    found = people(("all@client.example", Sort.CONTACT))
    attendees = asked("all@client.example", Attendee("all@client.example", Part.OPTIONAL))

    assert invitees(attendees, found, OLDEST, OWNER, users=True) == [("C-all@client.example", Reply.NONE)]


def test_ls129_maybe_counts_as_accepted_as_in_salesforce() -> None:
    assert [in_crm(reply) for reply in Reply] == [Reply.NONE, Reply.ACCEPTED, Reply.ACCEPTED, Reply.DECLINED]


# --- rows of an event -------------------------------------------------------------------------------------------------

WHO = Tie("r1", "who", related=True, invited=True)
INVITEE = Tie("r2", "invitee", related=False, invited=True)
BY_HAND = Tie("r3", "by-hand", related=False, invited=True)
WHAT = Tie("r4", "what", related=True, invited=False)
OURS = frozenset({"who", "invitee"})


def test_i4_only_rows_that_we_made_are_removed_and_who_is_related_stays_related() -> None:
    change = changed_event({}, [WHO, INVITEE, BY_HAND, WHAT], OURS)

    assert change.removed == ("r2",)
    assert change.changed == (Tie("r1", "who", related=True, invited=False),)
    assert change.invited == ()


def test_ls141_a_new_guest_is_invited_and_not_related() -> None:
    change = changed_event({"new": Reply.ACCEPTED}, [], frozenset())

    assert change == Relations(invited=(("new", Reply.ACCEPTED),))


def test_sf111_who_is_related_already_is_invited_in_his_row() -> None:
    related = Tie("r1", "who", related=True, invited=False)

    assert changed_event({"who": Reply.DECLINED}, [related], frozenset()) == Relations(
        changed=(Tie("r1", "who", related=True, invited=True, reply=Reply.DECLINED),)
    )


def test_ls130_an_answer_given_in_salesforce_is_replaced_and_an_equal_one_is_not_written() -> None:
    answered = Tie("r3", "by-hand", related=False, invited=True, reply=Reply.ACCEPTED)

    assert changed_event({"by-hand": Reply.DECLINED}, [answered], OURS).changed[0].reply is Reply.DECLINED
    assert changed_event({"by-hand": Reply.ACCEPTED}, [answered], OURS) == Relations()


def test_i3_what_becomes_private_loses_our_rows_unless_a_person_related_it() -> None:
    assert withdrawn([WHO, INVITEE], OURS) == Relations(removed=("r1", "r2"))
    assert withdrawn([WHO, WHAT], OURS) is None


def test_everybody_whom_a_new_event_ties_is_counted_once() -> None:
    assert new_event(("a", "b"), None, {"b": Reply.NONE, "c": Reply.NONE}).made == ("a", "b", "c")


PEOPLE = st.sampled_from("abcdef")
REPLIES = st.sampled_from([Reply.NONE, Reply.ACCEPTED, Reply.DECLINED])


@st.composite
def events(draw: st.DrawFn) -> tuple[dict[str, Reply], list[Tie], frozenset[str]]:
    """Who is wanted, the rows of an event, and whom of them we tied."""
    targets = draw(st.lists(PEOPLE, unique=True))
    ties = [Tie(f"row-{target}", target, draw(st.booleans()), draw(st.booleans()), draw(REPLIES)) for target in targets]
    return draw(st.dictionaries(PEOPLE, REPLIES)), ties, frozenset(draw(st.lists(PEOPLE)))


@given(events())
def test_inv7_i4_a_change_of_rows_is_whole_and_done_once_and_loses_nothing_of_a_persons(
    case: tuple[dict[str, Reply], list[Tie], frozenset[str]],
) -> None:
    wanted, ties, ours = case
    change = changed_event(wanted, ties, ours)

    after = {tie.id: tie for tie in ties if tie.id not in change.removed} | {tie.id: tie for tie in change.changed}
    after |= {f"new-{person}": Tie(f"new-{person}", person, False, True, reply) for person, reply in change.invited}

    assert changed_event(wanted, after.values(), ours | set(change.made)) == Relations()
    assert {tie.target: tie.reply for tie in after.values() if tie.invited}.items() >= wanted.items()
    for tie in ties:
        assert not tie.related or after[tie.id].related
        if tie.target not in ours:
            assert after[tie.id].invited or not tie.invited
    assert len({tie.target for tie in after.values()}) == len(after)


# --- as a value of a group --------------------------------------------------------------------------------------------


def test_attendees_are_stored_and_read_back_whole() -> None:
    attendees = asked(Attendee("a@x", Part.OPTIONAL, Reply.DECLINED), "b@x", own=False)

    assert decode(encode(attendees)) == attendees


def test_salesforce_holds_nothing_of_them_in_the_event_itself() -> None:
    attendees = asked("a@x")

    assert project_mailbox(Kind.EVENT, "attendees", attendees) == attendees
    assert project_crm(Kind.EVENT, "attendees", attendees) is None
