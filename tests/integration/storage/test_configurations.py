"""A change of people, assignments or configurations reaches everybody it concerns, and nobody else (G)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from backend.domain.configuration import (
    Condition,
    Configuration,
    ConflictRule,
    ContactFilter,
    Direction,
    Operator,
    Which,
)
from backend.domain.values import Kind
from backend.ports.crm import CrmUser
from backend.storage import configuration_file, tables
from backend.storage.configurations import Assigned, Configurations
from backend.storage.people import People
from backend.storage.sync_store import SqlSyncStore
from backend.sync.state import LinkState, Stream
from backend.sync.store import Changes
from tests.fakes.stored import NOON, Bench, card
from tests.fakes.world import FakeClock

SALES, SERVICE = Configuration("Sales"), Configuration("Service")
ADA, BOB, CARL = "ada@example.com.crm", "bob@example.com.crm", "carl@example.com.crm"


def user(who: str, profile: str = "Sales User", **fields: Any) -> CrmUser:
    given = {
        "username": f"{who}@example.com.crm",
        "name": who.title(),
        "address": f"{who.title()}@Example.com",
        "active": True,
        "zone": "UTC",
    }
    return CrmUser(id=f"005{who}", profile=profile, **(given | fields))


@dataclass
class Office:
    """Ada and Bob (sales) and Carl (service), ids 1 to 3."""

    engine: sa.Engine
    clock: FakeClock

    def __post_init__(self) -> None:
        self.people = People(self.engine, self.clock)
        self.configurations = Configurations(self.engine, self.clock)
        self.store = SqlSyncStore(self.engine, self.clock)
        self.people.store([user("ada"), user("bob"), user("carl", "Service User")])

    def assign(
        self, settings: Configuration, users: Iterable[str] = (), profiles: Iterable[str] = (), into: str | None = None
    ) -> frozenset[int]:
        with self.configurations.editing() as editor:
            editor.save(settings)
            editor.assign(into or settings.name, usernames=users, profiles=profiles)
        return editor.affected

    def save(self, settings: Configuration) -> frozenset[int]:
        with self.configurations.editing() as editor:
            editor.save(settings)
        return editor.affected

    def by(self) -> dict[int, str]:
        """Who syncs by which configuration."""
        return {view.user_id: view.configuration.name for view in self.store.users()}

    def listed(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Assignments as they are shown."""
        return {one.configuration.name: (one.usernames, one.profiles) for one in self.configurations.all()}

    def because(self, user_id: int) -> str:
        with self.engine.connect() as connection:
            query = sa.select(tables.user_state.c.because).where(tables.user_state.c.user_id == user_id)
            return str(connection.execute(query).scalar())

    def versions(self) -> list[int]:
        with self.engine.connect() as connection:
            query = sa.select(tables.user_state.c.config_version).order_by(tables.user_state.c.user_id)
            return list(connection.execute(query).scalars())

    def settle(self) -> None:
        """Streams and the organisation were read, nothing is dirty."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(tables.todo))
        for user_id in (0, 1, 2, 3):
            lease = self.store.acquire(user_id, "office", 60.0)
            assert lease is not None
            if user_id == 0:
                self.store.commit(lease, Changes(mark="mark"))
            for kind in Kind if user_id else ():
                self.store.commit(lease, Changes(stream=Stream(user_id, kind, "c", "cursor", None, None, 1, NOON)))
            self.store.release(lease)

    def marked(self) -> set[int]:
        return {number for number in (1, 2, 3) if self.store.snapshot(number, Kind.EVENT).todos}

    def read_again(self, user_id: int = 1) -> set[Kind]:
        streams = {kind: self.store.stream(user_id, kind) for kind in Kind}
        return {kind for kind, stream in streams.items() if stream is not None and stream.cursor is None}


@pytest.fixture
def office(database: sa.Engine, clock: FakeClock) -> Office:
    return Office(database, clock)


# --- who syncs by what -----------------------------------------------------------------------------------------------


def test_people_without_assignment_do_not_sync(office: Office) -> None:
    assert office.by() == {}
    assert "neither by user name nor by the profile “Sales User”" in office.because(1)


def test_ls025_a_configuration_has_name_active_flag_users_profiles_and_settings(office: Office) -> None:
    office.assign(SALES, [ADA], ["Sales User"])
    assert office.configurations.all() == (Assigned(SALES, (ADA,), ("Sales User",)),)


def test_ls026_an_inactive_configuration_syncs_nobody(office: Office) -> None:
    office.assign(SALES, [ADA])
    assert office.by() == {1: "Sales"}
    office.save(replace(SALES, active=False))
    assert office.by() == {}
    assert office.because(1) == "The configuration “Sales”, assigned to the user, is not active."


def test_ls027_a_user_who_is_assigned_elsewhere_leaves_where_he_was(office: Office) -> None:
    office.assign(SALES, [ADA, BOB])
    office.assign(SERVICE, [ADA.upper()])
    assert office.listed() == {"Sales": ((BOB,), ()), "Service": ((ADA,), ())}
    assert office.by() == {1: "Service", 2: "Sales"}


def test_ls028_a_user_assigned_himself_and_by_profile_stays_in_both_and_syncs_by_his_own(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.assign(SERVICE, profiles=["Sales User"])
    assert office.listed() == {"Sales": ((ADA,), ()), "Service": ((), ("Sales User",))}
    assert office.by() == {1: "Sales", 2: "Service"}


def test_ls029_a_profile_that_is_assigned_elsewhere_leaves_where_it_was(office: Office) -> None:
    office.assign(SALES, profiles=["Sales User", "Service User"])
    office.assign(SERVICE, profiles=["sales user"])
    assert office.listed() == {"Sales": ((), ("Service User",)), "Service": ((), ("sales user",))}
    assert office.by() == {1: "Service", 2: "Service", 3: "Sales"}


def test_ls030_an_inactive_own_assignment_hides_the_profiles_and_is_named(office: Office) -> None:
    office.assign(replace(SALES, active=False), [ADA])
    office.assign(SERVICE, profiles=["Sales User"])
    assert office.by() == {2: "Service"}
    assert office.because(1) == "The configuration “Sales”, assigned to the user, is not active."


def test_ls031_new_users_of_an_assigned_profile_sync_without_further_action(office: Office) -> None:
    office.assign(SALES, profiles=["Sales User"])
    assert office.people.store([user("dora")]) == {4}
    assert office.by() == {1: "Sales", 2: "Sales", 4: "Sales"}
    assert office.people.store([user("carl", "Sales User")]) == {3}
    assert office.by()[3] == "Sales"


def test_ls032_a_deactivated_user_stops_and_keeps_what_is_paired(office: Office) -> None:
    office.assign(SALES, [ADA, BOB])
    link = Bench(office.store, office.engine).pair(1, "a", "003A", card("Love"))
    assert office.people.store([user("ada", active=False)]) == {1}
    assert office.by() == {2: "Sales"}
    assert office.store.links([link.id])[link.id].state is LinkState.LINKED


def test_ls033_a_user_taken_out_of_everything_keeps_what_is_paired(office: Office) -> None:
    office.assign(SALES, [ADA])
    link = Bench(office.store, office.engine).pair(1, "a", "003A", card("Love"))
    with office.configurations.editing() as editor:
        editor.unassign(usernames=[ADA])
    assert (editor.affected, office.by()) == ({1}, {})
    assert office.store.links([link.id]) == {link.id: link}
    assert office.store.known(1, Kind.CONTACT, ["a"]) == {"a"}


def test_ls034_a_user_taken_in_again_finds_his_links(office: Office) -> None:
    office.assign(SALES, [ADA])
    link = Bench(office.store, office.engine).pair(1, "a", "003A", card("Love"))
    with office.configurations.editing() as editor:
        editor.unassign(usernames=[ADA])
    assert office.assign(SALES, [ADA]) == {1}
    assert office.store.links([link.id]) == {link.id: link}
    assert office.marked() == {1}


def test_ls035_deleting_a_configuration_is_like_taking_everybody_out(office: Office) -> None:
    office.assign(SALES, [ADA], ["Sales User"])
    link = Bench(office.store, office.engine).pair(1, "a", "003A", card("Love"))
    with office.configurations.editing() as editor:
        editor.remove("Sales")
    assert (editor.affected, office.by(), office.listed()) == ({1, 2}, {}, {})
    assert office.store.links([link.id]) == {link.id: link}


def test_ls022_ls023_two_users_with_one_address_wait_until_one_is_changed(office: Office) -> None:
    office.assign(SALES, profiles=["Sales User"])
    office.people.store([user("bob", address="ada@example.com")])
    assert office.by() == {}
    assert office.because(1).startswith("Another user (bob@example.com.crm) has the same address ada@example.com")
    office.people.store([user("bob")])
    assert office.by() == {1: "Sales", 2: "Sales"}


def test_an_unknown_configuration_cannot_be_assigned(office: Office) -> None:
    with pytest.raises(LookupError, match="There is no configuration “Nowhere”"):
        office.assign(SALES, [ADA], into="Nowhere")
    assert office.listed() == {}


# --- versions and what is looked at again ----------------------------------------------------------------------------


def test_a_version_rises_with_every_change_and_with_nothing_else(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.save(SALES)
    office.save(replace(SALES, days_back=7))
    office.save(replace(SALES, days_back=7, version=99))
    (stored,) = office.configurations.all()
    assert (stored.configuration.version, stored.configuration.days_back) == (2, 7)


def test_g_a_change_concerns_exactly_those_it_applies_to(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.assign(SERVICE, [CARL])
    office.settle()
    before = office.versions()
    events = replace(SALES.events, conflict=ConflictRule.MAILBOX)
    assert office.save(replace(SALES, events=events)) == {1}
    assert [after - old for after, old in zip(office.versions(), before, strict=True)] == [1, 0, 0]
    assert office.marked() == {1}
    view = office.store.user(1)
    assert view is not None
    assert view.version == view.configuration.version == office.versions()[0]


def test_f8_a_users_version_rises_also_where_he_moves_to_an_older_configuration(office: Office) -> None:
    office.assign(SALES, [ADA])
    for days in (1, 2, 3):
        office.save(replace(SALES, days_back=days))
    before = office.versions()[0]
    office.assign(SERVICE, [ADA])
    assert office.versions()[0] == before + 1


def test_a_move_to_a_configuration_with_equal_settings_concerns_nobody(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.settle()
    assert office.assign(replace(SALES, name="Same"), [ADA]) == frozenset()
    assert office.by() == {1: "Same"}
    assert office.marked() == set()


def events(**changes: Any) -> Configuration:
    return replace(SALES, events=replace(SALES.events, **changes))


def contacts(**changes: Any) -> Configuration:
    return replace(SALES, contacts=replace(SALES.contacts, **changes))


NARROW = replace(
    SALES,
    contacts=replace(SALES.contacts, direction=Direction.TO_MAILBOX),
    events=replace(SALES.events, direction=Direction.TO_MAILBOX),
    which=Which.SELECTED,
)


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        (SALES, replace(SALES, days_back=31), {Kind.EVENT}),
        (SALES, replace(SALES, days_ahead=181), {Kind.EVENT}),
        (SALES, replace(SALES, days_back=29, days_ahead=100), set()),
        (SALES, replace(SALES, private=True), {Kind.EVENT}),
        (replace(SALES, private=True), SALES, set()),
        (replace(SALES, which=Which.SELECTED), SALES, {Kind.EVENT}),
        (SALES, replace(SALES, which=Which.SELECTED), set()),
        (events(direction=Direction.OFF), SALES, {Kind.EVENT}),
        (contacts(direction=Direction.OFF), SALES, {Kind.CONTACT}),
        (NARROW, SALES, {Kind.CONTACT, Kind.EVENT}),
        (SALES, NARROW, set()),
        (SALES, contacts(conflict=ConflictRule.MAILBOX), set()),
    ],
)  # fmt: skip
def test_g_the_mailbox_is_read_again_where_more_than_before_counts(
    office: Office, before: Configuration, after: Configuration, again: set[Kind]
) -> None:
    office.assign(before, [ADA])
    office.settle()
    assert office.save(after) == {1}
    assert office.read_again() == again


@pytest.mark.parametrize(
    ("after", "again"),
    [
        (replace(SALES, contact_filter=ContactFilter(conditions=(Condition("X", Operator.IS_EMPTY),))), True),
        (events(direction=Direction.OFF), True),
        (replace(SALES, days_back=3), False),
        (replace(SALES, active=False), False),
    ],
)
def test_g_salesforce_is_read_again_where_other_records_count(
    office: Office, after: Configuration, again: bool
) -> None:
    office.assign(SALES, [ADA])
    office.settle()
    office.save(after)
    assert (office.store.mark() is None) == again


def test_g_salesforce_is_read_again_for_a_user_who_joins(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.settle()
    office.assign(SALES, [BOB])
    assert office.store.mark() is None
    assert (office.read_again(1), office.read_again(2)) == (set(), {Kind.CONTACT, Kind.EVENT})


def test_f6_a_leg_to_the_mailbox_begins_when_it_is_switched_on_and_not_again(office: Office, clock: FakeClock) -> None:
    def legs() -> dict[Kind, Any]:
        view = office.store.user(1)
        assert view is not None
        return dict(view.crm_leg_since)

    start = clock.now()
    office.assign(events(direction=Direction.TO_CRM), [ADA])
    assert legs() == {Kind.CONTACT: start}
    later = clock.advance(timedelta(days=1))
    office.save(SALES)
    assert legs() == {Kind.CONTACT: start, Kind.EVENT: later}
    clock.advance(timedelta(days=1))
    office.save(replace(SALES, days_back=3))
    assert legs() == {Kind.CONTACT: start, Kind.EVENT: later}
    office.save(contacts(direction=Direction.TO_CRM))
    assert legs() == {Kind.EVENT: later}
    assert office.save(SALES) == {1}
    assert legs() == {Kind.CONTACT: clock.now(), Kind.EVENT: later}


# --- people ----------------------------------------------------------------------------------------------------------


def test_people_who_did_not_change_concern_nobody(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.settle()
    assert office.people.store([user("ada"), user("bob")]) == frozenset()
    assert office.people.store([user("ada", name="Ada Love")]) == frozenset()
    assert office.people.store([]) == frozenset()
    assert office.marked() == set()
    view = office.store.user(1)
    assert view is not None
    assert (view.name, view.address) == ("Ada Love", "ada@example.com")


def test_a_person_is_found_by_address_or_user_name(office: Office) -> None:
    assert office.people.find(" ADA@example.com") == office.people.find(ADA.upper()) == 1
    assert office.people.find("nobody@example.com") is None
    office.people.store([user("bob", address="ada@example.com")])
    assert office.people.find("ada@example.com") is None


def test_a_mailbox_that_answered_is_remembered(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.people.remember_mailbox(1, "mailbox-1", "Asia/Tokyo", "ada@example.com")
    view = office.store.user(1)
    assert view is not None
    assert (view.mailbox_id, view.zone) == ("mailbox-1", "Asia/Tokyo")


# --- the file --------------------------------------------------------------------------------------------------------


def test_a_file_becomes_what_is_stored_and_is_exported_the_same(office: Office) -> None:
    office.assign(Configuration("Old"), [BOB], ["Service User"])
    wanted = configuration_file.read(
        f"configurations:\n  - name: Sales\n    users: [{ADA}]\n    profiles: [Service User]\n  - name: Service\n"
    )
    assert configuration_file.apply(office.configurations, wanted) == {1, 2}
    assert office.by() == {1: "Sales", 3: "Sales"}
    assert office.configurations.all() == wanted
    text = configuration_file.write(office.configurations.all())
    assert configuration_file.read(text) == wanted
    assert configuration_file.apply(office.configurations, configuration_file.read(text)) == frozenset()
    assert configuration_file.write(office.configurations.all()) == text


def test_a_file_moves_a_user_between_configurations(office: Office) -> None:
    office.assign(SALES, [ADA])
    office.assign(SERVICE, [BOB])
    wanted = (Assigned(SALES, (BOB,)), Assigned(SERVICE, (ADA,)))
    configuration_file.apply(office.configurations, wanted)
    assert office.by() == {1: "Service", 2: "Sales"}
