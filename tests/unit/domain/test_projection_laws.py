"""Laws of ≈ (sync.md B.5): what a side makes of a value is final, and one lap between the sides settles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from backend.domain.projection import equivalent, project_crm, project_mailbox
from backend.domain.values import Address, FieldValue, Kind, Name, ShowAs, Timed
from tests.fakes.drawn_values import ALL_GROUPS, grouped

Drawn = tuple[Kind, str, FieldValue]
NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)


@settings(max_examples=400)
@given(grouped())
def test_projecting_twice_is_projecting_once(drawn: Drawn) -> None:
    kind, group, value = drawn
    for project in (project_mailbox, project_crm):
        once = project(kind, group, value)
        assert project(kind, group, once) == once


@settings(max_examples=400)
@given(grouped())
def test_a_value_written_to_the_other_side_agrees_with_its_source_inv8(drawn: Drawn) -> None:
    kind, group, value = drawn
    in_mailbox = project_mailbox(kind, group, value)
    assert equivalent(kind, group, in_mailbox, project_crm(kind, group, in_mailbox))
    in_crm = project_crm(kind, group, value)
    assert equivalent(kind, group, project_mailbox(kind, group, in_crm), in_crm)


@settings(max_examples=400)
@given(grouped())
def test_a_lap_from_the_mailbox_and_back_is_stable_inv7(drawn: Drawn) -> None:
    kind, group, value = drawn
    crm = project_crm(kind, group, project_mailbox(kind, group, value))
    back = project_mailbox(kind, group, crm)
    assert project_crm(kind, group, back) == crm


@pytest.mark.parametrize(("kind", "group"), ALL_GROUPS)
def test_nothing_agrees_with_nothing(kind: Kind, group: str) -> None:
    assert project_crm(kind, group, None) is None
    assert project_mailbox(kind, group, None) is None
    assert equivalent(kind, group, None, None)


@pytest.mark.parametrize(
    ("kind", "group", "mailbox", "crm"),
    [
        (Kind.EVENT, "subject", "a" * 300, "a" * 254 + "…"),
        (Kind.EVENT, "show_as", ShowAs.TENTATIVE, ShowAs.BUSY),
        (Kind.EVENT, "show_as", ShowAs.ELSEWHERE, ShowAs.BUSY),
        (Kind.EVENT, "when", Timed(NINE, TEN, "Europe/London"), Timed(NINE, TEN)),
        (Kind.CONTACT, "title", "Countess ", "Countess"),
        (Kind.CONTACT, "notes", "one  \r\ntwo\r\n\r\n", "one\ntwo"),
        (Kind.CONTACT, "name", Name(" Ada ", "Lovelace", ""), Name("Ada", "Lovelace")),
        (Kind.CONTACT, "name", Name("", " "), None),
        (Kind.CONTACT, "mailing", Address("", "  "), None),
    ],
)
def test_what_services_make_of_values_is_no_difference(
    kind: Kind, group: str, mailbox: FieldValue, crm: FieldValue
) -> None:
    assert equivalent(kind, group, mailbox, crm)


@pytest.mark.parametrize(
    ("kind", "group", "mailbox", "crm"),
    [
        (Kind.EVENT, "subject", "Review", "Preview"),
        (Kind.EVENT, "subject", "a" * 300, "a" * 253 + "…"),
        (Kind.EVENT, "subject", "Review", None),
        (Kind.EVENT, "show_as", ShowAs.FREE, ShowAs.BUSY),
        (Kind.EVENT, "when", Timed(NINE, TEN), Timed(NINE, TEN + timedelta(hours=1))),
        (Kind.CONTACT, "title", "x" * 129, "x" * 127 + "…"),
        (Kind.CONTACT, "name", Name("Ada", "Lovelace"), Name("Ada", "King")),
    ],
)
def test_what_people_changed_is_a_difference(kind: Kind, group: str, mailbox: FieldValue, crm: FieldValue) -> None:
    assert not equivalent(kind, group, mailbox, crm)
