"""Two spellings of one number or address are one value; two numbers never are (H-6, LS-074)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.projection import equivalent
from backend.domain.spelling import PHONES, region_of, same
from backend.domain.values import Address, FieldValue, Kind


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("Europe/Berlin", "DE"), ("America/New_York", "US"), ("Asia/Calcutta", "IN"), ("US/Eastern", "US"),
        ("UTC", None), (None, None),
    ],
)  # fmt: skip
def test_h6_the_country_of_a_person_is_that_of_his_time_zone(zone: str | None, region: str | None) -> None:
    assert region_of(zone) == region


@pytest.mark.parametrize(
    ("left", "right", "region"),
    [
        ("+49 40 123456", "040/123456", "DE"),
        ("(040) 12 34 56", "040 123456", "DE"),
        ("+1 (202) 555-0100", "202.555.0100", "US"),
        ("+44 (0)20 7946 0001", "020 7946 0001", "GB"),
        ("+49 40 123456 ext. 12", "040 123456 x12", "DE"),
        ("+49 40 123456", "0049 40 123456", "DE"),
        ("+49 40 123456", "+4940123456", None),
        ("(040) 12 34 56", "040-123456", None),
        ("Ext. 7", "ext. 7", None),
    ],
)
def test_h6_spellings_of_one_number_are_equal(left: str, right: str, region: str | None) -> None:
    for group in PHONES:
        assert same(group, left, right, region)
        assert equivalent(Kind.CONTACT, group, right, left, region)


@pytest.mark.parametrize(
    ("left", "right", "region"),
    [
        ("+49 40 123456", "+43 40 123456", "DE"),
        ("+49 40 123456", "040 123456", "AT"),
        ("+49 40 123456", "040 123456", None),
        ("040 123456", "040 123457", "DE"),
        ("+49 40 123456 ext. 12", "+49 40 123456", "DE"),
        ("123", "0123", "DE"),
        ("123", "0123", None),
        ("home 123", "123", None),
        ("ask Ada", "ask Bob", "DE"),
        ("040 123456", None, "DE"),
    ],
)
def test_h6_other_numbers_extensions_and_countries_are_a_difference(
    left: FieldValue, right: FieldValue, region: str | None
) -> None:
    assert not same("phone", left, right, region)
    assert not equivalent(Kind.CONTACT, "phone", left, right, region)


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(["DE", "US", "IT", None]))
def test_h6_equal_numbers_are_equal_either_way_round_whatever_is_typed(
    left: str, right: str, region: str | None
) -> None:
    assert same("phone", left, right, region) == same("phone", right, left, region)
    assert same("phone", left, left, region)


HOME = Address("12 Main Street\nFloor 3", "Hamburg", None, "20095", "Germany")


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        (Address("12 Main Street, Floor 3", "HAMBURG", None, "20095", "Germany"), True),
        (Address("12 Main Street\nFloor 3", "Hamburg", None, "20095", "DE"), True),
        (Address("12 Main Street\nFloor 3", "Hamburg", None, "20095", "Deutschland"), True),
        (Address("12 Main Street\nFloor 4", "Hamburg", None, "20095", "Germany"), False),
        (Address("12 Main Street\nFloor 3", "Hamburg", "HH", "20095", "Germany"), False),
        (Address("12 Main Street\nFloor 3", "Hamburg", None, "20095", "Austria"), False),
        (Address("12 Main Street\nFloor 3", "Hamburg", None, "20095", None), False),
    ],
)
def test_h6_postal_addresses_are_compared_without_case_breaks_and_names_of_countries(
    other: Address, *, equal: bool
) -> None:
    assert same("mailing", HOME, other, "DE") is equal


def test_ls074_addresses_are_equal_without_case_and_blanks() -> None:
    assert equivalent(Kind.CONTACT, "email", "Ada@Engine.Example ", "ada@engine.example")
    assert not equivalent(Kind.CONTACT, "email", "ada@engine.example", "ada@engines.example")
    assert not equivalent(Kind.CONTACT, "title", "Countess", "countess")
