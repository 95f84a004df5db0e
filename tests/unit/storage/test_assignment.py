"""Which configuration applies to whom, and the reason people are given (LS 2.3)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from backend.domain.configuration import Configuration
from backend.storage.assignment import Applied, Assignments, resolve


@dataclass(frozen=True)
class Somebody:
    id: int = 1
    username: str = "ada@example.com.crm"
    address: str = "ada@example.com"
    profile: str = "Sales User"
    active: bool = True


ADA = Somebody()
A, B, INACTIVE = 1, 2, 3
CONFIGURATIONS = {
    A: Configuration("A"),
    B: Configuration("B"),
    INACTIVE: Configuration("Resting", active=False),
}


def applied(somebody: Somebody = ADA, *, user: int | None = None, profile: int | None = None) -> Applied:
    assignments = Assignments(
        CONFIGURATIONS,
        {} if user is None else {"ada@example.com.crm": user},
        {} if profile is None else {"sales user": profile},
    )
    return resolve([somebody], assignments)[somebody.id]


def test_a_user_without_assignment_does_not_sync_and_is_told_so() -> None:
    because = "Assigned to no configuration, neither by user name nor by the profile “Sales User”."
    assert applied() == Applied(None, False, because)


def test_a_user_syncs_by_his_own_assignment() -> None:
    assert applied(user=A) == Applied(A, True, "“A”, assigned to the user.")


def test_ls031_a_user_syncs_by_his_profile() -> None:
    assert applied(profile=B) == Applied(B, True, "“B”, assigned through the profile “Sales User”.")


def test_ls028_the_users_own_assignment_goes_before_his_profiles() -> None:
    assert applied(user=A, profile=B) == Applied(A, True, "“A”, assigned to the user.")


def test_ls026_an_inactive_configuration_syncs_nobody() -> None:
    because = "The configuration “Resting”, assigned through the profile “Sales User”, is not active."
    assert applied(profile=INACTIVE) == Applied(INACTIVE, False, because)


def test_ls030_an_inactive_own_assignment_hides_an_active_one_of_the_profile() -> None:
    because = "The configuration “Resting”, assigned to the user, is not active."
    assert applied(user=INACTIVE, profile=B) == Applied(INACTIVE, False, because)


def test_ls032_a_deactivated_user_does_not_sync() -> None:
    because = "The Salesforce user is deactivated: activate it, or remove the assignment."
    assert applied(Somebody(active=False), user=A) == Applied(A, False, because)


def test_ls020_a_user_without_an_address_does_not_sync() -> None:
    because = "The Salesforce user has no e-mail address: enter the mailbox's there."
    assert applied(Somebody(address=""), user=A) == Applied(A, False, because)


def test_letters_may_be_large_or_small() -> None:
    shouting = Somebody(username="ADA@Example.com.CRM", profile="SALES USER")
    assert applied(shouting, user=A).syncs
    assert applied(shouting, profile=A).syncs


# --- one address, two users ------------------------------------------------------------------------------------------

TWIN = Somebody(2, "twin@example.com.crm", "ada@example.com")
BOTH = Assignments(CONFIGURATIONS, {}, {"sales user": A})


def test_ls022_two_users_with_one_address_do_not_sync_and_each_learns_of_the_other() -> None:
    found = resolve([ADA, TWIN, Somebody(3, "bob@example.com.crm", "bob@example.com")], BOTH)
    assert [found[number].syncs for number in (1, 2, 3)] == [False, False, True]
    assert found[1].because == (
        "Another user (twin@example.com.crm) has the same address ada@example.com: change one of the two in Salesforce."
    )
    assert "ada@example.com.crm" in found[2].because


@pytest.mark.parametrize(
    "twin",
    [
        Somebody(2, "twin@example.com.crm", "ada@example.com", active=False),
        Somebody(2, "twin@example.com.crm", "ada@example.com", profile="Nobody's"),
        Somebody(2, "twin@example.com.crm", "ada2@example.com"),
    ],
    ids=["deactivated", "unassigned", "ls023 address changed"],
)
def test_ls022_a_user_who_would_not_sync_is_in_nobodys_way(twin: Somebody) -> None:
    assert resolve([ADA, twin], BOTH)[1].syncs
