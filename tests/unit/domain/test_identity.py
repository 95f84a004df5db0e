"""What makes two things the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.identity import (
    contact_key,
    derived,
    item_key,
    meeting_key,
    natural_key,
    normal_email,
    strong_key,
)
from backend.domain.values import AllDay, Kind, Name, Timed, Values

NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
REVIEW: Values = {"subject": "Review", "when": Timed(NINE, NINE + timedelta(hours=1), "Europe/London")}
ADA: Values = {"name": Name("Ada", "Lovelace"), "company": "Engines", "email": "ada@example.com"}


def test_inv14_keys_depend_on_their_parts_only_and_on_each_of_them() -> None:
    assert derived("a", 1) == derived("a", 1)
    assert len({derived("a", 1), derived("a", 2), derived("a1"), derived(1, "a"), derived("a", 1, "")}) == 5


def test_parts_do_not_run_into_each_other() -> None:
    assert derived("ab", "c") != derived("a", "bc")


def test_d2_the_key_of_a_meeting_names_no_user() -> None:
    first = meeting_key("uid", "2026-03-09T09:00:00+00:00", 0, 0)
    assert first == meeting_key("uid", "2026-03-09T09:00:00+00:00", 0, 0)
    others = {
        meeting_key("uid2", "2026-03-09T09:00:00+00:00", 0, 0),
        meeting_key("uid", "2026-03-16T09:00:00+00:00", 0, 0),
        meeting_key("uid", "2026-03-09T09:00:00+00:00", 1, 0),
        meeting_key("uid", "2026-03-09T09:00:00+00:00", 0, 1),
    }
    assert len(others | {first}) == 5


def test_keys_of_items_and_contacts_are_per_user_and_incarnation() -> None:
    keys = {item_key(1, "003", 0), item_key(2, "003", 0), item_key(1, "003", 1), contact_key(1, "003", 0)}
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("written", "normal"),
    [(" Ada@Example.COM ", "ada@example.com"), ("ada@x.de", "ada@x.de"), ("", None), ("  ", None), (None, None)],
)
def test_ls074_addresses_are_compared_trimmed_and_case_folded(written: str | None, normal: str | None) -> None:
    assert normal_email(written) == normal


def test_ls066_contacts_match_strongly_by_address_and_events_never() -> None:
    assert strong_key(Kind.CONTACT, ADA) == "ada@example.com"
    assert strong_key(Kind.CONTACT, {"name": Name("Ada", "Lovelace")}) is None
    assert strong_key(Kind.EVENT, {**REVIEW, "email": "ada@example.com"}) is None


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"name": Name("ADA", "lovelace")}, True),
        ({"name": Name(" Ada", "Love  lace")}, False),
        ({"company": "ENGINES "}, True),
        ({"company": "Looms"}, False),
        ({"company": None}, False),
        ({"email": "other@example.com"}, True),
        ({"name": Name("Ada", "Lovelace", "King", "Lady", "I")}, True),
    ],
)
def test_ls067_contacts_match_by_full_name_and_company(change: Values, same: bool) -> None:
    assert (natural_key(Kind.CONTACT, {**ADA, **change}) == natural_key(Kind.CONTACT, ADA)) is same


def test_a_contact_without_last_name_matches_nothing() -> None:
    assert natural_key(Kind.CONTACT, {"name": Name("Ada"), "company": "Engines"}) is None
    assert natural_key(Kind.CONTACT, {"company": "Engines"}) is None


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"subject": "REVIEW"}, True),
        ({"subject": "Reviews"}, False),
        ({"when": Timed(NINE, NINE + timedelta(hours=1))}, True),
        ({"when": Timed(NINE, NINE + timedelta(hours=2))}, False),
        ({"when": AllDay(date(2026, 3, 9), date(2026, 3, 10))}, False),
        ({"location": "Room 4"}, True),
    ],
)
def test_ls111_events_match_by_subject_start_and_end_whatever_their_zone(change: Values, same: bool) -> None:
    assert (natural_key(Kind.EVENT, {**REVIEW, **change}) == natural_key(Kind.EVENT, REVIEW)) is same


def test_whole_days_never_match_the_midnight_to_midnight_event() -> None:
    midnight = datetime(2026, 3, 9, tzinfo=UTC)
    timed: Values = {"subject": "Fair", "when": Timed(midnight, midnight + timedelta(days=1))}
    days: Values = {"subject": "Fair", "when": AllDay(date(2026, 3, 9), date(2026, 3, 10))}
    assert natural_key(Kind.EVENT, timed) != natural_key(Kind.EVENT, days)


def test_an_event_without_time_matches_nothing() -> None:
    assert natural_key(Kind.EVENT, {"subject": "Review"}) is None
