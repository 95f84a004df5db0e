"""Connecting to the stand-in: sign-in failures, users, checks, allowance."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.values import Kind
from backend.ports.errors import AccessLost, BudgetSpent
from tests.fakes.salesforce_wire import key_pem


def sentence(bench: Any, username: str = "ada@acme.example") -> AccessLost:
    with pytest.raises(AccessLost) as caught:
        bench.connection.user(username, "005000000000001AAA").fetch(Kind.EVENT, ["00U000000000001AAA"])
    return caught.value


def test_sf005_a_user_who_is_not_approved_is_named_with_the_remedy(bench: Any) -> None:
    bench.hire()
    bench.org.app.preauthorized = False
    error = sentence(bench)
    assert (error.subject, "pre-authorise ada@acme.example" in error.message) == ("user", True)


def test_sf006_a_wrong_audience_names_the_setting(bench: Any) -> None:
    bench.hire()
    bench.connect(audience="https://elsewhere.example")
    error = sentence(bench)
    assert (error.subject, "LOCKSTEP_SALESFORCE_AUDIENCE" in error.message) == ("org", True)


def test_sf007_a_wrong_key_is_told(bench: Any) -> None:
    bench.hire()
    bench.connect(private_key=key_pem())
    error = sentence(bench)
    assert (error.subject, "private key belongs to the certificate" in error.message) == ("org", True)


def test_sf020_an_inactive_a_frozen_and_an_unknown_user_lose_access_alone(bench: Any) -> None:
    bench.org.freeze_user(bench.hire())
    bench.org.update(bench.hire("bob@acme.example"), {"IsActive": False})
    for username in ("ada@acme.example", "bob@acme.example", "nobody@acme.example"):
        error = sentence(bench, username)
        assert error.subject == "user"
        assert username in error.message


def test_an_untrusted_certificate_names_the_setting(bench: Any) -> None:
    bench.connect(ca=None)
    assert "LOCKSTEP_CA_BUNDLE" in sentence(bench).message


def test_an_own_authority_wins_over_the_environment(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/company.pem")
    assert bench.connection.users()


def test_ls024_users_come_with_address_profile_and_zone(bench: Any) -> None:
    ada = bench.hire(time_zone="Australia/Sydney")
    bench.org.update(bench.hire("bob@acme.example"), {"IsActive": False})
    found = {user.username: user for user in bench.connection.users()}
    assert found["ada@acme.example"].id == ada
    assert found["ada@acme.example"].profile == "Standard User"
    assert found["ada@acme.example"].zone == "Australia/Sydney"
    assert (found["ada@acme.example"].active, found["bob@acme.example"].active) == (True, False)


def test_sf012_ls190_the_allowance_is_shown_and_respected(bench: Any) -> None:
    bench.org.settings.api_calls_a_day = 10
    organisation = bench.organisation()
    for _ in range(6):  # and one call that describes Contact
        organisation.fetch(Kind.CONTACT, ["003000000000001AAA"])
    assert (bench.connection.budget.used, bench.connection.budget.maximum) == (7, 10)
    with pytest.raises(BudgetSpent, match="7 of 10"):
        organisation.fetch(Kind.CONTACT, ["003000000000001AAA"])
    assert bench.connection.users()  # what a person waits for goes on to 85 %


def test_sf013_an_allowance_that_is_used_up_stops_the_organisation(bench: Any) -> None:
    bench.org.settings.api_calls_a_day = 0
    with pytest.raises(BudgetSpent):
        bench.connection.users()


def test_a_ready_organisation_passes_every_check_that_can_be_told(bench: Any) -> None:
    checks = {check.name: check for check in bench.connection.check()}
    assert list(checks) == [
        "Sign-in",
        "API version",
        "Lockstep_Key__c on Contact",
        "Lockstep_Key__c on Event",
        "Shared Activities",
        "Person accounts",
        "View All Data",
        "Events over 24 hours",
        "Daily allowance",
    ]
    assert [name for name, check in checks.items() if check.ok is False] == []
    assert [name for name, check in checks.items() if check.ok is None] == ["Events over 24 hours"]


def test_an_organisation_without_the_package_is_told_what_to_do(bench: Any) -> None:
    bench.org.settings.key_field = False
    bench.org.settings.shared_activities = False
    bench.org.settings.person_accounts = True
    checks = {check.name: check for check in bench.connection.check()}
    for name in ("Lockstep_Key__c on Contact", "Lockstep_Key__c on Event"):
        assert checks[name].ok is False
        assert "lockstep salesforce package" in checks[name].remedy
    assert checks["Shared Activities"].sentence.startswith("Off")
    assert checks["Person accounts"].sentence.startswith("Used")


def test_an_integration_user_without_view_all_data_is_told(bench: Any) -> None:
    bench.hire("sync@acme.example")
    bench.connect(username="sync@acme.example")
    checks = {check.name: check for check in bench.connection.check()}
    assert checks["View All Data"].ok is not True


def test_checks_end_with_the_sign_in_where_it_fails(bench: Any) -> None:
    bench.connect(consumer_key="wrong")
    [check] = bench.connection.check()
    assert (check.name, check.ok) == ("Sign-in", False)
    assert "consumer key" in check.sentence
