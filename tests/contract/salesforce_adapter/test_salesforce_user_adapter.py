"""One user's reads and writes against the stand-in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.domain.projection import project_crm
from backend.domain.values import Address, AllDay, Kind, Name, ShowAs, Timed, Values
from backend.ports.answers import Answer, Op, Result, Verdict, Write
from backend.ports.crm import Record
from backend.ports.errors import AccessLost, Transient, Unclear
from backend.ports.mailbox import Probe
from backend.salesforce.crm import SalesforceUser
from backend.sandbox.faults import Rule
from backend.sandbox.salesforce.rules import Automation, DuplicateRule, ValidationRule

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
LUNCH: dict[str, Any] = {
    "subject": "Lunch",
    "when": Timed(TEN, TEN + HOUR, "Europe/London"),
    "location": "Roma",
    "description": "one\ntwo",
    "show_as": ShowAs.OUT_OF_OFFICE,
    "private": True,
}
ADA: dict[str, Any] = {
    "name": Name("Ada", "Byron", salutation="Ms."),
    "email": "ada.byron@engines.example",
    "birthdate": date(1815, 12, 10),
    "phone": "+44 20 7946 0001",
    "mailing": Address("12 St James's Square\nFlat 2", "London", "Greater London", "SW1Y 4JH", "United Kingdom"),
    "notes": "First\n\nSecond",
}


def create(kind: Kind, values: Values, key: UUID | None = None) -> Write:
    return Write(uuid4(), Op.CREATE, kind, values, key=key or uuid4())


def update(kind: Kind, target: str, **values: Any) -> Write:
    return Write(uuid4(), Op.UPDATE, kind, values, target=target)


def delete(kind: Kind, target: str) -> Write:
    return Write(uuid4(), Op.DELETE, kind, {}, target=target)


def made(user: SalesforceUser, kind: Kind, values: Values, key: UUID | None = None) -> Record:
    [answer] = user.write([create(kind, values, key)])
    assert answer.result is Result.OK, answer
    assert answer.stored is not None
    return answer.stored


def one(user: SalesforceUser, write: Write) -> Answer[Record]:
    [answer] = user.write([write])
    return answer


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.EVENT, LUNCH),
        (Kind.EVENT, {**LUNCH, "when": AllDay(date(2026, 7, 21), date(2026, 7, 22)), "private": False}),
        (Kind.EVENT, {**LUNCH, "when": AllDay(date(2026, 7, 21), date(2026, 7, 24))}),
        (Kind.EVENT, {**LUNCH, "when": AllDay(date(2026, 7, 1), date(2026, 7, 15))}),
        (Kind.EVENT, {**LUNCH, "when": Timed(TEN, TEN)}),
        (Kind.EVENT, {**LUNCH, "subject": "x" * 300, "show_as": ShowAs.TENTATIVE}),
        (Kind.CONTACT, ADA),
    ],
)
def test_what_is_read_back_is_what_was_meant(bench: Any, kind: Kind, values: dict[str, Any]) -> None:
    """SF-094 among others: whole days come back as the days they were."""
    user = bench.user()
    stored = made(user, kind, values)
    assert dict(stored.values) == {group: project_crm(kind, group, value) for group, value in values.items()}
    assert user.fetch(kind, [stored.id]) == {stored.id: stored}


def test_ls093_records_are_made_and_owned_by_the_user_himself(bench: Any) -> None:
    stored = made(bench.user(), Kind.CONTACT, ADA)
    row = bench.row(stored.id)
    assert row["CreatedById"] == row["OwnerId"] == stored.owner_id == stored.modified_by


def test_sf094_whole_days_lie_in_salesforce_with_the_last_day_inclusive(bench: Any) -> None:
    stored = made(bench.user(), Kind.EVENT, {"subject": "Fair", "when": AllDay(date(2026, 7, 21), date(2026, 7, 24))})
    row = bench.row(stored.id)
    assert (row["StartDateTime"][:10], row["EndDateTime"][:10]) == ("2026-07-21", "2026-07-23")
    assert row["DurationInMinutes"] == 3 * 1440


def test_an_event_turns_from_timed_to_whole_days_and_back(bench: Any) -> None:
    user = bench.user()
    stored = made(user, Kind.EVENT, LUNCH)
    for when in (AllDay(date(2026, 7, 21), date(2026, 7, 23)), Timed(TEN, TEN + HOUR)):
        answer = one(user, update(Kind.EVENT, stored.id, when=when))
        assert answer.stored is not None
        assert answer.stored.values["when"] == when


def test_blanked_groups_are_empty_afterwards_and_others_untouched(bench: Any) -> None:
    user = bench.user()
    stored = made(user, Kind.CONTACT, ADA)
    answer = one(user, update(Kind.CONTACT, stored.id, mailing=None, phone=None, birthdate=None))
    assert answer.stored is not None
    assert dict(answer.stored.values) == {group: ADA[group] for group in ("name", "email", "notes")}
    assert answer.stored.version >= stored.version


def test_sf034_what_automation_changes_is_what_is_read_back(bench: Any) -> None:
    bench.org.add_automation(Automation("Event", lambda row: {"Location": "Room 1"}))
    assert made(bench.user(), Kind.EVENT, LUNCH).values["location"] == "Room 1"


# --- counts ---------------------------------------------------------------------------------------------------------


def test_inv16_200_events_are_one_look_and_one_call(bench: Any) -> None:
    user = bench.user()
    user.fetch(Kind.EVENT, ["00U000000000000AAA"])  # describe is asked once in half a day
    bench.clear_calls()
    writes = [
        create(Kind.EVENT, {"subject": f"E{n}", "when": Timed(TEN + n * HOUR, TEN + (n + 1) * HOUR)})
        for n in range(200)
    ]
    found = user.find_like(Kind.EVENT, [Probe(write.id, write.values) for write in writes])
    assert set(map(len, found.values())) == {0}
    assert bench.calls() == 1
    answers = user.write(writes)
    assert bench.calls() == 2
    assert [answer.result for answer in answers] == [Result.OK] * 200
    assert [answer.stored and answer.stored.key_tag for answer in answers] == [write.key for write in writes]
    again = user.find_like(Kind.EVENT, [Probe(write.id, write.values) for write in writes])
    assert [[record.id for record in again[write.id]] for write in writes] == [
        [answer.stored.id] for answer in answers if answer.stored
    ]


def test_inv16_200_changes_and_200_deletions_are_one_call_each(bench: Any) -> None:
    user = bench.user()
    answers = user.write([create(Kind.CONTACT, {"name": Name("P", f"L{n}")}) for n in range(200)])
    ids = [answer.stored.id for answer in answers if answer.stored]
    bench.clear_calls()
    assert {answer.result for answer in user.write([update(Kind.CONTACT, id_, title="X") for id_ in ids])} == {
        Result.OK
    }
    assert bench.calls() == 1
    assert {answer.result for answer in user.write([delete(Kind.CONTACT, id_) for id_ in ids])} == {Result.OK}
    assert bench.calls() == 2
    assert set(user.fetch(Kind.CONTACT, ids).values()) == {Verdict.GONE}
    assert bench.calls() == 3


# --- keys -----------------------------------------------------------------------------------------------------------


def test_sf056_sf069_a_repeated_create_finds_what_the_first_one_made_and_does_not_touch_it(bench: Any) -> None:
    user, key = bench.user(), uuid4()
    bench.sandbox.world.faults.add(Rule("lost_answer", service="salesforce", only="write", remaining=1))
    with pytest.raises(Unclear):
        user.write([create(Kind.EVENT, LUNCH, key)])
    [found] = user.find_tagged(Kind.EVENT, [key])
    bench.org.update(found.id, {"Subject": "Typed since"})
    answer = one(user, create(Kind.EVENT, LUNCH, key))
    assert (answer.result, answer.stored and answer.stored.id) == (Result.EXISTS, found.id)
    assert bench.row(found.id)["Subject"] == "Typed since"


def test_d3_a_record_in_the_recycle_bin_is_found_by_its_key(bench: Any) -> None:
    user, key = bench.user(), uuid4()
    stored = made(user, Kind.EVENT, LUNCH, key)
    bench.org.delete(stored.id)
    [found] = user.find_tagged(Kind.EVENT, [key])
    assert (found.id, found.in_bin) == (stored.id, True)


def test_a_key_that_a_colleagues_hidden_record_has_is_told_to_a_person(bench: Any) -> None:
    key = uuid4()
    made(bench.user("bob@acme.example"), Kind.EVENT, LUNCH, key)
    answer = one(bench.user(), create(Kind.EVENT, LUNCH, key))
    assert answer.result is Result.REFUSED
    assert "ada@acme.example" in answer.message


def test_without_the_key_field_nothing_is_created(bench: Any) -> None:
    user = bench.user(key_field=False)
    with pytest.raises(AccessLost, match="lockstep salesforce package"):
        user.write([create(Kind.EVENT, LUNCH)])
    assert bench.org.rows("Event") == []


def test_without_the_package_in_the_organisation_nothing_is_created(bench: Any) -> None:
    bench.org.settings.key_field = False
    with pytest.raises(AccessLost, match="Lockstep_Key__c"):
        bench.user().write([create(Kind.CONTACT, ADA)])


# --- rows that are refused ------------------------------------------------------------------------------------------


def test_ls089_sf033_rows_fail_alone_with_salesforces_own_words(bench: Any) -> None:
    bench.org.add_validation_rule(
        ValidationRule("Contact", lambda row: row.get("Title") == "Spy", "No spies, please.", "Title")
    )
    writes = [
        create(Kind.CONTACT, ADA),
        create(Kind.CONTACT, {"name": Name("A", "B"), "title": "Spy"}),
        create(Kind.CONTACT, {"name": Name("A", None)}),
        create(Kind.CONTACT, {"name": Name("A", "B"), "title": "x" * 129}),
        create(Kind.CONTACT, {"name": Name("A", "B"), "email": "nonsense"}),
    ]
    answers = bench.user().write(writes)
    assert [(answer.result, answer.code) for answer in answers] == [
        (Result.OK, ""),
        (Result.REFUSED, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        (Result.REFUSED, "REQUIRED_FIELD_MISSING"),
        (Result.REFUSED, "STRING_TOO_LONG"),
        (Result.REFUSED, "INVALID_EMAIL_ADDRESS"),
    ]
    assert answers[1].message == "No spies, please."
    assert [answer.fields for answer in answers[2:]] == [("LastName",), ("Title",), ("Email",)]


def test_sf095_an_event_that_is_too_long_is_refused_and_14_days_are_not(bench: Any) -> None:
    days = timedelta(days=14)
    user = bench.user()
    assert one(user, create(Kind.EVENT, {**LUNCH, "when": Timed(TEN, TEN + days)})).result is Result.OK
    longer = one(user, create(Kind.EVENT, {**LUNCH, "when": Timed(TEN, TEN + days + timedelta(minutes=1))}))
    assert (longer.result, longer.code) == (Result.REFUSED, "FIELD_INTEGRITY_EXCEPTION")


def test_sf035_a_locked_row_is_tried_again_later(bench: Any) -> None:
    user = bench.user()
    stored = made(user, Kind.CONTACT, ADA)
    bench.org.lock_row(stored.id)
    assert one(user, update(Kind.CONTACT, stored.id, title="X")).result is Result.TRANSIENT
    assert one(user, update(Kind.CONTACT, stored.id, title="X")).result is Result.OK


def test_ls088_sf027_fields_the_user_may_not_edit_are_left_out(bench: Any) -> None:
    profile = bench.org.add_profile("Careful", hidden=["Contact.Fax"], read_only=["Contact.Title"])
    user = bench.user(profile=profile)
    stored = made(user, Kind.CONTACT, {**ADA, "fax": "+44 1", "title": "Analyst"})
    assert dict(stored.values) == ADA
    assert bench.row(stored.id).get("Fax") is None


# --- absence --------------------------------------------------------------------------------------------------------


def test_sf024_sf025_sf088_gone_hidden_and_erased_are_told_apart(bench: Any) -> None:
    user = bench.user()
    mine, erased = made(user, Kind.EVENT, LUNCH), made(user, Kind.EVENT, LUNCH)
    hidden = made(bench.user("bob@acme.example"), Kind.EVENT, LUNCH)
    bench.org.delete(erased.id)
    bench.org.empty_bin()
    bench.org.delete(mine.id)
    ids = [mine.id, erased.id, hidden.id]
    assert user.fetch(Kind.EVENT, ids) == {
        mine.id: Verdict.GONE,
        erased.id: Verdict.UNKNOWN,
        hidden.id: Verdict.UNKNOWN,
    }
    assert user.write([update(Kind.EVENT, mine.id, subject="X")])[0].result is Result.GONE
    answers = user.write([delete(Kind.EVENT, id_) for id_ in ids])
    assert [answer.result for answer in answers] == [Result.GONE, Result.REFUSED, Result.REFUSED]
    assert bench.row(hidden.id)["IsDeleted"] is False


def test_sf118_an_archived_event_is_still_there(bench: Any) -> None:
    user = bench.user()
    old = made(user, Kind.EVENT, {**LUNCH, "when": Timed(TEN - timedelta(days=800), TEN - timedelta(days=800) + HOUR)})
    assert bench.org.archive_old_events() == 1
    assert isinstance(user.fetch(Kind.EVENT, [old.id])[old.id], Record)


def test_sf102_an_occurrence_of_a_salesforce_series_is_not_changed(bench: Any) -> None:
    user_id = bench.hire()
    user = bench.connection.user("ada@acme.example", user_id)
    first = bench.org.insert(
        "Event",
        {
            "Subject": "Standup",
            "OwnerId": user_id,
            "StartDateTime": "2027-01-04T10:00:00Z",
            "EndDateTime": "2027-01-04T10:15:00Z",
            "Recurrence2PatternText": "RRULE:FREQ=WEEKLY;BYDAY=MO;INTERVAL=1;COUNT=3",
        },
    )
    answer = one(user, update(Kind.EVENT, first, subject="Changed"))
    assert (answer.result, answer.code) == (Result.REFUSED, "EVENT_SERIES")
    assert {row["Subject"] for row in bench.org.rows("Event")} == {"Standup"}


# --- likeness -------------------------------------------------------------------------------------------------------


def like(user: SalesforceUser, kind: Kind, values: Values) -> list[str]:
    probe = Probe(uuid4(), values)
    return [record.id for record in user.find_like(kind, [probe])[probe.id]]


def test_ls066_ls067_ls074_contacts_are_found_by_address_else_by_name_and_company(bench: Any) -> None:
    user = bench.user()
    acme = bench.org.insert("Account", {"Name": "Acme"})
    by_address = made(user, Kind.CONTACT, ADA)
    by_name = bench.org.insert(
        "Contact", {"FirstName": "Bob", "LastName": "O'Hara", "AccountId": acme}, as_user=by_address.owner_id
    )
    assert like(user, Kind.CONTACT, {"email": " ADA.Byron@engines.example"}) == [by_address.id]
    assert like(user, Kind.CONTACT, {"name": Name("bob", "O'HARA"), "company": "ACME"}) == [by_name]
    assert like(user, Kind.CONTACT, {"name": Name("Bob", "O'Hara"), "company": "Other"}) == []
    bench.org.delete(by_address.id)
    assert like(user, Kind.CONTACT, {"email": "ada.byron@engines.example"}) == []


def test_ls111_d14_events_are_found_among_the_users_own(bench: Any) -> None:
    user = bench.user()
    mine = made(user, Kind.EVENT, LUNCH)
    made(bench.user("bob@acme.example"), Kind.EVENT, LUNCH)
    assert like(user, Kind.EVENT, {"subject": "lunch", "when": Timed(TEN, TEN + HOUR)}) == [mine.id]
    assert like(user, Kind.EVENT, {"subject": "lunch", "when": Timed(TEN, TEN + 2 * HOUR)}) == []
    days = AllDay(date(2026, 7, 21), date(2026, 7, 23))
    fair = made(user, Kind.EVENT, {"subject": "Fair", "when": days})
    assert like(user, Kind.EVENT, {"subject": "Fair", "when": days}) == [fair.id]


# --- companies ------------------------------------------------------------------------------------------------------


def test_ls076_ls077_ls082_a_company_becomes_the_one_account_of_that_name(bench: Any) -> None:
    acme = bench.org.insert("Account", {"Name": "Acme Ltd"})
    for _ in range(2):
        bench.org.insert("Account", {"Name": "Twins"})
    profile = bench.org.add_profile("All", ["ApiEnabled", "ViewAllData", "EditEvent"])
    user = bench.user(profile=profile)
    answers = user.write(
        [
            create(Kind.CONTACT, {"name": Name("A", f"L{n}"), "company": name})
            for n, name in enumerate(("acme ltd", "Twins", "Nobody"))
        ]
    )
    rows = [bench.row(answer.stored.id) for answer in answers if answer.stored]
    assert [row.get("AccountId") for row in rows] == [acme, None, None]
    assert [answer.stored.values.get("company") for answer in answers if answer.stored] == ["Acme Ltd", None, None]
    assert len(bench.org.rows("Account")) == 3


def test_ls079_an_account_hidden_by_sharing_is_not_attached(bench: Any) -> None:
    bench.org.sharing.defaults["Account"] = "Private"
    bench.org.insert("Account", {"Name": "Acme"})
    stored = made(bench.user(), Kind.CONTACT, {**ADA, "company": "Acme"})
    assert bench.row(stored.id).get("AccountId") is None


def test_inv30_an_account_is_attached_once_and_never_changed_or_emptied(bench: Any) -> None:
    first, second = (bench.org.insert("Account", {"Name": name}) for name in ("First", "Second"))
    user = bench.user(profile=bench.org.add_profile("All", ["ApiEnabled", "ViewAllData", "ModifyAllData"]))
    stored = made(user, Kind.CONTACT, ADA)
    for company in ("First", "Second", None):
        assert one(user, update(Kind.CONTACT, stored.id, company=company)).result is Result.OK
        assert bench.row(stored.id)["AccountId"] == first
    assert second


# --- duplicate rules ------------------------------------------------------------------------------------------------


def duplicate_rule(mode: Any) -> DuplicateRule:
    return DuplicateRule(
        "Contact", "Same name", (("LastName",),), on_create=mode, message="Looks like somebody we know."
    )


@pytest.mark.parametrize("mode", ["alert", "block"])
@pytest.mark.parametrize("misspelt", [False, True])
def test_h8_sf049_sf050_sf052_sf053_a_refused_duplicate_is_our_person_or_stays_refused(
    bench: Any, mode: str, misspelt: bool
) -> None:
    bench.org.settings.misspelt_duplicate_result = misspelt
    user = bench.user()
    known = made(user, Kind.CONTACT, ADA)
    bench.org.add_duplicate_rule(duplicate_rule(mode))
    same, other = (
        create(Kind.CONTACT, ADA),
        create(Kind.CONTACT, {"name": Name("Lord", "Byron"), "email": "b@x.example"}),
    )
    answers = user.write([same, other, create(Kind.CONTACT, {"name": Name("C", "D")})])
    assert [answer.result for answer in answers] == [Result.EXISTS, Result.REFUSED, Result.OK]
    assert answers[0].stored is not None
    assert answers[0].stored.id == known.id
    assert answers[1].message == "Looks like somebody we know."
    assert len(bench.org.rows("Contact")) == 2


# --- transport ------------------------------------------------------------------------------------------------------


def test_sf001_a_dead_token_is_renewed_unnoticed(bench: Any) -> None:
    user = bench.user()
    stored = made(user, Kind.EVENT, LUNCH)
    bench.sandbox.world.clock.advance(8000)
    assert isinstance(user.fetch(Kind.EVENT, [stored.id])[stored.id], Record)
    assert bench.meter.calls["salesforce-token"] == 2


def test_sf020_a_user_who_is_frozen_meanwhile_loses_access(bench: Any) -> None:
    user_id = bench.hire()
    user = bench.connection.user("ada@acme.example", user_id)
    made(user, Kind.EVENT, LUNCH)
    bench.org.freeze_user(user_id)
    with pytest.raises(AccessLost) as caught:
        user.write([create(Kind.EVENT, LUNCH)])
    assert caught.value.subject == "user"


@pytest.mark.parametrize("kind", ["503", "reset", "malformed"])
def test_sf017_reads_survive_a_passing_failure(bench: Any, kind: Any) -> None:
    user = bench.user()
    stored = made(user, Kind.EVENT, LUNCH)
    bench.sandbox.world.faults.add(Rule(kind, service="salesforce", remaining=1))
    assert isinstance(user.fetch(Kind.EVENT, [stored.id])[stored.id], Record)


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "malformed", "503"])
def test_sf069_a_write_without_an_answer_is_unclear(bench: Any, kind: Any) -> None:
    user = bench.user()
    stored = made(user, Kind.EVENT, LUNCH)
    bench.sandbox.world.faults.add(Rule(kind, service="salesforce", remaining=1))
    with pytest.raises(Transient) as caught:
        user.write([update(Kind.EVENT, stored.id, subject="X")])
    assert isinstance(caught.value, Unclear)
