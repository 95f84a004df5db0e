"""The YAML file of configurations: exact round trip, and mistakes named with line, place and remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.configuration import (
    CompanyRule,
    Condition,
    Configuration,
    ConflictRule,
    ConflictScope,
    ContactFilter,
    DeletionChoice,
    Direction,
    GuestRule,
    KindSettings,
    MovedRule,
    OneWay,
    Operator,
    Ownership,
    Preference,
    SeriesRule,
    StartRule,
    Which,
)
from backend.domain.configuration_words import SETTINGS
from backend.domain.field_choices import FieldChoice, FieldMap, customisable
from backend.domain.presets import AS_LIGHTNING_SYNC
from backend.domain.values import Kind
from backend.storage.configuration_file import FileRefused, differences, read, warned, write
from backend.storage.configurations import Assigned

FULL = """\
configurations:
  - name: Sales Germany
    active: false
    users: [Ada@example.com.crm]
    profiles: [Sales User, Inside Sales]
    contacts:
      direction: off
      conflicts: mailbox
      conflict_scope: record
      deletions: recreate
      one_way: replace
      match: oldest
      company: clear_text
      company_moves: true
      filter:
        owner: all
        followed: true
        conditions:
          - {field: MailingCountry, operator: equals, value: Germany}
          - {field: Account.Name, operator: is_empty}
          - {field: Level__c, operator: not_equals, value: 3}
      fields:
        department: off
        title: Job__c
        mailing.city: OFF
    events:
      direction: to_salesforce
      conflicts: salesforce
      deletions: stop
      which: selected
      private: yes
      series: native
      relate: no
      attendees: false
      invite_users: true
      invite_guests: on
      guests: put_back
      days_back: 7
      days_ahead: 90
      start: all_at_once
      moved: deleted
      fields: {location: Room__c}
  - name: Defaults
"""


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(FileRefused) as caught:
        read(text)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def under(*lines: str) -> str:
    """A file with one configuration that has these lines."""
    return "configurations:\n  - name: Sales\n" + "".join(f"    {line}\n" for line in lines)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_every_setting_is_read() -> None:
    conditions = (
        Condition("MailingCountry", Operator.EQUALS, "Germany"),
        Condition("Account.Name", Operator.IS_EMPTY),
        Condition("Level__c", Operator.NOT_EQUALS, "3"),
    )
    settings = Configuration(
        name="Sales Germany",
        active=False,
        contacts=KindSettings(
            Direction.OFF,
            ConflictRule.MAILBOX,
            DeletionChoice.RECREATE,
            ConflictScope.RECORD,
            OneWay.REPLACE,
            FieldMap(
                (FieldChoice("department", None), FieldChoice("title", "Job__c"), FieldChoice("mailing.city", None))
            ),
        ),
        events=KindSettings(
            Direction.TO_CRM,
            ConflictRule.CRM,
            DeletionChoice.STOP,
            field_map=FieldMap((FieldChoice("location", "Room__c"),)),
        ),
        contact_filter=ContactFilter(Ownership.ALL, conditions, followed=True),
        preference=Preference.OLDEST,
        company=CompanyRule.CLEAR,
        company_moves=True,
        which=Which.SELECTED,
        private=True,
        series=SeriesRule.NATIVE,
        relate=False,
        attendees=False,
        invite_users=True,
        invite_guests=True,
        guests=GuestRule.PUT_BACK,
        start=StartRule.ALL,
        moved=MovedRule.DELETED,
        days_back=7,
        days_ahead=90,
    )
    defaults, germany = read(FULL)
    assert germany == Assigned(settings, ("ada@example.com.crm",), ("Inside Sales", "Sales User"))
    assert defaults == Assigned(Configuration("Defaults"))


def test_what_is_written_reads_the_same() -> None:
    once = read(FULL)
    assert read(write(once)) == once
    assert write(read(write(once))) == write(once)


words = (
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20).map(str.strip).filter(bool)
)


def kinds(kind: Kind) -> st.SearchStrategy[KindSettings]:
    choices = st.dictionaries(
        st.sampled_from([row.key for row in customisable(kind)]),
        st.one_of(st.none(), st.uuids().map(lambda drawn: f"F{drawn.hex}__c")),
        max_size=3,
    ).map(lambda drawn: FieldMap(tuple(FieldChoice(row, field) for row, field in drawn.items())))
    return st.builds(
        KindSettings,
        st.sampled_from(Direction),
        st.sampled_from(ConflictRule),
        st.sampled_from(DeletionChoice),
        st.sampled_from(ConflictScope),
        st.sampled_from(OneWay),
        choices,
    )


with_value = st.sampled_from([Operator.EQUALS, Operator.CONTAINS, Operator.STARTS_WITH])
conditions = st.builds(Condition, st.from_regex(r"\A[A-Za-z][A-Za-z0-9_]{0,9}\Z"), with_value, words)
settings = st.builds(
    Configuration,
    name=words,
    active=st.booleans(),
    version=st.just(1),
    contacts=kinds(Kind.CONTACT),
    events=kinds(Kind.EVENT),
    contact_filter=st.builds(
        ContactFilter, st.sampled_from(Ownership), st.lists(conditions, max_size=3).map(tuple), st.booleans()
    ),
    preference=st.sampled_from(Preference),
    company=st.sampled_from(CompanyRule),
    company_moves=st.booleans(),
    which=st.sampled_from(Which),
    private=st.booleans(),
    series=st.sampled_from(SeriesRule),
    relate=st.booleans(),
    attendees=st.booleans(),
    invite_users=st.booleans(),
    invite_guests=st.booleans(),
    guests=st.sampled_from(GuestRule),
    start=st.sampled_from(StartRule),
    moved=st.sampled_from(MovedRule),
    days_back=st.integers(0, 3650),
    days_ahead=st.integers(1, 1830),
)


@given(st.lists(settings, max_size=4, unique_by=lambda one: one.name))
def test_any_configuration_survives_export_and_apply(drawn: list[Configuration]) -> None:
    stored = tuple(sorted((Assigned(one) for one in drawn), key=lambda one: one.configuration.name))
    assert read(write(stored)) == stored


def test_a_preset_gives_what_the_file_leaves_out() -> None:
    text = under("preset: as_lightning_sync", "contacts:", "  deletions: stop", "  filter: {owner: all}")
    (read_back,) = read(text)
    assert read_back.configuration == replace(
        AS_LIGHTNING_SYNC,
        name="Sales",
        contacts=replace(AS_LIGHTNING_SYNC.contacts, deletion=DeletionChoice.STOP),
        contact_filter=ContactFilter(Ownership.ALL),
    )
    assert read(under("preset: recommended"))[0].configuration == Configuration("Sales")


def test_every_setting_stands_in_the_file_and_in_its_guide() -> None:
    exported = yaml.safe_load(write(read(FULL)))["configurations"][1]
    guide = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
    for setting in SETTINGS:
        found = exported
        for part in setting.key.split("."):
            found = found[part]
        assert f"| `{setting.key.rpartition('.')[2]}` |" in guide, setting.key


def test_no_configurations_is_a_file_too() -> None:
    assert read(write(())) == ()


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            under("activ: true"),
            "Line 3, configuration “Sales”, activ: unknown key “activ”; perhaps “active” was meant.",
        ),
        (
            under("contacts:", "  directon: both"),
            "Line 4, configuration “Sales”, contacts.directon: unknown key “directon”; perhaps “direction” was meant.",
        ),
        (
            under("contacts:", "  filter:", "    xyz: 1"),
            "Line 5, configuration “Sales”, contacts.filter.xyz: unknown key “xyz”; "
            "known are owner, followed, conditions.",
        ),
        (
            under("events:", "  direction: bth"),
            "Line 4, configuration “Sales”, events.direction: “bth” is not one of "
            "off, to_salesforce, to_mailbox, both; perhaps “both” was meant.",
        ),
        (
            under("events:", "  which: nonsense"),
            "Line 4, configuration “Sales”, events.which: “nonsense” is not one of all, selected.",
        ),
        (
            under("events:", "  days_back: -1"),
            "Line 4, configuration “Sales”, events.days_back: “-1” does not fit: "
            "input should be greater than or equal to 0.",
        ),
        (
            under("contacts:", "  filter:", "    conditions:", "      - {field: 9x, operator: equals, value: a}"),
            "Line 6, configuration “Sales”, contacts.filter.conditions[1].field: "
            "“9x” is no API name of a Salesforce field: letters, digits and underscores.",
        ),
        (
            under("contacts:", "  filter:", "    conditions:", "      - {field: X, operator: equals}"),
            "Line 6, configuration “Sales”, contacts.filter.conditions[1]: equals needs a value.",
        ),
        (
            under("contacts:", "  filter:", "    conditions:", "      - {field: X, operator: is_empty, value: a}"),
            "Line 6, configuration “Sales”, contacts.filter.conditions[1]: is_empty takes no value.",
        ),
        (
            under("preset: lightning"),
            "Line 3, configuration “Sales”, preset: “lightning” is not one of recommended, as_lightning_sync; "
            "perhaps “as_lightning_sync” was meant.",
        ),
        (
            under("preset: as_lightning_sync", "events:", "  series: natve"),
            "Line 5, configuration “Sales”, events.series: “natve” is not one of off, occurrences, native; "
            "perhaps “native” was meant.",
        ),
        (
            under("events:", "  relate: maybe"),
            "Line 4, configuration “Sales”, events.relate: “maybe” is neither on nor off.",
        ),
        (
            under("contacts:", "  fields: {departement: off}"),
            "Line 4, configuration “Sales”, contacts.fields.departement: there is no row “departement”; "
            "perhaps “department” was meant.",
        ),
        (
            under("events:", "  fields:", "    location: Other Place"),
            "Line 5, configuration “Sales”, events.fields.location: “Other Place” is no API name of a Salesforce "
            "field; write one like Nickname__c, or off.",
        ),
        (
            under("contacts:", "  fields:", "    title: null"),
            "Line 5, configuration “Sales”, contacts.fields.title: input should be a valid string.",
        ),
        (
            under("users: ada"),
            "Line 3, configuration “Sales”, users: “ada” is no list: write its parts below, each with a dash.",
        ),
        (under("contacts: both"), "Line 3, configuration “Sales”, contacts: “both” is no group of keys: "
         "write them below, indented."),
        ("configurations:\n  - active: true\n", "Line 2, configuration 1, name: the key “name” is missing."),
        ("configuration: []\n", "Line 1, configurations: the key “configurations” is missing."),
        (under("name: Twice"), "Line 3: “name” is given twice."),
        ("- a\n- b\n", "Line 1: the file must begin with “configurations:” and list them below."),
        ("", "Line 1: the file must begin with “configurations:” and list them below."),
        ("configurations: [\n", "Line 2: expected the node content, but found '<stream end>'."),
        ("configurations:\n\t- name: A\n", "Line 2: found character '\\t' that cannot start any token."),
        (
            "configurations:\n  - name: A\n  - name: A\n",
            "Line 3: the configuration “A” is named in line 2 already; keep one of the two.",
        ),
        (
            "configurations:\n  - name: A\n    users: [x]\n  - name: B\n    users:\n      - X\n",
            "Line 6: the user “X” is named in line 3 already; keep one of the two.",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)  # fmt: skip
def test_a_mistake_is_named_with_line_place_and_remedy(text: str, problem: str) -> None:
    assert problem in refused(text)


@pytest.mark.parametrize("row", ["company", "email", "name.first"])
def test_ls047_a_locked_contact_row_is_refused_with_its_line(row: str) -> None:
    (problem,) = refused(under("contacts:", "  fields:", f"    {row}: Other__c"))
    assert problem.startswith(f"Line 5, configuration “Sales”, contacts.fields.{row}: ")
    assert "needed for matching" in problem


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    problems = refused(under("events:", "  direction: bth", "  which: x", "activ: true"))
    assert [problem.split(",")[0] for problem in problems] == ["Line 4", "Line 5", "Line 6"]


def test_a_name_for_a_tag_of_python_makes_no_object() -> None:
    (problem,) = refused("configurations: !!python/object/apply:os.system [ls]\n")
    assert problem.startswith("Line 1: could not determine a constructor")


# --- differences -----------------------------------------------------------------------------------------------------


def test_differences_are_listed_before_anything_is_applied() -> None:
    present = read(FULL)
    defaults, germany = present
    changed = replace(
        germany.configuration,
        active=True,
        events=replace(germany.configuration.events, direction=Direction.BOTH),
        contact_filter=ContactFilter(),
    )
    wanted = (Assigned(changed, ("bob",), germany.profiles), Assigned(Configuration("New"), ("carl",)))
    assert differences(present, wanted) == (
        "remove configuration “Defaults”: its people stop syncing, their items stay",
        "add configuration “New”",
        "“New”: assign user carl",
        "“Sales Germany”: active off → on",
        "“Sales Germany”: assign user bob",
        "“Sales Germany”: no longer assign user ada@example.com.crm",
        "“Sales Germany”: contacts.filter.owner all → own",
        "“Sales Germany”: contacts.filter.followed on → off",
        "“Sales Germany”: contacts.filter.conditions MailingCountry equals Germany; Account.Name is_empty; "
        "Level__c not_equals 3 → none",
        "“Sales Germany”: events.direction to_salesforce → both",
    )
    assert defaults.configuration.name == "Defaults"


def test_a_row_of_the_field_map_that_returns_to_standard_is_a_difference() -> None:
    present = read(under("contacts:", "  fields: {title: Job__c}"))
    assert differences(present, read(under())) == ("“Sales”: contacts.fields.title Job__c → standard",)
    assert differences(read(under()), present) == ("“Sales”: contacts.fields.title standard → Job__c",)


def test_ls037_applying_a_half_set_filter_says_that_no_contacts_sync() -> None:
    (warning,) = warned(read(under("contacts:", "  filter: {owner: selected_contacts}")))
    assert warning.startswith("“Sales”: No Salesforce contacts sync: ")
    assert warned(read(under())) == ()


def test_nothing_is_no_difference() -> None:
    assert differences(read(FULL), read(FULL)) == ()


def test_the_file_of_a_fresh_installation_says_what_it_is(tmp_path: Path) -> None:
    assert write(()).startswith("# Configurations of Lockstep")
