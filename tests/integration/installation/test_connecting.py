"""Connecting over https against the sandbox: what works is replaced only by what works (LS-003 to LS-024)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from backend import mailbox_testing
from backend.connecting import Tried, check, consent_address, expected_tenant, make_key, try_draft
from backend.sandbox.faults import Rule
from backend.sandbox.world import Person
from backend.storage import tables
from backend.storage.mailbox_tests import MailboxTests
from backend.wiring import MICROSOFT, SALESFORCE
from tests.fakes.certificates import key_pair
from tests.fakes.installation import Installation


def salesforce(installation: Installation, **changes: Any) -> dict[str, Any]:
    """What an admin types for Salesforce."""
    known = installation.stage.sandbox.credentials()["salesforce"]
    typed = {"consumer_key": known["client_id"], "username": known["integration_username"],
             "login_url": known["login_url"], "audience": known["login_url"]}  # fmt: skip
    return typed | changes


def microsoft(installation: Installation, **changes: Any) -> dict[str, Any]:
    """What an admin types for Microsoft 365."""
    known = installation.stage.sandbox.credentials()["microsoft"]
    typed = {"tenant": known["tenant_id"], "client_id": known["client_id"], "login_url": known["login_url"],
             "graph_url": known["graph_url"], "credential": "secret", "reach": "everyone"}  # fmt: skip
    return typed | changes


def secret_of(installation: Installation, service: str) -> dict[str, str]:
    known = installation.stage.sandbox.credentials()[service]
    return {"private_key": known["private_key"]} if service == SALESFORCE else {"secret": known["client_secret"]}


def draft(installation: Installation, service: str, typed: dict[str, Any], secret: dict[str, str] | None) -> Tried:
    """Stores what was typed and tries it."""
    installation.lockstep.drafts.save(service, typed, secret)
    return try_draft(installation.lockstep, service)


def test_a_key_made_here_signs_in_once_its_certificate_is_uploaded(empty: Installation) -> None:
    lockstep, app = empty.lockstep, empty.stage.sandbox.services["salesforce"]
    make_key(lockstep, SALESFORCE)
    made = lockstep.drafts.load(SALESFORCE)
    assert made is not None
    certificate, key = made.settings["certificate"], lockstep.drafts.secret(SALESFORCE)["private_key"]
    public = load_pem_x509_certificate(certificate.encode()).public_key()
    assert load_pem_private_key(key.encode(), None).public_key() == public
    assert "PRIVATE" not in str(made.settings)
    lockstep.drafts.save(SALESFORCE, {**made.settings, **salesforce(empty)})
    assert "certificate" in try_draft(lockstep, SALESFORCE).problem
    assert lockstep.connections.load(SALESFORCE) is None

    app.registered.certificate = certificate  # type: ignore[attr-defined]  # a Service by type
    assert try_draft(lockstep, SALESFORCE).connected
    assert lockstep.drafts.load(SALESFORCE) is None
    stored = lockstep.connections.load(SALESFORCE)
    assert stored is not None
    assert (stored.identity, stored.problem) == (empty.org.id, "")
    assert [one.name for one in stored.checks][:2] == ["Sign-in", "API version"]
    assert empty.rows(sa.select(sa.func.count()).select_from(tables.person))[0][0] == len(empty.org.rows("User"))


@pytest.mark.parametrize("service", [SALESFORCE, MICROSOFT])
def test_ls013_what_does_not_sign_in_replaces_nothing(installation: Installation, service: str) -> None:
    """The connection in use stays as it was, and goes on; the draft stays too, with the reason."""
    lockstep = installation.lockstep
    before = lockstep.connections.load(service), lockstep.connections.secret(service)
    wrong = {"private_key": key_pair().private_key} if service == SALESFORCE else {"secret": "guess"}
    typed = salesforce(installation) if service == SALESFORCE else microsoft(installation)
    tried = draft(installation, service, typed, wrong)
    assert tried.problem
    assert (lockstep.connections.load(service), lockstep.connections.secret(service)) == before
    kept = lockstep.drafts.load(service)
    assert kept is not None
    assert (kept.problem, kept.settings["login_url"]) == (tried.problem, typed["login_url"])
    assert installation.read() >= 0


def test_without_a_new_secret_the_one_in_use_is_kept(installation: Installation) -> None:
    assert draft(installation, SALESFORCE, salesforce(installation), None).connected
    assert installation.lockstep.connections.secret(SALESFORCE) == secret_of(installation, SALESFORCE)
    assert installation.read() >= 0


def test_ls003_ls005_the_tenants_id_is_kept_and_nothing_of_the_administrator(empty: Installation) -> None:
    typed = microsoft(empty, tenant=empty.tenant.domain)
    assert draft(empty, MICROSOFT, typed, secret_of(empty, MICROSOFT)).connected
    stored = empty.lockstep.connections.load(MICROSOFT)
    assert stored is not None
    assert (stored.identity, stored.settings["tenant"]) == (empty.tenant.id, empty.tenant.id)
    assert set(stored.settings) == set(typed)
    assert set(empty.lockstep.connections.secret(MICROSOFT)) == {"secret"}


def test_ls006_ls007_consent_is_asked_of_the_tenant_once_and_then_used(empty: Installation) -> None:
    empty.tenant.revoke_roles()
    tried = draft(empty, MICROSOFT, microsoft(empty), secret_of(empty, MICROSOFT))
    assert "User.Read.All is not granted yet" in tried.problem
    assert empty.lockstep.connections.load(MICROSOFT) is None
    address = consent_address(empty.lockstep, "https://lockstep.example/return", "token")
    assert address.startswith(f"{microsoft(empty)['login_url']}/{empty.tenant.id}/v2.0/adminconsent?")
    assert "state=token" in address
    assert expected_tenant(empty.lockstep) == empty.tenant.id
    empty.tenant.app.consent()
    assert try_draft(empty.lockstep, MICROSOFT).connected


def test_a_tenant_that_nobody_knows_is_a_matter_of_its_field(empty: Installation) -> None:
    tried = draft(empty, MICROSOFT, microsoft(empty, tenant="elsewhere.example"), secret_of(empty, MICROSOFT))
    assert tried.field == "tenant"
    assert "elsewhere.example" in tried.problem


@pytest.fixture
def ada(installation: Installation) -> Person:
    """Somebody in step, with one contact."""
    (hired,) = installation.stage.hire(1)
    installation.assign()
    installation.write_card(hired, "Grace", "Hopper")
    installation.settle()
    return hired


def pairs(installation: Installation) -> int:
    return int(installation.rows(sa.select(sa.func.count()).select_from(tables.link))[0][0])


def test_ls015_ls016_another_tenant_is_asked_about_and_deletes_nothing(installation: Installation, ada: Person) -> None:
    lockstep = installation.lockstep
    assert draft(installation, MICROSOFT, microsoft(installation), secret_of(installation, MICROSOFT)).connected
    lockstep.connections.checked(MICROSOFT, identity="00000000-0000-0000-0000-00000000000a")
    with installation.watched() as writes:
        tried = draft(installation, MICROSOFT, microsoft(installation), secret_of(installation, MICROSOFT))
        assert (tried.connected, tried.other) == (False, installation.tenant.id)
        assert pairs(installation) == 1
        assert try_draft(lockstep, MICROSOFT, switch=True).connected
        assert pairs(installation) == 0
    assert writes == Counter()
    installation.open()
    installation.settle()
    assert [row["LastName"] for row in installation.records("LastName", "Contact")] == ["Hopper"]
    assert pairs(installation) == 1


def test_ls017_another_method_with_the_same_tenant_keeps_all_pairs(installation: Installation, ada: Person) -> None:
    make_key(installation.lockstep, MICROSOFT)
    made = installation.lockstep.drafts.load(MICROSOFT)
    assert made is not None
    installation.tenant.app.register_certificate(made.settings["certificate"])
    typed = {**made.settings, **microsoft(installation, credential="made")}
    assert draft(installation, MICROSOFT, typed, None).connected
    assert set(installation.lockstep.connections.secret(MICROSOFT)) == {"certificate", "private_key"}
    assert pairs(installation) == 1
    installation.open()
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()


def test_another_organisation_is_asked_about(installation: Installation, ada: Person) -> None:
    lockstep = installation.lockstep
    lockstep.organisation.identify("00D000000000001EAA")
    tried = draft(installation, SALESFORCE, salesforce(installation), None)
    assert (tried.connected, tried.known, tried.other) == (False, "00D000000000001EAA", installation.org.id)
    assert pairs(installation) == 1
    assert try_draft(lockstep, SALESFORCE, switch=True).connected
    assert (pairs(installation), lockstep.organisation.state().crm_org_id) == (0, installation.org.id)


def test_check_keeps_what_it_found(installation: Installation) -> None:
    installation.org.settings.key_field = False
    installation.tenant.revoke_roles("User.Read.All")
    found = {}
    for service in (SALESFORCE, MICROSOFT):
        check(installation.lockstep, service)
        stored = installation.lockstep.connections.load(service)
        assert stored is not None
        found[service] = [one.name for one in stored.checks if one.ok is False]
        assert stored.problem
    assert found == {
        SALESFORCE: ["Lockstep_Key__c on Contact", "Lockstep_Key__c on Event"],
        MICROSOFT: ["Admin consent", "Directory"],
    }


# --- the connection test ----------------------------------------------------------------------------------------------


def outcomes(installation: Installation) -> dict[str, str]:
    query = sa.select(tables.tested_mailbox.c.name, tables.tested_mailbox.c.result)
    return {row.name: row.result for row in installation.rows(query) if row.name.startswith("Person ")}


def after_testing(installation: Installation, *wanted: Person) -> dict[str, str]:
    """The results after a test of these people, or of everybody."""
    tests = MailboxTests(installation.lockstep.database, installation.lockstep.clock)
    assert tests.begin("admin@stage.example", [one.salesforce_id for one in wanted])
    mailbox_testing.run(installation.lockstep)
    return outcomes(installation)


def test_ls020_ls021_ls022_each_person_has_a_result_and_nothing_is_written(installation: Installation) -> None:
    ada, bob, cid, dan, eve, fay = installation.stage.hire(6)
    installation.assign()
    with installation.lockstep.configurations.editing() as editor:
        editor.unassign(usernames=[fay.salesforce_username])
    installation.org.update(cid.salesforce_id, {"Email": bob.address})
    installation.org.update(dan.salesforce_id, {"Email": "nobody@stage.example"})
    installation.tenant.restrict_scope([installation.tenant.users[one.microsoft_id] for one in (ada, bob, cid, fay)])
    with installation.watched() as writes:
        found = after_testing(installation)
    assert writes == Counter()
    assert found == {
        ada.name: "connected", bob.name: "address used by another user", cid.name: "address used by another user",
        dan.name: "mailbox not found", eve.name: "access denied", fay.name: "not in an active configuration",
    }  # fmt: skip


def test_ls019_before_the_first_configuration_a_mailbox_that_answers_is_connected(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    assert after_testing(installation, ada) == {ada.name: "connected"}
    assert after_testing(installation) == {ada.name: "connected", bob.name: "connected"}


def test_ls020_rejected_credentials_and_an_unreachable_service_are_told_apart(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.connect_microsoft({"secret": "guess"})
    assert after_testing(installation) == {ada.name: "credentials rejected"}
    installation.connect_microsoft()
    installation.open()
    installation.world.faults.replace([Rule("503", operation="batch")])
    assert after_testing(installation) == {ada.name: "service unreachable"}


def test_ls023_ls024_a_corrected_address_connects_in_the_next_test(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    installation.org.update(bob.salesforce_id, {"Email": ada.address})
    assert after_testing(installation)[bob.name] == "address used by another user"
    installation.org.update(bob.salesforce_id, {"Email": bob.address})
    assert after_testing(installation, bob) == {ada.name: "address used by another user", bob.name: "connected"}


def test_a_test_that_is_stopped_ends_after_the_people_it_is_at(installation: Installation) -> None:
    installation.stage.hire(25)
    tests = MailboxTests(installation.lockstep.database, installation.lockstep.clock)
    assert tests.begin("admin@stage.example")
    assert not tests.begin("somebody.else@stage.example")
    installation.world.faults.replace([Rule("hook", operation="batch", hook=lambda _target: tests.stop())])
    mailbox_testing.run(installation.lockstep)
    state = tests.state()
    assert state is not None
    assert (state.done, state.total, state.ended_at is not None, state.problem) == (
        mailbox_testing.AT_ONCE, 25 + extra_users(installation), True, "",
    )  # fmt: skip
    assert tests.begin("somebody.else@stage.example")


def extra_users(installation: Installation) -> int:
    """Users of the organisation whom nobody hired, such as the administrator."""
    return len([row for row in installation.org.rows("User") if not row["Name"].startswith("Person ")])


def test_who_is_a_user_no_more_is_not_shown_after_a_test_of_everybody(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    after_testing(installation)
    installation.later(minutes=1)
    installation.org.update(bob.salesforce_id, {"IsActive": False})
    assert set(after_testing(installation)) == {ada.name}


def test_a_test_whose_worker_died_does_not_keep_others_from_testing(installation: Installation) -> None:
    tests = MailboxTests(installation.lockstep.database, installation.lockstep.clock)
    assert tests.begin("admin@stage.example")
    installation.later(minutes=6)
    state = tests.state()
    assert state is not None
    assert state.lost(installation.lockstep.clock.now())
    assert tests.begin("admin@stage.example")
    assert not tests.note(state, [])


def test_trouble_with_salesforce_ends_the_test_and_says_why(installation: Installation) -> None:
    installation.connect_salesforce(consumer_key="wrong")
    installation.open()
    assert after_testing(installation) == {}
    state = MailboxTests(installation.lockstep.database, installation.lockstep.clock).state()
    assert state is not None
    assert "consumer key" in state.problem
