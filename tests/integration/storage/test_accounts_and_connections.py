"""Local accounts, connections whose secrets are never shown, and the audit."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from backend.storage import tables
from backend.storage.accounts import AccountRefused, Accounts, Role, create_admin
from backend.storage.audit import Act, Audit
from backend.storage.connections import Connections
from backend.storage.secrets import SecretUnreadable, Vault
from tests.fakes.world import FakeClock

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PASSWORD = "correct horse battery"


@pytest.fixture
def accounts(database: sa.Engine, clock: FakeClock) -> Accounts:
    return Accounts(database, clock)


@pytest.fixture
def connections(database: sa.Engine, clock: FakeClock) -> Connections:
    return Connections(database, Vault([OLD]), clock)


# --- accounts --------------------------------------------------------------------------------------------------------


def test_an_admin_is_made_and_signs_in(accounts: Accounts, database: sa.Engine, clock: FakeClock) -> None:
    assert create_admin(database, clock, " Admin@Example.com", PASSWORD) == PASSWORD
    found = accounts.verified("ADMIN@example.com", PASSWORD)
    assert found is not None
    assert (found.address, found.role, found.theme) == ("admin@example.com", "admin", "system")
    assert found.password_hash.startswith("scrypt:")
    assert accounts.by_id(found.id) == accounts.by_address("admin@example.com") == found


def test_a_password_is_made_where_none_is_given(accounts: Accounts) -> None:
    made = accounts.create("admin@example.com")
    assert len(made) >= 20
    assert accounts.verified("admin@example.com", made) is not None


@pytest.mark.parametrize(("address", "password"), [("admin@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_nobody_signs_in_without_the_right_password(accounts: Accounts, address: str, password: str) -> None:
    accounts.create("admin@example.com", PASSWORD)
    assert accounts.verified(address, password) is None


def test_making_an_account_again_replaces_its_password_and_role(accounts: Accounts) -> None:
    accounts.create("a@example.com", PASSWORD)
    first = accounts.by_address("a@example.com")
    accounts.create("a@example.com", PASSWORD + "!", Role.VIEWER, "Ada")
    again = accounts.verified("a@example.com", PASSWORD + "!")
    assert first is not None
    assert again is not None
    assert (again.id, again.role, again.name) == (first.id, "viewer", "Ada")
    assert accounts.verified("a@example.com", PASSWORD) is None


@pytest.mark.parametrize("address", ["", "admin", "@example.com", "a@", "a b@example.com"])
def test_an_account_needs_an_address(accounts: Accounts, address: str) -> None:
    with pytest.raises(AccountRefused, match=r"is no e-mail address: write it like admin@example\.com\."):
        accounts.create(address, PASSWORD)


def test_a_short_password_is_refused(accounts: Accounts) -> None:
    message = "The password is too short: use at least 12 characters."
    with pytest.raises(AccountRefused, match=message):
        accounts.create("a@example.com", "elevenchars")
    assert accounts.by_address("a@example.com") is None
    accounts.create("a@example.com", "twelve chars")
    assert accounts.verified("a@example.com", "twelve chars") is not None


def test_a_salesforce_user_has_one_account_whose_name_and_role_follow_salesforce(accounts: Accounts) -> None:
    accounts.create("claire@example.com", "a long enough password")
    first = accounts.enter("005000000000001AAA", "claire@example.com", "Claire Dubois", Role.ADMIN)
    again = accounts.enter("005000000000001AAA", "claire@example.com", "Claire Martin", Role.REP)

    assert (again.id, again.name, again.role) == (first.id, "Claire Martin", "rep")
    assert accounts.verified("claire@example.com", "a long enough password").id != first.id  # type: ignore[union-attr]  # it is there
    assert accounts.verified(again.address, "") is None


def test_signing_out_everywhere_changes_what_every_session_is_tied_to(accounts: Accounts) -> None:
    account = accounts.enter("005000000000001AAA", "claire@example.com", "Claire Dubois", Role.VIEWER)
    accounts.end_sessions(account.id)

    changed = accounts.by_id(account.id)

    assert changed is not None
    assert changed.session_key != account.session_key


def test_theme_and_sign_in_are_kept(accounts: Accounts, clock: FakeClock) -> None:
    accounts.create("a@example.com", PASSWORD)
    found = accounts.by_address("a@example.com")
    assert found is not None
    accounts.set_theme(found.id, "dark")
    accounts.signed_in(found.id, clock.now())
    changed = accounts.by_id(found.id)
    assert changed is not None
    assert (changed.theme, changed.last_sign_in_at) == ("dark", clock.now())
    with pytest.raises(ValueError, match="a theme is one of system, light, dark"):
        accounts.set_theme(found.id, "pink")
    assert accounts.by_id(99) is None


# --- connections -----------------------------------------------------------------------------------------------------


def test_a_connection_is_shown_without_its_secret(
    connections: Connections, database: sa.Engine, clock: FakeClock
) -> None:
    connections.save("salesforce", {"consumer_key": "key"}, {"private_key": "BEGIN"})
    found = connections.load("salesforce")
    assert found is not None
    assert (found.settings, found.has_secret, found.updated_at) == ({"consumer_key": "key"}, True, clock.now())
    assert "BEGIN" not in repr(found)
    assert connections.secret("salesforce") == {"private_key": "BEGIN"}
    with database.connect() as connection:
        stored = connection.execute(sa.select(tables.connection.c.secret)).scalar_one()
    assert b"BEGIN" not in bytes(stored)


def test_a_connection_saved_without_a_secret_keeps_the_stored_one(connections: Connections) -> None:
    connections.save("salesforce", {"a": 1}, {"private_key": "BEGIN"})
    connections.checked("salesforce", problem="No answer.", identity="00D")
    connections.save("salesforce", {"a": 2})
    found = connections.load("salesforce")
    assert found is not None
    assert (found.settings, found.has_secret, found.problem, found.checked_at) == ({"a": 2}, True, "", None)
    assert connections.secret("salesforce") == {"private_key": "BEGIN"}


def test_a_test_of_a_connection_is_noted(connections: Connections, clock: FakeClock) -> None:
    connections.save("microsoft", {}, {"secret": "s"})
    connections.checked("microsoft", identity="tenant")
    connections.checked("microsoft", problem="Consent was withdrawn.")
    found = connections.load("microsoft")
    assert found is not None
    assert (found.identity, found.problem, found.checked_at) == ("tenant", "Consent was withdrawn.", clock.now())


def test_connections_are_listed_and_removed(connections: Connections) -> None:
    for service in ("salesforce", "microsoft"):
        connections.save(service, {})
    assert [one.service for one in connections.all()] == ["microsoft", "salesforce"]
    assert connections.secret("salesforce") == {}
    connections.remove("microsoft")
    assert connections.load("microsoft") is None
    assert connections.secret("microsoft") == {}


def test_secrets_are_closed_anew_with_the_newest_key(
    connections: Connections, database: sa.Engine, clock: FakeClock
) -> None:
    connections.save("salesforce", {}, {"private_key": "BEGIN"})
    connections.save("microsoft", {})
    assert Connections(database, Vault([NEW, OLD]), clock).renew_secrets() == 1
    assert Connections(database, Vault([NEW]), clock).secret("salesforce") == {"private_key": "BEGIN"}
    with pytest.raises(SecretUnreadable, match="salesforce"):
        connections.secret("salesforce")
    with pytest.raises(SecretUnreadable, match="salesforce"):
        connections.renew_secrets()


# --- audit -----------------------------------------------------------------------------------------------------------


def test_the_audit_tells_who_did_what_newest_first(database: sa.Engine, clock: FakeClock) -> None:
    audit = Audit(database, clock)
    began = clock.now()
    audit.record("admin@example.com", "configuration.changed", "Sales", {"days_back": [30, 7]})
    later = clock.advance(timedelta(seconds=1))
    audit.record("admin@example.com", "user.reset", "ada", {})
    first = Act(began, "admin@example.com", "configuration.changed", "Sales", {"days_back": [30, 7]})
    assert audit.latest() == (Act(later, "admin@example.com", "user.reset", "ada", {}), first)
    assert audit.latest(1)[0].action == "user.reset"
