"""Looking up by id, key and likeness: what is asked, and how an answer is read."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import requests

from backend.domain.values import AllDay, Kind, Name, Timed, Values
from backend.ports.answers import Verdict
from backend.ports.crm import Record
from backend.ports.mailbox import Probe
from backend.salesforce.crm import SalesforceUser
from tests.fakes.salesforce_wire import USER, Answered, Wire, composite, described, row, rows

C1, C2, C3 = (f"00300000000000{n}AAA" for n in (1, 2, 3))
P1, P2, P3 = (UUID(int=n) for n in (1, 2, 3))


def user_over(*pages: tuple[int, Any], **options: Any) -> tuple[SalesforceUser, Wire]:
    wire = Wire()

    def handle(request: requests.PreparedRequest) -> Answered:
        return described(request, **options) or composite(*pages)

    wire.handler = handle
    return SalesforceUser(wire.client(), wire.layouts(), USER), wire


def test_sf088_only_a_row_marked_deleted_is_gone() -> None:
    user, wire = user_over(rows(row(C1, LastName="A"), row(C2, LastName="B", IsDeleted=True)))
    found = user.fetch(Kind.CONTACT, [C1, C2, C3])
    assert isinstance(found[C1], Record)
    assert (found[C2], found[C3]) == (Verdict.GONE, Verdict.UNKNOWN)
    [[statement]] = wire.composites()
    assert statement.startswith("GET queryAll?q=SELECT Id, OwnerId, IsDeleted, SystemModstamp,")
    assert statement.endswith(f"FROM Contact WHERE Id IN ('{C1}','{C2}','{C3}')")


def test_a_thousand_ids_are_one_call() -> None:
    user, wire = user_over(*[rows()] * 5)
    user.fetch(Kind.EVENT, [f"00U{n:015d}" for n in range(1000)])
    assert [len(parts) for parts in wire.composites()] == [5]


def test_nothing_asked_is_nothing_sent() -> None:
    user, wire = user_over()
    assert (user.fetch(Kind.EVENT, []), user.find_tagged(Kind.EVENT, []), user.find_like(Kind.EVENT, [])) == (
        {},
        [],
        {},
    )
    assert wire.requests == []


def test_records_are_found_by_key_in_the_bin_too() -> None:
    key = UUID(int=7)
    user, wire = user_over(rows(row(C1, LastName="A", Lockstep_Key__c=str(key), IsDeleted=True)))
    [found] = user.find_tagged(Kind.CONTACT, [key])
    assert (found.in_bin, found.key_tag) == (True, key)
    assert wire.composites()[0][0].endswith(f"WHERE Lockstep_Key__c IN ('{key}')")


def like(user: SalesforceUser, kind: Kind, *probes: Values) -> list[list[str]]:
    found = user.find_like(kind, [Probe(UUID(int=n), values) for n, values in enumerate(probes)])
    return [[record.id for record in found[UUID(int=n)]] for n in range(len(probes))]


def test_ls066_ls067_ls074_contacts_are_found_by_address_else_by_name_and_company() -> None:
    stored = [
        row(C1, FirstName="Ada", LastName="Byron", Email="ADA@x.example"),
        row(C2, FirstName="Ada", LastName="Byron", Email="other@x.example", Account={"Name": "Acme"}),
        row(C3, FirstName="Ada", LastName="Byron", Account={"Name": "Other"}),
    ]
    user, wire = user_over(rows(stored[0]), rows(*stored))
    probes = (
        {"email": " ada@X.example ", "name": Name("Ada", "Nobody")},
        {"email": "new@x.example", "name": Name("ada", "BYRON"), "company": "acme"},
        {"name": Name("Ada", "Byron"), "company": "Third"},
    )
    assert like(user, Kind.CONTACT, *probes) == [[C1], [C2], []]
    [[by_address, by_name]] = wire.composites()
    assert by_address.endswith("WHERE IsDeleted = false AND Email IN ('ada@x.example','new@x.example')")
    assert "AND LastName IN ('BYRON','Byron','Nobody') AND FirstName IN ('Ada','ada')" in by_name


def test_a_probe_without_a_first_name_is_not_narrowed_by_first_names() -> None:
    user, wire = user_over(rows(row(C1, LastName="O'Hara")))
    assert like(user, Kind.CONTACT, {"name": Name(last="O'Hara")}) == [[C1]]
    assert wire.composites()[0][0].endswith(r"WHERE IsDeleted = false AND LastName IN ('O\'Hara')")


TEN, ELEVEN = datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)


def test_ls111_ls112_d14_events_are_found_among_the_users_own_by_subject_start_and_end() -> None:
    lunch = {"StartDateTime": "2026-11-23T10:00:00.000+0000", "EndDateTime": "2026-11-23T11:00:00.000+0000"}
    day = {"StartDateTime": "2026-11-24T00:00:00.000+0000", "EndDateTime": "2026-11-25T00:00:00.000+0000"}
    stored = [
        row("00Ub", Subject="lunch", **lunch),
        row("00Ua", Subject="Lunch", **lunch),
        row("00Uc", Subject="Other", **lunch),
        row("00Ud", Subject="Fair", IsAllDayEvent=True, **day),
    ]
    user, wire = user_over(rows(*stored))
    probes = (
        {"subject": " Lunch", "when": Timed(TEN.replace(microsecond=5), ELEVEN, "Europe/London")},
        {"subject": "Fair", "when": AllDay(date(2026, 11, 24), date(2026, 11, 26))},
        {"subject": "Fair", "when": AllDay(date(2026, 11, 24), date(2026, 11, 25))},
        {"subject": "No time"},
    )
    assert like(user, Kind.EVENT, *probes) == [["00Ua", "00Ub"], ["00Ud"], [], []]
    [[statement]] = wire.composites()
    assert statement.endswith(
        f"WHERE IsDeleted = false AND OwnerId = '{USER}' AND IsChild = false "
        "AND StartDateTime IN (2026-11-23T10:00:00Z,2026-11-24T00:00:00Z)"
    )


def test_a_subject_that_salesforce_shortened_is_found_again() -> None:
    times = {"StartDateTime": "2026-11-23T10:00:00.000+0000", "EndDateTime": "2026-11-23T11:00:00.000+0000"}
    user, _ = user_over(rows(row("00Ua", Subject="x" * 254 + "…", **times)))
    assert like(user, Kind.EVENT, {"subject": "x" * 400, "when": Timed(TEN, ELEVEN)}) == [["00Ua"]]


def test_200_probes_are_one_call() -> None:
    user, wire = user_over(rows(), rows())
    probes = [Probe(UUID(int=n), {"email": f"p{n}@x.example", "name": Name("A", f"L{n}")}) for n in range(200)]
    user.find_like(Kind.CONTACT, probes)
    assert [len(parts) for parts in wire.composites()] == [2]
