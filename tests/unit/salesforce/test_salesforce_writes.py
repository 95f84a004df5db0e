"""What becomes of each row of a write."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from backend.domain.values import Address, Kind, Name, Timed
from backend.ports.answers import Op, Result, Write
from backend.ports.errors import AccessLost, Transient, Unclear
from backend.salesforce.crm import SalesforceUser
from tests.fakes.salesforce_wire import (
    USER,
    Answered,
    Wire,
    composite,
    described,
    parts_of,
    problem,
    refused,
    row,
    rows,
    saved,
)

KEY, OTHER_KEY = UUID(int=1), UUID(int=2)
C1, C2 = "003000000000001AAA", "003000000000002AAA"
E1 = "00U000000000001AAA"
WHEN = Timed(datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC))


def user_over(*script: Answered | Exception, **options: Any) -> tuple[SalesforceUser, Wire]:
    wire = Wire()
    answers = list(script)

    def handle(request: requests.PreparedRequest) -> Answered | Exception:
        return described(request, **options) or answers.pop(0)

    wire.handler = handle
    return SalesforceUser(wire.client(), wire.layouts(), USER), wire


def create(kind: Kind = Kind.EVENT, key: UUID = KEY, **values: Any) -> Write:
    return Write(uuid4(), Op.CREATE, kind, values or {"subject": "Lunch", "when": WHEN}, key=key)


def person(last: str = "Byron", key: UUID = KEY, **values: Any) -> Write:
    return create(Kind.CONTACT, key, name=Name("Ada", last), **values)


def update(kind: Kind, target: str, **values: Any) -> Write:
    return Write(uuid4(), Op.UPDATE, kind, values, target=target)


def delete(kind: Kind, target: str) -> Write:
    return Write(uuid4(), Op.DELETE, kind, {}, target=target)


def test_a_create_and_its_read_back_are_one_call() -> None:
    user, wire = user_over(composite(saved(E1), rows(row(E1, Subject="Lunch!", Lockstep_Key__c=str(KEY)))))
    [answer] = user.write([create()])
    assert (answer.result, answer.stored and answer.stored.id) == (Result.OK, E1)
    assert answer.stored is not None
    assert answer.stored.values["subject"] == "Lunch!"  # SF-034: automation may change fields during save
    collection, read_back = parts_of(wire.requests[-1])
    assert collection["body"] == {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Event"},
                "Subject": "Lunch",
                "StartDateTime": "2026-11-23T10:00:00.000Z",
                "EndDateTime": "2026-11-23T11:00:00.000Z",
                "IsAllDayEvent": False,
                "Lockstep_Key__c": str(KEY),
                "OwnerId": USER,
            }
        ],
    }
    assert "queryAll" in read_back["url"]
    assert len(wire.composites()) == 1


def test_the_owner_of_a_new_record_can_be_named() -> None:
    user, wire = user_over(composite(saved(E1), rows(row(E1, Lockstep_Key__c=str(KEY)))))
    user.write([replace(create(), owner="005000000000009AAA")])
    assert parts_of(wire.requests[-1])[0]["body"]["records"][0]["OwnerId"] == "005000000000009AAA"


def test_rows_are_answered_one_by_one_in_the_order_of_the_writes() -> None:
    results = [
        *saved(C1)[1],
        refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName"),
        refused("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"),
    ]
    user, _ = user_over(composite((200, results), rows(row(C1, LastName="A", Lockstep_Key__c=str(KEY)))))
    writes = [person("A"), person("", UUID(int=2)), person("C", UUID(int=3))]
    answers = user.write(writes)
    assert [answer.id for answer in answers] == [write.id for write in writes]
    assert [answer.result for answer in answers] == [Result.OK, Result.REFUSED, Result.TRANSIENT]
    assert (answers[1].code, answers[1].message, answers[1].fields) == (
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [LastName]",
        ("LastName",),
    )


def test_sf056_a_key_that_is_taken_answers_with_the_record_that_has_it() -> None:
    taken = refused("DUPLICATE_VALUE", "duplicate value found: Lockstep_Key__c duplicates value on record with id: x")
    user, _ = user_over(
        composite((200, [taken]), rows(row(E1, Subject="Typed since", Lockstep_Key__c=str(KEY).upper())))
    )
    [answer] = user.write([create()])
    assert answer.result is Result.EXISTS
    assert answer.stored is not None
    assert (answer.stored.id, answer.stored.values["subject"]) == (E1, "Typed since")


def test_a_key_taken_by_a_record_in_the_bin_answers_without_a_record() -> None:
    taken = refused("DUPLICATE_VALUE")
    user, _ = user_over(composite((200, [taken]), rows(row(E1, IsDeleted=True, Lockstep_Key__c=str(KEY)))))
    [answer] = user.write([create()])
    assert (answer.result, answer.stored) == (Result.EXISTS, None)


def test_a_new_record_is_read_back_although_an_old_one_of_that_key_lies_in_the_bin() -> None:
    new, old = row(E1, Lockstep_Key__c=str(KEY)), row("00Uold", IsDeleted=True, Lockstep_Key__c=str(KEY))
    user, _ = user_over(composite(saved(E1), rows(new, old)))
    [answer] = user.write([create()])
    assert (answer.result, answer.stored and answer.stored.id) == (Result.OK, E1)


@pytest.mark.parametrize("result", [saved(E1), (200, [refused("DUPLICATE_VALUE", "duplicates value on record x")])])
def test_a_record_that_does_not_show_to_the_user_is_bound_to_nothing(result: tuple[int, Any]) -> None:
    user, _ = user_over(composite(result, rows()))
    [answer] = user.write([create()])
    assert (answer.result, answer.stored) == (Result.REFUSED, None)
    assert "does not show it to ada@acme.example" in answer.message


def test_without_the_key_field_nothing_is_created_but_changes_are_made() -> None:
    user, wire = user_over(composite(saved(E1), rows(row(E1))), without=("Lockstep_Key__c",))
    with pytest.raises(AccessLost, match="lockstep salesforce package"):
        user.write([create()])
    with pytest.raises(AccessLost, match="Lockstep_Key__c of Event"):
        user.find_tagged(Kind.EVENT, [KEY])
    assert wire.composites() == []

    user._in_series[E1] = False
    [answer] = user.write([update(Kind.EVENT, E1, subject="New")])
    assert answer.result is Result.OK


def test_a_lost_answer_is_unclear_for_every_row() -> None:
    user, _ = user_over(requests.ReadTimeout())
    with pytest.raises(Unclear):
        user.write([create(), create(key=OTHER_KEY)])


def test_saved_rows_that_cannot_be_read_back_are_unclear() -> None:
    user, _ = user_over(composite(saved(E1), (400, problem(400, "QUERY_TIMEOUT").body)))
    with pytest.raises(Unclear):
        user.write([create()])


@pytest.mark.parametrize("body", [[], [{"success": True}], {"records": []}])
def test_a_collection_with_other_than_its_results_is_unclear(body: Any) -> None:
    user, _ = user_over(composite((200, body), rows()))
    with pytest.raises(Unclear):
        user.write([create()])


def test_ls088_a_field_withdrawn_since_makes_the_fields_be_read_anew() -> None:
    denied = (200, [refused("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: Title", "Title")])
    fine = composite(saved(C1), rows(row(C1, LastName="B", Lockstep_Key__c=str(KEY))))
    user, wire = user_over(composite(denied, rows()), fine)
    assert user.write([person()])[0].result is Result.TRANSIENT
    assert user.write([person()])[0].result is Result.OK
    assert sum(str(request.url).endswith("describe") for request in wire.requests) == 2


def test_an_unknown_field_fails_the_whole_collection_and_makes_the_fields_be_read_anew() -> None:
    user, wire = user_over(composite((400, problem(400, "INVALID_FIELD").body), rows()), composite(saved(C1), rows()))
    with pytest.raises(Transient) as caught:
        user.write([person()])
    assert not isinstance(caught.value, Unclear)
    user.write([person()])
    assert sum(str(request.url).endswith("describe") for request in wire.requests) == 2


# --- companies ------------------------------------------------------------------------------------------------------


def account(id_: str, name: str) -> dict[str, Any]:
    return {"Id": id_, "Name": name}


def test_ls076_a_company_that_names_one_account_is_attached_and_others_are_not() -> None:
    found = composite(rows(account("001a", "ACME Ltd"), account("001b", "Twins"), account("001c", "Twins")))
    written = composite(saved(C1, C2, "x", "y"), rows())
    user, wire = user_over(found, written)
    names = ["Acme ltd", "Twins", "Nobody", None]
    user.write([person(key=UUID(int=n), company=name) for n, name in enumerate(names)])
    records = parts_of(wire.requests[-1])[0]["body"]["records"]
    assert [record.get("AccountId") for record in records] == ["001a", None, None, None]
    assert wire.composites()[0] == [
        "GET query?q=SELECT Id, Name FROM Account WHERE Name IN ('Acme ltd','Nobody','Twins')"
    ]


def test_ls078_a_user_who_may_not_see_accounts_makes_private_contacts() -> None:
    no_accounts = composite((400, problem(400, "INVALID_TYPE", "sObject type 'Account' is not supported").body))
    user, wire = user_over(no_accounts, composite(saved(C1), rows(row(C1, LastName="B", Lockstep_Key__c=str(KEY)))))
    assert user.write([person(company="Acme")])[0].result is Result.OK
    assert "AccountId" not in parts_of(wire.requests[-1])[0]["body"]["records"][0]


def test_an_account_is_attached_by_a_change_only_where_there_is_none() -> None:
    looked_up = composite(rows(account("001a", "Acme")), rows({"Id": C2}))
    user, wire = user_over(looked_up, composite(saved(C1), rows(row(C1), row(C2))))
    first, second = update(Kind.CONTACT, C1, company="Acme"), update(Kind.CONTACT, C2, company="Acme")
    assert [answer.result for answer in user.write([first, second])] == [Result.OK, Result.OK]
    assert parts_of(wire.requests[-1])[0]["body"]["records"] == [
        {"attributes": {"type": "Contact"}, "id": C1, "AccountId": "001a"}
    ]


def test_inv30_an_emptied_company_empties_no_account() -> None:
    user, wire = user_over(composite(rows(row(C1, LastName="B"))))
    [answer] = user.write([update(Kind.CONTACT, C1, company=None)])
    assert (answer.result, answer.stored and answer.stored.id) == (Result.OK, C1)
    assert [len(parts) for parts in wire.composites()] == [1]


# --- duplicate rules ------------------------------------------------------------------------------------------------


def duplicates(key: str = "duplicateResult", *ids: str) -> tuple[int, Any]:
    records = [{"record": {"attributes": {"type": "Contact"}, "Id": id_}} for id_ in ids]
    outcome = {"duplicateRule": "Rule", "matchResults": [{"matchRecords": records}]}
    return 400, [{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", key: outcome}]


DETECTED = refused("DUPLICATES_DETECTED", "Use one of these records?")


@pytest.mark.parametrize("key", ["duplicateResult", "duplicateResut"])
def test_sf049_sf052_sf053_a_candidate_with_the_same_address_and_last_name_is_our_person(key: str) -> None:
    same = rows(row(C1, LastName="byron", Email="Ada@X.example"), row(C2, LastName="Milbanke", Email="ada@x.example"))
    user, wire = user_over(composite((200, [DETECTED]), rows()), composite(duplicates(key, C2, C1)), composite(same))
    [answer] = user.write([person(email="ada@x.example")])
    assert (answer.result, answer.stored and answer.stored.id) == (Result.EXISTS, C1)
    assert wire.composites()[1] == ["POST sobjects/Contact"]


@pytest.mark.parametrize(
    "found", [{"LastName": "Other", "Email": "ada@x.example"}, {"LastName": "Byron", "Email": None}]
)
def test_sf050_a_candidate_who_is_somebody_else_leaves_the_row_refused_with_the_rules_text(found: Any) -> None:
    user, _ = user_over(
        composite((200, [DETECTED]), rows()),
        composite(duplicates("duplicateResult", C1)),
        composite(rows(row(C1, **found))),
    )
    [answer] = user.write([person(email="ada@x.example")])
    assert (answer.result, answer.code, answer.message) == (
        Result.REFUSED,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
    )


def test_a_row_that_passes_when_sent_alone_was_created() -> None:
    made = composite((201, {"id": C1, "success": True, "errors": []}))
    back = composite(rows(row(C1, LastName="Byron", Lockstep_Key__c=str(KEY))))
    user, _ = user_over(composite((200, [DETECTED]), rows()), made, back)
    [answer] = user.write([person()])
    assert (answer.result, answer.stored and answer.stored.key_tag) == (Result.OK, KEY)


def test_refused_duplicates_go_25_to_a_call() -> None:
    count = 30
    wire = Wire()

    def handle(request: requests.PreparedRequest) -> Answered:
        answer = described(request)
        if answer is not None:
            return answer
        parts = parts_of(request)
        if parts[0]["url"].endswith("composite/sobjects"):
            return composite((200, [DETECTED] * count), rows())
        return composite(*[duplicates()] * len(parts))

    wire.handler = handle
    user = SalesforceUser(wire.client(), wire.layouts(), USER)
    user.write([person(key=UUID(int=n)) for n in range(count)])
    assert [len(parts) for parts in wire.composites()] == [2, 25, 5]


# --- changes and deletions ------------------------------------------------------------------------------------------


def test_a_change_sends_only_the_groups_given_and_reads_back() -> None:
    user, wire = user_over(composite(saved(C1), rows(row(C1, LastName="B", MailingCity="Rome"))))
    [answer] = user.write([update(Kind.CONTACT, C1, mailing=Address(city="Rome"))])
    assert answer.stored is not None
    assert answer.stored.values["mailing"] == Address(city="Rome")
    assert parts_of(wire.requests[-1])[0]["method"] == "PATCH"
    assert parts_of(wire.requests[-1])[0]["body"]["records"][0] == {
        "attributes": {"type": "Contact"},
        "id": C1,
        "MailingStreet": None,
        "MailingCity": "Rome",
        "MailingState": None,
        "MailingPostalCode": None,
        "MailingCountry": None,
    }


def test_sf024_a_change_to_a_deleted_record_answers_gone() -> None:
    user, _ = user_over(
        composite((200, [refused("ENTITY_IS_DELETED", "entity is deleted")]), rows(row(C1, IsDeleted=True)))
    )
    assert user.write([update(Kind.CONTACT, C1, title="X")])[0].result is Result.GONE


def test_sf102_an_occurrence_of_a_salesforce_series_is_never_changed() -> None:
    """From version 58 on a change of one future occurrence changes them all."""
    looked = composite(rows(row(E1, IsRecurrence2=True), row("00Uplain", IsRecurrence2=False)))
    user, wire = user_over(looked, composite(saved("00Uplain"), rows(row(E1, IsRecurrence2=True), row("00Uplain"))))
    user.fetch(Kind.EVENT, [E1, "00Uplain"])
    answers = user.write([update(Kind.EVENT, E1, subject="X"), update(Kind.EVENT, "00Uplain", subject="X")])
    assert [answer.result for answer in answers] == [Result.REFUSED, Result.OK]
    assert "repeating Salesforce event" in answers[0].message
    assert [record["id"] for record in parts_of(wire.requests[-1])[0]["body"]["records"]] == ["00Uplain"]


def test_sf102_an_event_not_looked_at_before_is_looked_at_first() -> None:
    user, wire = user_over(composite(rows(row(E1, IsRecurrence2=True))), composite(rows(row(E1, IsRecurrence2=True))))
    assert user.write([update(Kind.EVENT, E1, subject="X")])[0].result is Result.REFUSED
    assert all("PATCH composite/sobjects" not in parts for parts in wire.composites())


def test_deletions_go_in_one_call_with_a_look_at_what_is_left() -> None:
    results = [
        {"id": C1, "success": True, "errors": []},
        refused("ENTITY_IS_DELETED", "entity is deleted"),
        refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        refused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"),
    ]
    ids = [f"00300000000000{n}AAA" for n in range(5)]
    left = rows(row(ids[0], IsDeleted=True), row(ids[1], IsDeleted=True), row(ids[2], IsDeleted=True), row(ids[4]))
    user, wire = user_over(composite((200, results), left))
    answers = user.write([delete(Kind.CONTACT, id_) for id_ in ids])
    assert [answer.result for answer in answers] == [
        Result.OK,
        Result.GONE,
        Result.GONE,
        Result.REFUSED,
        Result.REFUSED,
    ]
    assert "was not deleted" in answers[3].message  # SF-088: not showing is not gone
    assert wire.composites()[0][0] == f"DELETE composite/sobjects?ids={','.join(ids)}&allOrNone=false"


def test_a_call_carries_one_kind_and_op_and_at_most_200() -> None:
    user, _ = user_over()
    with pytest.raises(ValueError, match="up to 200"):
        user.write([create(), delete(Kind.EVENT, E1)])
    with pytest.raises(ValueError, match="up to 200"):
        user.write([create(key=UUID(int=n)) for n in range(201)])
    with pytest.raises(ValueError, match="needs a key"):
        user.write([replace(create(), key=None)])
    assert user.write([]) == []


def test_200_events_are_created_in_one_call() -> None:
    wire = Wire()
    keys = [UUID(int=n) for n in range(200)]

    def handle(request: requests.PreparedRequest) -> Answered:
        done = [row(f"00U{n:015d}", Lockstep_Key__c=str(key)) for n, key in enumerate(keys)]
        return described(request) or composite(saved(*(entry["Id"] for entry in done)), rows(*done))

    wire.handler = handle
    user = SalesforceUser(wire.client(), wire.layouts(), USER)
    answers = user.write([create(key=key) for key in keys])
    assert {answer.result for answer in answers} == {Result.OK}
    assert [answer.stored.key_tag for answer in answers if answer.stored] == keys
    assert (wire.meter.calls["salesforce"], len(wire.composites())) == (2, 1)  # one of them is describe
