"""Field maps: what may be changed (LS-045 to LS-048), and what describe has to say to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.field_choices import STANDARD, FieldChoice, FieldMap, customisable, mistakes, rows_of
from backend.domain.field_types import DescribedField, suitable, type_mistakes
from backend.domain.fieldmap import ROWS
from backend.domain.values import Kind


def choosing(**rows: str | None) -> FieldMap:
    """Rows by key, with a double underscore for the dot."""
    return FieldMap(tuple(FieldChoice(row.replace("__", "."), field) for row, field in rows.items()))


def test_without_choices_the_map_is_the_standard_one() -> None:
    for kind in Kind:
        assert rows_of(kind, STANDARD) == ROWS[kind]
        assert list(mistakes(kind, STANDARD)) == []


def test_ls045_rows_can_be_switched_off_and_pointed_elsewhere() -> None:
    chosen = choosing(department=None, title="Function__c", mailing__city="Town__c")
    rows = {row.key: row for row in rows_of(Kind.CONTACT, chosen)}
    assert "department" not in rows
    assert rows["title"].salesforce == "Function__c"
    assert rows["mailing.city"].salesforce == "Town__c"
    assert rows["mailing.street"] in ROWS[Kind.CONTACT]
    assert list(mistakes(Kind.CONTACT, chosen)) == []


def test_ls046_a_custom_field_may_be_chosen_which_lightning_sync_did_not_offer() -> None:
    chosen = choosing(other_phone="Direct_Line__c")
    fields = [DescribedField("Direct_Line__c", "Direct line", "phone", 40)]
    assert list(mistakes(Kind.CONTACT, chosen)) == []
    assert list(type_mistakes(Kind.CONTACT, chosen, fields, written=True)) == []


@pytest.mark.parametrize("row", ["company", "email", "name.first"])
def test_ls047_company_email_and_first_name_are_locked(row: str) -> None:
    for field in (None, "Other__c"):
        ((where, sentence),) = mistakes(Kind.CONTACT, FieldMap((FieldChoice(row, field),)))
        assert where == row
        assert sentence.endswith("is needed for matching and stays as it is; remove this line")


def test_ls047_all_day_is_locked() -> None:
    assert [row for row, _ in mistakes(Kind.EVENT, choosing(when__all_day=None))] == ["when.all_day"]


@pytest.mark.parametrize(
    ("kind", "row"),
    [(Kind.CONTACT, "name.last"), (Kind.EVENT, "subject"), (Kind.EVENT, "when.start"), (Kind.EVENT, "when.end")],
)
def test_ls048_last_name_subject_start_and_end_are_locked(kind: Kind, row: str) -> None:
    assert [where for where, _ in mistakes(kind, FieldMap((FieldChoice(row, "Other__c"),)))] == [row]
    assert row not in {one.key for one in customisable(kind)}


@pytest.mark.parametrize(
    ("chosen", "row", "sentence"),
    [
        (
            choosing(title="Department"),
            "title",
            "“Department” is mapped to department already; choose another field or switch that row off",
        ),
        (
            choosing(phone="X__c", mobile="x__C"),
            "mobile",
            "“x__C” is mapped to phone already; choose another field or switch that row off",
        ),
        (choosing(titel=None), "titel", "there is no row “titel”; perhaps “title” was meant"),
        (
            choosing(title="Bad name"),
            "title",
            "“Bad name” is no API name of a Salesforce field; write one like Nickname__c, or off",
        ),
    ],
)
def test_a_choice_that_cannot_stand_is_named_with_its_remedy(chosen: FieldMap, row: str, sentence: str) -> None:
    assert list(mistakes(Kind.CONTACT, chosen)) == [(row, sentence)]


def test_a_field_is_free_once_its_row_is_off() -> None:
    assert list(mistakes(Kind.CONTACT, choosing(title="Department", department=None))) == []


def test_the_order_of_choices_makes_no_difference() -> None:
    assert choosing(title=None, phone="X__c") == choosing(phone="X__c", title=None)


# --- types -----------------------------------------------------------------------------------------------------------

TEXT = DescribedField("Text__c", "Text", "string", 255)
AREA = DescribedField("Area__c", "Area", "textarea", 32_000)
DAY = DescribedField("Day__c", "Day", "date")
TIME = DescribedField("Time__c", "Time", "datetime")
FORMULA = DescribedField("Formula__c", "Formula", "string", createable=False, updateable=False, calculated=True)
SHOWN = DescribedField("Shown__c", "Shown", "picklist", picklist=("Busy", "Free", "OutOfOffice"))
HALF = replace(SHOWN, name="Half__c", picklist=("Busy", "Free"))
FIELDS = (TEXT, AREA, DAY, TIME, FORMULA, SHOWN, HALF)


@pytest.mark.parametrize(
    ("kind", "row", "field", "objection"),
    [
        (Kind.CONTACT, "title", "Text__c", None),
        (Kind.CONTACT, "title", "text__C", None),
        (Kind.CONTACT, "title", "Day__c", "“Day__c” is of type date; Title needs text"),
        (Kind.CONTACT, "notes", "Area__c", None),
        (
            Kind.CONTACT,
            "notes",
            "Text__c",
            "“Text__c” is of type string; Notes needs a text area, since it has several lines",
        ),
        (Kind.CONTACT, "birthdate", "Day__c", None),
        (
            Kind.CONTACT,
            "birthdate",
            "Time__c",
            "“Time__c” is of type datetime; Birthday needs a date without time",
        ),
        (
            Kind.CONTACT,
            "title",
            "Missing__c",
            "Salesforce shows no field “Missing__c”; check its API name and who may see it",
        ),
        (
            Kind.CONTACT,
            "title",
            "Formula__c",
            "“Formula__c” cannot be written; choose another field, or a direction that only reads Salesforce",
        ),
        (Kind.EVENT, "show_as", "Shown__c", None),
        (
            Kind.EVENT,
            "show_as",
            "Half__c",
            "“Half__c” lacks some of its values; Show as needs a picklist with Busy, Free and OutOfOffice",
        ),
    ],
)
def test_a_chosen_field_is_checked_against_describe(kind: Kind, row: str, field: str, objection: str | None) -> None:
    found = list(type_mistakes(kind, FieldMap((FieldChoice(row, field),)), FIELDS, written=True))
    assert found == ([] if objection is None else [(row, objection)])


def test_a_formula_can_be_read_where_salesforce_is_never_written() -> None:
    assert list(type_mistakes(Kind.CONTACT, choosing(title="Formula__c"), FIELDS, written=False)) == []


def test_a_standard_row_is_not_checked_since_describe_decides_about_it_at_run_time() -> None:
    assert list(type_mistakes(Kind.CONTACT, choosing(title="Title", department=None), (), written=True)) == []


def test_only_fitting_fields_are_offered() -> None:
    rows = {row.key: row for row in ROWS[Kind.CONTACT]}
    assert suitable(rows["birthdate"], FIELDS, written=True) == (DAY,)
    assert suitable(rows["notes"], FIELDS, written=True) == (AREA,)
    assert FORMULA not in suitable(rows["title"], FIELDS, written=True)
    assert FORMULA in suitable(rows["title"], FIELDS, written=False)
